//! Signing up on two screens: first the profile, then a credential.

use ipse_testkit::{Client, Flow, TestServer};
use serde_json::{Value, json};

use crate::steps::{PASSWORD, can_sign_in, complaint, identities, person};

async fn server() -> TestServer {
    TestServer::build()
        .set(
            "selfservice.flows.registration.enable_legacy_one_step",
            false,
        )
        .start()
        .await
}

fn traits() -> Value {
    json!({ "email": "ada@example.org", "name": { "first": "Ada" } })
}

/// The second screen. That it comes as 400 is what clients know.
async fn second_screen(client: &mut Client, flow: &Flow) -> Flow {
    complaint(
        &client
            .submit(flow, json!({ "method": "profile", "traits": traits() }))
            .await,
    )
}

#[tokio::test]
async fn the_profile_comes_first_and_the_password_second() {
    let server = server().await;
    for (mut client, email) in [
        (server.native(), "ada@example.org"),
        (server.ajax(), "bob@example.org"),
    ] {
        let flow = client.start("registration").await;
        assert!(flow.node("traits.email").is_some() && flow.node("password").is_none());
        let second = second_screen(&mut client, &flow).await;
        assert_eq!(second.id(), flow.id());
        assert!(second.node("password").is_some());
        assert_eq!(second.node("traits.email").unwrap()["type"], "hidden");
        assert_eq!(second.node("traits.name.first").unwrap()["value"], "Ada");
        assert!(
            identities(&server)
                .await
                .iter()
                .all(|identity| identity["traits"]["email"] != email)
        );
        let mut fields = json!({ "method": "password", "password": PASSWORD, "traits": traits() });
        fields["traits"]["email"] = email.into();
        let reply = client.submit(&second, fields).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(can_sign_in(&server, email, PASSWORD).await);
    }
}

#[tokio::test]
async fn a_browser_sees_one_screen_after_the_other() {
    let server = server().await;
    let mut browser = server.browser();
    let flow = browser.start("registration").await;
    let reply = browser
        .submit(&flow, json!({ "method": "profile", "traits": traits() }))
        .await;
    let page = format!("http://ui.test/registration?flow={}", flow.id());
    assert_eq!((reply.status.as_u16(), reply.location()), (303, &*page));
    let second = browser.fetch("registration", flow.id()).await;
    let back = second.json["ui"]["nodes"].as_array().unwrap().iter();
    assert!(
        back.clone()
            .any(|node| node["attributes"]["value"] == "previous"),
        "there is a way back"
    );
    let reply = browser
        .submit(
            &second,
            json!({ "method": "password", "password": PASSWORD, "traits": traits() }),
        )
        .await;
    assert_eq!(reply.location(), "http://ui.test/", "{}", reply.text());
    assert!(can_sign_in(&server, "ada@example.org", PASSWORD).await);
}

#[tokio::test]
async fn there_is_a_way_back_that_loses_nothing() {
    let server = server().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    let second = second_screen(&mut app, &flow).await;
    let fields = json!({ "method": "profile", "screen": "previous", "traits": traits() });
    let first = complaint(&app.submit(&second, fields).await);
    assert!(first.node("password").is_none());
    assert_eq!(first.node("traits.email").unwrap()["type"], "email");
    assert_eq!(
        first.node("traits.email").unwrap()["value"],
        "ada@example.org"
    );
    assert!(
        second_screen(&mut app, &first)
            .await
            .node("password")
            .is_some()
    );
}

#[tokio::test]
async fn a_profile_that_does_not_fit_stays_on_the_first_screen() {
    let server = server().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    let fields = json!({ "method": "profile", "traits": { "email": "notanemail" } });
    let said = complaint(&app.submit(&flow, fields).await);
    assert_eq!(said.messages_of("traits.email")[0].0, 4_000_040);
    assert!(said.node("password").is_none());
    let fields = json!({ "method": "profile", "screen": "nowhere", "traits": traits() });
    let said = complaint(&app.submit(&flow, fields).await);
    assert_eq!(said.messages_of("screen")[0].0, 4_000_001);
    assert!(identities(&server).await.is_empty());
}

#[tokio::test]
async fn what_the_second_screen_sends_is_checked_all_over() {
    let server = server().await;
    person(&server, "ada").await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    let second = second_screen(&mut app, &flow).await;
    let submit = |traits: Value, password: &str| json!({ "method": "password", "password": password, "traits": traits });
    let said = complaint(
        &app.submit(&second, submit(json!({ "email": "notanemail" }), PASSWORD))
            .await,
    );
    assert_eq!(said.messages_of("traits.email")[0].0, 4_000_040);
    let said = complaint(&app.submit(&second, submit(traits(), "Zq7")).await);
    assert_eq!(said.messages_of("password")[0].0, 4_000_032);
    let said = complaint(&app.submit(&second, submit(traits(), PASSWORD)).await);
    assert_eq!(said.messages()[0].0, 4_000_007);
    assert_eq!(identities(&server).await.len(), 1);
}

#[tokio::test]
async fn both_screens_can_be_sent_at_once() {
    let server = server().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    let fields = json!({ "method": "password", "password": PASSWORD, "traits": traits() });
    let reply = app.submit(&flow, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}
