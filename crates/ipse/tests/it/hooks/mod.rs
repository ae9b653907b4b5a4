//! Hooks: what becomes of a request and of the database when a server of the operator's is slow, down or hostile.

mod builtin;
mod migrate;
mod server;
mod template;

use http::Method;
use ipse_testkit::{Builder, Client, Reply, TestServer};
use serde_json::{Value, json};

use server::{Behaviour, HookServer, asked, ignored, refusal, told};

const PASSWORD: &str = "Zq7-correct-horse";

/// The hooks after one method of a flow.
fn after(flow: &str, method: &str, hooks: Value) -> Builder {
    TestServer::build().set(&format!("selfservice.flows.{flow}.after.{method}.hooks"), hooks)
}

async fn register(client: &mut Client, name: &str) -> Reply {
    let flow = client.start("registration").await;
    let email = format!("{name}@example.org");
    let fields = json!({ "method": "password", "traits": { "email": email }, "password": PASSWORD });
    client.submit(&flow, fields).await
}

async fn sign_in(client: &mut Client, identifier: &str) -> Reply {
    let flow = client.start("login").await;
    let fields = json!({ "method": "password", "identifier": identifier, "password": PASSWORD });
    client.submit(&flow, fields).await
}

/// What the database has: identities and sessions.
async fn stored(server: &TestServer) -> (Vec<Value>, usize) {
    let mut admin = server.admin();
    let identities = admin.get("/admin/identities").await.json().as_array().unwrap().clone();
    let sessions = admin.get("/admin/sessions").await.json().as_array().unwrap().len();
    (identities, sessions)
}

/// Status and code of an error.
fn error(reply: &Reply) -> (u16, u64) {
    (reply.status.as_u16(), reply.json()["error"]["code"].as_u64().unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_decides_and_fails_leaves_nothing_behind() {
    let hooks = HookServer::new();
    let server = after("registration", "password", json!([asked("hook"), { "hook": "session" }]));
    let server = server.outgoing(hooks.clone()).start().await;
    let mut app = server.native();
    for (behaviour, expected) in [
        (Behaviour::Break, (400, 500)),
        (Behaviour::Answer(503, String::new()), (400, 500)),
        (Behaviour::Answer(200, "nonsense".to_owned()), (400, 500)),
        (Behaviour::Answer(200, r#"{"identity": {"state": "lost"}}"#.to_owned()), (400, 500)),
        (Behaviour::Answer(400, "{}".to_owned()), (400, 500)),
        (Behaviour::Hang, (504, 504)),
    ] {
        hooks.behave("hook", behaviour);
        assert_eq!(error(&register(&mut app, "ada").await), expected);
        assert_eq!(stored(&server).await, (vec![], 0));
    }
    hooks.answer("hook", 200, &json!({}));
    assert_eq!(register(&mut app, "ada").await.status, 200);
    let (identities, sessions) = stored(&server).await;
    assert_eq!((identities.len(), sessions), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_is_told_and_fails_leaves_the_whole_change() {
    let hooks = HookServer::new();
    let server = after("registration", "password", json!([told("hook", json!({})), { "hook": "session" }]));
    let server = server.outgoing(hooks.clone()).start().await;
    let mut app = server.native();
    for (nth, (behaviour, expected)) in [
        (Behaviour::Break, (400, 500)),
        (Behaviour::Answer(500, String::new()), (400, 500)),
        (Behaviour::Answer(404, String::new()), (502, 502)),
        (Behaviour::Hang, (504, 504)),
    ]
    .into_iter()
    .enumerate()
    {
        hooks.behave("hook", behaviour);
        assert_eq!(error(&register(&mut app, &format!("person{nth}")).await), expected);
        let (identities, sessions) = stored(&server).await;
        assert_eq!((identities.len(), sessions), (nth + 1, nth + 1));
    }
    hooks.behave("hook", Behaviour::Answer(200, "nonsense".to_owned()));
    assert_eq!(register(&mut app, "ada").await.status, 200);
}

#[tokio::test]
async fn nobody_waits_for_a_hook_whose_answer_is_ignored() {
    let hooks = HookServer::new();
    let server = after("registration", "password", json!([ignored("hook")]));
    let server = server.outgoing(hooks.clone()).start().await;
    for behaviour in [Behaviour::Hang, Behaviour::Break, Behaviour::Answer(500, String::new())] {
        hooks.behave("hook", behaviour);
        let name = format!("person{}", stored(&server).await.0.len());
        assert_eq!(register(&mut server.native(), &name).await.status, 200);
    }
    assert_eq!(stored(&server).await.0.len(), 3);
    while hooks.count("hook") < 3 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_signed_in_past_a_hook_that_fails() {
    let hooks = HookServer::new();
    let server = after("login", "password", json!([told("hook", json!({}))]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut app = server.native();
    for (behaviour, expected) in [
        (Behaviour::Break, (400, 500)),
        (Behaviour::Answer(403, String::new()), (502, 502)),
        (Behaviour::Hang, (504, 504)),
    ] {
        hooks.behave("hook", behaviour);
        assert_eq!(error(&sign_in(&mut app, &ada.email).await), expected);
        assert_eq!(stored(&server).await.1, 0);
    }
    hooks.answer("hook", 200, &json!({}));
    assert_eq!(sign_in(&mut app, &ada.email).await.status, 200);
    assert_eq!(stored(&server).await.1, 1);
}

#[tokio::test]
async fn a_refusal_is_said_where_the_hook_points() {
    let hooks = HookServer::new();
    let server = after("login", "password", json!([asked("hook")]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let said = |reply: &Reply, name: &str| {
        let flow = reply.json();
        let nodes = flow["ui"]["nodes"].as_array().unwrap().clone();
        let place = nodes.iter().position(|node| node["attributes"]["name"] == name).unwrap();
        (place, nodes[place]["group"].clone(), nodes[place]["messages"][0].clone())
    };
    let message = json!({ "id": 1234, "text": "not like this", "type": "error", "context": { "value": "x" } });
    for (status, pointer, expected) in [
        (400, "#/identifier", ("identifier", 1)),
        (422, "#/password", ("password", 2)),
        (403, "#/no/such~1node", ("no.such/node", 3)),
    ] {
        hooks.answer("hook", status, &refusal(pointer));
        let reply = sign_in(&mut server.native(), &ada.email).await;
        assert_eq!(reply.status, 400);
        let (place, group, shown) = said(&reply, expected.0);
        assert_eq!((place, shown), (expected.1, message.clone()));
        assert_eq!(group, if expected.0 == "password" { "password" } else { "default" });
    }
    hooks.answer("hook", 400, &refusal(""));
    let reply = sign_in(&mut server.ajax(), &ada.email).await;
    assert_eq!(reply.json()["ui"]["messages"], json!([message]));
    assert_eq!(stored(&server).await.1, 0);
}

#[tokio::test]
async fn an_identity_is_saved_as_the_hook_answers_it() {
    let hooks = HookServer::new();
    let server = after("registration", "password", json!([asked("hook"), { "hook": "session" }]));
    let server = server.outgoing(hooks.clone()).start().await;
    hooks.answer("hook", 200, &json!({ "identity": {
        "traits": { "email": "countess@example.org", "name": { "first": "Ada" } },
        "metadata_public": { "tier": 1 },
        "metadata_admin": { "risk": 2 },
        "verifiable_addresses": [
            { "value": "Countess@example.org", "via": "email", "verified": true },
            { "value": "stranger@example.org", "via": "email", "verified": true },
        ],
        "unknown": true,
    } }));
    let reply = register(&mut server.native(), "ada").await;
    assert_eq!(reply.json()["identity"]["traits"]["name"]["first"], "Ada");
    let (identities, _) = stored(&server).await;
    let identity = &identities[0];
    assert_eq!(identity["metadata_public"], json!({ "tier": 1 }));
    assert_eq!(identity["metadata_admin"], json!({ "risk": 2 }));
    let addresses = identity["verifiable_addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 1);
    assert_eq!(addresses[0]["value"], "countess@example.org");
    assert_eq!((&addresses[0]["verified"], &addresses[0]["status"]), (&json!(true), &json!("completed")));
    assert_eq!(sign_in(&mut server.native(), "countess@example.org").await.status, 200);
}

#[tokio::test]
async fn traits_of_a_hook_have_to_fit_the_schema() {
    let hooks = HookServer::new();
    let server = after("settings", "profile", json!([asked("hook")]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut app = server.native();
    app.sign_in(&ada).await;
    let flow = app.start("settings").await;
    let fields = json!({ "method": "profile", "traits": { "email": ada.email, "name": { "last": "L" } } });
    hooks.answer("hook", 200, &json!({ "identity": { "traits": { "email": "none" } } }));
    let reply = app.submit(&flow, fields.clone()).await;
    assert_eq!((reply.status.as_u16(), reply.message_ids()), (400, vec![4_000_040]));
    hooks.answer("hook", 200, &json!({ "identity": { "schema_id": "nowhere" } }));
    assert_eq!(app.submit(&flow, fields.clone()).await.status, 500);
    let (identities, _) = stored(&server).await;
    assert_eq!(identities[0]["traits"], json!({ "email": ada.email }));

    hooks.answer("hook", 200, &json!({ "identity": { "traits": { "email": ada.email } } }));
    assert_eq!(app.submit(&flow, fields).await.json()["identity"]["traits"], json!({ "email": ada.email }));
}

#[tokio::test]
async fn an_account_that_a_hook_holds_back_is_created_but_not_signed_in() {
    let hooks = HookServer::new();
    let server = after("registration", "password", json!([asked("hook"), { "hook": "session" }]));
    let server = server.outgoing(hooks.clone()).start().await;
    hooks.answer("hook", 200, &json!({ "identity": { "state": "inactive" } }));
    let reply = register(&mut server.native(), "ada").await;
    assert_eq!((reply.status.as_u16(), reply.json().get("session")), (200, None));
    let (identities, sessions) = stored(&server).await;
    assert_eq!((&identities[0]["state"], sessions), (&json!("inactive"), 0));
}

#[tokio::test]
async fn what_a_hook_changes_at_a_login_is_shown_and_not_saved() {
    let hooks = HookServer::new();
    let server = after("login", "password", json!([asked("hook")]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    hooks.answer("hook", 200, &json!({ "identity": { "metadata_public": { "now": 1 } } }));
    let mut app = server.native();
    let reply = app.sign_in(&ada).await;
    assert_eq!(reply.json()["session"]["identity"]["metadata_public"], json!({ "now": 1 }));
    let whoami = app.get("/sessions/whoami").await;
    assert_eq!(whoami.json()["identity"]["metadata_public"], Value::Null);
}

#[tokio::test]
async fn a_hook_can_keep_a_flow_from_beginning() {
    let hooks = HookServer::new();
    hooks.answer("before", 400, &refusal("#/traits/email"));
    for (flow, expected) in [("registration", (500, 500)), ("login", (400, 500)), ("verification", (500, 500))] {
        let server = TestServer::build()
            .set("selfservice.flows.verification.enabled", true)
            .set(&format!("selfservice.flows.{flow}.before.hooks"), json!([asked("before")]));
        let server = server.outgoing(hooks.clone()).start().await;
        let reply = server.native().get(&format!("/self-service/{flow}/api")).await;
        assert_eq!(error(&reply), expected);
        assert!(reply.text().contains("not like this"), "{}", reply.text());
        let reply = server.browser().get(&format!("/self-service/{flow}/browser")).await;
        assert!(reply.location().starts_with("http://ui.test/error?id="), "{}", reply.location());
    }
    assert_eq!(hooks.count("before"), 6);
}

#[tokio::test]
async fn hooks_of_a_method_stand_in_for_those_of_the_flow() {
    let hooks = HookServer::new();
    let server = after("settings", "profile", json!([told("profile", json!({}))]))
        .set("selfservice.flows.settings.after.hooks", json!([told("any", json!({}))]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut app = server.native();
    app.sign_in(&ada).await;
    let flow = app.start("settings").await;
    let reply = app.submit(&flow, json!({ "method": "profile", "traits": { "email": ada.email } })).await;
    assert_eq!((reply.status.as_u16(), hooks.count("profile"), hooks.count("any")), (200, 1, 0));
    app.submit(&flow, json!({ "method": "password", "password": "Zq7-another-one" })).await;
    assert_eq!((hooks.count("profile"), hooks.count("any")), (1, 1));
}

/// Sets an identity's state through the admin API.
async fn set_state(server: &TestServer, id: &str, state: &str) {
    let patch = json!([{ "op": "replace", "path": "/state", "value": state }]);
    let path = format!("/admin/identities/{id}");
    assert_eq!(server.admin().json(Method::PATCH, &path, &patch).await.status, 200);
}

#[tokio::test]
async fn no_hook_hears_of_somebody_who_may_not_sign_in() {
    let hooks = HookServer::new();
    let server = after("login", "password", json!([told("hook", json!({}))]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    set_state(&server, &ada.id, "inactive").await;
    assert_eq!(sign_in(&mut server.native(), &ada.email).await.status, 401);
    assert_eq!(hooks.count("hook"), 0);
}
