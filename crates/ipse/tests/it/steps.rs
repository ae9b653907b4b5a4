//! What people do over and over, as one line of a test.

use http::Method;
use ipse_model::SignedDuration;
use ipse_testkit::{Client, Flow, Person, Reply, TestServer};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;

/// A password that everybody in these tests may choose.
pub(crate) const PASSWORD: &str = "Zq7-correct-horse";
/// Another one.
pub(crate) const OTHER: &str = "Xw9-battery-staple";

/// So many minutes.
pub(crate) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Somebody with an account, and a password to it.
pub(crate) async fn person(server: &TestServer, name: &str) -> Person {
    server.identity(name).password(PASSWORD).create().await
}

/// Somebody who has just signed in with this client.
pub(crate) async fn signed_in(
    server: &TestServer,
    mut client: Client,
    name: &str,
) -> (Client, Person) {
    let person = person(server, name).await;
    client.sign_in(&person).await;
    (client, person)
}

/// Tries to sign in.
pub(crate) async fn try_login(mut client: Client, identifier: &str, password: &str) -> Reply {
    let flow = client.start("login").await;
    let fields = json!({ "method": "password", "identifier": identifier, "password": password });
    client.submit(&flow, fields).await
}

/// Whether an app can sign in with that.
pub(crate) async fn can_sign_in(server: &TestServer, identifier: &str, password: &str) -> bool {
    let reply = try_login(server.native(), identifier, password).await;
    assert!(
        matches!(reply.status.as_u16(), 200 | 400),
        "{}",
        reply.text()
    );
    reply.status == 200
}

/// What a person who signs up with a password fills in.
pub(crate) fn sign_up(email: &str, password: &str) -> Value {
    json!({ "method": "password", "traits": { "email": email }, "password": password })
}

/// Tries to sign up.
pub(crate) async fn try_registration(mut client: Client, email: &str, password: &str) -> Reply {
    let flow = client.start("registration").await;
    client.submit(&flow, sign_up(email, password)).await
}

/// Opens the settings and submits this.
pub(crate) async fn change(client: &mut Client, fields: Value) -> Reply {
    let flow = client.start("settings").await;
    client.submit(&flow, fields).await
}

/// A change of traits.
pub(crate) fn profile(traits: impl Into<Value>) -> Value {
    json!({ "method": "profile", "traits": traits.into() })
}

/// A change of the password.
pub(crate) fn new_password(password: &str) -> Value {
    json!({ "method": "password", "password": password })
}

/// The status of whoami.
pub(crate) async fn whoami(client: &mut Client) -> u16 {
    client.get_json("/sessions/whoami").await.status.as_u16()
}

/// All identities, as administrators see them.
pub(crate) async fn identities(server: &TestServer) -> Vec<Value> {
    server
        .admin()
        .get("/admin/identities")
        .await
        .json()
        .as_array()
        .unwrap()
        .clone()
}

/// An identity, as administrators see it, with its password.
pub(crate) async fn identity(server: &TestServer, id: &str) -> Value {
    let path = format!("/admin/identities/{id}?include_credential=password");
    server.admin().get(&path).await.json()
}

/// How many sessions there are.
pub(crate) async fn session_count(server: &TestServer) -> usize {
    server
        .admin()
        .get("/admin/sessions")
        .await
        .json()
        .as_array()
        .unwrap()
        .len()
}

/// Sets an identity's state through the admin API.
pub(crate) async fn set_state(server: &TestServer, id: &str, state: &str) {
    let patch = json!([{ "op": "replace", "path": "/state", "value": state }]);
    let path = format!("/admin/identities/{id}");
    assert_eq!(
        server
            .admin()
            .json(Method::PATCH, &path, &patch)
            .await
            .status,
        200
    );
}

/// The flow of a form that came back with something to say.
pub(crate) fn complaint(reply: &Reply) -> Flow {
    assert_eq!(reply.status, 400, "{}", reply.text());
    Flow::of(reply)
}

/// The options for an authenticator that a node holds.
pub(crate) fn options(flow: &Flow, name: &str) -> Value {
    let value = &flow.node(name).unwrap()["value"];
    serde_json::from_str(value.as_str().unwrap()).unwrap()
}

/// Adds a security key.
pub(crate) async fn add_key(client: &mut Client, key: &mut Authenticator) {
    let flow = client.start("settings").await;
    let made = key.create(&options(&flow, "webauthn_register_trigger"));
    let fields = json!({ "method": "webauthn", "webauthn_register": made, "webauthn_register_displayname": "Blue" });
    let reply = client.submit(&flow, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// Tries to add a passkey.
pub(crate) async fn add_passkey(client: &mut Client, key: &mut Authenticator) -> Reply {
    let flow = client.start("settings").await;
    let made = key.create(&options(&flow, "passkey_create_data"));
    client
        .submit(&flow, json!({ "passkey_settings_register": made }))
        .await
}
