//! Flows to draw, put together by hand.

use ipse_ui::text::{login, node, recovery, registration, settings, validation, verification};
use ipse_ui::{Attributes, Container, Group, Image, InputType, Link, Node, Script, Text};
use serde_json::json;

use crate::{
    DeviceView, FlowView, HomeView, IdentityView, Mail, MailSummary, PageKind, SessionView, Site,
    render_error, render_flow, render_home, render_mail, render_mails,
};

pub(super) fn site() -> Site {
    let page = |name: &str| Some(format!("http://localhost:4433/self-service/{name}/browser"));
    Site {
        name: "Example".to_owned(),
        assets: ".".to_owned(),
        home: Some("http://localhost:4433/".to_owned()),
        login: page("login"),
        registration: page("registration"),
        recovery: page("recovery"),
        verification: page("verification"),
        settings: page("settings"),
        logout: Some("http://localhost:4433/self-service/logout?token=t".to_owned()),
    }
}

pub(super) fn flow(name: &str, nodes: Vec<Node>) -> FlowView {
    let mut ui = Container::new(format!("http://localhost:4433/self-service/{name}?flow=f1"));
    ui.push(Node::csrf("csrf-1"));
    ui.nodes.extend(nodes);
    FlowView {
        ui,
        state: None,
        refresh: false,
        requested_aal: None,
        return_to: None,
        identity: None,
    }
}

pub(super) fn identifier() -> Node {
    Node::input("identifier", Group::Default, InputType::Text)
        .required()
        .label(node::node_label_id())
        .autocomplete("username")
}

pub(super) fn password() -> Vec<Node> {
    vec![
        Node::input("password", Group::Password, InputType::Password)
            .required()
            .autocomplete("current-password")
            .label(node::node_label_input_password()),
        Node::submit("method", Group::Password, "password").label(login::login_password()),
    ]
}

pub(super) fn provider(id: &str, name: &str) -> Node {
    Node::submit("provider", Group::Oidc, id).label(login::login_with(name, id))
}

pub(super) fn passkey() -> Vec<Node> {
    vec![
        Node::input("passkey_login_trigger", Group::Passkey, InputType::Button)
            .value("")
            .with(|input| input.onclick_trigger = Some("oryPasskeyLogin".to_owned()))
            .label(login::login_passkey()),
        Node::input("passkey_login", Group::Passkey, InputType::Hidden).with(|input| {
            input.onload_trigger = Some("oryPasskeyLoginAutocompleteInit".to_owned());
        }),
        Node::hidden(
            "passkey_challenge",
            Group::Passkey,
            r#"{"publicKey":{"rpId":"localhost"}}"#,
        ),
    ]
}

pub(super) fn login() -> FlowView {
    let mut nodes = vec![
        provider("github", "GitHub"),
        provider("google", "Google"),
        identifier(),
    ];
    nodes.push(Node::submit("method", Group::Code, "code").label(login::login_code()));
    nodes.extend(passkey());
    nodes.extend(password());
    flow("login", nodes)
}

pub(super) fn failed_login() -> FlowView {
    let mut flow = flow("login", vec![identifier().value("ada@example.org")]);
    flow.ui.nodes.extend(password());
    flow.ui.say(validation::invalid_credentials());
    flow
}

pub(super) fn second_factor() -> FlowView {
    let field = |name: &str, group, label| {
        Node::input(name, group, InputType::Text)
            .required()
            .label(label)
    };
    let mut flow = flow(
        "login",
        vec![
            field("totp_code", Group::Totp, login::login_totp_label()),
            Node::submit("method", Group::Totp, "totp").label(login::login_totp()),
            field(
                "lookup_secret",
                Group::LookupSecret,
                login::login_lookup_label(),
            ),
            Node::submit("method", Group::LookupSecret, "lookup_secret")
                .label(login::login_lookup()),
        ],
    );
    flow.requested_aal = Some("aal2".to_owned());
    flow.ui.say(login::login_mfa());
    flow
}

pub(super) fn code_sent() -> FlowView {
    let mut flow = flow(
        "login",
        vec![
            Node::hidden("identifier", Group::Default, "ada@example.org").required(),
            Node::hidden("method", Group::Code, "code"),
            Node::input("code", Group::Code, InputType::Text)
                .required()
                .label(node::node_label_login_code())
                .with(|input| {
                    input.pattern = Some("[0-9]+".to_owned());
                    input.maxlength = Some(6);
                }),
            Node::submit("method", Group::Code, "code").label(node::node_label_continue()),
            Node::submit("resend", Group::Code, "code").label(node::node_label_resend_otp()),
        ],
    );
    flow.ui.say(login::login_code_sent());
    flow
}

fn field(group: Group, name: &str, kind: InputType, title: &str) -> Node {
    let name = format!("traits.{name}");
    Node::input(name.clone(), group, kind).label(node::node_label_generated(title, &name))
}

pub(super) fn traits(group: Group) -> Vec<Node> {
    vec![
        field(group, "email", InputType::Email, "E-Mail")
            .required()
            .autocomplete("email"),
        field(group, "name.first", InputType::Text, "First name"),
        field(group, "age", InputType::Number, "Age"),
        field(
            group,
            "newsletter",
            InputType::Checkbox,
            "Send me the newsletter",
        ),
    ]
}

pub(super) fn registration() -> FlowView {
    let mut nodes = traits(Group::Default);
    nodes[0] = nodes[0].clone().value("nonsense");
    nodes[0].messages.push(validation::email("nonsense"));
    nodes.push(
        Node::input("password", Group::Password, InputType::Password)
            .required()
            .autocomplete("new-password")
            .label(node::node_label_input_password()),
    );
    nodes.push(
        Node::submit("method", Group::Password, "password").label(registration::registration()),
    );
    flow("registration", nodes)
}

pub(super) fn second_screen() -> FlowView {
    let mut flow = flow(
        "registration",
        vec![
            Node::hidden("traits.email", Group::Default, "ada@example.org").required(),
            Node::submit("method", Group::Code, "code")
                .label(registration::registration_register_code()),
            Node::input("password", Group::Password, InputType::Password)
                .required()
                .label(node::node_label_input_password()),
            Node::submit("method", Group::Password, "password").label(registration::registration()),
            Node::submit("screen", Group::Profile, "previous")
                .label(registration::registration_back()),
        ],
    );
    flow.ui.say(registration::registration_choose_credentials());
    flow
}

fn totp() -> Vec<Node> {
    // One white pixel stands for the picture to scan.
    let pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==";
    let image = Image {
        id: "totp_qr".to_owned(),
        src: pixel.to_owned(),
        width: 256,
        height: 256,
    };
    let secret = Text {
        id: "totp_secret_key".to_owned(),
        text: settings::settings_totp_secret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
    };
    vec![
        Node::new(Group::Totp, Attributes::Image(image)).label(settings::settings_totp_qr_code()),
        Node::new(Group::Totp, Attributes::Text(secret))
            .label(settings::settings_totp_secret_label()),
        Node::input("totp_code", Group::Totp, InputType::Text)
            .required()
            .label(node::node_label_verify_otp()),
        Node::submit("method", Group::Totp, "totp").label(node::node_label_save()),
    ]
}

fn lookup() -> Vec<Node> {
    let mut codes: Vec<_> = (0..11)
        .map(|number| settings::settings_lookup_secret(&format!("k{number}mv7d2a")))
        .collect();
    codes.push(settings::settings_lookup_secret_used(
        "2026-01-02T03:04:05Z",
        1_767_323_045,
    ));
    let list = Text {
        id: "lookup_secret_codes".to_owned(),
        text: settings::settings_lookup_secret_list(&codes),
    };
    vec![
        Node::new(Group::LookupSecret, Attributes::Text(list))
            .label(settings::settings_lookup_secret_label()),
        Node::submit("lookup_secret_disable", Group::LookupSecret, "true")
            .label(settings::settings_disable_lookup()),
        Node::submit("lookup_secret_regenerate", Group::LookupSecret, "true")
            .label(settings::settings_regenerate_lookup()),
    ]
}

pub(super) fn script() -> Node {
    Node::new(
        Group::Webauthn,
        Attributes::Script(Script {
            id: "webauthn_script".to_owned(),
            src: "http://localhost:4433/.well-known/ory/webauthn.js".to_owned(),
            asynchronous: true,
            referrerpolicy: "no-referrer".to_owned(),
            crossorigin: "anonymous".to_owned(),
            integrity: "sha512-AA==".to_owned(),
            script_type: "text/javascript".to_owned(),
            nonce: "n1".to_owned(),
        }),
    )
}

fn webauthn() -> Vec<Node> {
    let trigger = || {
        Node::input(
            "webauthn_register_trigger",
            Group::Webauthn,
            InputType::Button,
        )
        .value(r#"{"publicKey":{}}"#)
        .with(|input| input.onclick_trigger = Some("oryWebAuthnRegistration".to_owned()))
    };
    let removal =
        settings::settings_remove_webauthn("Blue key", "2026-01-02T03:04:05Z", 1_767_323_045);
    vec![
        Node::submit("webauthn_remove", Group::Webauthn, "c1").label(removal),
        Node::input(
            "webauthn_register_displayname",
            Group::Webauthn,
            InputType::Text,
        )
        .value("")
        .label(settings::settings_register_webauthn_display_name()),
        Node::hidden("webauthn_register", Group::Webauthn, ""),
        trigger().label(settings::settings_register_webauthn()),
        script(),
    ]
}

pub(super) fn settings() -> FlowView {
    let mut nodes = traits(Group::Profile);
    nodes[0] = nodes[0].clone().value("ada@example.org");
    nodes[1] = nodes[1].clone().value("Ada");
    nodes[2] = nodes[2].clone().value(36);
    nodes[3] = nodes[3].clone().value(true);
    nodes.push(Node::submit("method", Group::Profile, "profile").label(node::node_label_save()));
    nodes.push(
        Node::input("password", Group::Password, InputType::Password)
            .required()
            .autocomplete("new-password")
            .label(node::node_label_input_password()),
    );
    nodes.push(Node::submit("method", Group::Password, "password").label(node::node_label_save()));
    let link = settings::settings_update_link_oidc("GitHub");
    nodes.push(Node::submit("link", Group::Oidc, "github").label(link));
    let unlink = settings::settings_update_unlink_oidc("Google");
    nodes.push(Node::submit("unlink", Group::Oidc, "google").label(unlink));
    nodes.extend(lookup());
    nodes.extend(webauthn());
    nodes.extend(totp());
    let mut flow = flow("settings", nodes);
    flow.ui.say(settings::settings_update_success());
    flow.identity = Some(IdentityView {
        id: "i1".to_owned(),
        traits: json!({"name": {"first": "Ada"}, "email": "ada@example.org"}),
    });
    flow
}

pub(super) fn recovery() -> FlowView {
    flow(
        "recovery",
        vec![
            Node::input("email", Group::Code, InputType::Email)
                .required()
                .label(node::node_label_email()),
            Node::submit("method", Group::Code, "code").label(node::node_label_continue()),
        ],
    )
}

pub(super) fn recovery_choice() -> FlowView {
    let choice = |address: &str, value: &str| {
        Node::submit("recovery_select_address", Group::Code, value).label(node::node_label(address))
    };
    let mut flow = flow(
        "recovery",
        vec![
            choice("ad****@example.org", "c1"),
            choice("+49****42", "c2"),
            Node::hidden("method", Group::Code, "code"),
            Node::hidden("recovery_address", Group::Code, "ada@example.org"),
        ],
    );
    flow.ui.say(recovery::recovery_ask_to_choose_address());
    flow
}

pub(super) fn verified() -> FlowView {
    let link = Link {
        id: "continue".to_owned(),
        href: "http://localhost:3000/".to_owned(),
        title: node::node_label_continue(),
    };
    let mut flow = flow("verification", Vec::new());
    flow.ui
        .push(Node::new(Group::Code, Attributes::Link(link)).label(node::node_label_continue()));
    flow.ui.say(verification::verification_successful());
    flow
}

pub(super) fn home() -> HomeView {
    let session = |agent: &str, aal: &str| SessionView {
        id: "s1".to_owned(),
        authenticator_assurance_level: aal.to_owned(),
        authenticated_at: Some("2026-01-02T03:04:05Z".to_owned()),
        expires_at: Some("2026-01-03T03:04:05Z".to_owned()),
        devices: vec![DeviceView {
            ip_address: Some("192.0.2.7".to_owned()),
            user_agent: Some(agent.to_owned()),
        }],
        identity: Some(IdentityView {
            id: "i1".to_owned(),
            traits: json!({"email": "ada@example.org"}),
        }),
    };
    HomeView {
        session: Some(session(
            "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0",
            "aal2",
        )),
        others: vec![session(
            "Mozilla/5.0 (iPhone; like Mac OS X) Safari/604.1",
            "aal1",
        )],
        mails: Some("http://localhost:4433/mails".to_owned()),
    }
}

pub(super) fn mail() -> Mail {
    Mail {
        recipient: "ada@example.org".to_owned(),
        sender: "no-reply@example.org".to_owned(),
        subject: "Your code is 123456".to_owned(),
        time: "2026-01-02T03:04:05Z".to_owned(),
        text: "Hello,\n\nyour code is 123456.".to_owned(),
        html: Some("<p style=\"color: teal\">Your code is <b>123456</b>.</p>".to_owned()),
        list: "http://localhost:4433/mails".to_owned(),
    }
}

fn mails() -> Vec<MailSummary> {
    let line = |recipient: &str, subject: &str| MailSummary {
        href: "http://localhost:4433/mails/1".to_owned(),
        recipient: recipient.to_owned(),
        subject: subject.to_owned(),
        time: "2026-01-02T03:04:05Z".to_owned(),
    };
    vec![
        line("ada@example.org", "Your code is 123456"),
        line("+4915112345678", "Use 654321 to sign in"),
    ]
}

/// Every page with a name.
pub(super) fn pages() -> Vec<(&'static str, String)> {
    let site = site();
    let error = json!({"id": "e1", "error": {
        "code": 403, "status": "Forbidden", "message": "Refused", "reason": "The anti-CSRF token is missing."
    }});
    vec![
        ("login", render_flow(PageKind::Login, &login(), &site)),
        (
            "login_failed",
            render_flow(PageKind::Login, &failed_login(), &site),
        ),
        (
            "second_factor",
            render_flow(PageKind::Login, &second_factor(), &site),
        ),
        (
            "code_sent",
            render_flow(PageKind::Login, &code_sent(), &site),
        ),
        (
            "registration",
            render_flow(PageKind::Registration, &registration(), &site),
        ),
        (
            "second_screen",
            render_flow(PageKind::Registration, &second_screen(), &site),
        ),
        (
            "settings",
            render_flow(PageKind::Settings, &settings(), &site),
        ),
        (
            "recovery",
            render_flow(PageKind::Recovery, &recovery(), &site),
        ),
        (
            "recovery_choice",
            render_flow(PageKind::Recovery, &recovery_choice(), &site),
        ),
        (
            "verified",
            render_flow(PageKind::Verification, &verified(), &site),
        ),
        ("error", render_error(&error, &site)),
        ("home", render_home(&home(), &site)),
        ("home_signed_out", render_home(&HomeView::default(), &site)),
        ("mails", render_mails(&mails(), &site)),
        ("mail", render_mail(&mail(), &site)),
    ]
}
