//! Signing up with a code.

use ipse_testkit::{Client, Flow, Reply};
use serde_json::json;

use super::{build, code_for, is_verified, wrong};

const EMAIL: &str = "bea@example.org";

async fn ask(client: &mut Client) -> Flow {
    let flow = client.start("registration").await;
    let reply = client
        .submit(
            &flow,
            json!({ "method": "code", "traits": { "email": EMAIL } }),
        )
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![1_040_005]),
        "{}",
        reply.text()
    );
    Flow::of(&reply)
}

async fn submit(client: &mut Client, flow: &Flow, (email, code): (&str, &str)) -> Reply {
    let fields = json!({ "method": "code", "traits": { "email": email }, "code": code });
    client.submit(flow, fields).await
}

#[tokio::test]
async fn a_code_signs_up_once_and_verifies_its_address() {
    let server = build().start().await;
    let mut client = server.native();
    let flow = ask(&mut client).await;
    let code = code_for(&server, EMAIL).await;
    let reply = submit(&mut client, &flow, (EMAIL, &wrong(&code))).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_040_003])
    );
    let reply = submit(&mut client, &flow, (EMAIL, &code)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.json()["session_token"].is_string());
    assert!(is_verified(&server, reply.json()["identity"]["id"].as_str().unwrap()).await);
    assert_eq!(
        server.mails().await.len(),
        1,
        "there is nothing left to verify"
    );
    let again = submit(&mut client, &flow, (EMAIL, &code)).await;
    assert_eq!(
        (again.status.as_u16(), again.message_ids()),
        (400, vec![4_010_003])
    );
}

#[tokio::test]
async fn whoever_changes_the_address_needs_another_code() {
    let server = build().start().await;
    let mut client = server.native();
    let flow = ask(&mut client).await;
    let code = code_for(&server, EMAIL).await;
    let reply = submit(&mut client, &flow, ("victim@example.org", &code)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_036])
    );
    assert_eq!(submit(&mut client, &flow, (EMAIL, &code)).await.status, 200);
}

#[tokio::test]
async fn that_an_address_is_taken_is_only_told_to_its_holder() {
    let server = build().start().await;
    server.identity("bea").create().await;
    let mut client = server.ajax();
    let flow = ask(&mut client).await;
    let code = code_for(&server, EMAIL).await;
    let reply = submit(&mut client, &flow, (EMAIL, &code)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_007])
    );
}

#[tokio::test]
async fn traits_are_checked_before_a_code_is_sent() {
    let server = build().start().await;
    let mut client = server.native();
    let flow = client.start("registration").await;
    for (traits, id) in [
        (json!({}), 4_000_002),
        (json!({ "email": "nonsense" }), 4_000_040),
    ] {
        let reply = client
            .submit(&flow, json!({ "method": "code", "traits": traits }))
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.message_ids()),
            (400, vec![id])
        );
    }
    assert_eq!(server.mails().await.len(), 0);
}

#[tokio::test]
async fn after_five_tries_even_the_right_code_is_refused() {
    let server = build().start().await;
    let mut client = server.native();
    let flow = ask(&mut client).await;
    let code = code_for(&server, EMAIL).await;
    for _ in 0..5 {
        let reply = submit(&mut client, &flow, (EMAIL, &wrong(&code))).await;
        assert_eq!(reply.message_ids(), [4_040_003]);
    }
    assert_eq!(
        submit(&mut client, &flow, (EMAIL, &code))
            .await
            .message_ids(),
        [4_000_001]
    );
}

#[tokio::test]
async fn on_two_screens_one_can_return_to_the_choice_of_a_credential() {
    let server = build()
        .set(
            "selfservice.flows.registration.enable_legacy_one_step",
            false,
        )
        .set("selfservice.flows.registration.style", "profile_first")
        .start()
        .await;
    let mut client = server.native();
    let flow = client.start("registration").await;
    let traits = json!({ "email": EMAIL });
    client
        .submit(&flow, json!({ "method": "profile", "traits": traits }))
        .await;
    let reply = client
        .submit(&flow, json!({ "method": "code", "traits": traits }))
        .await;
    assert_eq!(reply.json()["state"], "sent_email", "{}", reply.text());
    let back = json!({ "method": "code", "traits": traits, "screen": "credential-selection" });
    let reply = client.submit(&flow, back).await;
    assert_eq!(reply.json()["state"], "choose_method");
    assert!(Flow::of(&reply).node("password").is_some());
}
