//! Errors that a browser is led to instead of being shown them.

use ipse_testkit::TestServer;
use serde_json::json;

use crate::steps::signed_in;

#[tokio::test]
async fn a_browser_finds_on_the_error_page_what_a_script_is_told() {
    let server = TestServer::new().await;
    let (mut browser, _) = signed_in(&server, server.browser(), "ada").await;
    let path = "/self-service/settings/browser?return_to=https://evil.example.com/";
    let told = browser.get_json(path).await;
    assert_eq!(told.status, 400);
    let reply = browser.get(path).await;
    assert_eq!(reply.status, 303);
    assert!(
        reply.location().starts_with("http://ui.test/error?id="),
        "{}",
        reply.location()
    );
    let id = reply.location_query("id").unwrap();
    let kept = browser
        .get_json(&format!("/self-service/errors?id={id}"))
        .await;
    assert_eq!(kept.status, 200);
    assert_eq!(kept.json()["error"], told.json()["error"]);
    assert_eq!(
        (&kept.json()["id"], &kept.json()["created_at"]),
        (&json!(id), &json!("2026-01-02T03:04:05Z"))
    );
}

#[tokio::test]
async fn an_error_that_is_unknown_is_not_found() {
    let server = TestServer::new().await;
    for query in [
        "",
        "?id=",
        "?id=x",
        "?id=9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e",
    ] {
        let reply = server
            .ajax()
            .get(&format!("/self-service/errors{query}"))
            .await;
        assert_eq!(reply.status, 404, "{query}");
    }
}

#[tokio::test]
async fn who_builds_an_error_page_has_an_error_to_show() {
    let server = TestServer::new().await;
    let reply = server.ajax().get("/self-service/errors?id=stub:500").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["error"]["code"]),
        (200, &json!(500))
    );
}

#[tokio::test]
async fn every_error_says_in_a_header_which_it_is() {
    let server = TestServer::new().await;
    let reply = server.ajax().get("/self-service/settings/browser").await;
    assert_eq!(reply.header("ory-error-id"), "session_inactive");
    let reply = server.ajax().get("/self-service/login/flows?id=x").await;
    assert!(reply.headers.contains_key("ory-error-id"));
    assert_eq!(reply.header("ory-error-id"), "");
}
