//! Signing in with a password.

use ipse_testkit::{Kind, Reply, TestServer};
use serde_json::{Value, json};

use crate::steps::{
    PASSWORD, can_sign_in, complaint, identity, person, session_count, set_state, try_login, whoami,
};

#[tokio::test]
async fn every_kind_of_client_gets_its_session_in_its_way() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    for mut client in [server.native(), server.ajax(), server.browser()] {
        let flow = client.start("login").await;
        let fields = json!({ "method": "password", "identifier": ada.email, "password": PASSWORD });
        let reply = client.submit(&flow, fields).await;
        let cookie = reply.set_cookie("ory_kratos_session").is_some();
        let body = reply.json();
        match client.kind() {
            Kind::Native => {
                assert_eq!((reply.status.as_u16(), cookie), (200, false));
                client.token = body["session_token"].as_str().map(str::to_owned);
                assert!(client.token.as_ref().unwrap().starts_with("ory_st_"));
            }
            Kind::Ajax => {
                assert_eq!((reply.status.as_u16(), cookie), (200, true));
                assert_eq!(
                    body.get("session_token"),
                    None,
                    "scripts get no token that they could leak"
                );
                assert_eq!(
                    body["continue_with"][0]["redirect_browser_to"],
                    "http://ui.test/"
                );
            }
            _ => assert_eq!(
                (reply.status.as_u16(), reply.location(), cookie),
                (303, "http://ui.test/", true)
            ),
        }
        if reply.status == 200 {
            let session = &body["session"];
            assert_eq!(
                (&session["active"], &session["identity"]["id"]),
                (&json!(true), &json!(ada.id))
            );
            assert_eq!(session["authentication_methods"][0]["method"], "password");
            assert_eq!(session["authenticator_assurance_level"], "aal1");
            assert_eq!(session["expires_at"], "2026-01-03T03:04:05Z");
        }
        assert_eq!(whoami(&mut client).await, 200);
    }
    assert_eq!(session_count(&server).await, 3);
}

/// What two answers may not differ in, lest one of them tell more than the other.
fn said(reply: &Reply) -> (u16, Value) {
    (
        reply.status.as_u16(),
        reply.json()["ui"]["messages"].clone(),
    )
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_identifier_are_told_alike() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    let no_password = server.identity("bob").create().await;
    let wrong = try_login(server.native(), &ada.email, "Zq7-wrong").await;
    assert_eq!(wrong.message_ids(), [4_000_006]);
    for (identifier, password) in [
        ("nobody@example.org", PASSWORD),
        (&*no_password.email, PASSWORD),
        (&*ada.email, &PASSWORD.to_uppercase()),
        (&*ada.email, &format!("{PASSWORD} ")),
        (&*ada.id, PASSWORD),
        ("%", PASSWORD),
    ] {
        let reply = try_login(server.native(), identifier, password).await;
        assert_eq!(said(&reply), said(&wrong), "{identifier}");
    }
    assert_eq!(session_count(&server).await, 0);
}

#[tokio::test]
async fn the_form_keeps_the_identifier_and_never_the_password() {
    let server = TestServer::new().await;
    let mut browser = server.browser();
    let flow = browser.start("login").await;
    let fields =
        json!({ "method": "password", "identifier": "ada@example.org", "password": "Zq7-wrong" });
    let reply = browser.submit(&flow, fields).await;
    assert_eq!(
        reply.location(),
        format!("http://ui.test/login?flow={}", flow.id())
    );
    let again = browser.fetch("login", flow.id()).await;
    assert_eq!(again.messages()[0].0, 4_000_006);
    assert_eq!(
        again.node("identifier").unwrap()["value"],
        "ada@example.org"
    );
    assert!(!again.json.to_string().contains("Zq7-wrong"));
}

#[tokio::test]
async fn identifiers_are_found_whatever_their_case() {
    let server = TestServer::new().await;
    let ada = server.identity("Ada").password(PASSWORD).create().await;
    for identifier in [
        ada.email.clone(),
        ada.email.to_uppercase(),
        ada.email.to_lowercase(),
        format!("  {}  ", ada.email),
    ] {
        assert!(
            can_sign_in(&server, &identifier, PASSWORD).await,
            "{identifier:?}"
        );
    }
}

#[tokio::test]
async fn what_is_missing_is_told_at_its_field() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("login").await;
    let said = complaint(&app.submit(&flow, json!({ "method": "password" })).await);
    assert_eq!(said.messages_of("identifier")[0].0, 4_000_002);
    assert_eq!(said.messages_of("password")[0].0, 4_000_002);
    let fields = json!({ "method": "password", "identifier": "ada@example.org", "password": "" });
    let said = complaint(&app.submit(&flow, fields).await);
    assert!(said.messages_of("identifier").is_empty());
    assert_eq!(said.messages_of("password")[0].0, 4_000_002);
    for fields in [
        json!({}),
        json!({ "method": "profile" }),
        json!({ "method": ["password"] }),
    ] {
        let said = complaint(&app.submit(&flow, fields).await);
        assert_eq!(said.messages()[0].0, 4_010_002);
    }
}

#[tokio::test]
async fn a_method_that_is_switched_off_signs_nobody_in() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    let mut app = server.native();
    let flow = app.start("login").await;
    server
        .reload(&[("selfservice.methods.password.enabled", json!(false))])
        .await
        .unwrap();
    let fields = json!({ "method": "password", "identifier": ada.email, "password": PASSWORD });
    let reply = app.submit(&flow, fields).await;
    assert!(reply.status.is_client_error(), "{}", reply.text());
    assert_eq!(session_count(&server).await, 0);
    assert!(app.start("login").await.node("password").is_none());
}

async fn stored_hash(server: &TestServer, id: &str) -> String {
    let identity = identity(server, id).await;
    identity["credentials"]["password"]["config"]["hashed_password"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_password_is_hashed_anew_when_the_parameters_have_changed() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    let first = stored_hash(&server, &ada.id).await;
    assert!(first.starts_with("$2a$04$"), "{first}");
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    assert_eq!(
        stored_hash(&server, &ada.id).await,
        first,
        "nothing has changed, so nothing is hashed"
    );

    server
        .reload(&[("hashers.bcrypt.cost", json!(5))])
        .await
        .unwrap();
    assert!(!can_sign_in(&server, &ada.email, "Zq7-wrong").await);
    assert_eq!(
        stored_hash(&server, &ada.id).await,
        first,
        "a wrong password is not stored"
    );
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    let second = stored_hash(&server, &ada.id).await;
    assert!(second.starts_with("$2a$05$"), "{second}");

    let argon2 = [
        ("hashers.algorithm", json!("argon2")),
        ("hashers.argon2.memory", json!("64KB")),
        ("hashers.argon2.iterations", json!(1)),
        ("hashers.argon2.parallelism", json!(1)),
    ];
    server.reload(&argon2).await.unwrap();
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    let third = stored_hash(&server, &ada.id).await;
    assert!(third.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{third}");
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    assert_eq!(stored_hash(&server, &ada.id).await, third);
    assert!(!can_sign_in(&server, &ada.email, "Zq7-wrong").await);
}

#[tokio::test]
async fn hashing_anew_at_two_logins_at_once_hurts_nobody() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    server
        .reload(&[("hashers.bcrypt.cost", json!(5))])
        .await
        .unwrap();
    let (one, other) = tokio::join!(
        try_login(server.native(), &ada.email, PASSWORD),
        try_login(server.native(), &ada.email, PASSWORD),
    );
    assert_eq!(
        (one.status.as_u16(), other.status.as_u16()),
        (200, 200),
        "{}",
        other.text()
    );
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
}

#[tokio::test]
async fn a_password_that_bcrypt_would_cut_off_is_not_taken_for_its_beginning() {
    let server = TestServer::new().await;
    let long = "x7-Q".repeat(18);
    let ada = server.identity("ada").password(&long).create().await;
    assert!(can_sign_in(&server, &ada.email, &long).await);
    assert!(
        !can_sign_in(&server, &ada.email, &format!("{long}!")).await,
        "the 73rd byte counts"
    );
    assert!(!can_sign_in(&server, &ada.email, &long.repeat(1000)).await);
}

#[tokio::test]
async fn a_deactivated_account_is_told_only_to_who_knows_the_password() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    set_state(&server, &ada.id, "inactive").await;
    assert_eq!(
        try_login(server.native(), &ada.email, "Zq7-wrong")
            .await
            .message_ids(),
        [4_000_006]
    );
    for client in [server.native(), server.ajax()] {
        let reply = try_login(client, &ada.email, PASSWORD).await;
        assert_eq!(reply.status, 401, "{}", reply.text());
        assert_eq!(reply.set_cookie("ory_kratos_session"), None);
    }
    let reply = try_login(server.browser(), &ada.email, PASSWORD).await;
    assert!(
        reply.location().starts_with("http://ui.test/error?id="),
        "{}",
        reply.location()
    );
    assert_eq!(session_count(&server).await, 0);
    set_state(&server, &ada.id, "active").await;
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
}

#[tokio::test]
async fn letters_beyond_ascii_count() {
    let server = TestServer::new().await;
    let ada = server
        .identity("ada")
        .password("pässwörd-Zq7")
        .create()
        .await;
    assert!(can_sign_in(&server, &ada.email, "pässwörd-Zq7").await);
    assert!(!can_sign_in(&server, &ada.email, "password-Zq7").await);
}
