//! Signing out.

use http::Method;
use ipse_testkit::TestServer;
use serde_json::{Value, json};

use crate::steps::{signed_in, whoami};

async fn link(client: &mut ipse_testkit::Client) -> (String, String) {
    let reply = client.get_json("/self-service/logout/browser").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = |member: &str| reply.json()[member].as_str().unwrap().to_owned();
    (text("logout_url"), text("logout_token"))
}

#[tokio::test]
async fn a_browser_signs_out_by_its_link() {
    let server = TestServer::new().await;
    let (mut browser, ada) = signed_in(&server, server.browser(), "ada").await;
    let mut elsewhere = server.browser();
    elsewhere.sign_in(&ada).await;
    let session = browser.cookies["ory_kratos_session"].clone();
    let (url, token) = link(&mut browser).await;
    assert_eq!(
        url,
        format!("http://public.test/self-service/logout?token={token}")
    );
    let reply = browser.get(&url).await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (303, "http://ui.test/")
    );
    let cookie = reply.set_cookie("ory_kratos_session").unwrap();
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
    browser
        .cookies
        .insert("ory_kratos_session".to_owned(), session);
    assert_eq!(
        whoami(&mut browser).await,
        401,
        "the session is over, not only its cookie"
    );
    assert_eq!(whoami(&mut elsewhere).await, 200);
    assert_eq!(
        browser.get(&url).await.status,
        303,
        "following the link again hurts nobody"
    );
}

#[tokio::test]
async fn a_script_signs_out_and_gets_another_anti_csrf_cookie() {
    let server = TestServer::new().await;
    let (mut ajax, _) = signed_in(&server, server.ajax(), "ada").await;
    let before = csrf(&ajax);
    let (url, _) = link(&mut ajax).await;
    assert_eq!(ajax.get(&url).await.status, 204);
    assert_ne!(csrf(&ajax), before);
    assert_eq!(whoami(&mut ajax).await, 401);
}

fn csrf(client: &ipse_testkit::Client) -> String {
    let cookie = client
        .cookies
        .iter()
        .find(|(name, _)| name.starts_with("csrf_token_"));
    cookie.unwrap().1.clone()
}

#[tokio::test]
async fn nobody_is_signed_out_by_a_link_that_somebody_else_made() {
    let server = TestServer::new().await;
    let (mut ada, _) = signed_in(&server, server.ajax(), "ada").await;
    let (mut eve, _) = signed_in(&server, server.ajax(), "eve").await;
    let (url, _) = link(&mut eve).await;
    for path in [
        &*url,
        "/self-service/logout?token=nonsense",
        "/self-service/logout?token=ory_lo_",
    ] {
        assert_eq!(ada.get(path).await.status, 403, "{path}");
    }
    for path in ["/self-service/logout", "/self-service/logout?token="] {
        assert_eq!(ada.get(path).await.status, 400, "{path}");
    }
    assert_eq!(whoami(&mut ada).await, 200);
}

#[tokio::test]
async fn without_a_session_there_is_no_link() {
    let server = TestServer::new().await;
    let reply = server.ajax().get("/self-service/logout/browser").await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (401, "session_inactive")
    );
}

#[tokio::test]
async fn afterwards_a_browser_goes_where_it_may() {
    let server = TestServer::build()
        .set(
            "selfservice.flows.logout.after.default_browser_return_url",
            "http://ui.test/bye",
        )
        .start()
        .await;
    let (mut browser, ada) = signed_in(&server, server.browser(), "ada").await;
    let reply = browser
        .get_json("/self-service/logout/browser?return_to=https://evil.example.com/")
        .await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (400, "self_service_flow_return_to_forbidden")
    );
    let (url, token) = link(&mut browser).await;
    assert_eq!(browser.get(&url).await.location(), "http://ui.test/bye");
    browser.sign_in(&ada).await;
    let reply = browser
        .get_json("/self-service/logout/browser?return_to=http://ui.test/there")
        .await;
    let url = reply.json()["logout_url"].as_str().unwrap().to_owned();
    assert_ne!(
        reply.json()["logout_token"],
        Value::String(token),
        "each session has its own"
    );
    assert_eq!(browser.get(&url).await.location(), "http://ui.test/there");
    browser.sign_in(&ada).await;
    let (url, _) = link(&mut browser).await;
    let reply = browser
        .get(&format!("{url}&return_to=https://evil.example.com/"))
        .await;
    assert!(!reply.location().contains("evil"), "{}", reply.location());
}

#[tokio::test]
async fn an_app_signs_out_by_its_token() {
    let server = TestServer::new().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let mut other = server.native();
    other.sign_in(&ada).await;
    let body = json!({ "session_token": app.token });
    let path = "/self-service/logout/api";
    for _ in 0..2 {
        assert_eq!(
            server
                .native()
                .json(Method::DELETE, path, &body)
                .await
                .status,
            204
        );
    }
    assert_eq!(
        (whoami(&mut app).await, whoami(&mut other).await),
        (401, 200)
    );
    for nonsense in [
        json!({ "session_token": "ory_st_nonsense" }),
        json!({ "session_token": 7 }),
        json!({}),
    ] {
        assert_eq!(
            server
                .native()
                .json(Method::DELETE, path, &nonsense)
                .await
                .status,
            403
        );
    }
    assert_eq!(
        server
            .native()
            .body(Method::DELETE, path, ("application/json", "{"))
            .await
            .status,
        400
    );
}
