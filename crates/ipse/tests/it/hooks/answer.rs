//! Servers that answer: refusals and changes.

use ipse_testkit::Reply;
use serde_json::{Value, json};

use super::server::{HookServer, asked, refusal};
use super::{PASSWORD, after, register, sign_in, stored};

#[tokio::test]
async fn a_refusal_is_said_where_the_hook_points() {
    let hooks = HookServer::new();
    let server = after("login", "password", json!([asked("hook")]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let said = |reply: &Reply, name: &str| {
        let flow = reply.json();
        let nodes = flow["ui"]["nodes"].as_array().unwrap().clone();
        let place = nodes
            .iter()
            .position(|node| node["attributes"]["name"] == name)
            .unwrap();
        (
            place,
            nodes[place]["group"].clone(),
            nodes[place]["messages"][0].clone(),
        )
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
        assert_eq!(
            group,
            if expected.0 == "password" {
                "password"
            } else {
                "default"
            }
        );
    }
    hooks.answer("hook", 400, &refusal(""));
    let reply = sign_in(&mut server.ajax(), &ada.email).await;
    assert_eq!(reply.json()["ui"]["messages"], json!([message]));
    assert_eq!(stored(&server).await.1, 0);
}

#[tokio::test]
async fn an_identity_is_saved_as_the_hook_answers_it() {
    let hooks = HookServer::new();
    let server = after(
        "registration",
        "password",
        json!([asked("hook"), { "hook": "session" }]),
    );
    let server = server.outgoing(hooks.clone()).start().await;
    hooks.answer(
        "hook",
        200,
        &json!({ "identity": {
        "traits": { "email": "countess@example.org", "name": { "first": "Ada" } },
        "metadata_public": { "tier": 1 },
        "metadata_admin": { "risk": 2 },
        "verifiable_addresses": [
            { "value": "Countess@example.org", "via": "email", "verified": true },
            { "value": "stranger@example.org", "via": "email", "verified": true },
        ],
        "unknown": true,
    } }),
    );
    let reply = register(&mut server.native(), "ada").await;
    assert_eq!(reply.json()["identity"]["traits"]["name"]["first"], "Ada");
    let (identities, _) = stored(&server).await;
    let identity = &identities[0];
    assert_eq!(identity["metadata_public"], json!({ "tier": 1 }));
    assert_eq!(identity["metadata_admin"], json!({ "risk": 2 }));
    let addresses = identity["verifiable_addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 1);
    assert_eq!(addresses[0]["value"], "countess@example.org");
    assert_eq!(
        (&addresses[0]["verified"], &addresses[0]["status"]),
        (&json!(true), &json!("completed"))
    );
    assert_eq!(
        sign_in(&mut server.native(), "countess@example.org")
            .await
            .status,
        200
    );
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
    let fields =
        json!({ "method": "profile", "traits": { "email": ada.email, "name": { "last": "L" } } });
    hooks.answer(
        "hook",
        200,
        &json!({ "identity": { "traits": { "email": "none" } } }),
    );
    let reply = app.submit(&flow, fields.clone()).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_040])
    );
    hooks.answer(
        "hook",
        200,
        &json!({ "identity": { "schema_id": "nowhere" } }),
    );
    assert_eq!(app.submit(&flow, fields.clone()).await.status, 500);
    let (identities, _) = stored(&server).await;
    assert_eq!(identities[0]["traits"], json!({ "email": ada.email }));

    hooks.answer(
        "hook",
        200,
        &json!({ "identity": { "traits": { "email": ada.email } } }),
    );
    assert_eq!(
        app.submit(&flow, fields).await.json()["identity"]["traits"],
        json!({ "email": ada.email })
    );
}

#[tokio::test]
async fn an_account_that_a_hook_holds_back_is_created_but_not_signed_in() {
    let hooks = HookServer::new();
    let server = after(
        "registration",
        "password",
        json!([asked("hook"), { "hook": "session" }]),
    );
    let server = server.outgoing(hooks.clone()).start().await;
    hooks.answer("hook", 200, &json!({ "identity": { "state": "inactive" } }));
    let reply = register(&mut server.native(), "ada").await;
    assert_eq!(
        (reply.status.as_u16(), reply.json().get("session")),
        (200, None)
    );
    let (identities, sessions) = stored(&server).await;
    assert_eq!((&identities[0]["state"], sessions), (&json!("inactive"), 0));
}

#[tokio::test]
async fn what_a_hook_changes_at_a_login_is_shown_and_not_saved() {
    let hooks = HookServer::new();
    let server = after("login", "password", json!([asked("hook")]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    hooks.answer(
        "hook",
        200,
        &json!({ "identity": { "metadata_public": { "now": 1 } } }),
    );
    let mut app = server.native();
    let reply = app.sign_in(&ada).await;
    assert_eq!(
        reply.json()["session"]["identity"]["metadata_public"],
        json!({ "now": 1 })
    );
    let whoami = app.get("/sessions/whoami").await;
    assert_eq!(whoami.json()["identity"]["metadata_public"], Value::Null);
}
