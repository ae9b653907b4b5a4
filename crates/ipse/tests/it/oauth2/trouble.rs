//! Login requests that nobody knows, and an OAuth 2.0 server that is of no use: what is said, and that nothing is half done.

use http::Method;
use ipse_testkit::{Reply, TestServer, Trouble};
use serde_json::{Value, json};

use crate::login::second_factor::enrol_app;

use super::{PASSWORD, arrive, build, register, sign_in, start};

/// Status, code, and the status of the OAuth 2.0 server.
fn told(reply: &Reply) -> (u16, u64, Value) {
    let error = reply.json()["error"].clone();
    let code = error["code"].as_u64().unwrap_or_default();
    (
        reply.status.as_u16(),
        code,
        error["details"]["status_code"].clone(),
    )
}

async fn begin(server: &TestServer, flow: &str, challenge: &str) -> Reply {
    let path = format!("/self-service/{flow}/browser?login_challenge={challenge}");
    server.ajax().get(&path).await
}

#[tokio::test]
async fn a_login_request_has_to_be_known_and_open() {
    let (server, oauth2) = start().await;
    let used = oauth2.ask();
    oauth2.finish(&used);
    for flow in ["login", "registration"] {
        let expected = (400, 400, json!(404));
        assert_eq!(told(&begin(&server, flow, "unheard-of").await), expected);
        let expected = (400, 400, json!(410));
        assert_eq!(told(&begin(&server, flow, &used).await), expected);
        let expected = (400, 400, Value::Null);
        assert_eq!(told(&begin(&server, flow, "").await), expected);
        let path = format!("/self-service/{flow}/browser?login_challenge={used}");
        let reply = server.browser().get(&path).await;
        assert!(reply.location().starts_with("http://ui.test/error?id="));
    }
}

#[tokio::test]
async fn without_an_oauth2_server_there_are_no_login_requests() {
    let server = TestServer::new().await;
    for flow in ["login", "registration"] {
        let expected = (500, 500, Value::Null);
        assert_eq!(told(&begin(&server, flow, "any").await), expected);
        let native = format!("/self-service/{flow}/api?login_challenge=any");
        assert_eq!(told(&server.native().get(&native).await), expected);
    }
}

fn troubles() -> [(Trouble, Value); 5] {
    let answer = |status, body: &str| Trouble::Answers(status, body.to_owned());
    [
        (Trouble::Down, Value::Null),
        (Trouble::Hangs, Value::Null),
        (answer(503, ""), json!(503)),
        (answer(200, "nonsense"), Value::Null),
        (answer(200, "[]"), Value::Null),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_flow_needs_the_oauth2_server_to_begin_and_to_be_shown() {
    let (server, oauth2) = start().await;
    let challenge = oauth2.ask();
    let mut script = server.ajax();
    let flow = arrive(&mut script, "login", &challenge).await;
    for (trouble, status) in troubles() {
        oauth2.trouble(Some(trouble));
        let expected = (500, 500, status);
        assert_eq!(told(&begin(&server, "login", &challenge).await), expected);
        let shown = script
            .get(&format!("/self-service/login/flows?id={}", flow.id()))
            .await;
        assert_eq!(told(&shown), expected);
    }
    oauth2.trouble(None);
    script.fetch("login", flow.id()).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_half_signed_in() {
    let (server, oauth2) = start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let challenge = oauth2.ask();
    let mut script = server.ajax();
    let flow = arrive(&mut script, "login", &challenge).await;
    let nowhere = r#"{"redirect_to": "javascript:alert(1)"}"#.to_owned();
    let worse = [(Trouble::Answers(200, nowhere), Value::Null)];
    for (trouble, status) in troubles().into_iter().chain(worse) {
        oauth2.trouble(Some(trouble));
        let reply = sign_in(&mut script, &flow, &ada.email).await;
        assert_eq!(told(&reply), (500, 500, status));
        assert_eq!(reply.set_cookie("ory_kratos_session"), None);
        assert_eq!(sessions(&server).await, 0);
    }
    oauth2.trouble(None);
    assert_eq!(sign_in(&mut script, &flow, &ada.email).await.status, 422);
    assert_eq!(sessions(&server).await, 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_half_signed_up() {
    let (server, oauth2) = start().await;
    let challenge = oauth2.ask();
    let mut browser = server.browser();
    let flow = arrive(&mut browser, "registration", &challenge).await;
    for (trouble, _) in troubles() {
        oauth2.trouble(Some(trouble));
        let reply = register(&mut browser, &flow, "ada@example.org").await;
        assert!(reply.location().starts_with("http://ui.test/error?id="));
        let identities = server.admin().get("/admin/identities").await.json();
        assert_eq!((identities, sessions(&server).await), (json!([]), 0));
    }
    oauth2.trouble(None);
    let reply = register(&mut browser, &flow, "ada@example.org").await;
    assert_eq!(reply.location(), oauth2.goes_on(&challenge));
}

#[tokio::test]
async fn a_login_request_that_is_refused_in_the_end_signs_nobody_in() {
    let (server, oauth2) = start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut script = server.ajax();
    let flow = arrive(&mut script, "login", &oauth2.ask()).await;
    let body = json!({ "error": "conflict", "error_hint": "too late" });
    oauth2.trouble(Some(Trouble::Answers(409, body.to_string())));
    let reply = sign_in(&mut script, &flow, &ada.email).await;
    assert_eq!(told(&reply), (500, 500, json!(409)));
    let details = &reply.json()["error"]["details"];
    assert_eq!(details["oauth2_error_hint"], "too late");
    assert_eq!(sessions(&server).await, 0);
}

async fn sessions(server: &TestServer) -> usize {
    let reply = server.admin().get("/admin/sessions").await;
    reply.json().as_array().unwrap().len()
}

#[tokio::test]
async fn somebody_with_a_second_factor_gives_it_before_going_back() {
    let (server, oauth2) = build();
    let server = server
        .set("selfservice.methods.totp.enabled", true)
        .set("session.whoami.required_aal", "highest_available")
        .start()
        .await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut app = server.native();
    app.sign_in(&ada).await;
    let totp = enrol_app(&server, &mut app).await;

    let challenge = oauth2.ask();
    let mut browser = server.browser();
    let flow = arrive(&mut browser, "login", &challenge).await;
    let reply = sign_in(&mut browser, &flow, &ada.email).await;
    let step_up = "http://public.test/self-service/login/browser?aal=aal2&login_challenge=";
    assert_eq!(reply.location(), format!("{step_up}{challenge}"));
    assert_eq!(oauth2.accepted(&challenge), None);

    // Neither does a session that lacks it go straight back.
    let remembered = oauth2.ask_for(&ada.id);
    let path = format!("/self-service/login/browser?login_challenge={remembered}");
    let reply = browser.get(&path).await;
    assert_eq!(reply.location(), format!("{step_up}{remembered}"));

    let query = format!("aal=aal2&login_challenge={challenge}");
    let flow = browser.start_with("login", &query).await;
    let code = totp.code_at(ipse_model::Clock::now(&server.clock));
    let fields = json!({ "method": "totp", "totp_code": code });
    let reply = browser.submit(&flow, fields).await;
    assert_eq!(reply.location(), oauth2.goes_on(&challenge));
    let accepted = oauth2.accepted(&challenge).unwrap();
    assert_eq!(accepted["amr"], json!(["password", "totp"]));
}

#[tokio::test]
async fn the_oauth2_server_can_end_a_session_it_was_told_of() {
    let (server, oauth2) = start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let challenge = oauth2.ask();
    let mut browser = server.browser();
    let flow = arrive(&mut browser, "login", &challenge).await;
    sign_in(&mut browser, &flow, &ada.email).await;
    let accepted = oauth2.accepted(&challenge).unwrap();
    let session = accepted["identity_provider_session_id"].as_str().unwrap();
    let path = format!("/admin/sessions/{session}");
    let reply = server.admin().call(Method::DELETE, &path).await;
    assert_eq!(reply.status, 204);
    assert_eq!(browser.get_json("/sessions/whoami").await.status, 401);
}
