//! Forged requests: a browser proves that one of our forms was filled in, an app that it is no browser.

use axum::body::Body;
use http::Method;
use ipse_testkit::{Client, Flow, Reply, TestServer};
use serde_json::{Value, json};

use crate::steps::{
    OTHER, PASSWORD, can_sign_in, complaint, identities, new_password, person, sign_up, signed_in,
};

const VIOLATION: (u16, &str) = (403, "security_csrf_violation");

fn csrf_cookie(client: &Client) -> (String, String) {
    let found = client
        .cookies
        .iter()
        .find(|(name, _)| name.starts_with("csrf_token_"))
        .unwrap();
    (found.0.clone(), found.1.clone())
}

fn refused(reply: &Reply) {
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        VIOLATION,
        "{}",
        reply.text()
    );
    assert_eq!(reply.set_cookie("ory_kratos_session"), None);
}

fn with_token(mut fields: Value, token: &str) -> Value {
    fields["csrf_token"] = token.into();
    fields
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let server = TestServer::new().await;
    let (mut ajax, ada) = signed_in(&server, server.ajax(), "ada").await;
    let flow = ajax.start("settings").await;
    let mut stranger = server.ajax();
    let strangers = stranger.start("login").await;
    for token in ["", "nonsense", strangers.csrf_token()] {
        refused(
            &ajax
                .submit(&flow, with_token(new_password(OTHER), token))
                .await,
        );
        let login = server.ajax().start("login").await;
        let fields = json!({ "method": "password", "identifier": ada.email, "password": PASSWORD });
        let mut other = server.ajax();
        other.start("login").await;
        refused(&other.submit(&login, with_token(fields, token)).await);
        let registration = other.start("registration").await;
        refused(
            &other
                .submit(
                    &registration,
                    with_token(sign_up("eve@example.org", PASSWORD), token),
                )
                .await,
        );
    }
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    assert_eq!(identities(&server).await.len(), 1);
}

#[tokio::test]
async fn a_token_without_its_cookie_is_worth_nothing() {
    let server = TestServer::new().await;
    let (mut ajax, ada) = signed_in(&server, server.ajax(), "ada").await;
    let flow = ajax.start("settings").await;
    let (name, secret) = csrf_cookie(&ajax);
    ajax.cookies.remove(&name);
    refused(&ajax.submit(&flow, new_password(OTHER)).await);
    let mut stranger = server.ajax();
    stranger.start("login").await;
    ajax.cookies.insert(name.clone(), csrf_cookie(&stranger).1);
    refused(&ajax.submit(&flow, new_password(OTHER)).await);
    ajax.cookies.insert(name.clone(), "nonsense".to_owned());
    refused(&ajax.submit(&flow, new_password(OTHER)).await);
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    ajax.cookies.insert(name, secret);
    assert_eq!(ajax.submit(&flow, new_password(OTHER)).await.status, 200);
}

#[tokio::test]
async fn a_browser_is_led_to_the_error_page() {
    let server = TestServer::new().await;
    let (mut browser, _) = signed_in(&server, server.browser(), "ada").await;
    let flow = browser.start("settings").await;
    let reply = browser
        .submit(&flow, with_token(new_password(OTHER), "nonsense"))
        .await;
    assert!(
        reply.location().starts_with("http://ui.test/error?id="),
        "{}",
        reply.location()
    );
    let id = reply.location_query("id").unwrap();
    let kept = browser
        .get_json(&format!("/self-service/errors?id={id}"))
        .await;
    assert_eq!(kept.json()["error"]["id"], VIOLATION.1);
}

#[tokio::test]
async fn tokens_differ_each_time_and_all_of_them_count() {
    let server = TestServer::new().await;
    let (mut ajax, _) = signed_in(&server, server.ajax(), "ada").await;
    let (one, other) = (ajax.start("settings").await, ajax.start("settings").await);
    assert_ne!(
        one.csrf_token(),
        other.csrf_token(),
        "what is compressed along with a token can't be used to guess it"
    );
    let reply = ajax
        .submit(&one, with_token(new_password(OTHER), other.csrf_token()))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn signing_in_changes_the_secret() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    let mut ajax = server.ajax();
    let before = ajax.start("login").await;
    let (_, secret) = csrf_cookie(&ajax);
    ajax.sign_in(&ada).await;
    assert_ne!(csrf_cookie(&ajax).1, secret);
    let flow = ajax.start("settings").await;
    refused(
        &ajax
            .submit(&flow, with_token(new_password(OTHER), before.csrf_token()))
            .await,
    );

    let mut newcomer = server.ajax();
    let flow = newcomer.start("registration").await;
    let (_, secret) = csrf_cookie(&newcomer);
    assert_eq!(
        newcomer
            .submit(&flow, sign_up("eve@example.org", PASSWORD))
            .await
            .status,
        200
    );
    assert_ne!(csrf_cookie(&newcomer).1, secret);
}

/// Submits a native flow with one more header.
async fn submit_with(
    client: &mut Client,
    flow: &Flow,
    fields: &Value,
    header: (&'static str, &str),
) -> Reply {
    let mut request = client.request(Method::POST, flow.action(), Body::from(fields.to_string()));
    request
        .headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    request
        .headers_mut()
        .insert(header.0, header.1.parse().unwrap());
    client.send(request).await
}

#[tokio::test]
async fn a_browser_can_not_work_on_a_flow_without_protection() {
    let server = TestServer::new().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let settings = app.start("settings").await;
    let login = server.native().start("login").await;
    let registration = server.native().start("registration").await;
    let sign_in = json!({ "method": "password", "identifier": ada.email, "password": PASSWORD });
    for header in [
        ("origin", "https://evil.example.com"),
        ("cookie", "some=cookie"),
    ] {
        for (flow, fields) in [
            (&settings, new_password(OTHER)),
            (&login, sign_in.clone()),
            (&registration, sign_up("eve@example.org", PASSWORD)),
        ] {
            let mut client = if flow.id() == settings.id() {
                app.clone()
            } else {
                server.native()
            };
            let said = complaint(&submit_with(&mut client, flow, &fields, header).await);
            assert_eq!(said.messages()[0].0, 4_000_001);
        }
    }
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    assert_eq!(identities(&server).await.len(), 1);
}

#[tokio::test]
async fn the_cookie_is_set_once_and_kept_from_scripts() {
    let server = TestServer::new().await;
    let mut ajax = server.ajax();
    let reply = ajax.get("/self-service/login/browser").await;
    let (name, _) = csrf_cookie(&ajax);
    let cookie = reply.set_cookie(&name).unwrap();
    assert!(
        cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"),
        "{cookie}"
    );
    let again = ajax.get("/self-service/login/browser").await;
    assert_eq!(again.set_cookie(&name), None);
    assert_eq!(
        server
            .native()
            .get("/self-service/login/api")
            .await
            .set_cookie(&name),
        None
    );
}
