//! Templates of bodies, evaluated by the program itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipse_testkit::TestServer;
use serde_json::{Value, json};

use super::{HookServer, PASSWORD, error, sign_in, stored};

/// A web hook with this template.
fn hook(template: &str, more: Value) -> Value {
    let body = format!("base64://{}", STANDARD.encode(template));
    let mut config = json!({ "url": "http://hooks.test/hook", "method": "POST", "body": body });
    if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
        config.extend(more);
    }
    json!({ "hook": "web_hook", "config": config })
}

async fn server(hooks: &std::sync::Arc<HookServer>, template: &str, more: Value) -> TestServer {
    let hook = hook(template, more);
    let server = TestServer::build().set(
        "selfservice.flows.login.after.password.hooks",
        json!([hook]),
    );
    let program = env!("CARGO_BIN_EXE_ipse");
    server
        .outgoing(hooks.clone())
        .jsonnet_program(program)
        .start()
        .await
}

#[tokio::test]
async fn a_template_sees_flow_identity_session_and_request() {
    let hooks = HookServer::new();
    let server = server(&hooks, "function(ctx) ctx", json!({})).await;
    let ada = server
        .identity("ada")
        .password(PASSWORD)
        .set("metadata_admin", json!({ "a": 1 }))
        .create()
        .await;
    let mut app = server.native();
    let flow = app.start("login").await;
    let fields = json!({
        "method": "password", "identifier": ada.email, "password": PASSWORD,
        "transient_payload": { "deep": [1, null] },
    });
    assert_eq!(app.submit(&flow, fields).await.status, 200);
    let seen = hooks.last_body("hook");
    assert_eq!(seen["flow"]["id"], json!(flow.id()));
    assert_eq!(
        seen["flow"]["transient_payload"],
        json!({ "deep": [1, null] })
    );
    assert_eq!(seen["identity"]["traits"]["email"], json!(ada.email));
    assert_eq!(seen["identity"].get("metadata_public"), Some(&Value::Null));
    assert_eq!(
        (
            seen["identity"].get("metadata_admin"),
            seen["identity"].get("credentials")
        ),
        (None, None)
    );
    assert_eq!(seen["session"]["authenticator_assurance_level"], "aal1");
    assert_eq!(seen["request_method"], "POST");
    assert!(
        seen["request_url"]
            .as_str()
            .unwrap()
            .starts_with("http://public.test/self-service/login?flow=")
    );
    assert_eq!(
        seen["request_headers"]["Content-Type"],
        json!(["application/json"])
    );
    assert!(!seen.to_string().contains(PASSWORD));
}

#[tokio::test]
async fn a_template_can_call_off_the_call() {
    let hooks = HookServer::new();
    let template = "function(ctx) if ctx.identity.traits.email == 'ada@example.org' then error 'cancel' else {}";
    let server = server(&hooks, template, json!({})).await;
    for (name, calls) in [("ada", 0), ("bob", 1)] {
        let person = server.identity(name).password(PASSWORD).create().await;
        assert_eq!(
            sign_in(&mut server.native(), &person.email).await.status,
            200
        );
        assert_eq!(hooks.count("hook"), calls);
    }
}

#[tokio::test]
async fn a_template_that_fails_or_never_ends_is_an_error() {
    let hooks = HookServer::new();
    let form = json!({ "headers": { "Content-Type": "application/x-www-form-urlencoded" } });
    for (template, more) in [
        ("function(ctx) ctx.none", json!({})),
        ("function(ctx) {", json!({})),
        ("function(ctx) local f(x) = f(x + 1); f(0)", json!({})),
        ("function(ctx) { number: 7 }", form),
        (
            "function(ctx) {}",
            json!({ "headers": { "Content-Type": "text/plain" } }),
        ),
    ] {
        let server = server(&hooks, template, more).await;
        let ada = server.identity("ada").password(PASSWORD).create().await;
        assert_eq!(
            error(&sign_in(&mut server.native(), &ada.email).await),
            (400, 500),
            "{template}"
        );
        assert_eq!(stored(&server).await.1, 0);
    }
    assert_eq!(hooks.count("hook"), 0);
}

#[tokio::test]
async fn a_template_that_never_ends_keeps_nobody_else_waiting() {
    let hooks = HookServer::new();
    for template in [
        "function(ctx) local f(x) = f(x + 1) tailstrict; f(0)",
        "function(ctx) std.length(std.makeArray(100000000, function(x) 'x' + x))",
    ] {
        let server = server(&hooks, template, json!({})).await;
        let ada = server.identity("ada").password(PASSWORD).create().await;
        let (mut app, mut other) = (server.native(), server.native());
        let email = ada.email.clone();
        let stuck = tokio::spawn(async move { sign_in(&mut app, &email).await });
        // Somebody else signs up and asks who they are while the template is at it.
        let flow = other.start("registration").await;
        let traits = json!({ "email": "bob@example.org" });
        let fields = json!({ "method": "password", "traits": traits, "password": PASSWORD });
        let reply = other.submit(&flow, fields).await;
        other.token = reply.json()["session_token"].as_str().map(str::to_owned);
        assert_eq!(other.get("/sessions/whoami").await.status, 200);
        assert_eq!(error(&stuck.await.unwrap()), (400, 500));
        // The next evaluation finds a worker.
        let reload = json!([hook("function(ctx) { flow: ctx.flow.id }", json!({}))]);
        let key = "selfservice.flows.login.after.password.hooks";
        server.reload(&[(key, reload)]).await.unwrap();
        let before = hooks.count("hook");
        assert_eq!(sign_in(&mut server.native(), &ada.email).await.status, 200);
        assert_eq!(hooks.count("hook"), before + 1);
    }
}
