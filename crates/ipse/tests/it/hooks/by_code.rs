//! Hooks after recovery and verification: what has been proved by a code.

use ipse_testkit::{Builder, Client, Flow, Reply, TestServer};
use serde_json::{Value, json};

use super::server::{Behaviour, HookServer, asked, refusal};
use super::{PASSWORD, error, stored};

fn build(flow: &str) -> Builder {
    TestServer::build()
        .set("selfservice.methods.code.enabled", true)
        .set(&format!("selfservice.flows.{flow}.enabled"), true)
        .set(
            &format!("selfservice.flows.{flow}.after.hooks"),
            json!([asked("hook")]),
        )
}

/// The code that was mailed last.
async fn mailed_code(server: &TestServer) -> String {
    let mails = server.admin().get("/admin/courier/messages").await.json();
    let body = mails[0]["body"].as_str().unwrap();
    let mut runs = body.split(|letter: char| !letter.is_ascii_digit());
    runs.find(|run| run.len() == 6).unwrap().to_owned()
}

/// A flow that waits for the code.
async fn waiting(client: &mut Client, flow: &str, email: &str) -> Flow {
    let flow = client.start(flow).await;
    let reply = client
        .submit(&flow, json!({ "method": "code", "email": email }))
        .await;
    Flow::of(&reply)
}

async fn submit_code(client: &mut Client, flow: &Flow, code: &str) -> Reply {
    client
        .submit(flow, json!({ "method": "code", "code": code }))
        .await
}

#[tokio::test(start_paused = true)]
async fn a_recovery_that_a_hook_stops_can_be_tried_again() {
    let hooks = HookServer::new();
    let server = build("recovery").outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut script = server.ajax();
    let flow = waiting(&mut script, "recovery", &ada.email).await;
    let code = mailed_code(&server).await;
    hooks.behave("hook", Behaviour::Hang);
    assert_eq!(
        error(&submit_code(&mut script, &flow, &code).await),
        (504, 504)
    );
    hooks.answer("hook", 403, &refusal("#/code"));
    let reply = submit_code(&mut script, &flow, &code).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![1234])
    );
    let (identities, sessions) = stored(&server).await;
    assert_eq!(sessions, 0);
    assert_eq!(identities[0]["verifiable_addresses"][0]["verified"], false);
    assert_eq!(script.get("/sessions/whoami").await.status, 401);

    hooks.answer(
        "hook",
        200,
        &json!({ "identity": { "metadata_public": { "a": 1 } } }),
    );
    assert_eq!(submit_code(&mut script, &flow, &code).await.status, 422);
    let (identities, sessions) = stored(&server).await;
    assert_eq!(
        (sessions, &identities[0]["metadata_public"]),
        (1, &Value::Null)
    );
}

#[tokio::test]
async fn what_a_hook_says_of_a_verification_is_said_on_a_new_flow() {
    let hooks = HookServer::new();
    let server = build("verification").outgoing(hooks.clone()).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut app = server.native();
    let flow = waiting(&mut app, "verification", &ada.email).await;
    let code = mailed_code(&server).await;
    hooks.answer("hook", 400, &refusal("#/code"));
    let reply = submit_code(&mut app, &flow, &code).await;
    assert_eq!(error(&reply), (410, 410));
    let next = reply.json()["use_flow_id"].as_str().unwrap().to_owned();
    let next = app
        .get(&format!("/self-service/verification/flows?id={next}"))
        .await;
    assert_eq!(next.message_ids(), [1234]);
    assert_eq!(next.json()["state"], "choose_method");
    let (identities, _) = stored(&server).await;
    assert_eq!(identities[0]["verifiable_addresses"][0]["verified"], true);
}
