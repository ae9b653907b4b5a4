//! Servers that are slow, down or hostile: what becomes of the request and of the database, and how long it takes.

use std::time::Duration;

use http::Method;
use ipse_testkit::TestServer;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::server::{Behaviour, HookServer, asked, ignored, refusal, told};
use super::{PASSWORD, after, error, register, sign_in, stored};

#[tokio::test(start_paused = true)]
async fn a_hook_that_decides_and_fails_leaves_nothing_behind() {
    let hooks = HookServer::new();
    let server = after(
        "registration",
        "password",
        json!([asked("hook"), { "hook": "session" }]),
    );
    let server = server.outgoing(hooks.clone()).start().await;
    let mut app = server.native();
    for (behaviour, expected) in [
        (Behaviour::Break, (400, 500)),
        (Behaviour::Answer(503, String::new()), (400, 500)),
        (Behaviour::Answer(200, "nonsense".to_owned()), (400, 500)),
        (
            Behaviour::Answer(200, r#"{"identity": {"state": "lost"}}"#.to_owned()),
            (400, 500),
        ),
        (Behaviour::Answer(400, "{}".to_owned()), (400, 500)),
        (Behaviour::Hang, (504, 504)),
    ] {
        hooks.behave("hook", behaviour);
        assert_eq!(error(&register(&mut app, "ada").await), expected);
        assert_eq!(stored(&server).await, (vec![], 0));
    }
    hooks.answer("hook", 200, &json!({}));
    assert_eq!(register(&mut app, "ada").await.status, 200);
    let (identities, sessions) = stored(&server).await;
    assert_eq!((identities.len(), sessions), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_is_told_and_fails_leaves_the_whole_change() {
    let hooks = HookServer::new();
    let server = after(
        "registration",
        "password",
        json!([told("hook", json!({})), { "hook": "session" }]),
    );
    let server = server.outgoing(hooks.clone()).start().await;
    let mut app = server.native();
    for (nth, (behaviour, expected)) in [
        (Behaviour::Break, (400, 500)),
        (Behaviour::Answer(500, String::new()), (400, 500)),
        (Behaviour::Answer(404, String::new()), (502, 502)),
        (Behaviour::Hang, (504, 504)),
    ]
    .into_iter()
    .enumerate()
    {
        hooks.behave("hook", behaviour);
        assert_eq!(
            error(&register(&mut app, &format!("person{nth}")).await),
            expected
        );
        let (identities, sessions) = stored(&server).await;
        assert_eq!((identities.len(), sessions), (nth + 1, nth + 1));
    }
    hooks.behave("hook", Behaviour::Answer(200, "nonsense".to_owned()));
    assert_eq!(register(&mut app, "ada").await.status, 200);
}

/// How long a registration takes with this hook, which behaves like that. Time stands still but for waiting.
async fn taken(hook: Value, behaviour: Behaviour) -> Duration {
    let hooks = HookServer::new();
    hooks.behave("hook", behaviour);
    let server = after("registration", "password", json!([hook]));
    let server = server.outgoing(hooks).start().await;
    let begin = Instant::now();
    register(&mut server.native(), "ada").await;
    begin.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_no_longer_than_documented() {
    let (none, tries, limit) = (
        Duration::ZERO,
        Duration::from_secs(3),
        Duration::from_secs(30),
    );
    let failing = || Behaviour::Answer(500, String::new());
    for hook in [asked("hook"), told("hook", json!({}))] {
        assert_eq!(taken(hook.clone(), Behaviour::Break).await, tries);
        assert_eq!(taken(hook.clone(), failing()).await, tries);
        assert_eq!(
            taken(hook.clone(), Behaviour::Answer(404, String::new())).await,
            none
        );
        assert_eq!(taken(hook, Behaviour::Hang).await, limit);
    }
}

/// How often a hook that fails is called for somebody who hangs up after the first try.
async fn calls_without_listener(hook: Value) -> (usize, usize) {
    let hooks = HookServer::new();
    hooks.behave("hook", Behaviour::Break);
    let server = after("registration", "password", json!([hook]));
    let server = server.outgoing(hooks.clone()).start().await;
    let mut app = server.native();
    let request = tokio::spawn(async move { register(&mut app, "ada").await });
    while hooks.count("hook") == 0 {
        tokio::task::yield_now().await;
    }
    request.abort();
    assert!(request.await.is_err());
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(2)).await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    (hooks.count("hook"), stored(&server).await.0.len())
}

#[tokio::test(start_paused = true)]
async fn what_was_saved_is_told_even_if_nobody_listens_any_more() {
    let told = calls_without_listener(told("hook", json!({}))).await;
    assert_eq!(told, (3, 1));
    let asked = calls_without_listener(asked("hook")).await;
    assert_eq!(asked, (1, 0));
}

#[tokio::test]
async fn nobody_waits_for_a_hook_whose_answer_is_ignored() {
    let hooks = HookServer::new();
    let server = after("registration", "password", json!([ignored("hook")]));
    let server = server.outgoing(hooks.clone()).start().await;
    for behaviour in [
        Behaviour::Hang,
        Behaviour::Break,
        Behaviour::Answer(500, String::new()),
    ] {
        hooks.behave("hook", behaviour);
        let name = format!("person{}", stored(&server).await.0.len());
        assert_eq!(register(&mut server.native(), &name).await.status, 200);
    }
    assert_eq!(stored(&server).await.0.len(), 3);
    while hooks.count("hook") < 3 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_signed_in_past_a_hook_that_fails() {
    let hooks = HookServer::new();
    let server = after("login", "password", json!([told("hook", json!({}))]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut app = server.native();
    for (behaviour, expected) in [
        (Behaviour::Break, (400, 500)),
        (Behaviour::Answer(403, String::new()), (502, 502)),
        (Behaviour::Hang, (504, 504)),
    ] {
        hooks.behave("hook", behaviour);
        assert_eq!(error(&sign_in(&mut app, &ada.email).await), expected);
        assert_eq!(stored(&server).await.1, 0);
    }
    hooks.answer("hook", 200, &json!({}));
    assert_eq!(sign_in(&mut app, &ada.email).await.status, 200);
    assert_eq!(stored(&server).await.1, 1);
}

#[tokio::test]
async fn a_hook_can_keep_a_flow_from_beginning() {
    let hooks = HookServer::new();
    hooks.answer("before", 400, &refusal("#/traits/email"));
    for (flow, expected) in [
        ("registration", (500, 500)),
        ("login", (400, 500)),
        ("verification", (500, 500)),
    ] {
        let server = TestServer::build()
            .set("selfservice.flows.verification.enabled", true)
            .set(
                &format!("selfservice.flows.{flow}.before.hooks"),
                json!([asked("before")]),
            );
        let server = server.outgoing(hooks.clone()).start().await;
        let reply = server
            .native()
            .get(&format!("/self-service/{flow}/api"))
            .await;
        assert_eq!(error(&reply), expected);
        assert!(reply.text().contains("not like this"), "{}", reply.text());
        let reply = server
            .browser()
            .get(&format!("/self-service/{flow}/browser"))
            .await;
        assert!(
            reply.location().starts_with("http://ui.test/error?id="),
            "{}",
            reply.location()
        );
    }
    assert_eq!(hooks.count("before"), 6);
}

#[tokio::test]
async fn hooks_of_a_method_stand_in_for_those_of_the_flow() {
    let hooks = HookServer::new();
    let server = after("settings", "profile", json!([told("profile", json!({}))])).set(
        "selfservice.flows.settings.after.hooks",
        json!([told("any", json!({}))]),
    );
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut app = server.native();
    app.sign_in(&ada).await;
    let flow = app.start("settings").await;
    let reply = app
        .submit(
            &flow,
            json!({ "method": "profile", "traits": { "email": ada.email } }),
        )
        .await;
    assert_eq!(
        (
            reply.status.as_u16(),
            hooks.count("profile"),
            hooks.count("any")
        ),
        (200, 1, 0)
    );
    app.submit(
        &flow,
        json!({ "method": "password", "password": "Zq7-another-one" }),
    )
    .await;
    assert_eq!((hooks.count("profile"), hooks.count("any")), (1, 1));
}

/// Sets an identity's state through the admin API.
async fn set_state(server: &TestServer, id: &str, state: &str) {
    let patch = json!([{ "op": "replace", "path": "/state", "value": state }]);
    let path = format!("/admin/identities/{id}");
    assert_eq!(
        server
            .admin()
            .json(Method::PATCH, &path, &patch)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn no_hook_hears_of_somebody_who_may_not_sign_in() {
    let hooks = HookServer::new();
    let server = after("login", "password", json!([told("hook", json!({}))]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    set_state(&server, &ada.id, "inactive").await;
    assert_eq!(sign_in(&mut server.native(), &ada.email).await.status, 401);
    assert_eq!(hooks.count("hook"), 0);
}
