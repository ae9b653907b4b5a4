//! Setting a new password.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{Method, Request, Response};
use ipse_core::outgoing::{Outgoing, OutgoingError};
use ipse_testkit::{Kind, TestServer};
use serde_json::json;

use crate::steps::{
    OTHER, PASSWORD, can_sign_in, change, complaint, identity, new_password, session_count,
    signed_in, whoami,
};

#[tokio::test]
async fn every_kind_of_client_changes_the_password() {
    let server = TestServer::new().await;
    for (client, name) in [
        (server.native(), "ada"),
        (server.ajax(), "bob"),
        (server.browser(), "eve"),
    ] {
        let (mut client, person) = signed_in(&server, client, name).await;
        let reply = change(&mut client, new_password(OTHER)).await;
        let expected = if client.kind() == Kind::Browser {
            303
        } else {
            200
        };
        assert_eq!(reply.status, expected, "{}", reply.text());
        assert!(!reply.text().contains(OTHER), "passwords are not repeated");
        assert!(can_sign_in(&server, &person.email, OTHER).await);
        assert!(!can_sign_in(&server, &person.email, PASSWORD).await);
        assert_eq!(whoami(&mut client).await, 200);
    }
}

#[tokio::test]
async fn a_password_against_the_rules_is_told_at_its_field() {
    let server = TestServer::new().await;
    let (mut app, ada) = signed_in(&server, server.native(), "countess-of-lovelace").await;
    let flow = app.start("settings").await;
    for (password, id) in [
        ("", 4_000_002),
        ("Zq7-abc", 4_000_032),
        ("ab", 4_000_032),
        ("countess-of-lovelace", 4_000_031),
        ("COUNTESS-of-lovelace@example.org", 4_000_031),
        (PASSWORD, 4_000_039),
        (&"x".repeat(73), 4_000_033),
        // 25 characters of three bytes each.
        (&"€".repeat(25), 4_000_033),
    ] {
        let said = complaint(&app.submit(&flow, new_password(password)).await);
        let ids: Vec<u64> = said
            .messages_of("password")
            .iter()
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(ids, [id], "{password}: {}", said.json);
        assert!(
            password.is_empty()
                || password.len() < 8
                || !said.json["ui"]
                    .to_string()
                    .contains(&format!("\"{password}\""))
        );
    }
    let said = complaint(&app.submit(&flow, json!({ "method": "password" })).await);
    assert_eq!(said.messages_of("password")[0].0, 4_000_002);
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    assert_eq!(
        app.submit(&flow, new_password(&"x".repeat(72)))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_rules_are_those_of_the_configuration() {
    let server = TestServer::build()
        .set(
            "selfservice.methods.password.config.min_password_length",
            12,
        )
        .set(
            "selfservice.methods.password.config.identifier_similarity_check_enabled",
            false,
        )
        .start()
        .await;
    let (mut app, _) = signed_in(&server, server.native(), "countess-of-lovelace").await;
    let said = complaint(&change(&mut app, new_password("Zq7-abcdefg")).await);
    assert_eq!(said.messages_of("password")[0].0, 4_000_032);
    assert_eq!(
        change(&mut app, new_password("countess-of-lovelace"))
            .await
            .status,
        200
    );
}

/// A list of breached passwords that knows one password, or is away.
#[derive(Default)]
struct Breaches {
    away: bool,
    asked: Mutex<Vec<String>>,
}

/// The SHA-1 hash of `swordfish-9`, which the list knows.
const KNOWN: (&str, &str) = ("swordfish-9", "7314B7022A9CBB62A1AA8C5284A152CD35AF9D26");

#[async_trait]
impl Outgoing for Breaches {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        self.asked.lock().unwrap().push(request.uri().to_string());
        if self.away {
            return Err(OutgoingError::Failed("the list is away".to_owned()));
        }
        let body = format!(
            "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n{}:7\r\n",
            &KNOWN.1[5..]
        );
        Ok(Response::new(body.into_bytes()))
    }
}

#[tokio::test]
async fn breached_passwords_are_asked_for_by_the_beginning_of_their_hash() {
    let breaches = Arc::new(Breaches::default());
    let server = TestServer::build()
        .set(
            "selfservice.methods.password.config.haveibeenpwned_enabled",
            true,
        )
        .set(
            "selfservice.methods.password.config.haveibeenpwned_host",
            "breaches.test",
        )
        .outgoing(breaches.clone())
        .start()
        .await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let said = complaint(&change(&mut app, new_password(KNOWN.0)).await);
    assert_eq!(said.messages_of("password")[0].0, 4_000_034);
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    let asked = breaches.asked.lock().unwrap().clone();
    assert!(
        asked.contains(&format!("https://breaches.test/range/{}", &KNOWN.1[..5])),
        "{asked:?}"
    );
    assert!(
        asked
            .iter()
            .all(|url| url.len() == "https://breaches.test/range/12345".len()),
        "{asked:?}"
    );
    assert_eq!(change(&mut app, new_password(OTHER)).await.status, 200);
    server
        .reload(&[("selfservice.methods.password.config.max_breaches", json!(7))])
        .await
        .unwrap();
    assert_eq!(change(&mut app, new_password(KNOWN.0)).await.status, 200);
}

#[tokio::test]
async fn whether_passwords_pass_while_the_list_is_away_is_configured() {
    for (ignore, status) in [(true, 200), (false, 500)] {
        let server = TestServer::build()
            .set(
                "selfservice.methods.password.config.haveibeenpwned_enabled",
                true,
            )
            .set(
                "selfservice.methods.password.config.ignore_network_errors",
                ignore,
            )
            .outgoing(Arc::new(Breaches {
                away: true,
                ..Breaches::default()
            }));
        let server = server.start().await;
        let reply =
            crate::steps::try_registration(server.native(), "ada@example.org", PASSWORD).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(
            crate::steps::identities(&server).await.len(),
            usize::from(ignore)
        );
    }
}

#[tokio::test]
async fn what_is_beyond_72_bytes_counts_with_argon2() {
    let server = TestServer::build()
        .set("hashers.algorithm", "argon2")
        .set("hashers.argon2.memory", "64KB")
        .set("hashers.argon2.iterations", 1)
        .set("hashers.argon2.parallelism", 1)
        .start()
        .await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let long = format!("{}-end", "x7-Q".repeat(25));
    assert_eq!(change(&mut app, new_password(&long)).await.status, 200);
    assert!(can_sign_in(&server, &ada.email, &long).await);
    assert!(!can_sign_in(&server, &ada.email, &long[..72]).await);
    assert!(!can_sign_in(&server, &ada.email, &format!("{}-eNd", "x7-Q".repeat(25))).await);
    let hash =
        identity(&server, &ada.id).await["credentials"]["password"]["config"]["hashed_password"]
            .clone();
    assert!(
        hash.as_str()
            .unwrap()
            .starts_with("$argon2id$v=19$m=64,t=1,p=1$"),
        "{hash}"
    );
}

#[tokio::test]
async fn somebody_without_a_password_gets_a_first_one() {
    let server = TestServer::build()
        .set("selfservice.methods.code.enabled", true)
        .set("selfservice.methods.code.passwordless_enabled", true)
        .start()
        .await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let path = format!("/admin/identities/{}/credentials/password", ada.id);
    let reply = server.admin().call(Method::DELETE, &path).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    assert!(!can_sign_in(&server, &ada.email, PASSWORD).await);
    assert_eq!(change(&mut app, new_password(OTHER)).await.status, 200);
    assert!(can_sign_in(&server, &ada.email, OTHER).await);
}

#[tokio::test]
async fn other_sessions_end_where_the_configuration_says_so() {
    let server = TestServer::build()
        .set(
            "selfservice.flows.settings.after.password.hooks",
            json!([{ "hook": "revoke_active_sessions" }]),
        )
        .start()
        .await;
    let (mut here, ada) = signed_in(&server, server.native(), "ada").await;
    let mut there = server.native();
    there.sign_in(&ada).await;
    let (mut other, _) = signed_in(&server, server.native(), "bob").await;
    assert_eq!(session_count(&server).await, 3);
    assert_eq!(change(&mut here, new_password(OTHER)).await.status, 200);
    assert_eq!(
        (
            whoami(&mut here).await,
            whoami(&mut there).await,
            whoami(&mut other).await
        ),
        (200, 401, 200)
    );
}
