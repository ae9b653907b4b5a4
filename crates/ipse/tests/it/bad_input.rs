//! Whatever is sent, the server answers sensibly and goes on.

use http::Method;
use ipse_testkit::{Flow, Reply, TestServer};
use serde_json::json;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

async fn submit(
    server: &TestServer,
    content_type: &str,
    body: impl Into<axum::body::Body>,
) -> Reply {
    let mut native = server.native();
    let flow: Flow = native.start("login").await;
    native
        .body(Method::POST, flow.action(), (content_type, body))
        .await
}

/// The form comes back with one message that says what was wrong.
fn assert_explained(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 400, "{what}: {}", reply.text());
    assert_eq!(reply.message_ids(), [4_000_001], "{what}: {}", reply.text());
}

#[tokio::test]
async fn bodies_that_are_no_form_are_explained_on_the_form() {
    let server = TestServer::new().await;
    for (content_type, body) in [
        (JSON, "[]"),
        (JSON, "null"),
        (JSON, "\"text\""),
        (JSON, "{\"method\":\"password\""),
        (JSON, "{\"identifier\":\"\\u0000\",\"method\":\"password\"}"),
        (FORM, "a=%ff"),
        (FORM, "a=1&a.b=2"),
        ("application/xml", "<a/>"),
        ("multipart/form-data; boundary=b", "--b\r\nno headers"),
    ] {
        assert_explained(&submit(&server, content_type, body).await, body);
    }
}

#[tokio::test]
async fn hostile_bodies_are_explained_on_the_form() {
    let server = TestServer::new().await;
    let many: Vec<_> = (0..10_000).map(|number| format!("f{number}=x")).collect();
    let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(100_000));
    let large = json!({ "method": "password", "password": "x".repeat(5_500_000) }).to_string();
    for (content_type, body) in [
        (FORM, many.join("&")),
        (JSON, deep),
        (JSON, wide),
        (JSON, large),
    ] {
        let beginning = body[..40].to_owned();
        assert_explained(&submit(&server, content_type, body).await, &beginning);
    }
}

#[tokio::test]
async fn rubbish_in_headers_is_no_session() {
    let server = TestServer::new().await;
    for (name, value) in [
        ("x-session-token", "nonsense"),
        ("authorization", "Bearer nonsense"),
        ("authorization", "Basic xyz"),
        ("cookie", "ory_kratos_session=nonsense"),
        ("cookie", "ory_kratos_session=; ;;=;"),
    ] {
        let mut native = server.native();
        let mut request =
            native.request(Method::GET, "/sessions/whoami", axum::body::Body::empty());
        request.headers_mut().insert(name, value.parse().unwrap());
        let reply = native.send(request).await;
        assert_eq!(reply.status, 401, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_bad_cookie_does_not_spoil_a_good_token() {
    let server = TestServer::new().await;
    let alice = server
        .identity("alice")
        .password("Zq7-ee34ecd9caab5367ffa5")
        .create()
        .await;
    let mut native = server.native();
    native.sign_in(&alice).await;
    let mut request = native.request(Method::GET, "/sessions/whoami", axum::body::Body::empty());
    request
        .headers_mut()
        .insert("cookie", "ory_kratos_session=nonsense".parse().unwrap());
    let reply = native.send(request).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("x-kratos-authenticated-identity-id"), alice.id);
}

#[tokio::test]
async fn a_session_cookie_can_not_be_moved_into_another_cookie() {
    let server = TestServer::new().await;
    let alice = server
        .identity("alice")
        .password("Zq7-ee34ecd9caab5367ffa5")
        .create()
        .await;
    let mut browser = server.browser();
    browser.sign_in(&alice).await;
    assert_eq!(browser.get_json("/sessions/whoami").await.status, 200);
    let session = browser.cookies.remove("ory_kratos_session").unwrap();
    browser
        .cookies
        .insert("ory_kratos_continuity".to_owned(), session.clone());
    assert_eq!(browser.get_json("/sessions/whoami").await.status, 401);
    let mut changed = session;
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    browser
        .cookies
        .insert("ory_kratos_session".to_owned(), changed);
    assert_eq!(browser.get_json("/sessions/whoami").await.status, 401);
}

#[tokio::test]
async fn ids_that_are_none_are_refused_politely() {
    let server = TestServer::new().await;
    for path in [
        "/self-service/login/flows?id=x",
        "/self-service/login/flows",
        "/self-service/errors?id=%00",
        "/self-service/login/flows?id=%ff&id=%zz",
    ] {
        let status = server.native().get(path).await.status.as_u16();
        assert!((400..500).contains(&status), "{path}: {status}");
    }
    for path in [
        "/admin/identities/%ff",
        "/admin/sessions/..%2f",
        "/admin/courier/messages/%00",
    ] {
        let status = server.admin().get(path).await.status.as_u16();
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}
