//! Ports, routes, schemas, health, CORS: what holds for all of the API.

use axum::body::Body;
use http::Method;
use ipse_testkit::{Client, TestServer};
use serde_json::json;

const NOT_CACHED: &str = "private, no-cache, no-store, must-revalidate";
const NOBODY: &str = "9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e";

fn set_cookies(reply: &ipse_testkit::Reply) -> Vec<String> {
    let cookies = reply.headers.get_all("set-cookie").iter();
    cookies
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn both_ports_are_healthy() {
    let server = TestServer::new().await;
    for (mut client, prefix) in [
        (server.native(), ""),
        (server.admin(), ""),
        (server.admin(), "/admin"),
    ] {
        for path in ["/health/alive", "/health/ready"] {
            let reply = client.get(&format!("{prefix}{path}")).await;
            assert_eq!(
                (reply.status.as_u16(), reply.json()),
                (200, json!({ "status": "ok" }))
            );
            assert!(set_cookies(&reply).is_empty());
        }
    }
    assert_eq!(server.native().get("/version").await.status, 404);
    assert_eq!(server.admin().get("/version").await.status, 200);
}

#[tokio::test]
async fn the_revision_of_the_configuration_is_shown_to_administrators() {
    let server = TestServer::build().set("revision", "a7").start().await;
    let reply = server.admin().get("/admin/health/config").await;
    assert_eq!(reply.json()["revision"], "a7");
    assert_eq!(server.native().get("/health/config").await.status, 404);
}

#[tokio::test]
async fn unknown_paths_are_not_found_and_set_the_csrf_cookie_once() {
    let server = TestServer::new().await;
    let mut browser = server.browser();
    let reply = browser.get("/nothing/here").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (404, "404 page not found\n")
    );
    assert_eq!(reply.header("cache-control"), NOT_CACHED);
    let cookies = set_cookies(&reply);
    let [cookie] = cookies.as_slice() else {
        panic!("one cookie: {cookies:?}")
    };
    assert!(cookie.starts_with("csrf_token_"), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    assert!(set_cookies(&browser.get("/nothing/here").await).is_empty());
    let reply = server.admin().get("/nothing/here").await;
    assert_eq!(reply.status, 404);
    assert!(set_cookies(&reply).is_empty());
}

#[tokio::test]
async fn forged_requests_are_refused_before_they_are_routed() {
    let server = TestServer::new().await;
    let mut ajax = server.ajax();
    let reply = ajax.json(Method::POST, "/nothing/here", &json!({})).await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.header("ory-error-id"), "security_csrf_violation");
    let token = ajax.start("login").await.csrf_token().to_owned();
    let reply = ajax
        .json(
            Method::POST,
            "/nothing/here",
            &json!({ "csrf_token": token }),
        )
        .await;
    assert_eq!(reply.status, 404);
    let mut request = ajax.request(Method::POST, "/schemas", Body::empty());
    request
        .headers_mut()
        .insert("x-csrf-token", token.parse().unwrap());
    let reply = ajax.send(request).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("allow")),
        (405, "GET, HEAD")
    );
    let reply = server
        .admin()
        .json(Method::POST, "/nothing/here", &json!({}))
        .await;
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn wrong_verbs_are_told_the_right_ones() {
    let server = TestServer::new().await;
    for (mut client, method, path, allowed) in [
        (
            server.native(),
            Method::POST,
            "/self-service/login/api",
            "GET, HEAD",
        ),
        (
            server.native(),
            Method::PUT,
            "/self-service/login",
            "GET, HEAD, POST",
        ),
        (
            server.native(),
            Method::POST,
            "/sessions",
            "DELETE, GET, HEAD",
        ),
        (
            server.native(),
            Method::GET,
            "/self-service/logout/api",
            "DELETE",
        ),
        (
            server.native(),
            Method::PATCH,
            "/admin/identities",
            "GET, HEAD, POST",
        ),
        (
            server.admin(),
            Method::DELETE,
            "/admin/identities",
            "GET, HEAD, PATCH, POST",
        ),
        (
            server.admin(),
            Method::POST,
            "/identities/x",
            "DELETE, GET, HEAD, PATCH, PUT",
        ),
        (
            server.admin(),
            Method::OPTIONS,
            "/sessions",
            "DELETE, GET, HEAD",
        ),
    ] {
        let reply = client.call(method.clone(), path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("allow")),
            (405, allowed),
            "{method} {path}"
        );
        assert_eq!(reply.text(), "Method Not Allowed\n");
    }
}

async fn redirected(mut client: Client, method: Method, path: &str) -> String {
    let reply = client.call(method, path).await;
    assert_eq!(reply.status, 307, "{path}");
    reply.location().to_owned()
}

#[tokio::test]
async fn each_port_knows_the_other() {
    let server = TestServer::new().await;
    for (path, there) in [
        (
            "/admin/identities".to_owned(),
            "http://admin.test/admin/identities".to_owned(),
        ),
        (
            "/identities".to_owned(),
            "http://admin.test/admin/identities".to_owned(),
        ),
        (
            format!("/identities/{NOBODY}?include_credential=oidc"),
            format!("http://admin.test/admin/identities/{NOBODY}?include_credential=oidc"),
        ),
    ] {
        assert_eq!(redirected(server.native(), Method::GET, &path).await, there);
    }
    for (path, there) in [
        (
            "/self-service/login/browser?refresh=true",
            "http://public.test/self-service/login/browser?refresh=true",
        ),
        (
            "/admin/self-service/login/api",
            "http://public.test/self-service/login/api",
        ),
        ("/sessions/whoami", "http://public.test/sessions/whoami"),
        ("/schemas/default", "http://public.test/schemas/default"),
    ] {
        assert_eq!(redirected(server.admin(), Method::GET, path).await, there);
    }
    for path in [
        "/admin/sessions",
        "/admin/health/ready",
        "/courier/messages",
        "/admin/nothing",
    ] {
        assert_eq!(server.native().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn administrators_read_settings_flows_without_credentials_of_their_own() {
    let server = TestServer::new().await;
    let alice = server
        .identity("alice")
        .password("Zq7-ee34ecd9caab5367ffa5")
        .create()
        .await;
    let mut native = server.native();
    native.sign_in(&alice).await;
    let flow = native.start("settings").await;
    for prefix in ["", "/admin"] {
        let path = format!("{prefix}/self-service/settings/flows?id={}", flow.id());
        let reply = server.admin().get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["identity"]["id"], alice.id);
        assert_eq!(reply.json()["ui"], flow.json["ui"]);
    }
    let path = format!("/self-service/settings/flows?id={}", flow.id());
    assert_eq!(server.native().get(&path).await.status, 401);
    let path = format!("/self-service/settings/flows?id={NOBODY}");
    assert_eq!(server.admin().get(&path).await.status, 404);
}

#[tokio::test]
async fn schemas_are_listed_and_shown() {
    let server = TestServer::new().await;
    let mut native = server.native();
    let list = native.get("/schemas").await;
    assert_eq!(list.json()[0]["id"], "default");
    assert_eq!(list.header("x-total-count"), "1");
    assert!(
        list.header("link").starts_with("</schemas?"),
        "{}",
        list.header("link")
    );
    let schema = native.get("/schemas/default").await;
    assert_eq!(schema.json(), list.json()[0]["schema"]);
    assert_eq!(
        native.get("/schemas/ZGVmYXVsdA").await.json(),
        schema.json()
    );
    assert_eq!(native.get("/schemas/nothing").await.status, 404);
    assert_eq!(native.get("/schemas/").await.status, 404);
}

fn from(client: &Client, method: Method, path: &str, origin: &'static str) -> http::Request<Body> {
    let mut request = client.request(method, path, Body::empty());
    request
        .headers_mut()
        .insert("origin", origin.parse().unwrap());
    request
}

#[tokio::test]
async fn other_sites_may_call_when_they_are_allowed_to() {
    let server = TestServer::build()
        .set("serve.public.cors.enabled", true)
        .set(
            "serve.public.cors.allowed_origins",
            json!(["https://app.example.org"]),
        )
        .start()
        .await;
    let mut ajax = server.ajax();
    let request = from(
        &ajax,
        Method::GET,
        "/sessions/whoami",
        "https://app.example.org",
    );
    let reply = ajax.send(request).await;
    assert_eq!(
        reply.header("access-control-allow-origin"),
        "https://app.example.org"
    );
    let mut request = from(
        &ajax,
        Method::OPTIONS,
        "/nothing",
        "https://app.example.org",
    );
    request
        .headers_mut()
        .insert("access-control-request-method", "POST".parse().unwrap());
    let reply = ajax.send(request).await;
    assert_eq!(
        (
            reply.status.as_u16(),
            reply.header("access-control-allow-methods")
        ),
        (204, "POST")
    );
    let request = from(
        &ajax,
        Method::GET,
        "/sessions/whoami",
        "https://evil.example.com",
    );
    let reply = ajax.send(request).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn without_cors_nobody_is_told_anything() {
    let server = TestServer::new().await;
    let mut ajax = server.ajax();
    let mut request = from(
        &ajax,
        Method::OPTIONS,
        "/self-service/login",
        "https://app.example.org",
    );
    request
        .headers_mut()
        .insert("access-control-request-method", "POST".parse().unwrap());
    let reply = ajax.send(request).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("allow")),
        (405, "GET, HEAD, POST")
    );
    assert_eq!(reply.header("vary"), "Cookie");
}

#[tokio::test]
async fn built_in_pages_are_there_where_no_other_is_configured() {
    let server = TestServer::new().await;
    for path in [
        "/",
        "/ui/login",
        "/ui/settings",
        "/ui/error",
        "/.well-known/change-password",
    ] {
        assert_eq!(server.browser().get(path).await.status, 404, "{path}");
    }
    let own = TestServer::build().own_pages().start().await;
    let mut browser = own.browser();
    let reply = browser.get("/").await;
    assert_eq!(reply.status, 200);
    assert!(
        reply
            .header("content-security-policy")
            .contains("form-action 'self' http://public.test")
    );
    let reply = browser.get("/ui/login?return_to=http://ui.test/x").await;
    let start = "http://public.test/self-service/login/browser?return_to=http://ui.test/x";
    assert_eq!((reply.status.as_u16(), reply.location()), (303, start));
    let page = browser.get(start).await.location().to_owned();
    assert!(
        page.starts_with("http://public.test/ui/login?flow="),
        "{page}"
    );
    let reply = browser.get(&page).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(
        reply.text().contains("name=\"csrf_token\""),
        "{}",
        reply.text()
    );
    // Somebody else's flow isn't shown, and isn't replaced in an endless circle either.
    assert_eq!(own.browser().get(&page).await.status, 403);
    let gone = format!("/ui/login?flow={NOBODY}");
    assert_eq!(
        browser.get(&gone).await.location(),
        "http://public.test/self-service/login/browser"
    );
}
