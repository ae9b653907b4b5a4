//! What the pages promise to people, browsers and screen readers.

use ipse_ui::text::{login, validation};
use ipse_ui::{Group, InputType, Node};
use serde_json::json;

use super::made;
use crate::{FlowView, PageKind, Site, render_error, render_flow, render_home};

fn draw(kind: PageKind, flow: &FlowView) -> String {
    render_flow(kind, flow, &made::site())
}

/// The tag that has the given attribute text.
fn tag<'a>(page: &'a str, part: &str) -> &'a str {
    let at = page.find(part).unwrap_or_else(|| panic!("no {part}"));
    let start = page[..at].rfind('<').unwrap();
    let end = at + page[at..].find('>').unwrap();
    &page[start..=end]
}

#[test]
fn every_page_names_its_language_and_title() {
    for (name, page) in made::pages() {
        assert!(
            page.starts_with("<!doctype html>\n<html lang=\"en\">"),
            "{name}"
        );
        assert!(page.contains(" · Example</title>"), "{name}");
        assert_eq!(page.matches("<h1>").count(), 1, "{name}");
        assert!(page.contains("name=\"viewport\""), "{name}");
    }
}

#[test]
fn pages_obey_their_own_policy() {
    for (name, page) in made::pages() {
        assert!(!page.contains("<style"), "{name}");
        assert!(!page.contains("style=") || name == "mail", "{name}");
        for script in page.split("<script").skip(1) {
            let (attributes, rest) = script.split_once('>').unwrap();
            assert!(attributes.contains("src="), "{name}");
            assert!(rest.starts_with("</script>"), "{name}");
        }
        for handler in [" onclick=", " onload=", " onsubmit="] {
            assert!(!page.contains(handler), "{name}: {handler}");
        }
    }
}

#[test]
fn the_second_screen_of_signing_in_says_for_whom_it_is() {
    let name = Node::hidden("identifier", Group::Default, "<eve>");
    let mut flow = made::flow("login", [vec![name], made::password()].concat());
    let page = draw(PageKind::Login, &flow);
    assert!(
        page.contains("<p class=\"subtitle\">as &#60;eve&#62;</p>"),
        "{page}"
    );
    assert!(page.contains("Not you? <a href=\"http://localhost:4433/self-service/login/browser"));
    flow.refresh = true;
    assert!(!draw(PageKind::Login, &flow).contains("as &#60;eve"));
    assert!(!draw(PageKind::Login, &made::login()).contains("Not you?"));
}

#[test]
fn password_managers_learn_whose_password_it_is() {
    let page = draw(PageKind::Settings, &made::settings());
    let hidden = tag(&page, "autocomplete=\"username\"");
    assert!(
        hidden.contains(" hidden") && !hidden.contains("name="),
        "{hidden}"
    );
    assert!(hidden.contains("value=\"ada@example.org\""), "{hidden}");
    let again = made::flow(
        "login",
        [
            vec![Node::hidden("identifier", Group::Default, "eve")],
            made::password(),
        ]
        .concat(),
    );
    let page = draw(PageKind::Login, &again);
    assert!(tag(&page, "autocomplete=\"username\"").contains("value=\"eve\""));
    let page = draw(PageKind::Login, &made::login());
    assert!(!tag(&page, "name=\"identifier\"").contains("hidden"));
    assert_eq!(page.matches(" hidden").count(), 0);
}

#[test]
fn forms_are_posted_to_the_action_of_the_flow() {
    let page = draw(PageKind::Settings, &made::settings());
    let forms: Vec<&str> = page.split("<form").skip(1).collect();
    assert_eq!(forms.len(), 6);
    for form in forms {
        assert!(form.contains("method=\"post\""));
        assert!(form.contains("action=\"http://localhost:4433/self-service/settings?flow=f1\""));
        assert!(form.contains("name=\"csrf_token\" value=\"csrf-1\""));
    }
}

#[test]
fn a_box_can_be_unticked() {
    let page = draw(PageKind::Settings, &made::settings());
    let absent = page
        .find("type=\"hidden\" name=\"traits.newsletter\" value=\"false\"")
        .unwrap();
    let ticked = page
        .find("type=\"checkbox\" name=\"traits.newsletter\" value=\"true\" checked")
        .unwrap();
    assert!(absent < ticked, "the last value counts");
    let page = draw(PageKind::Registration, &made::registration());
    assert!(!tag(&page, "type=\"checkbox\"").contains(" checked"));
}

#[test]
fn labels_belong_to_their_fields() {
    for (name, page) in made::pages() {
        for label in page.split("<label for=\"").skip(1) {
            let id = label.split('"').next().unwrap();
            assert_eq!(
                page.matches(&format!(" id=\"{id}\"")).count(),
                1,
                "{name}: {id}"
            );
        }
    }
}

#[test]
fn errors_are_tied_to_their_field_and_get_the_cursor() {
    let page = draw(PageKind::Registration, &made::registration());
    let email = tag(&page, "name=\"traits.email\"");
    assert!(email.contains(" aria-invalid=\"true\""));
    let id = email
        .split("aria-describedby=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(page.contains(&format!("<div class=\"notes\" id=\"{id}\">")));
    assert!(email.contains(" autofocus"));
    assert_eq!(page.matches(" autofocus").count(), 1);
}

#[test]
fn the_cursor_stands_in_the_first_empty_field() {
    let page = draw(PageKind::Login, &made::failed_login());
    assert!(tag(&page, "name=\"password\"").contains(" autofocus"));
    let page = draw(PageKind::Settings, &made::settings());
    assert!(
        !page.contains(" autofocus"),
        "a long page begins at its top"
    );
}

#[test]
fn messages_of_the_flow_are_announced() {
    let page = draw(PageKind::Login, &made::failed_login());
    let text = validation::invalid_credentials().text;
    assert!(page.contains(&format!(
        "<p class=\"message error\" role=\"alert\">{text}</p>"
    )));
    let page = draw(PageKind::Settings, &made::settings());
    assert!(page.contains(
        "<p class=\"message success\" role=\"status\">Your changes have been saved!</p>"
    ));
}

#[test]
fn an_error_at_a_button_is_shown_there() {
    let mut flow = made::settings();
    let button = flow.ui.find_mut("webauthn_remove").unwrap();
    button
        .messages
        .push(validation::generic("This is the last way to sign in."));
    let page = draw(PageKind::Settings, &flow);
    assert!(tag(&page, "name=\"webauthn_remove\"").contains("aria-describedby"));
    assert!(page.contains("<p class=\"note error\">This is the last way to sign in.</p>"));
}

#[test]
fn codes_are_offered_by_the_keyboard() {
    let page = draw(PageKind::Login, &made::code_sent());
    let code = tag(&page, "name=\"code\"");
    for part in [
        "autocomplete=\"one-time-code\"",
        "inputmode=\"numeric\"",
        "maxlength=\"6\"",
        "pattern=\"[0-9]+\"",
    ] {
        assert!(code.contains(part), "{part}");
    }
}

#[test]
fn scripts_and_triggers_reach_the_browser_as_data() {
    let page = draw(PageKind::Settings, &made::settings());
    let script = tag(&page, "id=\"webauthn_script\"");
    for part in [
        " async",
        "integrity=\"sha512-AA==\"",
        "crossorigin=\"anonymous\"",
        "nonce=\"n1\"",
        "referrerpolicy=\"no-referrer\"",
    ] {
        assert!(script.contains(part), "{part}");
    }
    let trigger = tag(&page, "data-onclick-trigger");
    assert!(trigger.contains("data-onclick-trigger=\"oryWebAuthnRegistration\""));
    assert!(trigger.contains("type=\"button\""));
    assert!(page.contains("<noscript>"));
    let page = draw(PageKind::Login, &made::login());
    assert!(
        tag(&page, "name=\"passkey_login\"")
            .contains("data-onload-trigger=\"oryPasskeyLoginAutocompleteInit\"")
    );
}

#[test]
fn backup_codes_are_a_list() {
    let page = draw(PageKind::Settings, &made::settings());
    assert_eq!(page.matches("<li><code>").count(), 11);
    assert_eq!(page.matches("<li><s>used</s></li>").count(), 1);
}

#[test]
fn one_button_of_a_page_stands_out() {
    for flow in [made::login(), made::second_factor(), made::code_sent()] {
        let page = draw(PageKind::Login, &flow);
        assert_eq!(page.matches("class=\"primary\"").count(), 1);
    }
    let only = made::flow("login", vec![made::provider("github", "GitHub")]);
    assert!(tag(&draw(PageKind::Login, &only), "name=\"provider\"").contains("class=\"primary\""));
}

#[test]
fn titles_follow_the_state_of_the_login() {
    let mut flow = made::failed_login();
    assert!(draw(PageKind::Login, &flow).contains("<h1>Sign in</h1>"));
    flow.refresh = true;
    let page = draw(PageKind::Login, &flow);
    assert!(page.contains("<h1>Is it you?</h1>"));
    assert!(page.contains("Sign out") && !page.contains("Create an account"));
    flow.requested_aal = Some("aal2".to_owned());
    assert!(draw(PageKind::Login, &flow).contains("<h1>One more step</h1>"));
}

#[test]
fn the_way_back_is_kept_between_flows() {
    let mut flow = made::login();
    flow.return_to = Some("https://app.example.org/a?b".to_owned());
    let page = draw(PageKind::Login, &flow);
    assert!(
        page.contains("/registration/browser?return_to=https%3A%2F%2Fapp.example.org%2Fa%3Fb\"")
    );
}

#[test]
fn nothing_links_to_pages_that_are_not_there() {
    let site = Site {
        name: "Bare".to_owned(),
        ..Site::default()
    };
    for (kind, flow) in [
        (PageKind::Login, made::login()),
        (PageKind::Settings, made::settings()),
    ] {
        assert!(!render_flow(kind, &flow, &site).contains("<a "));
    }
    assert!(!render_home(&crate::HomeView::default(), &site).contains("<a "));
}

#[test]
fn a_field_without_a_label_is_named_all_the_same() {
    let mut node = Node::input("no.such_node", Group::Default, InputType::Text);
    node.messages
        .push(login::login_code_invalid_or_already_used());
    let page = draw(PageKind::Login, &made::flow("login", vec![node]));
    assert!(page.contains(">Such node</label>"));
}

#[test]
fn errors_are_explained_by_their_code() {
    let site = made::site();
    let page = render_error(&json!({"error": {"code": 404, "message": "Gone"}}), &site);
    assert!(page.contains("<h1>Nothing here</h1>") && page.contains(">Gone</p>"));
    let page = render_error(
        &json!({"id": "abc", "error": {"code": 500, "reason": "It broke", "message": "x"}}),
        &site,
    );
    assert!(page.contains("<code>abc</code>") && page.contains(">It broke</p>"));
    let bare = render_error(&json!({"id": "session_inactive", "code": 401}), &site);
    assert!(bare.contains("<h1>Please sign in</h1>") && !bare.contains("session_inactive"));
    assert!(render_error(&json!(null), &site).contains("<h1>Something broke</h1>"));
}

#[test]
fn the_landing_page_shows_the_sessions() {
    let page = render_home(&made::home(), &made::site());
    assert!(page.contains("<strong>ada@example.org</strong>, with a second factor"));
    assert!(page.contains("Firefox on Linux <span class=\"badge\">this browser</span>"));
    assert!(page.contains("Safari on iPhone"));
    assert_eq!(page.matches("class=\"badge\"").count(), 1);
}

#[test]
fn a_flow_is_read_from_its_public_json() {
    let json = json!({
        "id": "f1", "type": "browser", "state": "choose_method", "requested_aal": "aal1",
        "organization_id": null, "return_to": "http://localhost/",
        "ui": {"action": "http://localhost/x", "method": "POST", "nodes": [{
            "type": "input", "group": "default", "messages": [], "meta": {},
            "attributes": {"name": "csrf_token", "type": "hidden", "value": "t", "required": true,
                "disabled": false, "node_type": "input"}
        }]}
    });
    let flow: FlowView = serde_json::from_value(json).unwrap();
    assert_eq!(flow.return_to.as_deref(), Some("http://localhost/"));
    assert_eq!(flow.ui.nodes.len(), 1);
}

#[test]
fn people_are_called_by_what_they_are_known_by() {
    let named = |traits| {
        crate::IdentityView {
            id: "i1".to_owned(),
            traits,
        }
        .display_name()
    };
    assert_eq!(
        named(json!({"name": {"first": "A"}, "email": "a@b.org"})),
        "a@b.org"
    );
    assert_eq!(named(json!({"nick": "", "handle": "ada"})), "ada");
    assert_eq!(named(json!({})), "i1");
    assert_eq!(named(json!(null)), "i1");
}
