//! Something else happens between the moment when a submission is looked at and the moment when it is saved.
//!
//! A web hook is asked in between. Here it does what somebody else might do just then.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{Method, Request, Response};
use ipse_core::outgoing::{Outgoing, OutgoingError};
use ipse_testkit::{Person, Reply, TestServer};
use serde_json::{Value, json};

use crate::steps::{
    OTHER, PASSWORD, can_sign_in, change, identities, identity, new_password, person, profile,
    session_count, set_state, signed_in, try_login, try_registration,
};

type Deed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Does once what it was told to do, when it is asked for the first time.
#[derive(Default)]
struct Meanwhile {
    deed: Mutex<Option<Deed>>,
    asked: Mutex<usize>,
}

impl Meanwhile {
    fn happens(&self, deed: impl Future<Output = ()> + Send + 'static) {
        *self.deed.lock().unwrap() = Some(Box::pin(deed));
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

#[async_trait]
impl Outgoing for Meanwhile {
    async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        *self.asked.lock().unwrap() += 1;
        let deed = self.deed.lock().unwrap().take();
        if let Some(deed) = deed {
            deed.await;
        }
        Ok(Response::new(b"{}".to_vec()))
    }
}

/// A server that asks before it saves what comes of a flow.
async fn server(flow: &str, method: &str) -> (Arc<TestServer>, Arc<Meanwhile>) {
    let meanwhile = Arc::<Meanwhile>::default();
    // TRACE carries no body, so that the hook needs no template.
    let config =
        json!({ "url": "http://hooks.test/", "method": "TRACE", "response": { "parse": true } });
    let mut hooks = vec![json!({ "hook": "web_hook", "config": config })];
    if flow == "registration" {
        hooks.push(json!({ "hook": "session" }));
    }
    let server = TestServer::build()
        .set(
            &format!("selfservice.flows.{flow}.after.{method}.hooks"),
            hooks,
        )
        .set("selfservice.flows.verification.enabled", true)
        .set("selfservice.methods.code.enabled", true)
        .outgoing(meanwhile.clone());
    (Arc::new(server.start().await), meanwhile)
}

/// Somebody with a password whose hash is out of date.
async fn outdated(server: &TestServer) -> Person {
    let ada = person(server, "ada").await;
    server
        .reload(&[("hashers.bcrypt.cost", json!(5))])
        .await
        .unwrap();
    ada
}

/// Changes the account in another session, which signs in without asking.
async fn change_elsewhere(server: &Arc<TestServer>, person: &Person, fields: Value) -> Deed {
    let mut elsewhere = server.native();
    elsewhere.sign_in(person).await;
    Box::pin(async move {
        let reply = change(&mut elsewhere, fields).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    })
}

fn status(reply: &Reply) -> (u16, Vec<u64>) {
    (reply.status.as_u16(), reply.message_ids())
}

#[tokio::test]
async fn hashing_a_password_anew_does_not_bring_it_back() {
    let (server, meanwhile) = server("login", "password").await;
    let ada = person(&server, "ada").await;
    let deed = change_elsewhere(&server, &ada, new_password(OTHER)).await;
    server
        .reload(&[("hashers.bcrypt.cost", json!(5))])
        .await
        .unwrap();
    meanwhile.happens(deed);
    let reply = try_login(server.native(), &ada.email, PASSWORD).await;
    assert_eq!(status(&reply), (400, vec![4_000_006]), "{}", reply.text());
    assert!(!can_sign_in(&server, &ada.email, PASSWORD).await);
    assert!(can_sign_in(&server, &ada.email, OTHER).await);
}

#[tokio::test]
async fn hashing_a_password_anew_does_not_bring_an_address_back() {
    let (server, meanwhile) = server("login", "password").await;
    let ada = person(&server, "ada").await;
    let deed = change_elsewhere(
        &server,
        &ada,
        profile(json!({ "email": "new@example.org" })),
    )
    .await;
    server
        .reload(&[("hashers.bcrypt.cost", json!(5))])
        .await
        .unwrap();
    meanwhile.happens(deed);
    try_login(server.native(), &ada.email, PASSWORD).await;
    let stored = identity(&server, &ada.id).await;
    assert_eq!(stored["traits"]["email"], "new@example.org");
    assert_eq!(
        stored["credentials"]["password"]["identifiers"],
        json!(["new@example.org"])
    );
    assert!(can_sign_in(&server, "new@example.org", PASSWORD).await);
    assert!(!can_sign_in(&server, &ada.email, PASSWORD).await);
    assert_eq!(
        try_registration(server.native(), &ada.email, OTHER)
            .await
            .status,
        200,
        "the address is free"
    );
}

#[tokio::test]
async fn two_who_hash_the_same_password_anew_both_sign_in() {
    let (server, meanwhile) = server("login", "password").await;
    let ada = outdated(&server).await;
    let (other, email) = (server.native(), ada.email.clone());
    meanwhile.happens(async move {
        assert_eq!(try_login(other, &email, PASSWORD).await.status, 200);
    });
    assert_eq!(
        try_login(server.native(), &ada.email, PASSWORD)
            .await
            .status,
        200
    );
    assert_eq!(session_count(&server).await, 2);
}

#[tokio::test]
async fn a_password_that_is_changed_meanwhile_signs_nobody_in() {
    let (server, meanwhile) = server("login", "password").await;
    let ada = person(&server, "ada").await;
    let deed = change_elsewhere(&server, &ada, new_password(OTHER)).await;
    let before = session_count(&server).await;
    meanwhile.happens(deed);
    let reply = try_login(server.native(), &ada.email, PASSWORD).await;
    assert_eq!(status(&reply), (400, vec![4_000_006]), "{}", reply.text());
    assert_eq!(session_count(&server).await, before);
}

#[tokio::test]
async fn nobody_signs_in_to_an_account_that_is_disabled_meanwhile() {
    let (server, meanwhile) = server("login", "password").await;
    let ada = person(&server, "ada").await;
    let (other, id) = (server.clone(), ada.id.clone());
    meanwhile.happens(async move { set_state(&other, &id, "inactive").await });
    let reply = try_login(server.native(), &ada.email, PASSWORD).await;
    assert_eq!(reply.status, 401, "{}", reply.text());
    assert_eq!(session_count(&server).await, 0);
}

#[tokio::test]
async fn nobody_signs_in_to_an_account_that_is_removed_meanwhile() {
    let (server, meanwhile) = server("login", "password").await;
    let ada = person(&server, "ada").await;
    let (mut admin, path) = (server.admin(), format!("/admin/identities/{}", ada.id));
    meanwhile.happens(async move {
        assert_eq!(admin.call(Method::DELETE, &path).await.status, 204);
    });
    let reply = try_login(server.native(), &ada.email, PASSWORD).await;
    assert!(!reply.status.is_success(), "{}", reply.text());
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn a_change_is_looked_at_anew_when_another_one_was_faster() {
    let (server, meanwhile) = server("settings", "profile").await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let deed = change_elsewhere(&server, &ada, new_password(OTHER)).await;
    meanwhile.happens(deed);
    let traits = json!({ "email": "new@example.org", "name": { "first": "Ada" } });
    let reply = change(&mut app, profile(traits.clone())).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(meanwhile.asked(), 2, "it was overtaken once");
    assert_eq!(identity(&server, &ada.id).await["traits"], traits);
    assert!(can_sign_in(&server, "new@example.org", OTHER).await);
    assert!(!can_sign_in(&server, "new@example.org", PASSWORD).await);
    let mails = server.mails().await;
    assert_eq!(
        mails
            .iter()
            .filter(|mail| mail["recipient"] == "new@example.org")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_change_of_an_account_that_is_deactivated_meanwhile_is_not_made() {
    let (server, meanwhile) = server("settings", "profile").await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let (other, id) = (server.clone(), ada.id.clone());
    meanwhile.happens(async move { set_state(&other, &id, "inactive").await });
    let reply = change(&mut app, profile(json!({ "email": "new@example.org" }))).await;
    assert_eq!(reply.status, 401, "{}", reply.text());
    let stored = identity(&server, &ada.id).await;
    assert_eq!(
        (&stored["traits"]["email"], &stored["state"]),
        (&json!(ada.email), &json!("inactive"))
    );
}

#[tokio::test]
async fn an_address_that_is_taken_meanwhile_is_refused() {
    let (server, meanwhile) = server("settings", "profile").await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let other = server.clone();
    meanwhile.happens(async move { drop(person(&other, "wanted").await) });
    let reply = change(&mut app, profile(json!({ "email": "wanted@example.org" }))).await;
    assert_eq!(status(&reply), (400, vec![4_000_007]));
    assert_eq!(
        identity(&server, &ada.id).await["traits"]["email"],
        ada.email
    );
    assert!(server.mails().await.is_empty());
}

#[tokio::test]
async fn an_account_whose_address_is_taken_meanwhile_is_not_made() {
    let (server, meanwhile) = server("registration", "password").await;
    let other = server.clone();
    meanwhile.happens(async move { drop(person(&other, "wanted").await) });
    let reply = try_registration(server.native(), "wanted@example.org", OTHER).await;
    assert_eq!(status(&reply), (400, vec![4_000_007]));
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (1, 0)
    );
    assert!(server.mails().await.is_empty());
}
