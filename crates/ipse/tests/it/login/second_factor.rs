//! Confirming with an authenticator app or a backup code.

use std::collections::BTreeMap;

use http::StatusCode;
use ipse_crypto::totp::Totp;
use ipse_model::Clock as _;
use ipse_testkit::{Client, Flow, Person, Reply, TestServer};
use serde_json::{Value, json};

use crate::steps::person;

pub(super) async fn server() -> TestServer {
    TestServer::build()
        .set("selfservice.methods.totp.enabled", true)
        .set("selfservice.methods.lookup_secret.enabled", true)
        .set("session.whoami.required_aal", "highest_available")
        .start()
        .await
}

/// Somebody who is signed in.
async fn signed_in(server: &TestServer, person: &Person) -> Client {
    let mut client = server.native();
    client.sign_in(person).await;
    client
}

/// The context of a text on a form.
fn text(flow: &Flow, id: &str) -> Value {
    let mut nodes = flow.json["ui"]["nodes"].as_array().unwrap().iter();
    let node = nodes.find(|node| node["attributes"]["id"] == id).unwrap();
    node["attributes"]["text"]["context"].clone()
}

pub(crate) async fn enrol_app(server: &TestServer, client: &mut Client) -> Totp {
    let flow = client.start("settings").await;
    let shown = text(&flow, "totp_secret_key");
    let secret = shown["secret"].as_str().unwrap();
    let totp = Totp::from_url(&format!("otpauth://totp/a?secret={secret}")).unwrap();
    let code = totp.code_at(server.clock.now());
    let reply = client
        .submit(&flow, json!({ "method": "totp", "totp_code": code }))
        .await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    totp
}

fn codes(reply: &Reply) -> Vec<String> {
    let flow = Flow::of(reply);
    let shown = text(&flow, "lookup_secret_codes");
    let secrets = shown["secrets"].as_array().unwrap().iter();
    secrets
        .map(|secret| {
            secret["context"]["secret"]
                .as_str()
                .unwrap_or("used")
                .to_owned()
        })
        .collect()
}

async fn make_codes(client: &mut Client) -> Vec<String> {
    let flow = client.start("settings").await;
    let reply = client
        .submit(&flow, json!({ "lookup_secret_regenerate": true }))
        .await;
    let made = codes(&reply);
    let reply = client
        .submit(&flow, json!({ "lookup_secret_confirm": true }))
        .await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    made
}

/// Submits the same fifty times at once, each in a session and a flow of its own, and counts the answers.
async fn fifty_times(server: &TestServer, ada: &Person, fields: &Value) -> BTreeMap<u16, usize> {
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut client = signed_in(server, ada).await;
        let flow = client.start_with("login", "aal=aal2").await;
        let fields = fields.clone();
        attempts.spawn(async move { client.submit(&flow, fields).await.status.as_u16() });
    }
    let statuses = attempts.join_all().await;
    let mut counts = BTreeMap::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn of_many_with_the_same_code_of_an_app_one_succeeds() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let totp = enrol_app(&server, &mut signed_in(&server, &ada).await).await;
    let code = totp.code_at(server.clock.now());
    let counts = fifty_times(
        &server,
        &ada,
        &json!({ "method": "totp", "totp_code": code }),
    )
    .await;
    assert_eq!(counts.get(&200), Some(&1), "{counts:?}");
    assert_eq!(counts.get(&400), Some(&49), "{counts:?}");
}

#[tokio::test]
async fn of_many_with_the_same_backup_code_one_succeeds() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let mut client = signed_in(&server, &ada).await;
    let made = make_codes(&mut client).await;
    let fields = json!({ "method": "lookup_secret", "lookup_secret": made[0] });
    let counts = fifty_times(&server, &ada, &fields).await;
    assert_eq!(counts.get(&200), Some(&1), "{counts:?}");
    assert_eq!(
        counts.keys().copied().collect::<Vec<_>>(),
        [200, 400],
        "{counts:?}"
    );
    let flow = client.start("settings").await;
    let left = codes(
        &client
            .submit(&flow, json!({ "lookup_secret_reveal": true }))
            .await,
    );
    assert_eq!(left.iter().filter(|code| *code == "used").count(), 1);
}

#[tokio::test]
async fn strangers_to_the_second_factor_do_not_lock_its_owner_out() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let mut owner = signed_in(&server, &ada).await;
    let totp = enrol_app(&server, &mut owner).await;
    let mut thief = signed_in(&server, &ada).await;
    let flow = thief.start_with("login", "aal=aal2").await;
    let wrong = json!({ "method": "totp", "totp_code": "1" });
    for attempt in 0..12 {
        let ids = thief.submit(&flow, wrong.clone()).await.message_ids();
        assert_eq!(
            ids,
            [if attempt < 10 { 4_000_008 } else { 4_000_001 }],
            "{attempt}"
        );
    }
    let code = totp.code_at(server.clock.now());
    let right = json!({ "method": "totp", "totp_code": code });
    assert_eq!(
        thief.submit(&flow, right.clone()).await.status,
        StatusCode::BAD_REQUEST
    );
    let flow = owner.start_with("login", "aal=aal2&refresh=true").await;
    assert_eq!(owner.submit(&flow, right).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_second_factor_needs_a_first() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let totp = enrol_app(&server, &mut signed_in(&server, &ada).await).await;
    let mut client = signed_in(&server, &ada).await;
    let flow = client.start_with("login", "aal=aal2").await;
    let code = totp.code_at(server.clock.now());
    let fields = json!({ "method": "totp", "totp_code": code });
    let reply = server.native().submit(&flow, fields.clone()).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id()),
        (401, "session_aal1_required".to_owned())
    );
    assert_eq!(
        client.get("/sessions/whoami").await.error_id(),
        "session_aal2_required"
    );
    assert_eq!(client.submit(&flow, fields).await.status, StatusCode::OK);
    assert_eq!(
        client.get("/sessions/whoami").await.json()["authenticator_assurance_level"],
        "aal2"
    );
}

#[tokio::test]
async fn the_database_shows_neither_secrets_nor_codes_and_an_administrator_does() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let mut client = signed_in(&server, &ada).await;
    let totp = enrol_app(&server, &mut client).await;
    let made = make_codes(&mut client).await;
    let id: ipse_model::Uuid = ada.id.parse().unwrap();
    let stored = server.app.store.credentials(id).await.unwrap();
    let stored = serde_json::to_string(&stored).unwrap();
    assert!(!stored.contains(&made[0]) && !stored.contains(&totp.secret_base32()));
    let flow = client.start("settings").await;
    let reply = client
        .submit(&flow, json!({ "lookup_secret_reveal": true }))
        .await;
    assert_eq!(codes(&reply), made);
    let kept = server
        .app
        .store
        .flow(flow.id().parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(!kept.public.as_str().contains(&made[0]) && !kept.private.as_str().contains(&made[0]));
    assert_eq!(
        text(
            &client.fetch("settings", flow.id()).await,
            "lookup_secret_codes"
        )["secrets"][0]["context"]["secret"],
        made[0]
    );
    let query = "include_credential=totp&include_credential=lookup_secret";
    let seen = server
        .admin()
        .get(&format!("/admin/identities/{id}?{query}"))
        .await;
    assert!(seen.text().contains(&made[0]) && seen.text().contains(&totp.secret_base32()));
}
