//! Getting back into an account.

use ipse_model::SignedDuration;
use ipse_testkit::{Client, Flow, Person, Reply, TestServer};
use serde_json::{Value, json};

use super::{PASSWORD, build, build_with_links, code_for, is_verified, link_for, wrong};

async fn ask(client: &mut Client, email: &str, method: &str) -> Flow {
    let flow = client.start("recovery").await;
    let reply = client
        .submit(&flow, json!({ "method": method, "email": email }))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    Flow::of(&reply)
}

async fn submit(client: &mut Client, flow: &Flow, code: &str) -> Reply {
    client
        .submit(flow, json!({ "method": "code", "code": code }))
        .await
}

async fn ada(server: &TestServer) -> Person {
    server.identity("ada").password(PASSWORD).create().await
}

/// The last part of an answer's address.
fn settings_of(address: &Value) -> String {
    address
        .as_str()
        .unwrap()
        .split("flow=")
        .nth(1)
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_code_signs_in_and_leads_to_the_settings() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut client = server.ajax();
    let flow = ask(&mut client, &ada.email, "code").await;
    let code = code_for(&server, &ada.email).await;
    assert_eq!(
        submit(&mut client, &flow, &wrong(&code))
            .await
            .message_ids(),
        [4_060_006]
    );

    let reply = submit(&mut client, &flow, &code).await;
    assert_eq!(reply.status, 422);
    let settings = settings_of(&reply.json()["redirect_browser_to"]);
    let session = client.get("/sessions/whoami").await.json();
    assert_eq!(
        session["authentication_methods"][0]["method"],
        "code_recovery"
    );
    assert_eq!(session["authenticator_assurance_level"], "aal1");
    assert!(is_verified(&server, &ada.id).await);

    let flow = client.fetch("settings", &settings).await;
    assert_eq!(flow.messages()[0].0, 1_060_001);
    let new = json!({ "method": "password", "password": "quite another password 17" });
    assert_eq!(client.submit(&flow, new).await.status, 200);
}

#[tokio::test]
async fn an_app_gets_its_token_where_transitions_are_on() {
    let server = build()
        .set("feature_flags.use_continue_with_transitions", true)
        .start()
        .await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let flow = ask(&mut client, &ada.email, "code").await;
    let reply = submit(&mut client, &flow, &code_for(&server, &ada.email).await).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let next = &reply.json()["continue_with"];
    assert_eq!(
        (&next[0]["action"], &next[1]["action"]),
        (&json!("set_ory_session_token"), &json!("show_settings_ui"))
    );
    client.token = next[0]["ory_session_token"].as_str().map(str::to_owned);
    let settings = client
        .fetch("settings", next[1]["flow"]["id"].as_str().unwrap())
        .await;
    let new = json!({ "method": "password", "password": "quite another password 17" });
    assert_eq!(client.submit(&settings, new).await.status, 200);
}

#[tokio::test]
async fn a_stranger_learns_nothing_about_who_has_an_account() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let known = ask(&mut server.native(), &ada.email, "code").await;
    let unknown = ask(&mut server.native(), "bob@example.org", "code").await;
    assert_eq!(super::names(&known), super::names(&unknown));
    assert_eq!(known.messages(), unknown.messages());
    assert_eq!(server.mails().await.len(), 1);
    assert_eq!(
        submit(&mut server.native(), &unknown, "123456")
            .await
            .message_ids(),
        [4_060_006]
    );
}

#[tokio::test]
async fn a_code_counts_once_and_in_its_flow() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let first = ask(&mut client, &ada.email, "code").await;
    let code = code_for(&server, &ada.email).await;
    let second = ask(&mut client, &ada.email, "code").await;
    assert_eq!(
        submit(&mut client, &second, &code).await.message_ids(),
        [4_060_006]
    );
    assert_eq!(submit(&mut client, &first, &code).await.status, 422);
    let again = submit(&mut client, &first, &code).await;
    assert_eq!(again.status, 303);
    let next = client
        .fetch("recovery", &again.location_query("id").unwrap())
        .await;
    assert_eq!(next.json["state"], "choose_method");
}

#[tokio::test]
async fn after_five_tries_even_the_right_code_is_refused() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let flow = ask(&mut client, &ada.email, "code").await;
    let code = code_for(&server, &ada.email).await;
    for _ in 0..5 {
        assert_eq!(submit(&mut client, &flow, &wrong(&code)).await.status, 200);
    }
    assert_eq!(submit(&mut client, &flow, &code).await.status, 303);
}

#[tokio::test]
async fn of_many_right_codes_at_once_one_counts() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let flow = ask(&mut server.native(), &ada.email, "code").await;
    let code = code_for(&server, &ada.email).await;
    let tries = (0..5).map(|_| {
        let (mut client, flow, code) = (server.native(), flow.clone(), code.clone());
        tokio::spawn(async move { submit(&mut client, &flow, &code).await.status })
    });
    let mut successes = 0;
    for one in tries.collect::<Vec<_>>() {
        successes += usize::from(one.await.unwrap() == 422);
    }
    assert_eq!(successes, 1);
}

#[tokio::test]
async fn a_form_without_its_token_is_refused_even_with_the_right_code() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut client = server.ajax();
    let flow = ask(&mut client, &ada.email, "code").await;
    let code = code_for(&server, &ada.email).await;
    let forged = json!({ "method": "code", "code": code, "csrf_token": "wrong" });
    assert_eq!(
        client.submit(&flow, forged).await.error_id(),
        "security_csrf_violation"
    );
    let path = format!("/self-service/recovery/flows?id={}", flow.id());
    assert_eq!(
        server.ajax().get(&path).await.error_id(),
        "security_csrf_violation"
    );
    assert_eq!(
        submit(&mut client, &flow, &code).await.status,
        422,
        "the code is still good"
    );
}

#[tokio::test]
async fn whoever_is_signed_in_has_nothing_to_recover() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut browser = server.browser();
    let flow = browser.start("recovery").await;
    browser.sign_in(&ada).await;
    let reply = browser.get("/self-service/recovery/browser").await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (302, "http://ui.test/")
    );
    let flow = Flow { json: flow.json };
    let reply = browser
        .submit(&flow, json!({ "method": "code", "email": ada.email }))
        .await;
    assert!(reply.status.is_redirection());
    assert_eq!(server.mails().await.len(), 0);
}

#[tokio::test]
async fn a_deactivated_account_stays_closed() {
    let server = build().start().await;
    let ada = server
        .identity("ada")
        .password(PASSWORD)
        .set("state", "inactive")
        .create()
        .await;
    let mut client = server.ajax();
    let flow = ask(&mut client, &ada.email, "code").await;
    let reply = submit(&mut client, &flow, &code_for(&server, &ada.email).await).await;
    assert_eq!(reply.status, 401);
    assert!(!client.cookies.contains_key("ory_kratos_session"));
}

#[tokio::test]
async fn other_sessions_end_if_the_configuration_says_so() {
    let hooks = json!([{ "hook": "revoke_active_sessions" }]);
    let server = build()
        .set("selfservice.flows.recovery.after.hooks", hooks)
        .start()
        .await;
    let ada = ada(&server).await;
    let mut thief = server.native();
    thief.sign_in(&ada).await;
    let mut client = server.ajax();
    let flow = ask(&mut client, &ada.email, "code").await;
    submit(&mut client, &flow, &code_for(&server, &ada.email).await).await;
    assert_eq!(thief.get("/sessions/whoami").await.status, 401);
    assert_eq!(client.get("/sessions/whoami").await.status, 200);
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let server = build_with_links().start().await;
    let ada = ada(&server).await;
    ask(&mut server.native(), &ada.email, "link").await;
    let link = link_for(&server, &ada.email).await;
    let mut browser = server.browser();
    let reply = browser.get(&link).await;
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/settings?flow="),
        "{}",
        reply.location()
    );
    let session = browser.get_json("/sessions/whoami").await.json();
    assert_eq!(
        session["authentication_methods"][0]["method"],
        "link_recovery"
    );

    let mut other = server.browser();
    let reply = other.get(&link).await;
    let next = other
        .fetch("recovery", &reply.location_query("flow").unwrap())
        .await;
    assert_eq!(next.messages()[0].0, 4_060_004);
    assert_eq!(other.get_json("/sessions/whoami").await.status, 401);
}

#[tokio::test]
async fn a_program_that_looks_at_links_before_their_reader_does_uses_nothing_up() {
    let server = build_with_links().start().await;
    let ada = ada(&server).await;
    ask(&mut server.native(), &ada.email, "link").await;
    let link = link_for(&server, &ada.email).await;
    let looked_at = server.browser().call(http::Method::HEAD, &link).await;
    assert_eq!(looked_at.set_cookie("ory_kratos_session"), None);
    let mut browser = server.browser();
    browser.get(&link).await;
    assert_eq!(browser.get_json("/sessions/whoami").await.status, 200);
}

#[tokio::test]
async fn a_link_that_has_expired_leads_to_a_new_form() {
    let server = build_with_links().set("selfservice.methods.link.config.lifespan", "1m");
    let server = server.start().await;
    let ada = ada(&server).await;
    ask(&mut server.native(), &ada.email, "link").await;
    server.clock.advance(SignedDuration::from_secs(60));
    let mut browser = server.browser();
    let reply = browser.get(&link_for(&server, &ada.email).await).await;
    let next = browser
        .fetch("recovery", &reply.location_query("flow").unwrap())
        .await;
    assert_eq!(next.messages()[0].0, 4_060_005);
}

#[tokio::test]
async fn a_form_that_has_expired_leads_to_a_new_one() {
    let server = build()
        .set("selfservice.flows.recovery.lifespan", "1m")
        .start()
        .await;
    let mut client = server.native();
    let flow = client.start("recovery").await;
    server.clock.advance(SignedDuration::from_secs(60));
    let reply = client
        .submit(
            &flow,
            json!({ "method": "code", "email": "ada@example.org" }),
        )
        .await;
    assert_eq!(reply.status, 303);
    let next = client
        .fetch("recovery", &reply.location_query("id").unwrap())
        .await;
    assert_eq!(next.messages()[0].0, 4_060_005);
    let gone = client
        .get(&format!("/self-service/recovery/flows?id={}", flow.id()))
        .await;
    assert_eq!(gone.error_id(), "self_service_flow_expired");
}
