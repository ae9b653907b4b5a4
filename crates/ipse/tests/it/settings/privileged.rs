//! Changes of what leads into the account need somebody who has signed in lately. A browser goes on where it was.

use http::Method;
use ipse_testkit::{Client, Flow, Person, Reply, TestServer};
use serde_json::{Value, json};

use crate::steps::{
    OTHER, PASSWORD, can_sign_in, change, identity, minutes, new_password, person, profile,
    signed_in,
};

const CONTINUITY: &str = "ory_kratos_continuity";

/// A server where a session is too old for such changes after ten minutes.
async fn server() -> TestServer {
    TestServer::build()
        .set(
            "selfservice.flows.settings.privileged_session_max_age",
            "10m",
        )
        .start()
        .await
}

/// Somebody whose session has become too old for such changes, and the settings they have open.
async fn late(server: &TestServer, client: Client, name: &str) -> (Client, Person, Flow) {
    let (mut client, person) = signed_in(server, client, name).await;
    let flow = client.start("settings").await;
    server.clock.advance(minutes(10));
    (client, person, flow)
}

/// Proves again who somebody is, by the login that an answer leads to. Returns where the login leads.
async fn sign_in_again(client: &mut Client, login: &str, (email, password): (&str, &str)) -> Reply {
    let mut script = client.clone();
    let reply = script.get_json(login).await;
    client.cookies.clone_from(&script.cookies);
    let flow = Flow::of(&reply);
    let fields = json!({ "method": "password", "identifier": email, "password": password });
    let reply = client.submit(&flow, fields).await;
    assert!(
        reply.status.is_success() || reply.status == 303,
        "{}",
        reply.text()
    );
    reply
}

fn login_address(reply: &Reply) -> String {
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (403, "session_refresh_required"),
        "{}",
        reply.text()
    );
    reply.json()["redirect_browser_to"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn resume(flow: &Flow) -> String {
    format!("/self-service/settings?flow={}", flow.id())
}

#[tokio::test]
async fn an_app_is_told_and_goes_on_with_the_same_session() {
    let server = server().await;
    let (mut app, ada, flow) = late(&server, server.native(), "ada").await;
    let reply = app.submit(&flow, new_password(OTHER)).await;
    login_address(&reply);
    assert_eq!(reply.set_cookie(CONTINUITY), None);
    assert!(
        can_sign_in(&server, &ada.email, PASSWORD).await,
        "nothing was changed"
    );
    let token = app.token.clone();
    let login = app.start_with("login", "refresh=true").await;
    let fields = json!({ "method": "password", "identifier": ada.email, "password": PASSWORD });
    let reply = app.submit(&login, fields).await;
    assert_eq!(
        reply.json()["session_token"],
        json!(token),
        "the token stays"
    );
    assert_eq!(app.submit(&flow, new_password(OTHER)).await.status, 200);
    assert!(can_sign_in(&server, &ada.email, OTHER).await);
}

#[tokio::test]
async fn what_leads_nowhere_needs_no_fresh_session() {
    let server = server().await;
    let (mut app, ada, flow) = late(&server, server.native(), "ada").await;
    let reply = app
        .submit(
            &flow,
            profile(json!({ "email": ada.email, "name": { "first": "Ada" } })),
        )
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    login_address(
        &app.submit(&flow, profile(json!({ "email": "new@example.org" })))
            .await,
    );
    assert_eq!(
        identity(&server, &ada.id).await["traits"]["email"],
        ada.email
    );
    let reply = app
        .submit(&flow, profile(json!({ "email": "notanemail" })))
        .await;
    assert_eq!(
        reply.message_ids(),
        [4_000_040],
        "what can't be saved anyway needs no sign-in"
    );
}

#[tokio::test]
async fn a_script_goes_on_once_the_person_has_signed_in_again() {
    let server = server().await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    let reply = ajax.submit(&flow, new_password(OTHER)).await;
    assert!(reply.set_cookie(CONTINUITY).is_some());
    let login = login_address(&reply);
    let session = ajax.get("/sessions/whoami").await.json()["id"].clone();
    let reply = sign_in_again(&mut ajax, &login, (&ada.email, PASSWORD)).await;
    let next = reply.json()["continue_with"][0]["redirect_browser_to"].clone();
    assert_eq!(next, format!("http://public.test{}", resume(&flow)));
    assert!(
        can_sign_in(&server, &ada.email, PASSWORD).await,
        "signing in by itself changes nothing"
    );
    let reply = ajax.get(next.as_str().unwrap()).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["state"]),
        (200, &json!("success")),
        "{}",
        reply.text()
    );
    assert!(can_sign_in(&server, &ada.email, OTHER).await);
    assert_eq!(ajax.get("/sessions/whoami").await.json()["id"], session);
}

#[tokio::test]
async fn a_browser_is_led_there_and_back() {
    let server = server().await;
    let (mut browser, ada, flow) = late(&server, server.browser(), "ada").await;
    let reply = browser
        .submit(
            &flow,
            profile(json!({ "email": "new@example.org", "name": { "last": "L" } })),
        )
        .await;
    assert_eq!(reply.status, 303);
    let login = reply.location().to_owned();
    assert!(
        login.starts_with("http://public.test/self-service/login/browser?refresh=true&return_to="),
        "{login}"
    );
    let reply = sign_in_again(&mut browser, &login, (&ada.email, PASSWORD)).await;
    assert_eq!(
        reply.location(),
        format!("http://public.test{}", resume(&flow))
    );
    let reply = browser.get(&resume(&flow)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (303, &*format!("http://ui.test/settings?flow={}", flow.id()))
    );
    let done = browser.fetch("settings", flow.id()).await;
    assert_eq!(
        (&done.json["state"], done.messages()[0].0),
        (&json!("success"), 1_050_001)
    );
    let traits = json!({ "email": "new@example.org", "name": { "last": "L" } });
    assert_eq!(identity(&server, &ada.id).await["traits"], traits);
}

#[tokio::test]
async fn a_submission_goes_on_only_once() {
    let server = server().await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    let login = login_address(&ajax.submit(&flow, new_password(OTHER)).await);
    sign_in_again(&mut ajax, &login, (&ada.email, PASSWORD)).await;
    let paused = ajax.cookies[CONTINUITY].clone();
    assert_eq!(ajax.get(&resume(&flow)).await.status, 200);
    assert_eq!(
        change(&mut ajax, new_password("a-third-passw0rd"))
            .await
            .status,
        200
    );
    for cookie in [ajax.cookies[CONTINUITY].clone(), paused] {
        ajax.cookies.insert(CONTINUITY.to_owned(), cookie);
        let reply = ajax.get(&resume(&flow)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.location()),
            (303, &*format!("http://ui.test/settings?flow={}", flow.id()))
        );
    }
    assert!(can_sign_in(&server, &ada.email, "a-third-passw0rd").await);
    assert!(!can_sign_in(&server, &ada.email, OTHER).await);
}

#[tokio::test]
async fn two_who_go_on_at_once_make_the_change_once() {
    let server = server().await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    let login = login_address(&ajax.submit(&flow, new_password(OTHER)).await);
    sign_in_again(&mut ajax, &login, (&ada.email, PASSWORD)).await;
    let (mut one, mut other) = (ajax.clone(), ajax.clone());
    let (path, twin) = (resume(&flow), resume(&flow));
    let replies = tokio::join!(one.get(&path), other.get(&twin));
    let mut statuses = [replies.0.status.as_u16(), replies.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 303]);
    assert!(can_sign_in(&server, &ada.email, OTHER).await);
}

#[tokio::test]
async fn what_waits_is_sealed() {
    let server = server().await;
    let (mut ajax, _, flow) = late(&server, server.ajax(), "ada").await;
    login_address(&ajax.submit(&flow, new_password(OTHER)).await);
    let cookie = &ajax.cookies[CONTINUITY];
    let id = server
        .app
        .snapshot()
        .cookie_cipher
        .open_text("cookie: continuity", cookie)
        .unwrap();
    let paused = server
        .app
        .store
        .paused(id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let stored = String::from_utf8_lossy(&paused.sealed).into_owned();
    assert!(
        !stored.is_empty() && !stored.contains(OTHER) && !stored.contains("password"),
        "{stored}"
    );
    let flow = server
        .app
        .store
        .flow(flow.id().parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(!format!("{flow:?}").contains(OTHER));
    assert!(!cookie.contains(&id), "the cookie is sealed, too");
}

#[tokio::test]
async fn somebody_else_who_signs_in_does_not_make_the_change() {
    let server = server().await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    let eve = person(&server, "eve").await;
    let login = login_address(&ajax.submit(&flow, new_password(OTHER)).await);
    sign_in_again(&mut ajax, &login, (&eve.email, PASSWORD)).await;
    let reply = ajax.get(&resume(&flow)).await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (403, "security_identity_mismatch")
    );
    for person in [&ada, &eve] {
        assert!(
            can_sign_in(&server, &person.email, PASSWORD).await,
            "nobody's password has changed"
        );
    }
    let mut browser = server.browser();
    browser.cookies.clone_from(&ajax.cookies);
    let reply = browser.get(&resume(&flow)).await;
    assert!(
        reply.location().starts_with("http://ui.test/error?id="),
        "{}",
        reply.location()
    );
    let id = reply.location_query("id").unwrap();
    let kept = browser
        .get_json(&format!("/self-service/errors?id={id}"))
        .await;
    assert_eq!(kept.json()["error"]["id"], "security_identity_mismatch");
}

#[tokio::test]
async fn what_waits_belongs_to_the_browser_that_submitted_it() {
    let server = server().await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    login_address(&ajax.submit(&flow, new_password(OTHER)).await);
    let mut elsewhere = server.ajax();
    elsewhere.sign_in(&ada).await;
    let reply = elsewhere.get(&resume(&flow)).await;
    assert_eq!(
        reply.status, 303,
        "the form is shown, and nothing else happens"
    );
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    assert!(!can_sign_in(&server, &ada.email, OTHER).await);
}

#[tokio::test]
async fn what_waits_too_long_is_forgotten() {
    let server = server().await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    let login = login_address(&ajax.submit(&flow, new_password(OTHER)).await);
    server.clock.advance(minutes(15));
    sign_in_again(&mut ajax, &login, (&ada.email, PASSWORD)).await;
    assert_eq!(ajax.get(&resume(&flow)).await.status, 303);
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
}

#[tokio::test]
async fn without_signing_in_again_nothing_goes_on() {
    let server = server().await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    login_address(&ajax.submit(&flow, new_password(OTHER)).await);
    let reply = ajax.get(&resume(&flow)).await;
    assert_ne!(reply.json()["state"], json!("success"));
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
    assert!(!can_sign_in(&server, &ada.email, OTHER).await);
    // The refused attempt has asked for a new sign-in once more, which can be followed.
    let login = login_address(&reply);
    sign_in_again(&mut ajax, &login, (&ada.email, PASSWORD)).await;
    assert_eq!(ajax.get(&resume(&flow)).await.status, 200);
    assert!(can_sign_in(&server, &ada.email, OTHER).await);
}

#[tokio::test]
async fn what_waits_is_held_against_the_rules_when_it_goes_on() {
    let server = server().await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    let login = login_address(
        &ajax
            .submit(&flow, profile(json!({ "email": "wanted@example.org" })))
            .await,
    );
    person(&server, "wanted").await;
    sign_in_again(&mut ajax, &login, (&ada.email, PASSWORD)).await;
    let reply = ajax.get(&resume(&flow)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_007])
    );
    assert_eq!(
        identity(&server, &ada.id).await["traits"]["email"],
        ada.email
    );
}

#[tokio::test]
async fn an_app_finds_nothing_that_waits() {
    let server = server().await;
    let (mut app, _) = signed_in(&server, server.native(), "ada").await;
    let flow = app.start("settings").await;
    let reply = app.call(Method::GET, &resume(&flow)).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(reply.json()["identity"]["traits"]["name"], Value::Null);
}

#[tokio::test]
async fn a_change_that_waited_leads_where_the_flow_was_to_lead() {
    let server = server().await;
    let (mut browser, ada) = signed_in(&server, server.browser(), "ada").await;
    let flow = browser
        .start_with("settings", "return_to=http://ui.test/home")
        .await;
    server.clock.advance(minutes(10));
    let reply = browser.submit(&flow, new_password(OTHER)).await;
    let login = reply.location().to_owned();
    sign_in_again(&mut browser, &login, (&ada.email, PASSWORD)).await;
    assert_eq!(
        browser.get(&resume(&flow)).await.location(),
        "http://ui.test/home"
    );
    assert!(can_sign_in(&server, &ada.email, OTHER).await);
}

#[tokio::test]
async fn a_flow_that_expires_while_the_person_signs_in_again_changes_nothing() {
    let server = TestServer::build()
        .set(
            "selfservice.flows.settings.privileged_session_max_age",
            "10m",
        )
        .set("selfservice.flows.settings.lifespan", "12m")
        .start()
        .await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    let login = login_address(&ajax.submit(&flow, new_password(OTHER)).await);
    server.clock.advance(minutes(3));
    sign_in_again(&mut ajax, &login, (&ada.email, PASSWORD)).await;
    let reply = ajax.get(&resume(&flow)).await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (410, "self_service_flow_expired")
    );
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
}

#[tokio::test]
async fn a_deactivated_account_does_not_go_on() {
    let server = server().await;
    let (mut ajax, ada, flow) = late(&server, server.ajax(), "ada").await;
    let login = login_address(&ajax.submit(&flow, new_password(OTHER)).await);
    sign_in_again(&mut ajax, &login, (&ada.email, PASSWORD)).await;
    crate::steps::set_state(&server, &ada.id, "inactive").await;
    assert_eq!(ajax.get(&resume(&flow)).await.status, 401);
    crate::steps::set_state(&server, &ada.id, "active").await;
    assert!(can_sign_in(&server, &ada.email, PASSWORD).await);
}
