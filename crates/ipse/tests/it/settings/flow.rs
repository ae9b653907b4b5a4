//! The life of a settings flow, whatever is changed in it.

use http::Method;
use ipse_testkit::{Flow, Kind, TestServer};
use serde_json::{Value, json};

use crate::steps::{
    OTHER, PASSWORD, can_sign_in, change, complaint, minutes, new_password, profile, signed_in,
};

#[tokio::test]
async fn every_kind_of_client_gets_a_flow_with_the_own_account() {
    let server = TestServer::new().await;
    for (client, name, kind) in [
        (server.native(), "ada", "api"),
        (server.ajax(), "bob", "browser"),
        (server.browser(), "eve", "browser"),
    ] {
        let (mut client, person) = signed_in(&server, client, name).await;
        let flow = client.start("settings").await;
        assert_eq!(
            (&flow.json["type"], &flow.json["state"]),
            (&json!(kind), &json!("show_form"))
        );
        assert_eq!(flow.json["identity"]["id"], person.id);
        assert_eq!(flow.node("traits.email").unwrap()["value"], person.email);
        assert_eq!(flow.csrf_token().is_empty(), kind == "api");
        assert_eq!(flow.json["issued_at"], "2026-01-02T03:04:05Z");
        assert_eq!(flow.json["expires_at"], "2026-01-02T04:04:05Z");
        assert!(!flow.json.to_string().contains("hashed_password"));
    }
    let (mut browser, _) = signed_in(&server, server.browser(), "kim").await;
    let reply = browser.get("/self-service/settings/browser").await;
    assert_eq!(reply.status, 303);
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/settings?flow="),
        "{}",
        reply.location()
    );
}

#[tokio::test]
async fn without_a_session_nobody_gets_anything() {
    let server = TestServer::new().await;
    let (mut owner, _) = signed_in(&server, server.browser(), "ada").await;
    let flow = owner.start("settings").await;
    let fetch = format!("/self-service/settings/flows?id={}", flow.id());
    for path in [
        "/self-service/settings/api",
        "/self-service/settings/browser",
    ] {
        let reply = server.ajax().get(path).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.error_id()),
            (401, "session_inactive"),
            "{path}"
        );
    }
    let reply = server
        .browser()
        .get("/self-service/settings/browser?return_to=http://ui.test/x")
        .await;
    assert_eq!(reply.status, 303);
    let wanted = "http://public.test/self-service/login/browser?return_to=";
    assert!(reply.location().starts_with(wanted), "{}", reply.location());
    for mut client in [server.native(), server.ajax()] {
        assert_eq!(client.get(&fetch).await.status, 401);
        assert_eq!(
            client
                .json(Method::POST, flow.action(), &profile(json!({})))
                .await
                .status,
            401
        );
    }
    let reply = server.browser().get(&fetch).await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (302, "http://ui.test/login")
    );
    let reply = server.browser().form(flow.action(), &[]).await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (302, "http://ui.test/login")
    );
}

#[tokio::test]
async fn the_flow_of_somebody_else_is_refused() {
    let server = TestServer::new().await;
    let (mut ada, victim) = signed_in(&server, server.native(), "ada").await;
    let flow = ada.start("settings").await;
    for (client, name) in [(server.native(), "eve"), (server.ajax(), "mallory")] {
        let (mut other, _) = signed_in(&server, client, name).await;
        let reply = other
            .get(&format!("/self-service/settings/flows?id={}", flow.id()))
            .await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.error_id()),
            (403, "security_identity_mismatch")
        );
        let reply = other.submit(&flow, new_password(OTHER)).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.error_id()),
            (403, "security_identity_mismatch")
        );
    }
    assert!(can_sign_in(&server, &victim.email, PASSWORD).await);
}

#[tokio::test]
async fn a_flow_that_is_not_there_is_not_found() {
    let server = TestServer::new().await;
    let (mut app, _) = signed_in(&server, server.native(), "ada").await;
    let login = server.native().start("login").await;
    for id in ["9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e", login.id()] {
        let reply = app
            .get(&format!("/self-service/settings/flows?id={id}"))
            .await;
        assert_eq!(reply.status, 404, "{}", reply.text());
        let reply = app
            .json(
                Method::POST,
                &format!("/self-service/settings?flow={id}"),
                &new_password(OTHER),
            )
            .await;
        assert_eq!(reply.status, 404, "{}", reply.text());
    }
}

#[tokio::test]
async fn an_expired_flow_is_replaced_by_one_that_says_so() {
    let server = TestServer::build()
        .set("session.lifespan", "24h")
        .start()
        .await;
    let (mut app, person) = signed_in(&server, server.native(), "ada").await;
    let flow = app.start("settings").await;
    server.clock.advance(minutes(59));
    assert_eq!(app.fetch("settings", flow.id()).await.id(), flow.id());
    server.clock.advance(minutes(1));
    assert_eq!(
        app.get(&format!("/self-service/settings/flows?id={}", flow.id()))
            .await
            .status,
        410
    );
    let traits = json!({ "email": person.email, "name": { "first": "Ada" } });
    let reply = app.submit(&flow, profile(traits.clone())).await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (410, "self_service_flow_expired")
    );
    let replacement = reply.json()["use_flow_id"].as_str().unwrap().to_owned();
    assert_ne!(replacement, flow.id());
    let replacement = app.fetch("settings", &replacement).await;
    assert_eq!(replacement.messages()[0].0, 4_050_001);
    assert_eq!(
        replacement.json["identity"]["traits"],
        json!({ "email": person.email }),
        "nothing was changed"
    );
    assert_eq!(app.submit(&replacement, profile(traits)).await.status, 200);
}

#[tokio::test]
async fn a_browser_is_led_to_the_replacement_of_an_expired_flow() {
    let server = TestServer::new().await;
    let (mut browser, person) = signed_in(&server, server.browser(), "ada").await;
    let flow = browser
        .start_with("settings", "return_to=http://ui.test/home")
        .await;
    server.clock.advance(minutes(61));
    let reply = browser
        .submit(&flow, profile(json!({ "email": person.email })))
        .await;
    assert_eq!(reply.status, 303);
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/settings?flow="),
        "{}",
        reply.location()
    );
    let id = reply.location_query("flow").unwrap();
    let replacement = browser.fetch("settings", &id).await;
    assert_eq!(replacement.messages()[0].0, 4_050_001);
    assert_eq!(replacement.json["return_to"], "http://ui.test/home");
    let reply = browser
        .submit(&replacement, profile(json!({ "email": person.email })))
        .await;
    assert_eq!(reply.location(), "http://ui.test/home");
}

#[tokio::test]
async fn success_is_told_to_each_client_in_its_way() {
    let server = TestServer::new().await;
    for (client, name) in [(server.native(), "ada"), (server.ajax(), "bob")] {
        let (mut client, person) = signed_in(&server, client, name).await;
        let flow = client.start("settings").await;
        let reply = client
            .submit(
                &flow,
                profile(json!({ "email": person.email, "name": { "last": "L" } })),
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let done = Flow::of(&reply);
        assert_eq!(
            (&done.json["state"], done.id()),
            (&json!("success"), flow.id())
        );
        assert_eq!(
            done.messages(),
            [(1_050_001, "Your changes have been saved!".to_owned())]
        );
        assert_eq!(done.json["identity"]["traits"]["name"]["last"], "L");
        assert_ne!(
            done.action(),
            flow.action(),
            "what comes next is submitted to a new flow"
        );
        let again = client
            .submit(&done, profile(json!({ "email": person.email })))
            .await;
        assert_eq!(again.status, 200, "{}", again.text());
        let next = reply.json()["continue_with"].clone();
        let expected = match client.kind() {
            Kind::Ajax => {
                let page = format!("http://ui.test/settings?flow={}", flow.id());
                json!([{ "action": "redirect_browser_to", "redirect_browser_to": page }])
            }
            _ => Value::Null,
        };
        assert_eq!(next, expected);
    }
    let (mut browser, person) = signed_in(&server, server.browser(), "eve").await;
    let flow = browser.start("settings").await;
    let reply = browser
        .submit(
            &flow,
            profile(json!({ "email": person.email, "name": { "last": "L" } })),
        )
        .await;
    assert_eq!(
        reply.location(),
        format!("http://ui.test/settings?flow={}", flow.id())
    );
    let done = browser.fetch("settings", flow.id()).await;
    assert_eq!(
        (&done.json["state"], done.messages()[0].0),
        (&json!("success"), 1_050_001)
    );
    assert_eq!(done.json["identity"]["traits"]["name"]["last"], "L");
}

#[tokio::test]
async fn afterwards_a_browser_goes_where_the_flow_or_the_configuration_says() {
    let server = TestServer::build()
        .set(
            "selfservice.flows.settings.after.default_browser_return_url",
            "http://ui.test/any",
        )
        .set(
            "selfservice.flows.settings.after.password.default_browser_return_url",
            "http://ui.test/password",
        )
        .start()
        .await;
    let (mut browser, person) = signed_in(&server, server.browser(), "ada").await;
    let same = profile(json!({ "email": person.email }));
    assert_eq!(
        change(&mut browser, same.clone()).await.location(),
        "http://ui.test/any"
    );
    assert_eq!(
        change(&mut browser, new_password(OTHER)).await.location(),
        "http://ui.test/password"
    );
    let flow = browser
        .start_with("settings", "return_to=http://ui.test/asked")
        .await;
    assert_eq!(
        browser.submit(&flow, same).await.location(),
        "http://ui.test/asked"
    );
}

#[tokio::test]
async fn a_method_that_is_unknown_or_switched_off_is_refused() {
    let server = TestServer::build()
        .set("selfservice.methods.profile.enabled", false)
        .start()
        .await;
    let (mut app, person) = signed_in(&server, server.native(), "ada").await;
    let flow = app.start("settings").await;
    assert!(
        flow.node("traits.email").is_none(),
        "nothing is offered that is switched off"
    );
    assert!(flow.node("password").is_some());
    let reply = app
        .submit(&flow, profile(json!({ "email": "new@example.org" })))
        .await;
    assert!(reply.status.is_client_error(), "{}", reply.text());
    assert!(can_sign_in(&server, &person.email, PASSWORD).await);
    for fields in [json!({}), json!({ "method": "magic" })] {
        let said = complaint(&app.submit(&flow, fields).await).messages();
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].0, 4_010_004, "{said:?}");
    }
}

#[tokio::test]
async fn a_transient_payload_is_taken_and_not_kept() {
    let server = TestServer::new().await;
    let (mut app, person) = signed_in(&server, server.native(), "ada").await;
    let mut fields = profile(json!({ "email": person.email }));
    fields["transient_payload"] = json!("text");
    assert_eq!(change(&mut app, fields.clone()).await.status, 400);
    fields["transient_payload"] = json!({ "campaign": "for-the-hooks-only" });
    let reply = change(&mut app, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let identity = crate::steps::identity(&server, &person.id).await;
    assert!(!identity.to_string().contains("for-the-hooks-only"));
}
