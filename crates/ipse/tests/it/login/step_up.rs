//! From one factor to two, and back to where somebody wanted to go.

use ipse_crypto::totp::Totp;
use ipse_model::Clock as _;
use ipse_testkit::{Client, Flow, Person, Reply, TestServer};
use serde_json::json;

use super::second_factor::{enrol_app, server};
use crate::steps::{minutes, person};

const DEEP: &str = "http://ui.test/deep?in=1";

/// Somebody with an authenticator app.
async fn with_app(server: &TestServer) -> (Person, Totp) {
    let ada = person(server, "ada").await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let app = enrol_app(server, &mut client).await;
    // The code that comes next is another one.
    server.clock.advance(minutes(2));
    (ada, app)
}

/// Follows the browser to the login that it is sent to.
async fn follow(browser: &mut Client, sent: &Reply) -> Flow {
    let begun = browser.get(sent.location()).await;
    let id = begun.location_query("flow").unwrap();
    browser.fetch("login", &id).await
}

async fn confirm(server: &TestServer, browser: &mut Client, flow: &Flow, app: &Totp) -> Reply {
    let code = app.code_at(server.clock.now());
    let fields = json!({ "method": "totp", "totp_code": code });
    browser.submit(flow, fields).await
}

#[tokio::test]
async fn whoever_is_asked_for_a_second_factor_gets_where_the_way_led() {
    let server = server().await;
    let (ada, app) = with_app(&server).await;
    let mut browser = server.browser();
    let query = format!("return_to={}", DEEP.replace('?', "%3F"));
    let flow = browser.start_with("login", &query).await;
    let fields = json!({
        "method": "password", "identifier": ada.email, "password": ada.password,
    });
    let sent = browser.submit(&flow, fields).await;
    assert!(sent.location().contains("aal=aal2"), "{}", sent.location());
    let second = follow(&mut browser, &sent).await;
    assert_eq!(second.json["requested_aal"], "aal2");
    assert_eq!(second.json["return_to"], DEEP);
    let done = confirm(&server, &mut browser, &second, &app).await;
    assert_eq!(done.location(), DEEP);
}

#[tokio::test]
async fn a_step_up_keeps_where_to_return_to() {
    let server = server().await;
    let (ada, app) = with_app(&server).await;
    let mut browser = server.browser();
    browser.sign_in(&ada).await;
    let query = "aal=aal2&return_to=http://ui.test/deep%3Fin=1";
    let flow = browser.start_with("login", query).await;
    let wrong = json!({ "method": "totp", "totp_code": "000000" });
    let again = browser.submit(&flow, wrong).await;
    assert_eq!(again.location_query("flow").as_deref(), Some(flow.id()));
    let done = confirm(&server, &mut browser, &flow, &app).await;
    assert_eq!(done.location(), DEEP);
}

#[tokio::test]
async fn settings_that_need_a_second_factor_are_gone_on_with() {
    let server = server().await;
    let (ada, app) = with_app(&server).await;
    let mut browser = server.browser();
    browser.sign_in(&ada).await;
    let path = "/self-service/settings/browser?return_to=http://ui.test/deep%3Fin=1";
    let sent = browser.get(path).await;
    assert!(sent.location().contains("aal=aal2"), "{}", sent.location());
    let second = follow(&mut browser, &sent).await;
    let done = confirm(&server, &mut browser, &second, &app).await;
    let settings = browser.get(done.location()).await;
    let id = settings.location_query("flow").unwrap();
    let settings = browser.fetch("settings", &id).await;
    assert_eq!(settings.json["return_to"], DEEP);
}
