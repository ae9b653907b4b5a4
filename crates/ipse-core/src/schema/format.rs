//! The formats and normal forms of what people are found by: e-mail addresses, phone numbers, other names.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipse_model::Channel;
use phonenumber::Mode;

/// The longest address that can be mailed to (RFC 5321).
const LONGEST_EMAIL: usize = 254;
/// E.164 knows no longer numbers; a little more leaves room for a mistyped one to be recognised as such.
const MOST_DIGITS: usize = 17;

/// Whether mail could be sent to `text`. Addresses without a dot in the domain pass, as inside a company.
#[must_use]
pub fn is_email(text: &str) -> bool {
    if text.len() > LONGEST_EMAIL {
        return false;
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    is_local_part(local) && is_domain(domain)
}

fn is_local_part(local: &str) -> bool {
    if local.is_empty() || local.len() > 64 {
        return false;
    }
    let quoted = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(inside) => is_quoted(inside),
        None => local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom)),
    }
}

fn is_quoted(inside: &str) -> bool {
    let mut escaped = false;
    let clean = inside.chars().all(|c| match c {
        _ if escaped => {
            escaped = false;
            !c.is_control()
        }
        '\\' => {
            escaped = true;
            true
        }
        _ => c != '"' && !c.is_control(),
    });
    clean && !escaped
}

fn is_atom(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        !c.is_control() && !c.is_whitespace() && !is_invisible(c)
    }
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return match literal.strip_prefix("IPv6:") {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => literal.parse::<Ipv4Addr>().is_ok(),
        };
    }
    domain.len() <= 253
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// The E.164 form of a phone number written with its country code; none if it can't be one.
#[must_use]
pub fn normalise_phone(text: &str) -> Option<String> {
    let number = text.trim().strip_prefix('+')?;
    if !number
        .chars()
        .all(|c| c.is_ascii_digit() || " -./()\u{a0}".contains(c))
    {
        return None;
    }
    let mut plain = String::with_capacity(MOST_DIGITS + 1);
    plain.push('+');
    plain.extend(number.chars().filter(char::is_ascii_digit));
    if plain.len() > MOST_DIGITS + 1 {
        return None;
    }
    // The table of numbering plans is unpacked when first asked, so only for what looks like a number.
    let parsed = phonenumber::parse(None, &plain).ok()?;
    parsed
        .is_valid()
        .then(|| parsed.format().mode(Mode::E164).to_string())
}

/// Whether `text` is a phone number with its country code.
#[must_use]
pub fn is_phone(text: &str) -> bool {
    normalise_phone(text).is_some()
}

/// The form under which an identifier is stored and looked up, so that capitals, blanks around it, invisible characters
/// and the spacing of a phone number make no difference.
#[must_use]
pub fn normalise_identifier(text: &str) -> String {
    let seen = visible(text);
    normalise_phone(&seen).unwrap_or(seen)
}

/// The form under which an address of that channel is stored and looked up.
#[must_use]
pub fn normalise_address(channel: Channel, text: &str) -> String {
    match channel {
        Channel::Email => visible(text),
        Channel::Sms => normalise_identifier(text),
    }
}

fn visible(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    seen.trim().to_lowercase()
}

/// Characters that are drawn as nothing and would let two names look the same.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_one_can_mail_to() {
        for good in [
            "ada@example.org",
            "a.b+c@sub.example.org",
            "x@localhost",
            "jörg@example.org",
            "o'hara@example.org",
            "\"a b\"@example.org",
            "\"a\\\"b@c\"@example.org",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
        ] {
            assert!(is_email(good), "{good}");
        }
        let long_label = format!("a@{}.org", "x".repeat(64));
        let long_local = format!("{}@example.org", "x".repeat(65));
        let long = format!("a@{}org", "abcdefg.".repeat(32));
        for bad in [
            "",
            "@",
            "a",
            "a@",
            "@example.org",
            "a b@example.org",
            ".a@example.org",
            "a.@example.org",
            "a..b@example.org",
            "a@-example.org",
            "a@example-.org",
            "a@example..org",
            "a@exa_mple.org",
            "Ada <ada@example.org>",
            "a@example.org ",
            "a@b@c",
            "\"a@example.org",
            "\"a\\\"@example.org",
            "\"\"\"@example.org",
            "a@[300.1.1.1]",
            "a\n@example.org",
            "a\u{200b}@example.org",
            &long_label,
            &long_local,
            &long,
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn phone_numbers_get_one_form() {
        for same in [
            "+4915112345678",
            "+49 151 12345678",
            "+49 (151) 123-456-78",
            " +49.151.12345678 ",
        ] {
            assert_eq!(
                normalise_phone(same).as_deref(),
                Some("+4915112345678"),
                "{same}"
            );
        }
        for bad in [
            "",
            "+",
            "015112345678",
            "+49",
            "+999123456789",
            "+49 151 abc",
            "++4915112345678",
            "+491511234567890123456",
        ] {
            assert_eq!(normalise_phone(bad), None, "{bad}");
        }
    }

    #[test]
    fn identifiers_are_compared_without_capitals_and_blanks() {
        assert_eq!(normalise_identifier(" Ada@Example.ORG "), "ada@example.org");
        assert_eq!(normalise_identifier("Captain\u{200b}Nemo"), "captainnemo");
        assert_eq!(normalise_identifier("+49 151 12345678"), "+4915112345678");
        assert_eq!(normalise_identifier("+plus"), "+plus");
        assert_eq!(normalise_address(Channel::Email, "A@b.C"), "a@b.c");
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,40}|\\+[0-9 ()-]{1,24}") {
            let once = normalise_identifier(&text);
            prop_assert_eq!(normalise_identifier(&once), once);
        }

        #[test]
        fn no_text_upsets_the_formats(text in any::<String>()) {
            let _ = (is_email(&text), is_phone(&text));
        }
    }
}
