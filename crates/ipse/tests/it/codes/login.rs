//! Signing in with a code.

use ipse_model::SignedDuration;
use ipse_testkit::{Client, Flow, Person, Reply, TestServer};
use serde_json::json;

use super::{PASSWORD, build, code_for, is_verified, wrong};

async fn ada(server: &TestServer) -> Person {
    server.identity("ada").password(PASSWORD).create().await
}

/// Asks for a code. That answers 400, as the login isn't done.
async fn ask(client: &mut Client, identifier: &str) -> Flow {
    let flow = client.start("login").await;
    let reply = client
        .submit(&flow, json!({ "method": "code", "identifier": identifier }))
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![1_010_014])
    );
    Flow::of(&reply)
}

async fn submit(client: &mut Client, flow: &Flow, (identifier, code): (&str, &str)) -> Reply {
    client
        .submit(
            flow,
            json!({ "method": "code", "identifier": identifier, "code": code }),
        )
        .await
}

#[tokio::test]
async fn a_code_signs_in_once_and_verifies_its_address() {
    let server = build().start().await;
    let ada = ada(&server).await;
    for mut client in [server.native(), server.ajax()] {
        let flow = ask(&mut client, &ada.email).await;
        assert_eq!(flow.json["state"], "sent_email");
        let code = code_for(&server, &ada.email).await;
        let reply = submit(&mut client, &flow, (&ada.email, &wrong(&code))).await;
        assert_eq!(
            (reply.status.as_u16(), reply.message_ids()),
            (400, vec![4_010_008])
        );
        let reply = submit(&mut client, &flow, (&ada.email, &code)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let session = &reply.json()["session"];
        assert_eq!(session["authentication_methods"][0]["method"], "code");
        let again = submit(&mut server.native(), &flow, (&ada.email, &code)).await;
        assert!(again.status.is_client_error());
    }
    assert!(is_verified(&server, &ada.id).await);
}

#[tokio::test]
async fn a_code_is_good_for_the_account_that_it_was_sent_for() {
    let server = build().start().await;
    let (ada, bob) = (ada(&server).await, server.identity("bob").create().await);
    let mut client = server.native();
    let flow = ask(&mut client, &ada.email).await;
    let code = code_for(&server, &ada.email).await;
    let reply = submit(&mut client, &flow, (&bob.email, &code)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_010_008])
    );
    let reply = submit(&mut client, &flow, ("nobody@example.org", &code)).await;
    assert_eq!(reply.message_ids(), [4_000_035]);
    assert_eq!(
        submit(&mut client, &flow, (&ada.email, &code)).await.status,
        200
    );
}

#[tokio::test]
async fn somebody_without_account_gets_no_code() {
    let server = build().start().await;
    let mut client = server.native();
    let flow = client.start("login").await;
    for (identifier, id) in [("nobody@example.org", 4_000_035), ("", 4_000_002)] {
        let reply = client
            .submit(&flow, json!({ "method": "code", "identifier": identifier }))
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.message_ids()),
            (400, vec![id])
        );
    }
    assert_eq!(server.mails().await.len(), 0);
}

#[tokio::test]
async fn after_five_tries_even_the_right_code_is_refused() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let flow = ask(&mut client, &ada.email).await;
    let code = code_for(&server, &ada.email).await;
    for _ in 0..5 {
        let reply = submit(&mut client, &flow, (&ada.email, &wrong(&code))).await;
        assert_eq!(reply.message_ids(), [4_010_008]);
    }
    let reply = submit(&mut client, &flow, (&ada.email, &code)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_001])
    );
}

#[tokio::test]
async fn many_tries_at_once_are_counted_too() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let flow = ask(&mut server.native(), &ada.email).await;
    let code = code_for(&server, &ada.email).await;
    let tries = (0..40).map(|_| {
        let (mut client, flow, code) = (server.native(), flow.clone(), wrong(&code));
        let email = ada.email.clone();
        tokio::spawn(async move {
            submit(&mut client, &flow, (&email, &code))
                .await
                .message_ids()
        })
    });
    let mut compared = 0;
    for one in tries.collect::<Vec<_>>() {
        compared += usize::from(one.await.unwrap() == [4_010_008]);
    }
    assert_eq!(compared, 5);
}

#[tokio::test]
async fn a_new_code_takes_the_place_of_the_one_before() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let flow = ask(&mut client, &ada.email).await;
    let first = code_for(&server, &ada.email).await;
    let fields = json!({ "method": "code", "identifier": ada.email, "resend": "code" });
    assert_eq!(
        client.submit(&flow, fields).await.message_ids(),
        [1_010_014]
    );
    assert_eq!(
        submit(&mut client, &flow, (&ada.email, &first))
            .await
            .message_ids(),
        [4_010_008]
    );
    let second = code_for(&server, &ada.email).await;
    assert_eq!(
        submit(&mut client, &flow, (&ada.email, &second))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_code_that_has_expired_leads_to_a_new_form() {
    let server = build()
        .set("selfservice.methods.code.config.lifespan", "1m")
        .start()
        .await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let flow = ask(&mut client, &ada.email).await;
    server.clock.advance(SignedDuration::from_secs(60));
    let code = code_for(&server, &ada.email).await;
    let reply = submit(&mut client, &flow, (&ada.email, &code)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id()),
        (410, "self_service_flow_expired".to_owned())
    );
}

#[tokio::test]
async fn codes_sign_nobody_in_unless_that_is_switched_on() {
    let server = build()
        .set("selfservice.methods.code.passwordless_enabled", false)
        .start()
        .await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let flow = client.start("login").await;
    let reply = client
        .submit(&flow, json!({ "method": "code", "identifier": ada.email }))
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_010_002])
    );
    assert_eq!(server.mails().await.len(), 0);
}

#[tokio::test]
async fn a_deactivated_account_stays_closed() {
    let server = build().start().await;
    let ada = server
        .identity("ada")
        .set("state", "inactive")
        .create()
        .await;
    let mut client = server.native();
    let flow = ask(&mut client, &ada.email).await;
    let code = code_for(&server, &ada.email).await;
    assert_eq!(
        submit(&mut client, &flow, (&ada.email, &code)).await.status,
        401
    );
}
