//! Codes and links that an administrator hands over.

use http::Method;
use ipse_model::SignedDuration;
use ipse_testkit::{Client, Flow, Person, TestServer};
use serde_json::{Value, json};

use super::{PASSWORD, build, build_with_links, is_verified, wrong};

async fn ada(server: &TestServer) -> Person {
    server.identity("ada").password(PASSWORD).create().await
}

async fn post(server: &TestServer, what: &str, body: Value) -> (u16, Value) {
    let path = format!("/admin/recovery/{what}");
    let reply = server.admin().json(Method::POST, &path, &body).await;
    (reply.status.as_u16(), reply.json())
}

/// The flow that a link to a page leads to.
async fn flow_of(client: &mut Client, link: &Value) -> Flow {
    let id = link.as_str().unwrap().split("flow=").nth(1).unwrap();
    client.fetch("recovery", id).await
}

#[tokio::test]
async fn a_code_works_in_any_browser_and_is_sent_to_nobody() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let (status, created) = post(&server, "code", json!({ "identity_id": ada.id })).await;
    assert_eq!(status, 201);
    let code = created["recovery_code"].as_str().unwrap();
    let mut browser = server.browser();
    let flow = flow_of(&mut browser, &created["recovery_link"]).await;
    assert_eq!(super::names(&flow), ["code", "method"]);
    let submit = |code: &str| json!({ "method": "code", "code": code });
    let reply = browser.submit(&flow, submit(&wrong(code))).await;
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/recovery?flow="),
        "{}",
        reply.location()
    );
    let reply = browser.submit(&flow, submit(code)).await;
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/settings?flow="),
        "{}",
        reply.location()
    );
    assert_eq!(browser.get_json("/sessions/whoami").await.status, 200);
    assert!(
        !is_verified(&server, &ada.id).await,
        "it has proved no address"
    );
    assert_eq!(server.mails().await.len(), 0);
}

#[tokio::test]
async fn a_code_lasts_as_long_as_was_asked_for() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let wish = json!({ "identity_id": ada.id, "expires_in": "10m", "flow_type": "api" });
    let (_, created) = post(&server, "code", wish).await;
    assert_eq!(created["expires_at"], "2026-01-02T03:14:05Z");
    let mut client = server.native();
    let flow = flow_of(&mut client, &created["recovery_link"]).await;
    server.clock.advance(SignedDuration::from_mins(10));
    let fields = json!({ "method": "code", "code": created["recovery_code"] });
    assert_eq!(client.submit(&flow, fields).await.status, 303);
    assert_eq!(client.get("/sessions/whoami").await.status, 401);
}

#[tokio::test]
async fn a_link_opens_the_account_of_somebody_without_credentials() {
    let server = build_with_links().start().await;
    let bare = server.identity("bare").create().await;
    let (status, created) = post(&server, "link", json!({ "identity_id": bare.id })).await;
    assert_eq!(status, 200);
    let link = created["recovery_link"].as_str().unwrap();
    let mut browser = server.browser();
    let reply = browser
        .get(link.strip_prefix("http://public.test").unwrap())
        .await;
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/settings?flow="),
        "{}",
        reply.location()
    );
}

#[tokio::test]
async fn wishes_that_can_not_be_granted_are_refused() {
    let server = build_with_links().start().await;
    let ada = ada(&server).await;
    let nobody = "9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e";
    for (body, of_code, of_link) in [
        (json!({ "identity_id": nobody }), 404, 400),
        (json!({}), 404, 400),
        (json!({ "identity_id": "nonsense" }), 400, 400),
        (
            json!({ "identity_id": ada.id, "expires_in": "soon" }),
            400,
            400,
        ),
        (
            json!({ "identity_id": ada.id, "expires_in": "-1h" }),
            400,
            400,
        ),
        (
            json!({ "identity_id": ada.id, "expires_in": "0s" }),
            400,
            400,
        ),
        (json!(["identity_id"]), 400, 400),
    ] {
        assert_eq!(
            post(&server, "code", body.clone()).await.0,
            of_code,
            "{body}"
        );
        assert_eq!(
            post(&server, "link", body.clone()).await.0,
            of_link,
            "{body}"
        );
    }
    let fax = json!({ "identity_id": ada.id, "flow_type": "fax" });
    assert_eq!(post(&server, "code", fax).await.0, 400);
    let astray = "link?return_to=https://evil.example.com/";
    assert_eq!(
        post(&server, astray, json!({ "identity_id": ada.id }))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn without_recovery_there_is_none_for_administrators_either() {
    let server = build()
        .set("selfservice.flows.recovery.enabled", false)
        .start()
        .await;
    let ada = ada(&server).await;
    for what in ["code", "link"] {
        assert_eq!(
            post(&server, what, json!({ "identity_id": ada.id }))
                .await
                .0,
            404
        );
    }
}
