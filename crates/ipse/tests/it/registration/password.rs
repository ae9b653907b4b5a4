//! Signing up with a password, on one screen.

use http::Method;
use ipse_testkit::{Builder, Kind, TestServer, inline};
use serde_json::{Value, json};

use crate::mail::unable_to_queue;
use crate::steps::{
    OTHER, PASSWORD, can_sign_in, complaint, identities, identity, minutes, person, session_count,
    sign_up, try_registration, whoami,
};

fn verifying() -> Builder {
    TestServer::build()
        .set("selfservice.flows.verification.enabled", true)
        .set("selfservice.methods.code.enabled", true)
}

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
async fn of_two_who_sign_up_with_the_same_address_at_once_one_does() {
    let server = verifying().start().await;
    for round in 0..10 {
        let email = format!("wanted{round}@example.org");
        let shouted = email.to_uppercase();
        let (one, other) = tokio::join!(
            try_registration(server.native(), &email, PASSWORD),
            try_registration(server.native(), &shouted, OTHER),
        );
        let won = [&one, &other].map(|reply| reply.status == 200);
        assert!(won[0] != won[1], "{} {}", one.text(), other.text());
        let loser = if won[0] { &other } else { &one };
        assert_eq!(complaint(loser).messages()[0].0, 4_000_007);
        assert_eq!(can_sign_in(&server, &email, PASSWORD).await, won[0]);
        assert_eq!(can_sign_in(&server, &email, OTHER).await, won[1]);
        assert_eq!(identities(&server).await.len(), round + 1);
        assert_eq!(
            server.mails().await.len(),
            round + 1,
            "the loser has sent no mail"
        );
    }
}

#[tokio::test]
async fn the_same_form_sent_twice_at_once_makes_one_account() {
    let server = TestServer::new().await;
    let app = server.native();
    let flow = app.clone().start("registration").await;
    let (mut a, mut b) = (app.clone(), app);
    let fields = sign_up("ada@example.org", PASSWORD);
    let replies = tokio::join!(
        a.submit(&flow, fields.clone()),
        b.submit(&flow, fields.clone())
    );
    let mut statuses = [replies.0.status.as_u16(), replies.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn a_mail_is_queued_to_verify_the_address() {
    let server = verifying().start().await;
    for (client, email) in [
        (server.native(), "ada@example.org"),
        (server.browser(), "Bob@example.org"),
    ] {
        let reply = try_registration(client, email, PASSWORD).await;
        assert!(
            [200, 303].contains(&reply.status.as_u16()),
            "{}",
            reply.text()
        );
        let mails = server.mails().await;
        let mail = mails
            .iter()
            .find(|mail| mail["recipient"] == email.to_lowercase())
            .unwrap();
        assert_eq!(
            (&mail["status"], &mail["template_type"]),
            (&json!("queued"), &json!("verification_code_valid"))
        );
        let body = mail["body"].as_str().unwrap();
        assert!(
            body.contains("http://public.test/self-service/verification?code="),
            "{body}"
        );
    }
    for identity in identities(&server).await {
        let address = &identity["verifiable_addresses"][0];
        assert_eq!(
            (&address["status"], &address["verified"]),
            (&json!("sent"), &json!(false))
        );
    }
    let mut app = server.native();
    let flow = app.start("registration").await;
    complaint(&app.submit(&flow, sign_up("notanemail", PASSWORD)).await);
    assert_eq!(
        server.mails().await.len(),
        2,
        "who isn't registered gets no mail"
    );
}

#[tokio::test]
async fn without_its_mail_there_is_no_account() {
    let (server, _) = unable_to_queue(verifying, async |server| {
        try_registration(server.native(), "ada@example.org", PASSWORD).await
    })
    .await;
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (0, 0)
    );
    assert!(!can_sign_in(&server, "ada@example.org", PASSWORD).await);
    // Nothing of the failed attempt is in the way of the next one.
    assert_eq!(
        try_registration(server.native(), "ada@example.org", PASSWORD)
            .await
            .status,
        200
    );
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (1, 1)
    );
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

#[tokio::test]
async fn registration_can_be_switched_off() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    server
        .reload(&[("selfservice.flows.registration.enabled", json!(false))])
        .await
        .unwrap();
    for path in [
        "/self-service/registration/api",
        "/self-service/registration/browser",
    ] {
        let reply = server.ajax().get(path).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.error_id()),
            (400, "self_service_flow_disabled")
        );
    }
    let reply = server
        .browser()
        .get("/self-service/registration/browser")
        .await;
    assert!(
        reply.location().starts_with("http://ui.test/error?id="),
        "{}",
        reply.location()
    );
    // A form that was open before comes too late.
    let reply = app
        .submit(&flow, sign_up("ada@example.org", PASSWORD))
        .await;
    assert!(reply.status.is_client_error(), "{}", reply.text());
    assert!(identities(&server).await.is_empty());
}

#[tokio::test]
async fn an_expired_flow_registers_nobody_and_is_replaced() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    server.clock.advance(minutes(60));
    let reply = app
        .submit(&flow, sign_up("ada@example.org", PASSWORD))
        .await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (410, "self_service_flow_expired")
    );
    assert!(identities(&server).await.is_empty());
    let id = reply.json()["use_flow_id"].as_str().unwrap().to_owned();
    let replacement = app.fetch("registration", &id).await;
    assert_eq!(replacement.messages()[0].0, 4_040_001);
    assert_eq!(
        app.submit(&replacement, sign_up("ada@example.org", PASSWORD))
            .await
            .status,
        200
    );

    let mut browser = server.browser();
    let flow = browser.start("registration").await;
    server.clock.advance(minutes(60));
    let reply = browser
        .submit(&flow, sign_up("bob@example.org", PASSWORD))
        .await;
    let id = reply.location_query("flow").unwrap();
    let replacement = browser.fetch("registration", &id).await;
    assert_eq!(
        browser
            .submit(&replacement, sign_up("bob@example.org", PASSWORD))
            .await
            .location(),
        "http://ui.test/"
    );
}

#[tokio::test]
async fn nobody_signs_up_while_signed_in() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    let ada = person(&server, "ada").await;
    app.sign_in(&ada).await;
    let reply = app
        .submit(&flow, sign_up("bob@example.org", PASSWORD))
        .await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (400, "session_already_available")
    );
    assert_eq!(identities(&server).await.len(), 1);
}

#[tokio::test]
async fn only_schemas_that_may_be_chosen_can_be_chosen() {
    let person = |field: &str| {
        let field = json!({ field: {
            "type": "string", "format": "email",
            "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } },
        } });
        inline(&json!({ "type": "object", "properties": { "traits": { "type": "object", "properties": field } } }).to_string())
    };
    let schemas = json!([
        { "id": "default", "url": person("email") },
        { "id": "customer", "url": person("mail"), "selfservice_selectable": true },
        { "id": "staff", "url": person("office") },
    ]);
    let server = TestServer::build()
        .set("identity.schemas", schemas)
        .start()
        .await;
    let mut app = server.native();
    for refused in ["staff", "nobody"] {
        let reply = app
            .call(
                Method::GET,
                &format!("/self-service/registration/api?identity_schema={refused}"),
            )
            .await;
        assert_eq!(reply.status, 400, "{refused}");
    }
    let flow = app
        .start_with("registration", "identity_schema=customer")
        .await;
    assert!(flow.node("traits.mail").is_some() && flow.node("traits.email").is_none());
    let fields = json!({ "method": "password", "traits": { "mail": "c@example.org" }, "password": PASSWORD });
    let reply = app.submit(&flow, fields).await;
    assert_eq!(
        reply.json()["identity"]["schema_id"],
        "customer",
        "{}",
        reply.text()
    );
    app.token = reply.json()["session_token"].as_str().map(str::to_owned);
    assert!(app.start("settings").await.node("traits.mail").is_some());
}

#[tokio::test]
async fn afterwards_a_browser_goes_where_the_flow_or_the_configuration_says() {
    let server = TestServer::build()
        .set(
            "selfservice.flows.registration.after.default_browser_return_url",
            "http://ui.test/welcome",
        )
        .start()
        .await;
    let reply = try_registration(server.browser(), "ada@example.org", PASSWORD).await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (303, "http://ui.test/welcome")
    );
    let mut ajax = server.ajax();
    let flow = ajax
        .start_with("registration", "return_to=http://ui.test/asked")
        .await;
    let reply = ajax
        .submit(&flow, sign_up("bob@example.org", PASSWORD))
        .await;
    assert_eq!(
        reply.json()["continue_with"][0]["redirect_browser_to"],
        "http://ui.test/asked"
    );
}
