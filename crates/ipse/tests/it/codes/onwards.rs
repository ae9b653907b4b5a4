//! Where recovery and verification lead to: addresses to return to, and accounts with a second factor.

use ipse_crypto::totp::Totp;
use ipse_model::{Clock as _, SignedDuration};
use ipse_testkit::{Flow, TestServer};
use serde_json::json;

use super::{PASSWORD, build, build_with_links, code_for, link_for};

const BACK: &str = "return_to=http%3A%2F%2Fui.test%2Fback";

#[tokio::test]
async fn verification_ends_where_it_was_said_to() {
    let server = build().start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut browser = server.browser();
    let form = browser.start_with("verification", BACK).await;
    let asked = json!({ "method": "code", "email": ada.email });
    browser.submit(&form, asked).await;
    let flow = browser.fetch("verification", form.id()).await;
    let code = code_for(&server, &ada.email).await;
    browser
        .submit(&flow, json!({ "method": "code", "code": code }))
        .await;
    let flow = browser.fetch("verification", form.id()).await;
    assert_eq!(flow.json["state"], "passed_challenge");
    assert_eq!(flow.action(), "http://ui.test/back");
}

#[tokio::test]
async fn what_returns_after_a_recovery_returns_after_its_settings() {
    let server = build_with_links().start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut asking = server.browser();
    let form = asking.start_with("recovery", BACK).await;
    let asked = json!({ "method": "link", "email": ada.email });
    asking.submit(&form, asked).await;
    // The mail is opened elsewhere.
    let mut browser = server.browser();
    let reply = browser.get(&link_for(&server, &ada.email).await).await;
    let settings = reply.location_query("flow").unwrap();
    let settings = browser.fetch("settings", &settings).await;
    assert_eq!(settings.json["return_to"], "http://ui.test/back");
}

#[tokio::test]
async fn an_address_outside_is_refused_at_the_start() {
    let server = build().start().await;
    for flow in ["verification", "recovery"] {
        let path = format!("/self-service/{flow}/api?return_to=https://evil.example.com/");
        assert_eq!(server.native().get(&path).await.status, 400, "{flow}");
    }
}

async fn enrol(server: &TestServer, person: &ipse_testkit::Person) -> Totp {
    let mut client = server.native();
    client.sign_in(person).await;
    let flow = client.start("settings").await;
    let nodes = flow.json["ui"]["nodes"].as_array().unwrap();
    let mut nodes = nodes.iter();
    let node = nodes.find(|node| node["attributes"]["id"] == "totp_secret_key");
    let secret = &node.unwrap()["attributes"]["text"]["context"]["secret"];
    let url = format!("otpauth://totp/a?secret={}", secret.as_str().unwrap());
    let totp = Totp::from_url(&url).unwrap();
    let code = totp.code_at(server.clock.now());
    let fields = json!({ "method": "totp", "totp_code": code });
    assert_eq!(client.submit(&flow, fields).await.status, 200);
    totp
}

#[tokio::test]
async fn a_recovered_account_still_asks_for_its_second_factor() {
    let server = build()
        .set("selfservice.methods.totp.enabled", true)
        .set("session.whoami.required_aal", "highest_available")
        .set(
            "selfservice.flows.settings.required_aal",
            "highest_available",
        )
        .start()
        .await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let totp = enrol(&server, &ada).await;
    let mut client = server.ajax();
    let form = client.start("recovery").await;
    let asked = json!({ "method": "code", "email": ada.email });
    let flow = Flow::of(&client.submit(&form, asked).await);
    let code = code_for(&server, &ada.email).await;
    let reply = client
        .submit(&flow, json!({ "method": "code", "code": code }))
        .await;
    assert_eq!(reply.status, 422, "{}", reply.text());
    let settings = reply.json()["redirect_browser_to"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = settings.split("flow=").nth(1).unwrap();
    let path = format!("/self-service/settings/flows?id={id}");
    let reply = client.get(&path).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id()),
        (403, "session_aal2_required".to_owned())
    );
    let reply = client.get("/sessions/whoami").await;
    assert_eq!(reply.error_id(), "session_aal2_required");

    server.clock.advance(SignedDuration::from_secs(60));
    let form = client.start_with("login", "aal=aal2").await;
    let code = totp.code_at(server.clock.now());
    let fields = json!({ "method": "totp", "totp_code": code });
    assert_eq!(client.submit(&form, fields).await.status, 200);
    assert_eq!(client.get(&path).await.status, 200);
}
