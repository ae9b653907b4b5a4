//! The session cookie.

use ipse_testkit::{Reply, TestServer};

use super::SESSION;
use crate::steps::{person, whoami};

/// The session cookie of somebody who signs in, with its attributes and without its value.
async fn cookie(server: &TestServer, name: &str) -> String {
    let reply = signed_in_reply(server).await;
    let cookie = reply.set_cookie(name).unwrap().to_owned();
    let (_, attributes) = cookie.split_once("; ").unwrap();
    attributes.to_owned()
}

async fn signed_in_reply(server: &TestServer) -> Reply {
    let ada = person(server, "ada").await;
    server.browser().sign_in(&ada).await
}

#[tokio::test]
async fn the_cookie_looks_as_configured() {
    const DAY: &str = "Expires=Sat, 03 Jan 2026 03:04:05 GMT; Max-Age=86400; ";
    let plain = TestServer::new().await;
    assert_eq!(
        cookie(&plain, SESSION).await,
        format!("Path=/; {DAY}HttpOnly; SameSite=Lax")
    );

    let general = TestServer::build()
        .set("cookies.domain", "example.org")
        .set("cookies.path", "/auth")
        .set("cookies.same_site", "Strict")
        .start()
        .await;
    assert_eq!(
        cookie(&general, SESSION).await,
        format!("Path=/auth; Domain=example.org; {DAY}HttpOnly; SameSite=Strict")
    );

    let own = TestServer::build()
        .set("cookies.domain", "example.org")
        .set("cookies.same_site", "Strict")
        .set("session.cookie.name", "who")
        .set("session.cookie.domain", "id.example.org")
        .set("session.cookie.path", "/id")
        .set("session.cookie.same_site", "None")
        .set("session.cookie.secure", true)
        .set("session.cookie.persistent", false)
        .start()
        .await;
    let reply = signed_in_reply(&own).await;
    assert_eq!(reply.set_cookie(SESSION), None);
    let cookie = reply.set_cookie("who").unwrap();
    assert!(
        cookie.ends_with("; Path=/id; Domain=id.example.org; HttpOnly; Secure; SameSite=None"),
        "{cookie}"
    );
    assert!(
        !cookie.contains("Max-Age") && !cookie.contains("Expires"),
        "it ends with the browser: {cookie}"
    );
    let mut browser = own.browser();
    browser.cookies.insert(
        "who".to_owned(),
        cookie[4..].split(';').next().unwrap().to_owned(),
    );
    assert_eq!(whoami(&mut browser).await, 200);
}

#[tokio::test]
async fn cookies_are_secure_unless_in_development() {
    let server = TestServer::build().set("dev", false).set("dsn", "memory");
    let server = server.start().await;
    let attributes = cookie(&server, SESSION).await;
    assert!(attributes.contains("; Secure"), "{attributes}");
}
