//! Recovery with a choice among the addresses of an account.

use ipse_testkit::{Client, Flow, Person, Reply, TestServer, inline};
use serde_json::{Value, json};

use super::{PASSWORD, build, code_for};

/// Somebody with two addresses that lead back.
const SCHEMA: &str = r#"{
  "$id": "https://schemas.example.org/two.json", "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "properties": { "traits": { "type": "object", "properties": {
    "email": { "type": "string", "format": "email", "ory.sh/kratos": {
      "credentials": { "password": { "identifier": true } }, "recovery": { "via": "email" } } },
    "backup": { "type": "string", "format": "email", "ory.sh/kratos": { "recovery": { "via": "email" } } }
  } } }
}"#;

async fn server() -> TestServer {
    build()
        .set("feature_flags.choose_recovery_address", true)
        .set(
            "identity.schemas",
            json!([{ "id": "default", "url": inline(SCHEMA) }]),
        )
        .start()
        .await
}

async fn ada(server: &TestServer, backup: Option<&str>) -> Person {
    let mut traits = json!({ "email": "ada@example.org" });
    if let Some(backup) = backup {
        traits["backup"] = backup.into();
    }
    server
        .identity("ada")
        .password(PASSWORD)
        .set("traits", traits)
        .create()
        .await
}

async fn send(client: &mut Client, flow: &Flow, fields: Value) -> Reply {
    let mut all = json!({ "method": "code", "recovery_address": "ada@example.org" });
    all.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    client.submit(flow, all).await
}

/// What stands for an address on the screen that lets one choose, by its label.
fn choice(flow: &Flow, label: &str) -> Value {
    let nodes = flow.json["ui"]["nodes"].as_array().unwrap();
    let node = nodes
        .iter()
        .find(|node| node["meta"]["label"]["text"] == label)
        .unwrap();
    node["attributes"]["value"].clone()
}

#[tokio::test]
async fn with_one_address_there_is_nothing_to_choose() {
    let server = server().await;
    let ada = ada(&server, None).await;
    let mut client = server.native();
    let flow = client.start("recovery").await;
    assert_eq!(flow.json["state"], "recovery_awaiting_address");
    let reply = send(&mut client, &flow, json!({})).await;
    assert_eq!(reply.json()["state"], "recovery_awaiting_code");
    let code = code_for(&server, &ada.email).await;
    assert_eq!(
        send(&mut client, &flow, json!({ "code": code }))
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn a_stranger_sees_the_same_screen_as_somebody_with_one_address() {
    let server = server().await;
    let mut client = server.native();
    let flow = client.start("recovery").await;
    let reply = send(&mut client, &flow, json!({})).await;
    assert_eq!(
        (&reply.json()["state"], reply.message_ids()),
        (&json!("recovery_awaiting_code"), vec![1_060_004])
    );
    assert_eq!(server.mails().await.len(), 0);
}

#[tokio::test]
async fn another_address_has_to_be_typed_in_full() {
    let server = server().await;
    ada(&server, Some("backup@example.org")).await;
    let mut client = server.native();
    let flow = client.start("recovery").await;
    let reply = send(&mut client, &flow, json!({})).await;
    let chosen = choice(&Flow::of(&reply), "ba****@example.org");
    assert!(!reply.text().contains("backup@example.org"));

    let reply = send(
        &mut client,
        &flow,
        json!({ "recovery_select_address": chosen }),
    )
    .await;
    assert_eq!(reply.json()["state"], "recovery_confirming_address");
    assert!(!reply.text().contains("backup@example.org"));
    let reply = send(&mut client, &flow, json!({})).await;
    assert_eq!(reply.message_ids(), [4_000_002]);

    send(
        &mut client,
        &flow,
        json!({ "recovery_confirm_address": "guess@example.org" }),
    )
    .await;
    assert_eq!(server.mails().await.len(), 0);
    send(
        &mut client,
        &flow,
        json!({ "recovery_confirm_address": "backup@example.org" }),
    )
    .await;
    let code = code_for(&server, "backup@example.org").await;
    assert_eq!(
        send(&mut client, &flow, json!({ "code": code }))
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn the_address_that_was_typed_before_gets_its_code_at_once_and_one_can_go_back() {
    let server = server().await;
    let ada = ada(&server, Some("backup@example.org")).await;
    let mut client = server.native();
    let flow = client.start("recovery").await;
    let choices = Flow::of(&send(&mut client, &flow, json!({})).await);
    let own = choice(&choices, "ad****@example.org");
    let reply = send(
        &mut client,
        &flow,
        json!({ "recovery_select_address": own }),
    )
    .await;
    assert_eq!(reply.json()["state"], "recovery_awaiting_code");
    code_for(&server, &ada.email).await;
    let reply = send(&mut client, &flow, json!({ "screen": "previous" })).await;
    assert_eq!(reply.json()["state"], "recovery_awaiting_address_choice");
}

#[tokio::test]
async fn only_what_is_offered_can_be_chosen() {
    let server = server().await;
    ada(&server, Some("backup@example.org")).await;
    let mut client = server.native();
    let flow = client.start("recovery").await;
    send(&mut client, &flow, json!({})).await;
    let reply = send(
        &mut client,
        &flow,
        json!({ "recovery_select_address": "nonsense" }),
    )
    .await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_001])
    );
    let reply = send(&mut client, &flow, json!({})).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_002])
    );
}
