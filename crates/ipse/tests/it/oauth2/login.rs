//! Signing in.

use ipse_testkit::Flow;
use serde_json::{Value, json};

use super::{PASSWORD, arrive, build, register, sign_in, start, whoami};

#[tokio::test]
async fn a_browser_goes_on_where_the_oauth2_server_says() {
    let (server, oauth2) = start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let challenge = oauth2.ask();
    let mut browser = server.browser();
    let flow = arrive(&mut browser, "login", &challenge).await;
    assert_eq!(flow.json["oauth2_login_challenge"], json!(challenge));
    let shown = &flow.json["oauth2_login_request"];
    assert_eq!(shown["client"]["client_name"], "An app");
    assert_eq!(oauth2.accepted(&challenge), None);

    let reply = sign_in(&mut browser, &flow, &ada.email).await;
    assert_eq!(reply.status, 303);
    assert_eq!(reply.location(), oauth2.goes_on(&challenge));
    let session = whoami(&mut browser).await;
    let expected = json!({
        "subject": ada.id, "identity_provider_session_id": session["id"],
        "amr": ["password"], "remember": true, "remember_for": 86_400,
    });
    assert_eq!(oauth2.accepted(&challenge), Some(expected));
    let (_, last) = oauth2.calls();
    assert_eq!(last.unwrap().headers()["authorization"], "Bearer swordfish");
}

#[tokio::test]
async fn a_script_is_told_where_the_browser_has_to_go() {
    let (server, oauth2) = build();
    let server = server
        .set("session.cookie.persistent", false)
        .set("session.lifespan", "1h")
        .start()
        .await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let challenge = oauth2.ask();
    let mut script = server.ajax();
    let flow = arrive(&mut script, "login", &challenge).await;
    assert_eq!(flow.json["oauth2_login_request"]["skip"], false);
    let reply = sign_in(&mut script, &flow, &ada.email).await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.error_id(), "browser_location_change_required");
    let expected = oauth2.goes_on(&challenge);
    assert_eq!(reply.json()["redirect_browser_to"], json!(expected));
    let accepted = oauth2.accepted(&challenge).unwrap();
    let remembered = (&accepted["remember"], &accepted["remember_for"]);
    assert_eq!(remembered, (&json!(false), &json!(3600)));
}

#[tokio::test]
async fn a_form_with_a_mistake_still_shows_who_asks() {
    let (server, oauth2) = start().await;
    server.identity("ada").password(PASSWORD).create().await;
    let challenge = oauth2.ask();
    let mut script = server.ajax();
    let flow = arrive(&mut script, "login", &challenge).await;
    let reply = sign_in(&mut script, &flow, "nobody@example.org").await;
    assert_eq!(reply.status, 400);
    let again = Flow::of(&reply);
    assert_eq!(
        again.json["oauth2_login_request"]["client"]["client_id"],
        "app"
    );
    assert_eq!(oauth2.accepted(&challenge), None);
}

#[tokio::test]
async fn whoever_is_remembered_goes_straight_back() {
    let (server, oauth2) = start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut browser = server.browser();
    browser.sign_in(&ada).await;
    let session = whoami(&mut browser).await;
    for flow in ["login", "registration"] {
        let challenge = oauth2.ask_for(&ada.id);
        let path = format!("/self-service/{flow}/browser?login_challenge={challenge}");
        let reply = browser.get(&path).await;
        assert_eq!(reply.status, 303);
        assert_eq!(reply.location(), oauth2.goes_on(&challenge));
        let accepted = oauth2.accepted(&challenge).unwrap();
        assert_eq!(accepted["subject"], json!(ada.id));
        assert_eq!(accepted["identity_provider_session_id"], session["id"]);

        let challenge = oauth2.ask_for(&ada.id);
        let path = format!("/self-service/{flow}/browser?login_challenge={challenge}");
        let reply = browser.get_json(&path).await;
        assert_eq!(reply.error_id(), "session_already_available");
        let expected = json!(oauth2.goes_on(&challenge));
        assert_eq!(reply.json()["redirect_browser_to"], expected);
    }
}

#[tokio::test]
async fn whoever_is_not_remembered_proves_it_again() {
    let (server, oauth2) = start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut browser = server.browser();
    browser.sign_in(&ada).await;
    let before = whoami(&mut browser).await;
    let challenge = oauth2.ask();
    let flow = arrive(&mut browser, "login", &challenge).await;
    assert_eq!(flow.json["refresh"], true);
    let reply = sign_in(&mut browser, &flow, &ada.email).await;
    assert_eq!(reply.location(), oauth2.goes_on(&challenge));
    let accepted = oauth2.accepted(&challenge).unwrap();
    assert_eq!(accepted["identity_provider_session_id"], before["id"]);

    // Signing up is nothing for somebody who is signed in.
    let challenge = oauth2.ask();
    let path = format!("/self-service/registration/browser?login_challenge={challenge}&a=b");
    let reply = browser.get(&path).await;
    let login = "http://public.test/self-service/login/browser";
    let expected = format!("{login}?login_challenge={challenge}&a=b");
    assert_eq!(reply.location(), expected);
}

#[tokio::test]
async fn somebody_else_than_expected_begins_anew_at_the_oauth2_server() {
    let (server, oauth2) = start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut browser = server.browser();
    browser.sign_in(&ada).await;
    let challenge = oauth2.ask_for("somebody else");
    let path = format!("/self-service/login/browser?login_challenge={challenge}");
    let reply = browser.get(&path).await;
    assert!(
        reply.location().ends_with("&prompt=login"),
        "{}",
        reply.location()
    );
    assert_eq!(oauth2.accepted(&challenge), None);
}

#[tokio::test]
async fn whoever_signs_in_elsewhere_meanwhile_is_not_led_astray() {
    let (server, oauth2) = start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut browser = server.browser();
    let challenge = oauth2.ask();
    let flow = arrive(&mut browser, "login", &challenge).await;
    browser.sign_in(&ada).await;
    let reply = sign_in(&mut browser, &flow, &ada.email).await;
    let login = "http://public.test/self-service/login/browser";
    assert_eq!(
        reply.location(),
        format!("{login}?login_challenge={challenge}")
    );
}

#[tokio::test]
async fn an_app_has_no_browser_that_could_go_back() {
    let (server, oauth2) = start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let challenge = oauth2.ask();
    let mut app = server.native();
    let flow = arrive(&mut app, "login", &challenge).await;
    assert_eq!(flow.json["oauth2_login_challenge"], json!(challenge));
    assert_eq!(flow.json["oauth2_login_request"], Value::Null);
    let reply = sign_in(&mut app, &flow, &ada.email).await;
    assert_eq!(reply.status, 200);
    assert_eq!(oauth2.accepted(&challenge), None);
}

#[tokio::test]
async fn the_way_back_can_survive_other_flows() {
    let (server, oauth2) = build();
    let server = server
        .set("oauth2_provider.override_return_to", true)
        .set(
            "selfservice.allowed_return_urls",
            json!(["http://ui.test/", "http://oauth2.test:4444/"]),
        )
        .start()
        .await;
    let challenge = oauth2.ask();
    let query = format!("login_challenge={challenge}&return_to=http%3A%2F%2Fui.test%2Fa&x=y");
    let flow = server.ajax().start_with("login", &query).await;
    let from = flow.json["oauth2_login_request"]["request_url"].clone();
    assert_eq!(flow.json["return_to"], from);
    let request_url: url::Url = flow.json["request_url"].as_str().unwrap().parse().unwrap();
    let query: Vec<_> = request_url.query_pairs().into_owned().collect();
    let names: Vec<_> = query.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["login_challenge", "x", "return_to"]);
    assert_eq!(json!(query[2].1), from);
}

#[tokio::test]
async fn the_way_back_has_to_be_allowed() {
    let (server, oauth2) = build();
    let server = server.set("oauth2_provider.override_return_to", true);
    let server = server.start().await;
    let path = format!(
        "/self-service/login/browser?login_challenge={}",
        oauth2.ask()
    );
    let reply = server.ajax().get(&path).await;
    assert_eq!(reply.error_id(), "self_service_flow_return_to_forbidden");
}

#[tokio::test]
async fn without_the_switch_return_to_is_what_it_was() {
    let (server, oauth2) = start().await;
    let query = format!(
        "login_challenge={}&return_to=http%3A%2F%2Fui.test%2Fa",
        oauth2.ask()
    );
    let flow = server.ajax().start_with("registration", &query).await;
    assert_eq!(flow.json["return_to"], "http://ui.test/a");
    let reply = register(&mut server.ajax(), &flow, "ada@example.org").await;
    assert_eq!(reply.status, 403, "another browser's flow");
}
