//! What the pages know of the site around them: its name and where its other pages are.

/// The surroundings of a page. A missing address means that there is no such page, and nothing links to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// The name that people know the service by.
    pub name: String,
    /// The address under which [`asset`](crate::asset)s are served, without a trailing slash.
    pub assets: String,
    /// The page to go to when one is done.
    pub home: Option<String>,
    /// Where a login flow begins.
    pub login: Option<String>,
    /// Where a registration flow begins.
    pub registration: Option<String>,
    /// Where a recovery flow begins.
    pub recovery: Option<String>,
    /// Where a verification flow begins.
    pub verification: Option<String>,
    /// Where a settings flow begins.
    pub settings: Option<String>,
    /// Where the session ends; only for somebody who has one.
    pub logout: Option<String>,
}

/// A link below a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FooterLink {
    pub(crate) question: &'static str,
    pub(crate) text: &'static str,
    pub(crate) href: String,
}

impl FooterLink {
    /// The link, if there is such a page.
    pub(crate) fn to(
        page: Option<&String>,
        return_to: Option<&str>,
        question: &'static str,
        text: &'static str,
    ) -> Option<Self> {
        let href = with_return_to(safe_url(page?), return_to);
        Some(Self {
            question,
            text,
            href,
        })
    }
}

/// Takes the address to return to along to another flow.
fn with_return_to(page: &str, return_to: Option<&str>) -> String {
    let Some(target) = return_to.filter(|target| !target.is_empty()) else {
        return page.to_owned();
    };
    let target: String = form_urlencoded::byte_serialize(target.as_bytes()).collect();
    let separator = if page.contains('?') { '&' } else { '?' };
    format!("{page}{separator}return_to={target}")
}

/// The address, or `#` if following it would run a script in the page.
pub(crate) fn safe_url(url: &str) -> &str {
    // Browsers skip control characters and blanks when they look for the scheme.
    let scheme: String = url
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .take_while(|c| *c != ':')
        .collect();
    let runs = ["javascript", "vbscript", "data"];
    if runs.iter().any(|name| scheme.eq_ignore_ascii_case(name)) {
        return "#";
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_run_scripts_lead_nowhere() {
        for url in [
            "javascript:alert(1)",
            " JaVa\tscript:x",
            "data:text/html,x",
            "\u{1}vbscript:x",
        ] {
            assert_eq!(safe_url(url), "#", "{url:?}");
        }
        for url in [
            "https://example.org/",
            "/x?y=javascript:z",
            "app://back",
            "mailto:a@b.org",
        ] {
            assert_eq!(safe_url(url), url);
        }
    }

    #[test]
    fn the_address_to_return_to_is_taken_along() {
        assert_eq!(with_return_to("/login", None), "/login");
        assert_eq!(with_return_to("/login", Some("")), "/login");
        assert_eq!(
            with_return_to("/login", Some("https://a.org/?b=c&d")),
            "/login?return_to=https%3A%2F%2Fa.org%2F%3Fb%3Dc%26d"
        );
        assert_eq!(
            with_return_to("/login?x=1", Some("/")),
            "/login?x=1&return_to=%2F"
        );
    }
}
