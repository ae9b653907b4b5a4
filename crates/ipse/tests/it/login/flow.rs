//! The life of a login flow, whatever somebody signs in with.

use http::Method;
use ipse_testkit::{Person, TestServer};
use serde_json::{Value, json};

use crate::steps::{PASSWORD, minutes, person, session_count, signed_in, whoami};

fn right(person: &Person) -> Value {
    json!({ "method": "password", "identifier": person.email, "password": PASSWORD })
}

#[tokio::test]
async fn only_the_browser_that_started_a_flow_can_see_it() {
    let server = TestServer::new().await;
    for name in ["login", "registration"] {
        let mut ajax = server.ajax();
        let flow = ajax.start(name).await;
        let path = format!("/self-service/{name}/flows?id={}", flow.id());
        assert_eq!(ajax.get(&path).await.status, 200);
        let mut other = server.ajax();
        other.start(name).await;
        for client in [&mut other, &mut server.native()] {
            let reply = client.get(&path).await;
            assert_eq!(
                (reply.status.as_u16(), &*reply.error_id()),
                (403, "security_csrf_violation")
            );
        }
        let native = server.native().start(name).await;
        let path = format!("/self-service/{name}/flows?id={}", native.id());
        assert_eq!(server.native().get(&path).await.status, 200);
    }
}

#[tokio::test]
async fn somebody_who_is_signed_in_needs_no_login() {
    let server = TestServer::new().await;
    for name in ["login", "registration"] {
        let (mut app, _) = signed_in(&server, server.native(), &format!("a-{name}")).await;
        let reply = app.get(&format!("/self-service/{name}/api")).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.error_id()),
            (400, "session_already_available")
        );
        let (mut browser, _) = signed_in(&server, server.browser(), &format!("b-{name}")).await;
        let reply = browser.get(&format!("/self-service/{name}/browser")).await;
        assert_eq!(
            (reply.status.as_u16(), reply.location()),
            (303, "http://ui.test/")
        );
        let reply = browser
            .get(&format!(
                "/self-service/{name}/browser?return_to=http://ui.test/there"
            ))
            .await;
        assert_eq!(reply.location(), "http://ui.test/there");
    }
    // A form that was open before comes too late.
    let mut ajax = server.ajax();
    let flow = ajax.start("login").await;
    let ada = person(&server, "ada").await;
    ajax.sign_in(&ada).await;
    let token = ajax
        .start_with("login", "refresh=true")
        .await
        .csrf_token()
        .to_owned();
    let mut fields = right(&ada);
    fields["csrf_token"] = token.into();
    let reply = ajax.submit(&flow, fields).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_001])
    );
    assert_eq!(session_count(&server).await, 4 + 1);
}

#[tokio::test]
async fn proving_it_again_keeps_the_session_and_makes_it_fresh() {
    let server = TestServer::new().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let before = app.get("/sessions/whoami").await.json();
    let token = app.token.clone();
    server.clock.advance(minutes(90));
    let flow = app.start_with("login", "refresh=true").await;
    assert_eq!(flow.json["refresh"], true);
    assert_eq!(flow.messages()[0].0, 1_010_003);
    assert_eq!(flow.node("identifier").unwrap()["value"], ada.email);
    let reply = app.submit(&flow, right(&ada)).await;
    assert_eq!(
        (
            reply.status.as_u16(),
            reply.json()["session_token"].as_str()
        ),
        (200, token.as_deref())
    );
    let after = app.get("/sessions/whoami").await.json();
    assert_eq!(
        (&after["id"], &after["issued_at"]),
        (&before["id"], &before["issued_at"])
    );
    assert_eq!(after["authenticated_at"], "2026-01-02T04:34:05Z");
    assert_eq!(after["expires_at"], "2026-01-03T04:34:05Z");
    assert_eq!(after["authentication_methods"].as_array().unwrap().len(), 2);
    assert_eq!(session_count(&server).await, 1);
}

#[tokio::test]
async fn proving_it_again_with_a_wrong_password_changes_nothing() {
    let server = TestServer::new().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let before = app.get("/sessions/whoami").await.json();
    let flow = app.start_with("login", "refresh=true").await;
    let fields = json!({ "method": "password", "identifier": ada.email, "password": "Zq7-wrong" });
    assert_eq!(app.submit(&flow, fields).await.message_ids(), [4_000_006]);
    assert_eq!(app.get("/sessions/whoami").await.json(), before);
}

#[tokio::test]
async fn somebody_else_may_sign_in_instead_and_gets_a_session_of_their_own() {
    let server = TestServer::new().await;
    let (mut ajax, ada) = signed_in(&server, server.ajax(), "ada").await;
    let before = ajax.cookies["ory_kratos_session"].clone();
    let session = ajax.get("/sessions/whoami").await.json()["id"].clone();
    let eve = person(&server, "eve").await;
    let flow = ajax.start_with("login", "refresh=true").await;
    let reply = ajax.submit(&flow, right(&eve)).await;
    assert_eq!(reply.json()["session"]["identity"]["id"], eve.id);
    assert_ne!(reply.json()["session"]["id"], session);
    let now = ajax.get("/sessions/whoami").await.json();
    assert_eq!(now["identity"]["id"], eve.id);
    ajax.cookies.insert("ory_kratos_session".to_owned(), before);
    assert_eq!(
        ajax.get("/sessions/whoami").await.json()["identity"]["id"],
        ada.id
    );
}

#[tokio::test]
async fn an_expired_flow_signs_nobody_in_and_is_replaced() {
    let server = TestServer::build()
        .set("selfservice.flows.login.lifespan", "10m")
        .start()
        .await;
    let ada = person(&server, "ada").await;
    for mut client in [server.native(), server.ajax()] {
        let flow = client.start("login").await;
        server.clock.advance(minutes(10));
        let reply = client
            .get(&format!("/self-service/login/flows?id={}", flow.id()))
            .await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.error_id()),
            (410, "self_service_flow_expired")
        );
        let reply = client.submit(&flow, right(&ada)).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.error_id()),
            (410, "self_service_flow_expired")
        );
        assert_eq!(whoami(&mut client).await, 401);
        let id = reply.json()["use_flow_id"].as_str().unwrap().to_owned();
        let replacement = client.fetch("login", &id).await;
        assert_eq!(replacement.messages()[0].0, 4_010_001);
        assert_eq!(client.submit(&replacement, right(&ada)).await.status, 200);
    }
    let mut browser = server.browser();
    let flow = browser
        .start_with("login", "return_to=http://ui.test/home")
        .await;
    server.clock.advance(minutes(10));
    let reply = browser.submit(&flow, right(&ada)).await;
    assert!(
        reply.location().starts_with("http://ui.test/login?flow="),
        "{}",
        reply.location()
    );
    let id = reply.location_query("flow").unwrap();
    let replacement = browser.fetch("login", &id).await;
    let reply = browser.submit(&replacement, right(&ada)).await;
    assert_eq!(reply.location(), "http://ui.test/home");
}

#[tokio::test]
async fn the_same_form_sent_twice_at_once_signs_in_twice_or_says_why_not() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    let app = server.native();
    let flow = app.clone().start("login").await;
    let (mut one, mut other) = (app.clone(), app);
    let replies = tokio::join!(
        one.submit(&flow, right(&ada)),
        other.submit(&flow, right(&ada))
    );
    for reply in [replies.0, replies.1] {
        assert_eq!(reply.status, 200, "{}", reply.text());
        one.token = reply.json()["session_token"].as_str().map(str::to_owned);
        assert_eq!(whoami(&mut one).await, 200);
    }
}

#[tokio::test]
async fn flows_that_are_unknown_or_of_another_kind_are_not_found() {
    let server = TestServer::new().await;
    let registration = server.native().start("registration").await;
    for id in ["9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e", registration.id()] {
        let mut app = server.native();
        assert_eq!(
            app.get(&format!("/self-service/login/flows?id={id}"))
                .await
                .status,
            404
        );
        let reply = app
            .json(
                Method::POST,
                &format!("/self-service/login?flow={id}"),
                &json!({ "method": "password" }),
            )
            .await;
        assert_eq!(reply.status, 404, "{}", reply.text());
    }
}

#[tokio::test]
async fn levels_that_do_not_exist_or_have_no_base_are_refused() {
    let server = TestServer::new().await;
    let mut app = server.native();
    assert_eq!(
        app.get("/self-service/login/api?aal=aal9").await.status,
        400
    );
    let reply = app.get("/self-service/login/api?aal=aal2").await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (401, "session_aal1_required")
    );
    let reply = server
        .browser()
        .get("/self-service/login/browser?aal=aal2")
        .await;
    assert_eq!(
        reply.location(),
        "http://public.test/self-service/login/browser"
    );
}

#[tokio::test]
async fn afterwards_a_browser_goes_where_the_flow_or_the_configuration_says() {
    let server = TestServer::build()
        .set(
            "selfservice.flows.login.after.default_browser_return_url",
            "http://ui.test/any",
        )
        .set(
            "selfservice.flows.login.after.password.default_browser_return_url",
            "http://ui.test/password",
        )
        .start()
        .await;
    let ada = person(&server, "ada").await;
    let mut browser = server.browser();
    assert_eq!(
        browser.sign_in(&ada).await.location(),
        "http://ui.test/password"
    );
    let mut ajax = server.ajax();
    let flow = ajax
        .start_with("login", "return_to=http://ui.test/asked")
        .await;
    let reply = ajax.submit(&flow, right(&ada)).await;
    assert_eq!(
        reply.json()["continue_with"][0]["redirect_browser_to"],
        "http://ui.test/asked"
    );
    let server = TestServer::build()
        .set(
            "selfservice.flows.login.after.default_browser_return_url",
            "http://ui.test/any",
        )
        .start()
        .await;
    let ada = person(&server, "ada").await;
    assert_eq!(
        server.browser().sign_in(&ada).await.location(),
        "http://ui.test/any"
    );
}

#[tokio::test]
async fn the_lists_of_methods_and_hooks_end_other_sessions_only_if_configured() {
    let server = TestServer::new().await;
    let (mut old, ada) = signed_in(&server, server.native(), "ada").await;
    server.native().sign_in(&ada).await;
    assert_eq!(whoami(&mut old).await, 200);
    let hooks = json!([{ "hook": "revoke_active_sessions" }]);
    server
        .reload(&[("selfservice.flows.login.after.hooks", hooks)])
        .await
        .unwrap();
    server.native().sign_in(&ada).await;
    assert_eq!(whoami(&mut old).await, 401);
}
