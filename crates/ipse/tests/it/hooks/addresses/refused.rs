//! New addresses that are not taken.

use http::Method;
use ipse_testkit::{Client, Flow, Person, TestServer};
use serde_json::{Value, json};

use super::{
    NEW, OLD, ada, addresses, bring, build, change, code_for, identity, patch, verifying, waits_for,
};
use crate::steps::minutes;

/// Ada's client, who has asked for a new address, and the verification with its code.
async fn waiting(server: &TestServer) -> (Client, Person, Flow, String) {
    let (mut app, ada) = ada(server, server.native()).await;
    let reply = change(&mut app, json!({ "email": NEW })).await;
    let flow = waits_for(&mut app, &reply).await;
    let code = code_for(server, NEW).await;
    (app, ada, flow, code)
}

/// The code is as good as a wrong one, and nothing has changed.
async fn is_worth_nothing(server: &TestServer, id: &str, (flow, code): (&Flow, &str)) {
    let before = identity(server, id).await;
    let reply = bring(&mut server.native(), flow, code).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (200, vec![4_070_006])
    );
    assert_eq!(reply.json()["state"], "sent_email");
    assert_eq!(identity(server, id).await, before);
}

#[tokio::test]
async fn the_session_that_asked_has_to_last() {
    let (server, _) = verifying(&[]).await;
    let (mut app, ada, flow, code) = waiting(&server).await;
    let token = json!({ "session_token": app.token });
    let reply = app
        .json(Method::DELETE, "/self-service/logout/api", &token)
        .await;
    assert_eq!(reply.status, 204);
    is_worth_nothing(&server, &ada.id, (&flow, &code)).await;
}

#[tokio::test]
async fn a_session_that_has_expired_is_over() {
    let server = build(&json!([{ "hook": "verify_new_address" }]))
        .set("session.lifespan", "10m")
        .set("selfservice.methods.code.config.lifespan", "1h");
    let server = server.start().await;
    let (_, ada, flow, code) = waiting(&server).await;
    server.clock.advance(minutes(11));
    is_worth_nothing(&server, &ada.id, (&flow, &code)).await;
}

#[tokio::test]
async fn sessions_that_are_removed_take_the_change_with_them() {
    let (server, _) = verifying(&[]).await;
    let (_, ada, flow, code) = waiting(&server).await;
    let path = format!("/admin/identities/{}/sessions", ada.id);
    let reply = server.admin().call(Method::DELETE, &path).await;
    assert_eq!(reply.status, 204);
    is_worth_nothing(&server, &ada.id, (&flow, &code)).await;
}

#[tokio::test]
async fn an_account_that_is_disabled_stays_as_it_is() {
    let (server, _) = verifying(&[]).await;
    let (_, ada, flow, code) = waiting(&server).await;
    patch(&server, &ada.id, "/state", json!("inactive")).await;
    is_worth_nothing(&server, &ada.id, (&flow, &code)).await;
}

#[tokio::test]
async fn traits_that_have_changed_meanwhile_are_not_overwritten() {
    let (server, _) = verifying(&[]).await;
    let (_, ada, flow, code) = waiting(&server).await;
    patch(&server, &ada.id, "/traits/name", json!("Ada")).await;
    is_worth_nothing(&server, &ada.id, (&flow, &code)).await;
}

#[tokio::test]
async fn a_schema_that_asks_for_more_by_now_is_kept_to() {
    let (server, _) = verifying(&[]).await;
    let (_, ada, flow, code) = waiting(&server).await;
    let stricter = super::SCHEMA.replace(r#""required": ["email"]"#, r#""required": ["name"]"#);
    let schemas = json!([{ "id": "default", "url": ipse_testkit::inline(&stricter) }]);
    server
        .reload(&[("identity.schemas", schemas)])
        .await
        .unwrap();
    is_worth_nothing(&server, &ada.id, (&flow, &code)).await;
}

#[tokio::test]
async fn the_newest_change_counts() {
    let (server, _) = verifying(&[]).await;
    let (mut app, ada, first, code) = waiting(&server).await;
    let newer = "countess@example.org";
    let reply = change(&mut app, json!({ "email": newer })).await;
    let second = waits_for(&mut app, &reply).await;
    is_worth_nothing(&server, &ada.id, (&first, &code)).await;
    // Nothing is sent for what doesn't wait any more.
    let before = server.mails().await.len();
    app.submit(&first, json!({ "method": "code", "email": NEW }))
        .await;
    assert_eq!(server.mails().await.len(), before);
    let code = code_for(&server, newer).await;
    bring(&mut app, &second, &code).await;
    assert_eq!(addresses(&server, &ada.id).await, [format!("+{newer}")]);
}

#[tokio::test]
async fn a_code_counts_once() {
    let (server, _) = verifying(&[]).await;
    let (mut app, ada, flow, code) = waiting(&server).await;
    bring(&mut app, &flow, &code).await;
    patch(&server, &ada.id, "/traits", json!({ "email": OLD })).await;
    let reply = bring(&mut app, &flow, &code).await;
    assert_eq!(reply.status, 410);
    assert_eq!(identity(&server, &ada.id).await["traits"]["email"], OLD);
}

#[tokio::test]
async fn an_address_of_somebody_else_is_refused_at_once() {
    let (server, _) = verifying(&[]).await;
    let bob = crate::steps::person(&server, "bob").await;
    let (mut app, ada) = ada(&server, server.native()).await;
    let reply = change(&mut app, json!({ "email": bob.email })).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_007])
    );
    assert_eq!(addresses(&server, &ada.id).await, [OLD]);
    assert_eq!(server.mails().await.len(), 0);
}

#[tokio::test]
async fn an_address_that_somebody_else_gets_meanwhile_is_theirs() {
    let (server, _) = verifying(&[]).await;
    let (mut app, ada, flow, code) = waiting(&server).await;
    let lovelace = crate::steps::person(&server, "lovelace").await;
    assert_eq!(lovelace.email, NEW);
    for _ in 0..2 {
        let reply = bring(&mut app, &flow, &code).await;
        assert_eq!(
            (reply.status.as_u16(), reply.message_ids()),
            (400, vec![4_000_007])
        );
        assert_eq!(reply.json()["state"], "sent_email");
    }
    assert_eq!(addresses(&server, &ada.id).await, [OLD]);
    assert_eq!(addresses(&server, &lovelace.id).await, [NEW]);
}

#[tokio::test]
async fn one_address_is_changed_at_a_time() {
    let (server, _) = verifying(&[]).await;
    let (mut app, ada) = ada(&server, server.native()).await;
    let both = json!({ "email": NEW, "second": "ada@example.net" });
    let reply = change(&mut app, both).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_050_002])
    );
    assert_eq!(addresses(&server, &ada.id).await, [OLD]);
}

#[tokio::test]
async fn whoever_asks_has_signed_in_lately() {
    let (server, _) = verifying(&[]).await;
    let (mut browser, ada) = ada(&server, server.browser()).await;
    server.clock.advance(minutes(61));
    let reply = change(&mut browser, json!({ "email": OLD, "second": NEW })).await;
    let login = "http://public.test/self-service/login/browser?refresh=true&return_to=";
    assert!(reply.location().starts_with(login), "{}", reply.location());
    assert_eq!(server.mails().await.len(), 0);
    // The submission waits, and after it the change.
    let settings = reply.location_query("return_to").unwrap();
    let flow = browser.start_with("login", "refresh=true").await;
    let fields = json!({ "method": "password", "identifier": OLD, "password": super::PASSWORD });
    browser.submit(&flow, fields).await;
    let reply = browser.get(&settings).await;
    let id = reply.location_query("flow").unwrap();
    let flow = browser.fetch("verification", &id).await;
    assert_eq!(addresses(&server, &ada.id).await, [OLD]);
    let code = code_for(&server, NEW).await;
    bring(&mut browser, &flow, &code).await;
    assert_eq!(addresses(&server, &ada.id).await, [OLD, &format!("+{NEW}")]);
}

#[tokio::test]
async fn without_a_verification_the_server_does_not_start() {
    let hooks = json!([{ "hook": "notify_previous_addresses" }, { "hook": "verify_new_address" }]);
    for (key, value) in [
        ("selfservice.flows.verification.enabled", false),
        ("selfservice.methods.code.enabled", false),
    ] {
        let server = build(&hooks).set(key, value).try_start().await;
        let problem = server.err().unwrap();
        let place = "selfservice.flows.settings.after.profile.hooks.1.hook";
        assert!(problem.contains(place), "{problem}");
        assert!(problem.contains(key), "{problem}");
    }
}

#[tokio::test]
async fn what_waits_is_not_readable_in_the_database() {
    let (server, _) = verifying(&[]).await;
    let (_, _, flow, _) = waiting(&server).await;
    let stored = server.app.store.flow(flow.id().parse().unwrap()).await;
    let stored = stored.unwrap().unwrap();
    assert_eq!(stored.private.to_value(), json!({}));
    assert_ne!(stored.public.to_value(), Value::Null);
    let paused = server.app.store.paused(flow.id().parse().unwrap()).await;
    assert_eq!(paused.unwrap().unwrap().name, "settings: new address");
}

#[tokio::test]
async fn of_two_changes_at_once_one_waits() {
    let (server, _) = verifying(&[]).await;
    let (mut one, ada) = ada(&server, server.native()).await;
    let mut other = server.native();
    other.sign_in(&ada).await;
    let newer = "countess@example.org";
    let replies = tokio::join!(
        change(&mut one, json!({ "email": NEW })),
        change(&mut other, json!({ "email": newer })),
    );
    let mut taken = 0;
    for (reply, address) in [(replies.0, NEW), (replies.1, newer)] {
        let flow = waits_for(&mut one, &reply).await;
        let code = code_for(&server, address).await;
        let reply = bring(&mut server.native(), &flow, &code).await;
        taken += usize::from(reply.json()["state"] == "passed_challenge");
    }
    assert_eq!(taken, 1);
}

#[tokio::test]
async fn a_code_that_comes_twice_at_once_counts_once() {
    let (server, _) = verifying(&[]).await;
    let (mut one, ada, flow, code) = waiting(&server).await;
    let mut other = server.native();
    let (first, second) = tokio::join!(
        bring(&mut one, &flow, &code),
        bring(&mut other, &flow, &code),
    );
    let passed = [&first, &second].map(|reply| reply.message_ids() == [1_080_002]);
    assert_eq!(passed.iter().filter(|passed| **passed).count(), 1);
    assert_eq!(addresses(&server, &ada.id).await, [format!("+{NEW}")]);
}
