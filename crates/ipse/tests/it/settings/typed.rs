//! Traits of every type, as forms and scripts send them.

use http::Method;
use ipse_testkit::{TestServer, inline};
use serde_json::{Value, json};

use crate::steps::{change, complaint, identity, minutes, profile, signed_in};

/// A schema with a field of every type.
fn typed() -> Value {
    json!({
        "$id": "https://schemas.example.org/typed.json",
        "type": "object",
        "properties": { "traits": {
            "type": "object",
            "properties": {
                "email": {
                    "type": "string", "format": "email",
                    "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } },
                },
                "age": { "type": "integer", "minimum": 18 },
                "height": { "type": "number" },
                "newsletter": { "type": "boolean" },
                "plan": { "type": "string", "enum": ["free", "paid"] },
                "code": { "type": "string", "pattern": "^[A-Z]+$", "minLength": 2 },
            },
            "required": ["email"],
            "additionalProperties": false,
        } },
    })
}

async fn with_types() -> TestServer {
    let schemas = json!([{ "id": "default", "url": inline(&typed().to_string()) }]);
    TestServer::build()
        .set("identity.schemas", schemas)
        .start()
        .await
}

#[tokio::test]
async fn dotted_names_mean_what_nested_objects_mean() {
    let server = TestServer::new().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    for (first, fields) in [
        (
            "One",
            json!({ "method": "profile", "traits.email": ada.email, "traits.name.first": "One" }),
        ),
        (
            "Three",
            json!({ "method": "profile", "traits.email": ada.email, "traits.name": { "first": "Three" } }),
        ),
        (
            "Four",
            profile(json!({ "email": ada.email, "name": { "first": "Four" } })),
        ),
    ] {
        let reply = change(&mut app, fields).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(
            reply.json()["identity"]["traits"],
            json!({ "email": ada.email, "name": { "first": first } })
        );
    }
}

#[tokio::test]
async fn a_form_is_typed_by_the_schema() {
    let server = with_types().await;
    let (mut browser, ada) = signed_in(&server, server.browser(), "ada").await;
    let flow = browser.start("settings").await;
    for (name, kind) in [
        ("age", "number"),
        ("height", "number"),
        ("newsletter", "checkbox"),
        ("plan", "text"),
    ] {
        assert_eq!(
            flow.node(&format!("traits.{name}")).unwrap()["type"],
            kind,
            "{name}"
        );
    }
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let fields = [
        field("csrf_token", flow.csrf_token()),
        field("method", "profile"),
        field("traits.email", &ada.email),
        field("traits.age", "30"),
        field("traits.height", "1.75"),
        // Pages put a hidden "false" in front of a checkbox, as browsers send nothing for one that is not ticked.
        field("traits.newsletter", "false"),
        field("traits.newsletter", "true"),
        field("traits.plan", "paid"),
    ];
    let reply = browser.form(flow.action(), &fields).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let traits = json!({ "email": ada.email, "age": 30, "height": 1.75, "newsletter": true, "plan": "paid" });
    let session = browser.get_json("/sessions/whoami").await.json();
    assert_eq!(session["identity"]["traits"], traits);
}

#[tokio::test]
async fn what_does_not_fit_the_schema_is_told_at_its_field() {
    let server = with_types().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let flow = app.start("settings").await;
    for (field, value, id) in [
        ("age", json!(17), 4_000_018),
        ("age", json!("old"), 4_000_026),
        ("age", json!(18.5), 4_000_026),
        ("newsletter", json!("yes"), 4_000_026),
        ("plan", json!("gold"), 4_000_001),
        ("code", json!("A"), 4_000_003),
        ("code", json!("abc"), 4_000_004),
        ("email", json!("notanemail"), 4_000_040),
    ] {
        let mut traits = json!({ "email": ada.email });
        traits[field] = value.clone();
        let said = complaint(&app.submit(&flow, profile(traits)).await);
        let ids: Vec<u64> = said
            .messages_of(&format!("traits.{field}"))
            .iter()
            .map(|(id, _)| *id)
            .collect();
        assert!(ids.contains(&id), "{field}={value}: {}", said.json);
    }
    let traits = json!({ "email": ada.email, "unknown": 1 });
    let said = complaint(&app.submit(&flow, profile(traits)).await);
    assert_eq!(said.messages_of("traits")[0].0, 4_000_001);
    let said = complaint(&app.submit(&flow, profile(json!({ "age": 20 }))).await);
    assert_eq!(said.messages_of("traits.email")[0].0, 4_000_002);
    assert_eq!(
        identity(&server, &ada.id).await["traits"],
        json!({ "email": ada.email }),
        "nothing was changed"
    );
}

#[tokio::test]
async fn of_two_members_of_the_same_name_the_last_one_counts() {
    let server = TestServer::new().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let flow = app.start("settings").await;
    let traits = json!({ "email": ada.email, "name": { "first": "Ada" } });
    let body = format!(r#"{{"method":"password","method":"profile","traits":{traits}}}"#);
    let reply = app
        .body(Method::POST, flow.action(), ("application/json", body))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["identity"]["traits"], traits);
}

#[tokio::test]
async fn what_waited_for_a_new_sign_in_is_typed_as_what_did_not() {
    let schemas = json!([{ "id": "default", "url": inline(&typed().to_string()) }]);
    let server = TestServer::build()
        .set("identity.schemas", schemas)
        .set(
            "selfservice.flows.settings.privileged_session_max_age",
            "10m",
        )
        .start()
        .await;
    let (mut browser, ada) = signed_in(&server, server.browser(), "ada").await;
    let flow = browser.start("settings").await;
    server.clock.advance(minutes(10));
    let traits =
        json!({ "email": "new@example.org", "age": 30, "height": 1.75, "newsletter": true });
    let reply = browser.submit(&flow, profile(traits.clone())).await;
    assert!(
        reply.location().contains("refresh=true"),
        "{}",
        reply.location()
    );
    let login = browser.start_with("login", "refresh=true").await;
    let fields = json!({ "method": "password", "identifier": ada.email, "password": ada.password });
    assert_eq!(browser.submit(&login, fields).await.status, 303);
    browser
        .get(&format!("/self-service/settings?flow={}", flow.id()))
        .await;
    assert_eq!(identity(&server, &ada.id).await["traits"], traits);
}
