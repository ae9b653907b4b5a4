//! The outline of each page: which forms there are, what is sent with which, and where an "or" stands.

use super::made;
use crate::{FlowView, PageKind, render_flow};

/// The forms of a page in brief: `(` and `)` around a form, `[name=value]` for buttons, `name` for fields, `.name` for
/// hidden ones, `*` after a button that skips validation, `#` for headings.
pub(super) fn outline(page: &str) -> String {
    let mut words = Vec::new();
    for tag in page.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').unwrap_or((tag, ""));
        let attribute = |name: &str| {
            let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
            Some(&tag[start..start + tag[start..].find('"')?])
        };
        let name = attribute("name").unwrap_or_default();
        match tag.split_whitespace().next().unwrap_or_default() {
            "form" => words.push("(".to_owned()),
            "/form" => words.push(")".to_owned()),
            "h2" => words.push(format!("#{text}")),
            "p" if attribute("class") == Some("divider") => words.push("or".to_owned()),
            "input" if attribute("type") == Some("hidden") => words.push(format!(".{name}")),
            "input" if !name.is_empty() => words.push(name.to_owned()),
            "button" => {
                let skips = if tag.contains(" formnovalidate") {
                    "*"
                } else {
                    ""
                };
                words.push(format!(
                    "[{name}={}]{skips}",
                    attribute("value").unwrap_or_default()
                ));
            }
            _ => {}
        }
    }
    words.join(" ")
}

#[track_caller]
fn check(kind: PageKind, flow: &FlowView, expected: &str) {
    assert_eq!(outline(&render_flow(kind, flow, &made::site())), expected);
}

#[test]
fn methods_that_share_an_identifier_share_a_form() {
    check(
        PageKind::Login,
        &made::login(),
        "( .csrf_token identifier password [method=password] or [method=code]* \
         [passkey_login_trigger=] .passkey_login .passkey_challenge ) \
         ( .csrf_token [provider=github]* [provider=google]* )",
    );
}

#[test]
fn second_factors_have_a_form_each() {
    check(
        PageKind::Login,
        &made::second_factor(),
        "( .csrf_token totp_code [method=totp] ) or ( .csrf_token lookup_secret [method=lookup_secret] )",
    );
}

#[test]
fn a_new_code_can_be_had_without_typing_the_old_one() {
    check(
        PageKind::Login,
        &made::code_sent(),
        "( .csrf_token .identifier .method code [method=code] [resend=code]* )",
    );
}

#[test]
fn enter_never_asks_for_a_new_code() {
    let mut flow = made::code_sent();
    let resend = flow.ui.nodes.pop().unwrap();
    flow.ui.nodes.insert(2, resend);
    check(
        PageKind::Login,
        &flow,
        "( .csrf_token .identifier .method code [method=code] [resend=code]* )",
    );
}

#[test]
fn registration_on_one_screen_is_one_form() {
    check(
        PageKind::Registration,
        &made::registration(),
        "( .csrf_token traits.email traits.name.first traits.age .traits.newsletter traits.newsletter \
         password [method=password] )",
    );
}

#[test]
fn the_second_screen_repeats_the_traits_in_every_form() {
    check(
        PageKind::Registration,
        &made::second_screen(),
        "( .csrf_token .traits.email password [method=password] ) or \
         ( .csrf_token .traits.email [method=code] ) ( .csrf_token .traits.email [screen=previous]* )",
    );
}

#[test]
fn missing_traits_are_sent_with_the_social_account() {
    let mut nodes = made::traits(ipse_ui::Group::Default);
    nodes.truncate(1);
    nodes.push(made::provider("github", "GitHub"));
    check(
        PageKind::Registration,
        &made::flow("registration", nodes),
        "( .csrf_token traits.email [provider=github] )",
    );
}

#[test]
fn settings_have_a_form_for_each_section() {
    check(
        PageKind::Settings,
        &made::settings(),
        "( #Your data .csrf_token traits.email traits.name.first traits.age .traits.newsletter \
         traits.newsletter [method=profile] ) \
         ( #Password .csrf_token password [method=password] ) \
         ( #Social accounts .csrf_token [link=github]* [unlink=google]* ) \
         ( #Backup codes .csrf_token [lookup_secret_disable=true]* [lookup_secret_regenerate=true]* ) \
         ( #Security keys .csrf_token [webauthn_remove=c1]* webauthn_register_displayname \
         .webauthn_register [webauthn_register_trigger={&#34;publicKey&#34;:{}}] ) \
         ( #Authenticator app .csrf_token totp_code [method=totp] )",
    );
}

#[test]
fn addresses_to_choose_from_are_buttons() {
    check(
        PageKind::Recovery,
        &made::recovery_choice(),
        "( .csrf_token [recovery_select_address=c1]* [recovery_select_address=c2]* .method .recovery_address )",
    );
}

#[test]
fn a_flow_without_nodes_is_still_a_page() {
    let page = render_flow(
        PageKind::Login,
        &made::flow("login", Vec::new()),
        &made::site(),
    );
    assert_eq!(outline(&page), "");
    assert!(page.contains("<h1>Sign in</h1>"));
}

#[test]
fn a_field_that_belongs_to_no_method_has_a_form_all_the_same() {
    let flow = made::flow("verification", vec![made::identifier()]);
    check(PageKind::Verification, &flow, "( .csrf_token identifier )");
}
