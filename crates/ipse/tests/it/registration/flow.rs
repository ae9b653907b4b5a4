//! The life of a registration flow, whatever somebody signs up with.

use http::Method;
use ipse_testkit::{TestServer, inline};
use serde_json::json;

use crate::steps::{PASSWORD, identities, minutes, person, sign_up, try_registration};

#[tokio::test]
async fn registration_can_be_switched_off() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    server
        .reload(&[("selfservice.flows.registration.enabled", json!(false))])
        .await
        .unwrap();
    for path in [
        "/self-service/registration/api",
        "/self-service/registration/browser",
    ] {
        let reply = server.ajax().get(path).await;
        assert_eq!(
            (reply.status.as_u16(), &*reply.error_id()),
            (400, "self_service_flow_disabled")
        );
    }
    let reply = server
        .browser()
        .get("/self-service/registration/browser")
        .await;
    assert!(
        reply.location().starts_with("http://ui.test/error?id="),
        "{}",
        reply.location()
    );
    // A form that was open before comes too late.
    let reply = app
        .submit(&flow, sign_up("ada@example.org", PASSWORD))
        .await;
    assert!(reply.status.is_client_error(), "{}", reply.text());
    assert!(identities(&server).await.is_empty());
}

#[tokio::test]
async fn an_expired_flow_registers_nobody_and_is_replaced() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    server.clock.advance(minutes(60));
    let reply = app
        .submit(&flow, sign_up("ada@example.org", PASSWORD))
        .await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (410, "self_service_flow_expired")
    );
    assert!(identities(&server).await.is_empty());
    let id = reply.json()["use_flow_id"].as_str().unwrap().to_owned();
    let replacement = app.fetch("registration", &id).await;
    assert_eq!(replacement.messages()[0].0, 4_040_001);
    assert_eq!(
        app.submit(&replacement, sign_up("ada@example.org", PASSWORD))
            .await
            .status,
        200
    );

    let mut browser = server.browser();
    let flow = browser.start("registration").await;
    server.clock.advance(minutes(60));
    let reply = browser
        .submit(&flow, sign_up("bob@example.org", PASSWORD))
        .await;
    let id = reply.location_query("flow").unwrap();
    let replacement = browser.fetch("registration", &id).await;
    assert_eq!(
        browser
            .submit(&replacement, sign_up("bob@example.org", PASSWORD))
            .await
            .location(),
        "http://ui.test/"
    );
}

#[tokio::test]
async fn nobody_signs_up_while_signed_in() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    let ada = person(&server, "ada").await;
    app.sign_in(&ada).await;
    let reply = app
        .submit(&flow, sign_up("bob@example.org", PASSWORD))
        .await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (400, "session_already_available")
    );
    assert_eq!(identities(&server).await.len(), 1);
}

#[tokio::test]
async fn only_schemas_that_may_be_chosen_can_be_chosen() {
    let person = |field: &str| {
        let field = json!({ field: {
            "type": "string", "format": "email",
            "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } },
        } });
        inline(&json!({ "type": "object", "properties": { "traits": { "type": "object", "properties": field } } }).to_string())
    };
    let schemas = json!([
        { "id": "default", "url": person("email") },
        { "id": "customer", "url": person("mail"), "selfservice_selectable": true },
        { "id": "staff", "url": person("office") },
    ]);
    let server = TestServer::build()
        .set("identity.schemas", schemas)
        .start()
        .await;
    let mut app = server.native();
    for refused in ["staff", "nobody"] {
        let reply = app
            .call(
                Method::GET,
                &format!("/self-service/registration/api?identity_schema={refused}"),
            )
            .await;
        assert_eq!(reply.status, 400, "{refused}");
    }
    let flow = app
        .start_with("registration", "identity_schema=customer")
        .await;
    assert!(flow.node("traits.mail").is_some() && flow.node("traits.email").is_none());
    let fields = json!({ "method": "password", "traits": { "mail": "c@example.org" }, "password": PASSWORD });
    let reply = app.submit(&flow, fields).await;
    assert_eq!(
        reply.json()["identity"]["schema_id"],
        "customer",
        "{}",
        reply.text()
    );
    app.token = reply.json()["session_token"].as_str().map(str::to_owned);
    assert!(app.start("settings").await.node("traits.mail").is_some());
}

#[tokio::test]
async fn afterwards_a_browser_goes_where_the_flow_or_the_configuration_says() {
    let server = TestServer::build()
        .set(
            "selfservice.flows.registration.after.default_browser_return_url",
            "http://ui.test/welcome",
        )
        .start()
        .await;
    let reply = try_registration(server.browser(), "ada@example.org", PASSWORD).await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (303, "http://ui.test/welcome")
    );
    let mut ajax = server.ajax();
    let flow = ajax
        .start_with("registration", "return_to=http://ui.test/asked")
        .await;
    let reply = ajax
        .submit(&flow, sign_up("bob@example.org", PASSWORD))
        .await;
    assert_eq!(
        reply.json()["continue_with"][0]["redirect_browser_to"],
        "http://ui.test/asked"
    );
}
