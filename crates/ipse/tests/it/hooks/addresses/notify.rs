//! News for the addresses that an account had before.

use ipse_testkit::TestServer;
use serde_json::{Value, json};

use super::{
    NEW, OLD, ada, addresses, bring, build, change, code_for, patch, verifying, waits_for,
};

const SECOND: &str = "ada@example.net";

fn notify(recipients: &str) -> Value {
    json!({ "hook": "notify_previous_addresses", "config": { "recipients": recipients } })
}

/// Who was written the news, in alphabetical order.
async fn told(server: &TestServer) -> Vec<String> {
    let mails = server.mails().await.into_iter();
    let mut told: Vec<String> = mails
        .filter(|mail| mail["template_type"] == "verifiable_address_changed")
        .map(|mail| mail["recipient"].as_str().unwrap().to_owned())
        .collect();
    told.sort();
    told
}

/// Who is told when the first of two addresses becomes another; the second one is verified.
async fn told_by(hook: Value) -> Vec<String> {
    let server = build(&json!([hook])).start().await;
    let (mut app, ada) = ada(&server, server.native()).await;
    patch(&server, &ada.id, "/traits/second", json!(SECOND)).await;
    let flow = app.start("verification").await;
    let fields = json!({ "method": "code", "email": SECOND });
    let flow = ipse_testkit::Flow::of(&app.submit(&flow, fields).await);
    let code = code_for(&server, SECOND).await;
    bring(&mut app, &flow, &code).await;
    assert_eq!(
        addresses(&server, &ada.id).await,
        [OLD, &format!("+{SECOND}")]
    );

    let reply = change(
        &mut app,
        json!({ "email": OLD, "second": SECOND, "name": "A" }),
    )
    .await;
    assert_eq!(reply.json()["state"], "success");
    assert!(told(&server).await.is_empty(), "no address has changed");
    let reply = change(&mut app, json!({ "email": NEW, "second": SECOND })).await;
    assert_eq!(reply.json()["state"], "success");
    told(&server).await
}

#[tokio::test]
async fn those_are_told_whom_the_configuration_names() {
    assert_eq!(
        told_by(json!({ "hook": "notify_previous_addresses" })).await,
        [OLD]
    );
    assert_eq!(told_by(notify("removed")).await, [OLD]);
    assert_eq!(told_by(notify("all_verified")).await, [SECOND]);
    assert_eq!(told_by(notify("all")).await, [SECOND, OLD]);
}

#[tokio::test]
async fn the_message_says_what_has_happened_and_not_where_to() {
    let server = build(&json!([notify("removed")])).start().await;
    let (mut app, _) = ada(&server, server.native()).await;
    change(&mut app, json!({ "email": NEW })).await;
    let mails = server.mails().await;
    let news = mails.iter().find(|mail| mail["recipient"] == OLD).unwrap();
    let body = news["body"].as_str().unwrap();
    assert!(body.contains("2026-01-02T03:04:05Z"), "{body}");
    assert!(!body.contains(NEW), "{body}");
    assert!(!body.contains("{{"), "{body}");
}

#[tokio::test]
async fn phone_numbers_get_a_text_message() {
    let server = build(&json!([notify("removed")])).start().await;
    let (mut app, ada) = ada(&server, server.native()).await;
    patch(&server, &ada.id, "/traits/phone", json!("+49 30 123456")).await;
    change(&mut app, json!({ "email": OLD })).await;
    let mails = server.mails().await;
    let news = mails
        .iter()
        .find(|mail| mail["template_type"] == "verifiable_address_changed");
    let news = news.unwrap();
    assert_eq!(
        (&news["recipient"], &news["type"]),
        (&json!("+4930123456"), &json!("phone"))
    );
}

#[tokio::test]
async fn nobody_is_told_before_the_change_is_made() {
    let (server, _) = verifying(&[notify("removed")]).await;
    let (mut app, _) = ada(&server, server.native()).await;
    let reply = change(&mut app, json!({ "email": NEW })).await;
    let flow = waits_for(&mut app, &reply).await;
    assert!(told(&server).await.is_empty());
    let code = code_for(&server, NEW).await;
    bring(&mut app, &flow, &code).await;
    assert_eq!(told(&server).await, [OLD]);
}
