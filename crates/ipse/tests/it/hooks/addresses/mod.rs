//! `verify_new_address` and `notify_previous_addresses`: changes of addresses.

mod notify;
mod refused;
mod verify;

use std::sync::Arc;

use http::Method;
use ipse_testkit::{Builder, Client, Flow, Person, Reply, TestServer, inline};
use serde_json::{Value, json};

use super::server::HookServer;
use super::{PASSWORD, after};
use crate::codes::code_for;
use crate::steps::person;

const OLD: &str = "ada@example.org";
const NEW: &str = "lovelace@example.org";

/// Somebody with an e-mail address to sign in with, a second one and a phone number.
const SCHEMA: &str = r#"{
  "$id": "https://schemas.example.org/reachable.json",
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "properties": { "traits": {
    "type": "object",
    "properties": {
      "email": { "type": "string", "format": "email", "ory.sh/kratos": {
        "credentials": { "password": { "identifier": true } },
        "verification": { "via": "email" }
      } },
      "second": { "type": "string", "format": "email", "ory.sh/kratos": {
        "verification": { "via": "email" }
      } },
      "phone": { "type": "string", "format": "tel", "ory.sh/kratos": {
        "verification": { "via": "sms" }
      } },
      "name": { "type": "string" }
    },
    "required": ["email"]
  } }
}"#;

/// A server with these hooks after a change of the profile.
fn build(hooks: &Value) -> Builder {
    after("settings", "profile", hooks.clone())
        .set("selfservice.flows.verification.enabled", true)
        .set("selfservice.methods.code.enabled", true)
        .set(
            "identity.schemas",
            json!([{ "id": "default", "url": inline(SCHEMA) }]),
        )
}

/// A server on which new addresses have to be verified, and what its hooks call.
async fn verifying(more: &[Value]) -> (TestServer, Arc<HookServer>) {
    let called = HookServer::new();
    let mut hooks = vec![json!({ "hook": "verify_new_address" })];
    hooks.extend_from_slice(more);
    let server = build(&json!(hooks)).outgoing(called.clone());
    (server.start().await, called)
}

/// Ada, signed in.
async fn ada(server: &TestServer, mut client: Client) -> (Client, Person) {
    let ada = person(server, "ada").await;
    client.sign_in(&ada).await;
    (client, ada)
}

/// Tries to change the traits.
async fn change(client: &mut Client, traits: Value) -> Reply {
    let flow = client.start("settings").await;
    client
        .submit(&flow, json!({ "method": "profile", "traits": traits }))
        .await
}

/// The verification that a change waits for.
async fn waits_for(client: &mut Client, reply: &Reply) -> Flow {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let next = reply.json()["continue_with"][0].clone();
    assert_eq!(next["action"], "show_verification_ui");
    let id = next["flow"]["id"].as_str().unwrap().to_owned();
    client.fetch("verification", &id).await
}

/// Brings a code.
async fn bring(client: &mut Client, flow: &Flow, code: &str) -> Reply {
    client
        .submit(flow, json!({ "method": "code", "code": code }))
        .await
}

/// The identity as administrators see it.
async fn identity(server: &TestServer, id: &str) -> Value {
    let path = format!("/admin/identities/{id}");
    server.admin().get(&path).await.json()
}

/// The addresses of an identity, verified ones with a `+`.
async fn addresses(server: &TestServer, id: &str) -> Vec<String> {
    let identity = identity(server, id).await;
    let addresses = identity["verifiable_addresses"].as_array().unwrap().iter();
    addresses
        .map(|address| {
            let verified = if address["verified"] == true { "+" } else { "" };
            format!("{verified}{}", address["value"].as_str().unwrap())
        })
        .collect()
}

/// Changes an identity as an administrator.
async fn patch(server: &TestServer, id: &str, path: &str, value: Value) {
    let patch = json!([{ "op": "add", "path": path, "value": value }]);
    let mut admin = server.admin();
    let reply = admin
        .json(Method::PATCH, &format!("/admin/identities/{id}"), &patch)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}
