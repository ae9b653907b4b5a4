//! Whatever people or providers put into a flow stays text.

use ipse_ui::text::{login, node, validation};
use ipse_ui::{Attributes, Container, Group, InputType, Link, Node, Text};
use proptest::prelude::*;
use serde_json::json;

use super::layout::outline;
use super::made;
use crate::{FlowView, Mail, PageKind, render_error, render_flow, render_mail};

const EVIL: &str = "\"'><script>alert(1)</script><b onclick=x>&amp;";

fn everywhere(evil: &str) -> FlowView {
    let mut typed = Node::input(evil, Group::Default, InputType::Text)
        .value(evil)
        .autocomplete(evil)
        .label(node::node_label_generated(evil, evil))
        .with(|input| {
            input.pattern = Some(evil.to_owned());
            input.onload_trigger = Some(evil.to_owned());
        });
    typed.messages.push(validation::generic(evil));
    let link = Link {
        id: evil.to_owned(),
        href: evil.to_owned(),
        title: node::node_label(evil),
    };
    let text = Text {
        id: evil.to_owned(),
        text: node::node_label(evil),
    };
    let mut flow = made::flow(
        "login",
        vec![
            typed,
            Node::input(evil, Group::Default, InputType::Checkbox).value(true),
            Node::hidden(evil, Group::Default, evil),
            Node::submit(evil, Group::Password, evil).label(login::login_with(evil, evil)),
            Node::new(Group::Password, Attributes::Link(link)),
            Node::new(Group::Password, Attributes::Text(text)),
        ],
    );
    flow.ui.action = evil.to_owned();
    flow.ui.say(validation::generic(evil));
    flow.return_to = Some(evil.to_owned());
    flow
}

#[test]
fn hostile_values_are_escaped_everywhere() {
    let flow = everywhere(EVIL);
    for kind in [PageKind::Login, PageKind::Registration, PageKind::Settings] {
        let page = render_flow(kind, &flow, &made::site());
        assert!(
            !page.contains("<script>") && !page.contains("<b "),
            "{kind:?}"
        );
        assert!(page.contains("&#60;script&#62;"));
    }
    let page = render_error(
        &json!({"id": EVIL, "error": {"reason": EVIL}}),
        &made::site(),
    );
    assert!(!page.contains("<script>"));
}

#[test]
fn a_mail_cannot_leave_its_frame() {
    let mail = Mail {
        html: Some(EVIL.to_owned()),
        text: EVIL.to_owned(),
        ..made::mail()
    };
    let page = render_mail(&mail, &made::site());
    assert!(!page.contains("<script>"));
    let frame = page.split("<iframe").nth(1).unwrap();
    let (attributes, _) = frame.split_once('>').unwrap();
    assert!(attributes.contains(" sandbox ") && attributes.contains(" srcdoc=\""));
}

#[test]
fn links_and_actions_run_no_scripts() {
    let mut flow = everywhere("javascript:alert(1)");
    flow.ui.action = "javascript:alert(1)".to_owned();
    let page = render_flow(PageKind::Login, &flow, &made::site());
    assert!(!page.contains("href=\"javascript:") && !page.contains("action=\"javascript:"));
}

proptest! {
    #[test]
    fn no_text_adds_an_element(text in ".{0,40}") {
        let plain = render_flow(PageKind::Login, &everywhere("x"), &made::site());
        let page = render_flow(PageKind::Login, &everywhere(&text), &made::site());
        prop_assert_eq!(page.matches('<').count(), plain.matches('<').count());
        prop_assert_eq!(page.matches('>').count(), plain.matches('>').count());
    }

    #[test]
    fn any_form_of_known_groups_is_drawn_completely(groups in proptest::collection::vec(0_usize..7, 0..12)) {
        let known = [
            Group::Default, Group::Profile, Group::Password, Group::Oidc, Group::Code, Group::Passkey,
            Group::IdentifierFirst,
        ];
        let mut ui = Container::new("/x");
        for (index, group) in groups.iter().enumerate() {
            let kind = [InputType::Text, InputType::Submit, InputType::Hidden][index % 3];
            ui.push(Node::input(format!("n{index}"), known[*group], kind));
        }
        let flow = FlowView { ui, ..made::flow("x", Vec::new()) };
        for kind in [PageKind::Login, PageKind::Settings, PageKind::Recovery] {
            let outline = outline(&render_flow(kind, &flow, &made::site()));
            for index in 0..groups.len() {
                let name = format!("n{index}");
                let drawn = outline.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
                let needless = known[groups[index]] == Group::Default || known[groups[index]] == Group::IdentifierFirst;
                // Hidden fields that all forms share are drawn with the first form, if there is one.
                prop_assert!(drawn || (needless && index % 3 == 2), "{name} in {outline}");
            }
        }
    }
}
