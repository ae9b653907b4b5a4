//! Whatever becomes of a hook, in every mode: the database holds the whole change or nothing of it, and what was waited for
//! still holds when it is saved.

use http::Method;
use serde_json::{Value, json};

use super::server::{Behaviour, HookServer, asked, ignored, told};
use super::{PASSWORD, after, error, register, sign_in, stored};

/// Status and code of an error.
type Told = (u16, u64);

/// What a hook does that is of no use, and what a client is told: by a hook whose answer is parsed, and by one that is only told.
fn useless() -> Vec<(Behaviour, Told, Told)> {
    let answer = |status, body: &str| Behaviour::Answer(status, body.to_owned());
    let many: Vec<_> = (0..101)
        .map(|id| json!({ "id": id, "text": "no" }))
        .collect();
    let many = json!({ "messages": [{ "messages": many }] }).to_string();
    vec![
        (Behaviour::Break, (400, 500), (400, 500)),
        (Behaviour::Hang, (504, 504), (504, 504)),
        (Behaviour::Endless, (400, 500), (400, 500)),
        (answer(503, ""), (400, 500), (400, 500)),
        (answer(429, ""), (400, 500), (400, 500)),
        (answer(404, "nonsense"), (400, 500), (502, 502)),
        (answer(700, "nonsense"), (400, 500), (502, 502)),
        (answer(400, &many), (400, 500), (502, 502)),
        (
            answer(400, r#"{"messages": [{"messages": [{"text": 1}]}]}"#),
            (400, 500),
            (502, 502),
        ),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Ignore,
    Neither,
    Parse,
    Interrupt,
}

impl Mode {
    const ALL: [Self; 4] = [Self::Ignore, Self::Neither, Self::Parse, Self::Interrupt];

    fn hook(self) -> Value {
        match self {
            Self::Ignore => ignored("hook"),
            Self::Neither => told("hook", json!({})),
            Self::Parse => asked("hook"),
            Self::Interrupt => told("hook", json!({ "can_interrupt": true })),
        }
    }

    fn parses(self) -> bool {
        matches!(self, Self::Parse | Self::Interrupt)
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_settings_is_whole_or_nothing() {
    for mode in Mode::ALL {
        let hooks = HookServer::new();
        let server = after("settings", "profile", json!([mode.hook()]));
        let server = server.outgoing(hooks.clone()).start().await;
        let ada = server.identity("ada").password(PASSWORD).create().await;
        let mut app = server.native();
        app.sign_in(&ada).await;
        for (nth, (behaviour, parsed, told)) in useless().into_iter().enumerate() {
            hooks.behave("hook", behaviour);
            let email = format!("ada{nth}@example.org");
            let flow = app.start("settings").await;
            let fields = json!({ "method": "profile", "traits": { "email": email } });
            let reply = app.submit(&flow, fields).await;
            let expected = match mode {
                Mode::Ignore => (200, 0),
                Mode::Neither => told,
                Mode::Parse | Mode::Interrupt => parsed,
            };
            assert_eq!(error(&reply), expected);
            let (identities, _) = stored(&server).await;
            let saved = identities[0]["traits"]["email"] == json!(email);
            assert_eq!(saved, !mode.parses());
            // Identifier and address go with the traits, and so does what the flow says.
            assert_eq!(
                sign_in(&mut server.native(), &email).await.status == 200,
                saved
            );
            let state = app.fetch("settings", flow.id()).await.json["state"].clone();
            assert_eq!(state == "success", saved);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_is_whole_or_nothing() {
    for mode in Mode::ALL {
        let hooks = HookServer::new();
        let server = after("login", "password", json!([mode.hook()]));
        let server = server.outgoing(hooks.clone()).start().await;
        let ada = server.identity("ada").password(PASSWORD).create().await;
        for (behaviour, parsed, told) in useless() {
            hooks.behave("hook", behaviour);
            let before = stored(&server).await.1;
            let reply = sign_in(&mut server.native(), &ada.email).await;
            let expected = match mode {
                Mode::Ignore => (200, 0),
                Mode::Neither => told,
                Mode::Parse | Mode::Interrupt => parsed,
            };
            assert_eq!(error(&reply), expected);
            let new = stored(&server).await.1 - before;
            assert_eq!(new == 1, mode == Mode::Ignore);
        }
    }
}

#[tokio::test]
async fn what_was_saved_is_told_to_every_hook_even_if_nobody_listens_any_more() {
    let hooks = HookServer::new();
    hooks.behave("first", Behaviour::Hang);
    let list = json!([told("first", json!({})), told("second", json!({}))]);
    let server = after("registration", "password", list);
    let server = server.outgoing(hooks.clone()).start().await;
    let mut app = server.native();
    let request = tokio::spawn(async move { register(&mut app, "ada").await });
    while hooks.count("first") == 0 {
        tokio::task::yield_now().await;
    }
    request.abort();
    assert!(request.await.is_err());
    hooks.wake("first");
    while hooks.count("second") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stored(&server).await.0.len(), 1);
}

#[tokio::test]
async fn a_login_that_was_waited_for_rests_on_what_is_true_by_then() {
    let hooks = HookServer::new();
    hooks.behave("hook", Behaviour::Hang);
    let server = after("login", "password", json!([told("hook", json!({}))]));
    let server = std::sync::Arc::new(server.outgoing(hooks.clone()).start().await);
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let (mut thief, mut app) = (server.native(), server.native());
    let email = ada.email.clone();
    let login = tokio::spawn(async move { sign_in(&mut thief, &email).await });
    while hooks.count("hook") == 0 {
        tokio::task::yield_now().await;
    }
    // Meanwhile Ada changes her password.
    hooks.answer("hook", 200, &json!({}));
    app.sign_in(&ada).await;
    let flow = app.start("settings").await;
    let fields = json!({ "method": "password", "password": "Xw9-battery-staple" });
    assert_eq!(app.submit(&flow, fields).await.status, 200);
    hooks.wake("hook");
    let reply = login.await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_006])
    );
    assert_eq!(stored(&server).await.1, 1);
}

#[tokio::test]
async fn a_change_that_was_waited_for_needs_a_session_by_then() {
    let hooks = HookServer::new();
    hooks.behave("hook", Behaviour::Hang);
    let server = after("settings", "profile", json!([asked("hook")]));
    let server = server.outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let (mut thief, mut admin) = (server.native(), server.admin());
    thief.sign_in(&ada).await;
    let change = tokio::spawn(async move {
        let flow = thief.start("settings").await;
        let traits = json!({ "email": "thief@example.org" });
        let fields = json!({ "method": "profile", "traits": traits });
        thief.submit(&flow, fields).await
    });
    while hooks.count("hook") == 0 {
        tokio::task::yield_now().await;
    }
    let path = format!("/admin/identities/{}/sessions", ada.id);
    assert_eq!(admin.call(Method::DELETE, &path).await.status, 204);
    hooks.answer("hook", 200, &json!({}));
    hooks.wake("hook");
    assert_eq!(change.await.unwrap().status, 401);
    let (identities, _) = stored(&server).await;
    assert_eq!(identities[0]["traits"]["email"], json!(ada.email));
}
