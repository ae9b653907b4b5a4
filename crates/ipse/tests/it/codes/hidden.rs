//! What an observer can learn about who has an account, where accounts are hidden.

use ipse_testkit::{Builder, Flow, Reply, TestServer};
use serde_json::{Value, json};

use super::{PASSWORD, build, code_for, names, wrong};

fn hiding() -> Builder {
    build().set("security.account_enumeration.mitigate", true)
}

/// An answer without what differs from flow to flow and from address to address.
fn shape(reply: &Reply) -> (u16, Value, Vec<String>, Vec<u64>) {
    let flow = Flow::of(reply);
    let messages = flow.messages().into_iter().map(|(id, _)| id).collect();
    let state = flow.json["state"].clone();
    (reply.status.as_u16(), state, names(&flow), messages)
}

/// Asks for a code to sign in with, types a wrong one, and asks for another; what is shown each time.
async fn three_screens(
    server: &TestServer,
    address: &str,
) -> [(u16, Value, Vec<String>, Vec<u64>); 3] {
    let mut client = server.native();
    let form = client.start("login").await;
    let asked = client
        .submit(&form, json!({ "method": "code", "identifier": address }))
        .await;
    let flow = Flow::of(&asked);
    let code = match server.mails().await.is_empty() {
        true => "123456".to_owned(),
        false => wrong(&code_for(server, address).await),
    };
    let typed = json!({ "method": "code", "identifier": address, "code": code });
    let refused = client.submit(&flow, typed).await;
    let again = json!({ "method": "code", "identifier": address, "resend": "code" });
    let resent = client.submit(&flow, again).await;
    [shape(&asked), shape(&refused), shape(&resent)]
}

#[tokio::test]
async fn signing_in_by_code_does_not_tell_who_has_an_account() {
    for fallback in [false, true] {
        let key = "selfservice.methods.code.config.missing_credential_fallback_enabled";
        let server = hiding().set(key, fallback).start().await;
        let unknown = three_screens(&server, "nobody@example.org").await;
        assert_eq!(server.mails().await.len(), 0);
        let ada = server.identity("ada").password(PASSWORD).create().await;
        let known = three_screens(&server, &ada.email).await;
        assert_eq!(known, unknown);
        assert_eq!(known[0].1, "sent_email");
        assert_eq!(server.mails().await.len(), 2);
    }
}

#[tokio::test]
async fn after_too_many_tries_both_are_told_the_same() {
    let server = hiding().start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut last = Vec::new();
    for address in [ada.email.as_str(), "nobody@example.org"] {
        let mut client = server.native();
        let form = client.start("login").await;
        let fields = json!({ "method": "code", "identifier": address });
        let flow = Flow::of(&client.submit(&form, fields).await);
        let typed = json!({ "method": "code", "identifier": address, "code": "000000" });
        for _ in 0..5 {
            client.submit(&flow, typed.clone()).await;
        }
        last.push(shape(&client.submit(&flow, typed).await));
    }
    assert_eq!(last[0], last[1]);
    assert_eq!(last[0].3, [4_000_001]);
}

#[tokio::test]
async fn the_right_code_still_signs_in() {
    let server = hiding().start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut client = server.native();
    let form = client.start("login").await;
    let fields = json!({ "method": "code", "identifier": ada.email });
    let flow = Flow::of(&client.submit(&form, fields).await);
    let code = code_for(&server, &ada.email).await;
    let fields = json!({ "method": "code", "identifier": ada.email, "code": code });
    let reply = client.submit(&flow, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn an_address_that_nobody_has_leaves_no_trace_among_the_messages() {
    let server = hiding().start().await;
    for (flow, field) in [
        ("recovery", "email"),
        ("verification", "email"),
        ("login", "identifier"),
    ] {
        let mut client = server.native();
        let form = client.start(flow).await;
        let mut fields = json!({ "method": "code" });
        fields[field] = "nobody@example.org".into();
        client.submit(&form, fields).await;
        assert_eq!(server.mails().await.len(), 0, "{flow}");
    }
}
