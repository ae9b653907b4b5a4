//! New addresses that wait to be verified.

use ipse_testkit::Flow;
use serde_json::{Value, json};

use super::super::server::{asked, told};
use super::{
    NEW, OLD, PASSWORD, ada, addresses, bring, build, change, code_for, identity, patch, verifying,
    waits_for,
};
use crate::steps::{can_sign_in, minutes};

#[tokio::test]
async fn a_new_address_is_taken_once_it_is_verified() {
    let (server, hooks) = verifying(&[told("saved", json!({}))]).await;
    let (mut app, ada) = ada(&server, server.native()).await;
    let traits = json!({ "email": NEW, "name": "Ada" });
    let reply = change(&mut app, traits.clone()).await;
    let flow = waits_for(&mut app, &reply).await;
    let body = reply.json();
    assert_eq!(body["state"], "show_form");
    assert_eq!(body["identity"]["traits"], json!({ "email": OLD }));
    let next = &body["continue_with"];
    assert_eq!(next.as_array().unwrap().len(), 1);
    assert_eq!(next[0]["flow"]["verifiable_address"], NEW);
    assert_eq!(
        (addresses(&server, &ada.id).await, hooks.count("saved")),
        (vec![OLD.to_owned()], 0)
    );
    assert!(can_sign_in(&server, OLD, PASSWORD).await);
    assert!(!can_sign_in(&server, NEW, PASSWORD).await);

    let code = code_for(&server, NEW).await;
    // Whoever brings the code needs no session.
    let reply = bring(&mut server.native(), &flow, &code).await;
    assert_eq!(reply.message_ids(), [1_080_002]);
    assert_eq!(reply.json()["state"], "passed_challenge");
    let after = identity(&server, &ada.id).await;
    assert_eq!(after["traits"], traits);
    assert_eq!(addresses(&server, &ada.id).await, [format!("+{NEW}")]);
    assert_eq!(hooks.count("saved"), 1);
    assert!(can_sign_in(&server, NEW, PASSWORD).await);
    assert!(!can_sign_in(&server, OLD, PASSWORD).await);
    assert_eq!(app.get("/sessions/whoami").await.status, 200);
}

#[tokio::test]
async fn browsers_are_led_to_the_verification() {
    let (server, _) = verifying(&[]).await;
    let (mut browser, ada) = ada(&server, server.browser()).await;
    let reply = change(&mut browser, json!({ "email": NEW })).await;
    let page = "http://ui.test/verification?flow=";
    assert!(reply.location().starts_with(page), "{}", reply.location());
    let id = reply.location_query("flow").unwrap();
    let flow = browser.fetch("verification", &id).await;
    let code = code_for(&server, NEW).await;
    let reply = bring(&mut browser, &flow, &code).await;
    assert_eq!(reply.location(), format!("{page}{id}"));
    assert_eq!(addresses(&server, &ada.id).await, [format!("+{NEW}")]);
}

#[tokio::test]
async fn a_link_verifies_a_new_address_too() {
    let server = build(&json!([{ "hook": "verify_new_address" }]))
        .set("selfservice.methods.link.enabled", true)
        .set("selfservice.flows.verification.use", "link");
    let server = server.start().await;
    let (mut script, ada) = ada(&server, server.ajax()).await;
    let reply = change(&mut script, json!({ "email": NEW })).await;
    let flow = waits_for(&mut script, &reply).await;
    let first = crate::codes::link_for(&server, NEW).await;
    let fields = json!({ "method": "link", "email": NEW });
    let reply = script.submit(&flow, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let second = crate::codes::link_for(&server, NEW).await;
    assert_ne!(first, second);
    server.browser().get(&first).await;
    assert_eq!(addresses(&server, &ada.id).await, [OLD]);
    server.browser().get(&second).await;
    assert_eq!(addresses(&server, &ada.id).await, [format!("+{NEW}")]);

    // No phone number can be verified by a link.
    let reply = change(
        &mut script,
        json!({ "email": NEW, "phone": "+49 30 123456" }),
    )
    .await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["error"]["code"]),
        (400, &json!(500))
    );
}

#[tokio::test]
async fn phone_numbers_are_verified_by_a_text_message() {
    let (server, _) = verifying(&[]).await;
    let (mut app, ada) = ada(&server, server.native()).await;
    let traits = json!({ "email": OLD, "phone": "+49 30 123456" });
    let reply = change(&mut app, traits).await;
    let flow = waits_for(&mut app, &reply).await;
    assert_eq!(addresses(&server, &ada.id).await, [OLD]);
    let code = code_for(&server, "+4930123456").await;
    bring(&mut app, &flow, &code).await;
    assert_eq!(addresses(&server, &ada.id).await, [OLD, "++4930123456"]);
}

#[tokio::test]
async fn other_changes_do_not_wait() {
    let (server, hooks) = verifying(&[told("saved", json!({}))]).await;
    let (mut app, ada) = ada(&server, server.native()).await;
    let more = json!({ "email": OLD, "second": "ada@example.net" });
    patch(&server, &ada.id, "/traits", more).await;
    // A name, and an address less.
    let traits = json!({ "email": OLD, "name": "Ada" });
    let reply = change(&mut app, traits.clone()).await;
    assert_eq!(reply.json()["state"], "success");
    assert_eq!(identity(&server, &ada.id).await["traits"], traits);
    assert_eq!(
        (addresses(&server, &ada.id).await, hooks.count("saved")),
        (vec![OLD.to_owned()], 1)
    );
}

#[tokio::test]
async fn a_code_can_be_sent_again() {
    let (server, _) = verifying(&[]).await;
    let (mut app, ada) = ada(&server, server.native()).await;
    let reply = change(&mut app, json!({ "email": NEW })).await;
    let flow = waits_for(&mut app, &reply).await;
    let first = code_for(&server, NEW).await;
    let reply = app
        .submit(&flow, json!({ "method": "code", "email": NEW }))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let second = code_for(&server, NEW).await;
    assert_ne!(first, second);
    assert_eq!(
        bring(&mut app, &flow, &first).await.message_ids(),
        [4_070_006]
    );
    assert_eq!(
        bring(&mut app, &flow, &second).await.message_ids(),
        [1_080_002]
    );
    assert_eq!(addresses(&server, &ada.id).await, [format!("+{NEW}")]);
}

#[tokio::test]
async fn a_code_that_has_expired_is_followed_by_another_one() {
    let server = build(&json!([{ "hook": "verify_new_address" }]))
        .set("selfservice.methods.code.config.lifespan", "5m");
    let server = server.start().await;
    let (mut app, ada) = ada(&server, server.native()).await;
    let reply = change(&mut app, json!({ "email": NEW })).await;
    let flow = waits_for(&mut app, &reply).await;
    let code = code_for(&server, NEW).await;
    server.clock.advance(minutes(6));
    let reply = bring(&mut app, &flow, &code).await;
    assert_eq!(reply.status, 410);
    let next = reply.json()["use_flow_id"].as_str().unwrap().to_owned();
    let next = app.fetch("verification", &next).await;
    let reply = app
        .submit(&next, json!({ "method": "code", "email": NEW }))
        .await;
    let next = Flow::of(&reply);
    let code = code_for(&server, NEW).await;
    bring(&mut app, &next, &code).await;
    assert_eq!(addresses(&server, &ada.id).await, [format!("+{NEW}")]);
}

#[tokio::test]
async fn what_hooks_decide_they_decide_before_anything_waits() {
    let (server, hooks) = verifying(&[asked("decides")]).await;
    let (mut app, ada) = ada(&server, server.native()).await;
    hooks.answer(
        "decides",
        400,
        &super::super::server::refusal("#/traits/email"),
    );
    let reply = change(&mut app, json!({ "email": NEW })).await;
    assert_eq!(reply.message_ids(), [1234]);
    assert_eq!(server.mails().await.len(), 0);

    let decided = json!({ "identity": { "metadata_admin": { "tier": 1 } } });
    hooks.answer("decides", 200, &decided);
    let reply = change(&mut app, json!({ "email": NEW })).await;
    let flow = waits_for(&mut app, &reply).await;
    assert_eq!(
        identity(&server, &ada.id).await["metadata_admin"],
        Value::Null
    );
    // What has come from elsewhere meanwhile stays.
    patch(
        &server,
        &ada.id,
        "/metadata_public",
        json!({ "seen": true }),
    )
    .await;
    let code = code_for(&server, NEW).await;
    bring(&mut app, &flow, &code).await;
    let after = identity(&server, &ada.id).await;
    assert_eq!(after["metadata_admin"], json!({ "tier": 1 }));
    assert_eq!(after["metadata_public"], json!({ "seen": true }));
    assert_eq!(
        (&after["traits"]["email"], hooks.count("decides")),
        (&json!(NEW), 2)
    );

    // A hook that knows an address spares people the verification.
    let known = json!({ "identity": { "verifiable_addresses": [
        { "via": "email", "value": OLD, "verified": true },
    ] } });
    hooks.answer("decides", 200, &known);
    let reply = change(&mut app, json!({ "email": OLD })).await;
    assert_eq!(reply.json()["state"], "success");
    assert_eq!(addresses(&server, &ada.id).await, [format!("+{OLD}")]);
}

#[tokio::test]
async fn a_hook_that_fails_afterwards_leaves_the_whole_change() {
    let (server, hooks) = verifying(&[told("saved", json!({}))]).await;
    let (mut app, ada) = ada(&server, server.native()).await;
    let reply = change(&mut app, json!({ "email": NEW })).await;
    let flow = waits_for(&mut app, &reply).await;
    hooks.answer("saved", 404, &json!({}));
    let code = code_for(&server, NEW).await;
    assert_eq!(bring(&mut app, &flow, &code).await.status, 502);
    assert_eq!(addresses(&server, &ada.id).await, [format!("+{NEW}")]);
}
