//! Signing up with a password, on one screen.

use ipse_testkit::{Kind, TestServer, inline};
use serde_json::{Value, json};

use crate::steps::{
    OTHER, PASSWORD, can_sign_in, complaint, identities, identity, person, session_count, sign_up,
    try_registration, whoami,
};

#[tokio::test]
async fn every_kind_of_client_signs_up_and_is_signed_in() {
    let server = TestServer::new().await;
    for (mut client, email) in [
        (server.native(), "ada@example.org"),
        (server.ajax(), "bob@example.org"),
        (server.browser(), "eve@example.org"),
    ] {
        let flow = client.start("registration").await;
        let reply = client.submit(&flow, sign_up(email, PASSWORD)).await;
        let body = reply.json();
        let cookie = reply.set_cookie("ory_kratos_session").is_some();
        match client.kind() {
            Kind::Native => {
                assert_eq!(
                    (reply.status.as_u16(), cookie),
                    (200, false),
                    "{}",
                    reply.text()
                );
                client.token = body["session_token"].as_str().map(str::to_owned);
                let next =
                    json!({ "action": "set_ory_session_token", "ory_session_token": client.token });
                assert!(
                    body["continue_with"].as_array().unwrap().contains(&next),
                    "{}",
                    body["continue_with"]
                );
            }
            Kind::Ajax => {
                assert_eq!(
                    (reply.status.as_u16(), cookie),
                    (200, true),
                    "{}",
                    reply.text()
                );
                assert_eq!(body.get("session_token"), None);
            }
            _ => assert_eq!(
                (reply.status.as_u16(), reply.location(), cookie),
                (303, "http://ui.test/", true)
            ),
        }
        if reply.status == 200 {
            assert_eq!(body["identity"]["traits"]["email"], email);
            assert_eq!(body["session"]["identity"]["id"], body["identity"]["id"]);
            assert_eq!(
                body["session"]["authentication_methods"][0]["method"],
                "password"
            );
        }
        assert_eq!(whoami(&mut client).await, 200);
        assert!(can_sign_in(&server, email, PASSWORD).await);
    }
}

#[tokio::test]
async fn without_the_session_hook_nobody_is_signed_in() {
    let server = TestServer::build()
        .set(
            "selfservice.flows.registration.after.password.hooks",
            json!([]),
        )
        .start()
        .await;
    let reply = try_registration(server.native(), "ada@example.org", PASSWORD).await;
    let body = reply.json();
    assert_eq!(
        (
            reply.status.as_u16(),
            body.get("session"),
            body.get("session_token")
        ),
        (200, None, None)
    );
    let reply = try_registration(server.ajax(), "bob@example.org", PASSWORD).await;
    assert_eq!(
        (
            reply.status.as_u16(),
            reply.set_cookie("ory_kratos_session")
        ),
        (200, None)
    );
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (2, 0)
    );
}

#[tokio::test]
async fn what_is_stored_is_what_was_filled_in_and_no_more() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    let fields = json!({
        "method": "password",
        "password": PASSWORD,
        "traits.email": "Ada@Example.org",
        "traits.name.first": "Ada",
        "transient_payload": { "campaign": "for-the-hooks-only" },
        "state": "inactive",
        "metadata_admin": { "admin": true },
        "id": "9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e",
    });
    let reply = app.submit(&flow, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = reply.json()["identity"]["id"].as_str().unwrap().to_owned();
    let stored = identity(&server, &id).await;
    assert_eq!(
        stored["traits"],
        json!({ "email": "Ada@Example.org", "name": { "first": "Ada" } })
    );
    assert_eq!(
        (&stored["state"], &stored["metadata_admin"]),
        (&json!("active"), &Value::Null)
    );
    assert_ne!(id, "9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e");
    let text = stored.to_string();
    assert!(
        !text.contains(PASSWORD) && !text.contains("for-the-hooks-only"),
        "{text}"
    );
    assert_eq!(
        stored["credentials"]["password"]["identifiers"],
        json!(["ada@example.org"])
    );
}

#[tokio::test]
async fn a_transient_payload_has_to_be_an_object() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    for payload in [json!("text"), json!([1]), json!(1)] {
        let mut fields = sign_up("ada@example.org", PASSWORD);
        fields["transient_payload"] = payload;
        assert_eq!(app.submit(&flow, fields).await.status, 400);
    }
    assert!(identities(&server).await.is_empty());
}

#[tokio::test]
async fn an_address_that_is_taken_is_refused_in_any_case() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    for email in ["ada@example.org", "ADA@example.org"] {
        for client in [server.native(), server.ajax()] {
            let said = complaint(&try_registration(client, email, OTHER).await);
            assert_eq!(said.messages()[0].0, 4_000_007);
        }
    }
    let reply = try_registration(server.browser(), "ada@example.org", OTHER).await;
    assert_eq!(reply.status, 302);
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/registration?flow="),
        "{}",
        reply.location()
    );
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (1, 0)
    );
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    assert!(!can_sign_in(&server, &ada.email, OTHER).await);
}

#[tokio::test]
async fn what_is_wrong_is_told_at_its_field() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    for (email, password, field, id) in [
        ("notanemail", PASSWORD, "traits.email", 4_000_040),
        ("ada@example.org", "", "password", 4_000_002),
        ("ada@example.org", "Zq7", "password", 4_000_032),
        ("ada@example.org", "ada@example.org", "password", 4_000_031),
        ("ada@example.org", &*"x".repeat(73), "password", 4_000_033),
    ] {
        let said = complaint(&app.submit(&flow, sign_up(email, password)).await);
        assert_eq!(
            said.messages_of(field).first().map(|(id, _)| *id),
            Some(id),
            "{email} {password}: {}",
            said.json
        );
        assert_eq!(said.node("traits.email").unwrap()["value"], email);
        assert_eq!(said.node("password").unwrap().get("value"), None);
    }
    let said = complaint(
        &app.submit(&flow, json!({ "method": "password", "password": PASSWORD }))
            .await,
    );
    assert_eq!(said.messages_of("traits.email")[0].0, 4_000_002);
    assert!(identities(&server).await.is_empty());
    assert_eq!(
        app.submit(&flow, sign_up("ada@example.org", PASSWORD))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_account_needs_something_to_sign_in_with() {
    let schema = json!({
        "type": "object",
        "properties": { "traits": { "type": "object", "properties": {
            "email": { "type": "string", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } },
        } } },
    });
    let schemas = json!([{ "id": "default", "url": inline(&schema.to_string()) }]);
    let server = TestServer::build()
        .set("identity.schemas", schemas)
        .start()
        .await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    let fields = json!({ "method": "password", "password": PASSWORD, "traits": {} });
    assert_eq!(
        complaint(&app.submit(&flow, fields).await).messages()[0].0,
        4_000_009
    );
    assert!(identities(&server).await.is_empty());
}
