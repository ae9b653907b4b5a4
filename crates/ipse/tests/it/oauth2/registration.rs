//! Signing up, with and without a verification in between.

use ipse_testkit::{Builder, Flow};
use serde_json::{Value, json};

use super::{arrive, build, register, start, whoami};

const EMAIL: &str = "ada@example.org";

#[tokio::test]
async fn whoever_signs_up_goes_back_signed_in() {
    let (server, oauth2) = start().await;
    let challenge = oauth2.ask();
    let mut browser = server.browser();
    let flow = arrive(&mut browser, "registration", &challenge).await;
    let name = &flow.json["oauth2_login_request"]["client"]["client_name"];
    assert_eq!(name, "An app");
    let reply = register(&mut browser, &flow, EMAIL).await;
    assert_eq!(reply.location(), oauth2.goes_on(&challenge));
    let session = whoami(&mut browser).await;
    let accepted = oauth2.accepted(&challenge).unwrap();
    assert_eq!(accepted["subject"], session["identity"]["id"]);
    assert_eq!(accepted["identity_provider_session_id"], session["id"]);
    assert_eq!(accepted["amr"], json!(["password"]));
}

#[tokio::test]
async fn a_script_is_told_where_to_go_last() {
    let (server, oauth2) = start().await;
    let challenge = oauth2.ask();
    let mut script = server.ajax();
    let flow = arrive(&mut script, "registration", &challenge).await;
    let reply = register(&mut script, &flow, EMAIL).await;
    assert_eq!(reply.status, 200);
    let expected = json!([{
        "action": "redirect_browser_to", "redirect_browser_to": oauth2.goes_on(&challenge),
    }]);
    assert_eq!(reply.json()["continue_with"], expected);
}

#[tokio::test]
async fn without_a_session_the_browser_goes_back_and_a_script_does_not() {
    let (server, oauth2) = build();
    let hooks = "selfservice.flows.registration.after.password.hooks";
    let server = server.set(hooks, json!([])).start().await;
    let challenge = oauth2.ask();
    let mut browser = server.browser();
    let flow = arrive(&mut browser, "registration", &challenge).await;
    let reply = register(&mut browser, &flow, EMAIL).await;
    assert_eq!(reply.location(), oauth2.goes_on(&challenge));
    let accepted = oauth2.accepted(&challenge).unwrap();
    assert_eq!(accepted["identity_provider_session_id"], Value::Null);

    let challenge = oauth2.ask();
    let mut script = server.ajax();
    let flow = arrive(&mut script, "registration", &challenge).await;
    let reply = register(&mut script, &flow, "bob@example.org").await;
    assert_eq!(reply.status, 200);
    assert_eq!(oauth2.accepted(&challenge), None);
}

/// With a verification that people are led to.
fn verifying(server: Builder) -> Builder {
    server
        .set("selfservice.flows.verification.enabled", true)
        .set("selfservice.methods.code.enabled", true)
        .set(
            "selfservice.flows.registration.after.password.hooks",
            json!([{ "hook": "session" }, { "hook": "show_verification_ui" }]),
        )
}

#[tokio::test]
async fn a_verification_comes_before_the_way_back() {
    let (server, oauth2) = build();
    let server = verifying(server).start().await;
    let challenge = oauth2.ask();
    let mut browser = server.browser();
    let flow = arrive(&mut browser, "registration", &challenge).await;
    let reply = register(&mut browser, &flow, EMAIL).await;
    let page = "http://ui.test/verification?flow=";
    assert!(reply.location().starts_with(page), "{}", reply.location());
    assert_eq!(oauth2.accepted(&challenge), None);
    let session = whoami(&mut browser).await;

    let id = reply.location_query("flow").unwrap();
    let flow = browser.fetch("verification", &id).await;
    let code = crate::codes::code_for(&server, EMAIL).await;
    let reply = browser
        .submit(&flow, json!({ "method": "code", "code": code }))
        .await;
    assert_eq!(reply.location(), oauth2.goes_on(&challenge));
    let accepted = oauth2.accepted(&challenge).unwrap();
    assert_eq!(accepted["identity_provider_session_id"], session["id"]);
    assert_eq!(accepted["subject"], session["identity"]["id"]);
}

/// Signs up in a script and verifies the address; the login request and the verification flow in the end.
async fn verified_by_script(too_late: bool) -> (String, Flow) {
    let (server, oauth2) = build();
    let server = verifying(server).start().await;
    let challenge = oauth2.ask();
    let mut script = server.ajax();
    let flow = arrive(&mut script, "registration", &challenge).await;
    let reply = register(&mut script, &flow, EMAIL).await;
    let next = reply.json()["continue_with"].clone();
    assert_eq!(next[0]["redirect_browser_to"], "http://ui.test/");
    assert_eq!(next[1]["action"], "show_verification_ui");
    assert_eq!(oauth2.accepted(&challenge), None);
    if too_late {
        let gone = r#"{"error": "Not Found"}"#.to_owned();
        oauth2.trouble(Some(ipse_testkit::Trouble::Answers(404, gone)));
    }
    let id = next[1]["flow"]["id"].as_str().unwrap();
    let flow = script.fetch("verification", id).await;
    let code = crate::codes::code_for(&server, EMAIL).await;
    let reply = script
        .submit(&flow, json!({ "method": "code", "code": code }))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(oauth2.accepted(&challenge).is_some(), !too_late);
    (oauth2.goes_on(&challenge), Flow::of(&reply))
}

fn link(flow: &Flow) -> Value {
    let nodes = flow.json["ui"]["nodes"].as_array().unwrap();
    let link = nodes
        .iter()
        .find(|node| node["attributes"]["id"] == "continue");
    link.unwrap()["attributes"]["href"].clone()
}

#[tokio::test]
async fn a_script_finds_the_way_back_behind_the_verification() {
    let (goes_on, flow) = verified_by_script(false).await;
    assert_eq!(flow.json["state"], "passed_challenge");
    assert_eq!(link(&flow), json!(goes_on));
    assert_eq!(flow.action(), "http://ui.test/");
}

#[tokio::test]
async fn a_login_request_that_is_out_of_date_keeps_no_address_from_being_verified() {
    let (_, flow) = verified_by_script(true).await;
    assert_eq!(flow.json["state"], "passed_challenge");
    assert_eq!(link(&flow), json!("http://ui.test/"));
}
