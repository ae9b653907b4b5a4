//! Signing up, signing in and confirming with security keys and passkeys.

use http::StatusCode;
use ipse_testkit::TestServer;
use serde_json::json;

use crate::authenticator::{Authenticator, TOUCHED, VERIFIED};
use crate::steps::{add_key, add_passkey, options, person};

async fn server(passwordless: bool) -> TestServer {
    let rp = json!({ "id": "ui.test", "display_name": "Shop", "origins": ["http://ui.test"] });
    TestServer::build()
        .set("selfservice.methods.webauthn.enabled", true)
        .set(
            "selfservice.methods.webauthn.config",
            json!({ "passwordless": passwordless, "rp": rp }),
        )
        .set("selfservice.methods.passkey.enabled", true)
        .set("selfservice.methods.passkey.config.rp", rp)
        .set("session.whoami.required_aal", "aal1")
        .start()
        .await
}

#[tokio::test]
async fn of_many_with_the_same_answer_of_a_key_one_succeeds() {
    let server = server(false).await;
    let ada = person(&server, "ada").await;
    let mut client = server.ajax();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(1);
    add_key(&mut client, &mut key).await;
    let mut client = server.ajax();
    client.sign_in(&ada).await;
    let flow = client.start_with("login", "aal=aal2").await;
    let answer = key.get(&options(&flow, "webauthn_login_trigger"));
    let fields = json!({
        "method": "webauthn", "identifier": ada.email, "webauthn_login": answer,
        "csrf_token": flow.csrf_token(),
    });
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (mut client, fields, action) =
            (client.clone(), fields.clone(), flow.action().to_owned());
        attempts.spawn(async move {
            client
                .json(http::Method::POST, &action, &fields)
                .await
                .status
        });
    }
    let statuses = attempts.join_all().await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        client.get("/sessions/whoami").await.json()["authenticator_assurance_level"],
        "aal2"
    );
}

#[tokio::test]
async fn a_passkey_signs_in_once_for_each_question() {
    let server = server(false).await;
    let ada = person(&server, "ada").await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(2);
    assert_eq!(
        add_passkey(&mut client, &mut key).await.status,
        StatusCode::OK
    );
    let mut client = server.native();
    let flow = client.start("login").await;
    let fields = json!({ "method": "passkey", "passkey_login": key.get(&options(&flow, "passkey_challenge")) });
    let reply = client.submit(&flow, fields.clone()).await;
    assert_eq!(
        reply.json()["session"]["identity"]["id"],
        ada.id,
        "{}",
        reply.text()
    );
    assert_eq!(
        client.submit(&flow, fields).await.message_ids(),
        [4_000_008]
    );
    let other = client.start("login").await;
    let stale = key.get(&options(&flow, "passkey_challenge"));
    let fields = json!({ "method": "passkey", "passkey_login": stale });
    assert_eq!(
        client.submit(&other, fields).await.message_ids(),
        [4_000_008]
    );
}

#[tokio::test]
async fn a_copy_of_a_key_is_noticed() {
    let server = server(false).await;
    let ada = person(&server, "ada").await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(3);
    add_passkey(&mut client, &mut key).await;
    for (counter, status) in [(7, 200), (3, 400), (9, 200)] {
        let mut client = server.native();
        let flow = client.start("login").await;
        key.counter = counter;
        let answer = key.get(&options(&flow, "passkey_challenge"));
        let reply = client
            .submit(&flow, json!({ "passkey_login": answer }))
            .await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}

#[tokio::test]
async fn keys_of_somebody_else_do_not_sign_in() {
    let server = server(true).await;
    let (ada, eve) = (person(&server, "ada").await, person(&server, "eve").await);
    let (mut of_ada, mut of_eve) = (Authenticator::new(4), Authenticator::new(5));
    for (person, key) in [(&ada, &mut of_ada), (&eve, &mut of_eve)] {
        let mut client = server.ajax();
        client.sign_in(person).await;
        assert_eq!(add_passkey(&mut client, key).await.status, StatusCode::OK);
    }
    let mut client = server.native();
    let flow = client.start("login").await;
    let handle = of_ada.handle.clone();
    of_eve.handle = handle;
    let answer = of_eve.get(&options(&flow, "passkey_challenge"));
    let reply = client
        .submit(&flow, json!({ "passkey_login": answer }))
        .await;
    assert_eq!(reply.message_ids(), [4_000_015]);
}

#[tokio::test]
async fn one_can_sign_up_with_a_passkey_alone_and_keeps_the_last_one() {
    let server = server(true).await;
    let mut client = server.native();
    let flow = client.start("registration").await;
    let mut key = Authenticator::new(6);
    let made = key.create(&options(&flow, "passkey_create_data")["credentialOptions"]);
    let traits = json!({ "email": "ada@example.org" });
    let fields = json!({ "method": "passkey", "passkey_register": made, "traits": traits });
    let reply = client.submit(&flow, fields).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let mut client = server.native();
    let flow = client.start("login").await;
    let answer = key.get(&options(&flow, "passkey_challenge"));
    let reply = client
        .submit(&flow, json!({ "passkey_login": answer }))
        .await;
    client.token = reply.json()["session_token"].as_str().map(str::to_owned);
    let flow = client.start("settings").await;
    let remove = flow.node("passkey_remove").unwrap();
    assert_eq!(remove["disabled"], true);
    let name = remove["value"].clone();
    let reply = client
        .submit(
            &flow,
            json!({ "method": "passkey", "passkey_remove": name }),
        )
        .await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(
        client
            .start("settings")
            .await
            .node("passkey_remove")
            .is_some()
    );
}

#[tokio::test]
async fn an_answer_that_does_not_say_who_was_there_is_refused_where_that_is_required() {
    let rp = json!({ "id": "ui.test", "display_name": "Shop", "origins": ["http://ui.test"] });
    let config = json!({
        "rp": rp, "authenticator_selection": { "user_verification": "required" },
    });
    let server = TestServer::build()
        .set("selfservice.methods.passkey.enabled", true)
        .set("selfservice.methods.passkey.config", config)
        .start()
        .await;
    let ada = person(&server, "ada").await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(7);
    key.presence = TOUCHED;
    let refused = add_passkey(&mut client, &mut key).await;
    assert_eq!(refused.message_ids(), [4_000_001], "{}", refused.text());
    key.presence = VERIFIED;
    assert_eq!(
        add_passkey(&mut client, &mut key).await.status,
        StatusCode::OK
    );
    for (presence, status) in [(TOUCHED, 400), (VERIFIED, 200)] {
        key.presence = presence;
        let mut client = server.native();
        let flow = client.start("login").await;
        let answer = key.get(&options(&flow, "passkey_challenge"));
        let fields = json!({ "passkey_login": answer });
        assert_eq!(client.submit(&flow, fields).await.status, status);
    }
}

#[tokio::test]
async fn an_answer_from_another_site_is_refused() {
    let server = server(false).await;
    let ada = person(&server, "ada").await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(8);
    add_passkey(&mut client, &mut key).await;
    key.origin = "http://ui.test.evil.example";
    let mut client = server.native();
    let flow = client.start("login").await;
    let answer = key.get(&options(&flow, "passkey_challenge"));
    let reply = client
        .submit(&flow, json!({ "passkey_login": answer }))
        .await;
    assert_eq!(reply.message_ids(), [4_000_008]);
}
