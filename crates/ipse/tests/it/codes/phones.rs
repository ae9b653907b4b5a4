//! Codes by text message, to numbers that people write as they like.

use ipse_testkit::{Flow, TestServer, inline};
use serde_json::json;

use super::{build, code_for, newest};

/// Somebody who is reached by phone.
const SCHEMA: &str = r#"{
  "$id": "https://schemas.example.org/phone.json", "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "properties": { "traits": { "type": "object", "properties": {
    "phone": { "type": "string", "format": "tel", "ory.sh/kratos": {
      "credentials": { "code": { "identifier": true, "via": "sms" } },
      "verification": { "via": "sms" }, "recovery": { "via": "sms" } } }
  }, "required": ["phone"] } }
}"#;

const NUMBER: &str = "+4915168858742";

async fn server(choose: bool) -> TestServer {
    let server = build()
        .set("feature_flags.choose_recovery_address", choose)
        .set(
            "identity.schemas",
            json!([{ "id": "default", "url": inline(SCHEMA) }]),
        )
        .start()
        .await;
    let traits = json!({ "phone": "+49 (151) 688-58742" });
    server.identity("ada").set("traits", traits).create().await;
    server
}

#[tokio::test]
async fn a_number_is_the_same_however_it_is_written() {
    let server = server(false).await;
    for written in ["+49 151 68858742", " +49-151/688.587.42", NUMBER] {
        let mut client = server.native();
        let form = client.start("login").await;
        let fields = json!({ "method": "code", "identifier": written });
        let flow = Flow::of(&client.submit(&form, fields).await);
        let message = newest(&server, NUMBER).await;
        assert_eq!(
            (&message["channel"], &message["type"]),
            (&json!("sms"), &json!("phone"))
        );
        let code = code_for(&server, NUMBER).await;
        let fields = json!({ "method": "code", "identifier": written, "code": code });
        let reply = client.submit(&flow, fields).await;
        assert_eq!(reply.status, 200, "{written}: {}", reply.text());
    }
}

#[tokio::test]
async fn signing_up_by_text_message_keeps_the_number_in_its_normal_form() {
    let server = server(false).await;
    let mut client = server.native();
    let form = client.start("registration").await;
    let fields = json!({ "method": "code", "traits": { "phone": "+49 30 901820" } });
    let flow = Flow::of(&client.submit(&form, fields.clone()).await);
    let code = code_for(&server, "+4930901820").await;
    let mut fields = fields;
    fields["code"] = code.into();
    let reply = client.submit(&flow, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let address = &reply.json()["identity"]["verifiable_addresses"][0];
    assert_eq!(
        (&address["value"], &address["via"], &address["verified"]),
        (&json!("+4930901820"), &json!("sms"), &json!(true))
    );
}

#[tokio::test]
async fn what_is_no_number_is_no_number() {
    let server = server(false).await;
    for phone in ["12345", "+49 151 x", "+1"] {
        let mut client = server.native();
        let form = client.start("registration").await;
        let fields = json!({ "method": "code", "traits": { "phone": phone } });
        let reply = client.submit(&form, fields).await;
        assert_eq!(reply.status, 400, "{phone}");
        assert_eq!(server.mails().await.len(), 0, "{phone}");
    }
}

#[tokio::test]
async fn an_account_is_recovered_by_text_message() {
    let server = server(true).await;
    let mut client = server.native();
    let form = client.start("recovery").await;
    let fields = json!({ "method": "code", "recovery_address": "+49 151 68858742" });
    let flow = Flow::of(&client.submit(&form, fields.clone()).await);
    let code = code_for(&server, NUMBER).await;
    let mut fields = fields;
    fields["code"] = code.into();
    assert_eq!(client.submit(&flow, fields).await.status, 422);
}
