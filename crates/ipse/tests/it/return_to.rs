//! Where a browser may be sent when a flow is over: held against everything that tries to lead it elsewhere.

use ipse_testkit::{Builder, TestServer};
use serde_json::json;

use crate::steps::{person, signed_in};

const FORBIDDEN: &str = "self_service_flow_return_to_forbidden";

fn build() -> Builder {
    let allowed = json!([
        "http://ui.test/",
        "https://app.example.org/inside",
        "https://*.wild.example.org",
        "https://bücher.example",
        "myapp://callback"
    ]);
    TestServer::build().set("selfservice.allowed_return_urls", allowed)
}

/// A value for a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

const OUTSIDE: [&str; 32] = [
    "https://evil.example.com/",
    "//evil.example.com/",
    "///evil.example.com/",
    "////evil.example.com",
    r"/\evil.example.com/",
    r"\/evil.example.com/",
    r"\\evil.example.com/",
    r"https:/\evil.example.com",
    "https:evil.example.com",
    "http:/evil.example.com",
    "/\t/evil.example.com",
    "/\n/evil.example.com",
    "\u{1}//evil.example.com",
    " //evil.example.com",
    "http://ui.test@evil.example.com/",
    "http://ui.test:80@evil.example.com/",
    "http://user@ui.test/",
    "http://user:password@ui.test/",
    "http://ui.test.evil.example.com/",
    "http://ui.test:8080/",
    "https://ui.test/",
    "http://ui.test./",
    "https://app.example.org/outside",
    "https://app.example.org/inside/../outside",
    "https://app.example.org/inside/%2e%2e/outside",
    "https://wild.example.org/",
    "https://evilwild.example.org/",
    "https://xn--evl-hoa.example/",
    "https://app.example.org%2f@evil.example.com/inside",
    "javascript:alert(1)",
    "data:text/html,hello",
    "myapp://elsewhere",
];

#[tokio::test]
async fn nobody_is_led_outside() {
    let server = build().start().await;
    let (mut signed_in, _) = signed_in(&server, server.ajax(), "ada").await;
    for to in OUTSIDE {
        for flow in ["login", "registration"] {
            let path = format!("/self-service/{flow}/browser?return_to={}", encoded(to));
            let reply = server.ajax().get(&path).await;
            assert_eq!(
                (reply.status.as_u16(), &*reply.error_id()),
                (400, FORBIDDEN),
                "{flow}: {to}"
            );
            let reply = server.browser().get(&path).await;
            assert!(
                reply.location().starts_with("http://ui.test/error?id="),
                "{flow}: {to}: {}",
                reply.location()
            );
        }
        let path = format!("/self-service/settings/browser?return_to={}", encoded(to));
        let reply = signed_in.get(&path).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.error_id()),
            (400, FORBIDDEN),
            "settings: {to}"
        );
        let path = format!("/self-service/logout/browser?return_to={}", encoded(to));
        assert_eq!(signed_in.get(&path).await.status, 400, "logout: {to}");
        // Who is signed in already is led on at once.
        let mut browser = server.browser();
        browser.cookies.clone_from(&signed_in.cookies);
        let path = format!("/self-service/login/browser?return_to={}", encoded(to));
        let reply = browser.get(&path).await;
        assert!(
            reply.location().starts_with("http://ui.test/error?id="),
            "{to}: {}",
            reply.location()
        );
    }
}

#[tokio::test]
async fn what_is_allowed_is_gone_to() {
    let server = build().start().await;
    let ada = person(&server, "ada").await;
    for (to, there) in [
        ("http://ui.test/", "http://ui.test/"),
        ("HTTP://UI.Test:80/Page?a=b#c", "http://ui.test/Page?a=b#c"),
        ("/relative", "http://ui.test/relative"),
        (
            "https://app.example.org/inside/deep",
            "https://app.example.org/inside/deep",
        ),
        (
            "https://app.example.org:443/inside",
            "https://app.example.org/inside",
        ),
        (
            "https://a.b.wild.example.org/x",
            "https://a.b.wild.example.org/x",
        ),
        (
            "https://BÜCHER.example/x",
            "https://xn--bcher-kva.example/x",
        ),
        (
            "https://xn--bcher-kva.example/x",
            "https://xn--bcher-kva.example/x",
        ),
        ("myapp://callback/x", "myapp://callback/x"),
        (
            "http://public.test/self-service/settings/browser",
            "http://public.test/self-service/settings/browser",
        ),
    ] {
        let mut browser = server.browser();
        let flow = browser
            .start_with("login", &format!("return_to={}", encoded(to)))
            .await;
        let fields =
            json!({ "method": "password", "identifier": ada.email, "password": ada.password });
        let reply = browser.submit(&flow, fields).await;
        assert_eq!(
            (reply.status.as_u16(), reply.location()),
            (303, there),
            "{to}"
        );
    }
}

#[tokio::test]
async fn what_is_not_allowed_any_more_when_the_flow_ends_is_not_gone_to() {
    let server = build().start().await;
    let (mut browser, ada) = signed_in(&server, server.browser(), "ada").await;
    let flow = browser
        .start_with("settings", "return_to=https://app.example.org/inside")
        .await;
    server
        .reload(&[(
            "selfservice.allowed_return_urls",
            json!(["http://ui.test/"]),
        )])
        .await
        .unwrap();
    let reply = browser
        .submit(
            &flow,
            json!({ "method": "profile", "traits": { "email": ada.email } }),
        )
        .await;
    assert!(
        !reply.location().contains("app.example.org"),
        "{}",
        reply.location()
    );
}
