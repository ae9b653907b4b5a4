//! Verifying addresses.

use ipse_model::SignedDuration;
use ipse_testkit::{Client, Flow, Person, Reply, TestServer};
use serde_json::json;

use super::{PASSWORD, build, build_with_links, code_for, is_verified, link_for, names, wrong};

/// Asks for a code or link. Returns the form that waits for it.
async fn ask(client: &mut Client, email: &str, method: &str) -> Flow {
    let flow = client.start("verification").await;
    let reply = client
        .submit(&flow, json!({ "method": method, "email": email }))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    Flow::of(&reply)
}

async fn submit(client: &mut Client, flow: &Flow, code: &str) -> Reply {
    client
        .submit(flow, json!({ "method": "code", "code": code }))
        .await
}

async fn ada(server: &TestServer) -> Person {
    server.identity("ada").password(PASSWORD).create().await
}

#[tokio::test]
async fn a_code_verifies_an_address_once() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let flow = ask(&mut client, &ada.email, "code").await;
    assert_eq!(flow.json["state"], "sent_email");
    assert_eq!(names(&flow), ["method", "code", "method", "email"]);
    let code = code_for(&server, &ada.email).await;

    let reply = submit(&mut client, &flow, &wrong(&code)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (200, vec![4_070_006])
    );
    assert!(!is_verified(&server, &ada.id).await);

    let reply = submit(&mut client, &flow, &code).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (200, vec![1_080_002])
    );
    assert_eq!(reply.json()["state"], "passed_challenge");
    assert!(is_verified(&server, &ada.id).await);

    let reply = submit(&mut client, &flow, &code).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id()),
        (410, "self_service_flow_replaced".to_owned())
    );
    let next = client
        .fetch(
            "verification",
            reply.json()["use_flow_id"].as_str().unwrap(),
        )
        .await;
    assert_eq!(next.messages()[0].0, 4_070_002);
}

#[tokio::test]
async fn a_stranger_learns_nothing_about_who_has_an_account() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let known = ask(&mut server.native(), &ada.email, "code").await;
    let unknown = ask(&mut server.native(), "bob@example.org", "code").await;
    let shape = |flow: &Flow| (names(flow), flow.messages(), flow.json["state"].clone());
    assert_eq!(shape(&known), shape(&unknown));
    assert_eq!(server.mails().await.len(), 1);
}

#[tokio::test]
async fn strangers_are_written_to_if_the_configuration_says_so() {
    let server = build().set(
        "selfservice.flows.verification.notify_unknown_recipients",
        true,
    );
    let server = server.start().await;
    ask(&mut server.native(), "bob@example.org", "code").await;
    let mails = server.mails().await;
    assert_eq!(mails[0]["template_type"], "verification_code_invalid");
}

#[tokio::test]
async fn after_five_tries_even_the_right_code_is_refused() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let flow = ask(&mut client, &ada.email, "code").await;
    let code = code_for(&server, &ada.email).await;
    for _ in 0..5 {
        assert_eq!(submit(&mut client, &flow, &wrong(&code)).await.status, 200);
    }
    let reply = submit(&mut client, &flow, &code).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id()),
        (410, "self_service_flow_replaced".to_owned())
    );
    assert!(!is_verified(&server, &ada.id).await);
}

#[tokio::test]
async fn many_tries_at_once_are_counted_too() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let flow = ask(&mut server.native(), &ada.email, "code").await;
    let code = code_for(&server, &ada.email).await;
    let tries = (0..40).map(|_| {
        let (mut client, flow, code) = (server.native(), flow.clone(), wrong(&code));
        tokio::spawn(async move { submit(&mut client, &flow, &code).await.status })
    });
    let mut answered = 0;
    for one in tries.collect::<Vec<_>>() {
        answered += usize::from(one.await.unwrap() == 200);
    }
    assert!(answered <= 5, "{answered} codes were compared");
}

#[tokio::test]
async fn a_code_belongs_to_its_flow_and_a_new_one_takes_its_place() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    let first = ask(&mut client, &ada.email, "code").await;
    let of_first = code_for(&server, &ada.email).await;
    let second = ask(&mut client, &ada.email, "code").await;
    assert_eq!(
        submit(&mut client, &second, &of_first).await.message_ids(),
        [4_070_006]
    );

    code_for(&server, &ada.email).await;
    let resent = client
        .submit(&first, json!({ "method": "code", "email": ada.email }))
        .await;
    assert_eq!(resent.status, 200);
    assert_eq!(
        submit(&mut client, &first, &of_first).await.message_ids(),
        [4_070_006]
    );
    let newest = code_for(&server, &ada.email).await;
    assert_eq!(
        submit(&mut client, &first, &newest).await.message_ids(),
        [1_080_002]
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
    let flow = ask(&mut client, &ada.email, "code").await;
    let code = code_for(&server, &ada.email).await;
    server.clock.advance(SignedDuration::from_secs(60));
    let reply = submit(&mut client, &flow, &code).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id()),
        (410, "self_service_flow_expired".to_owned())
    );
    let next = client
        .fetch(
            "verification",
            reply.json()["use_flow_id"].as_str().unwrap(),
        )
        .await;
    assert_eq!(next.messages()[0].0, 4_070_005);
}

#[tokio::test]
async fn an_address_that_is_missing_or_none_is_said_at_its_field() {
    let server = build().start().await;
    for mut client in [server.native(), server.ajax()] {
        let flow = client.start("verification").await;
        for (email, id) in [("", 4_000_002), ("nonsense", 4_000_040)] {
            let reply = client
                .submit(&flow, json!({ "method": "code", "email": email }))
                .await;
            assert_eq!(reply.status, 400);
            assert_eq!(Flow::of(&reply).messages_of("email")[0].0, id);
        }
    }
}

#[tokio::test]
async fn the_mail_may_be_opened_in_another_browser() {
    let server = build().start().await;
    let ada = ada(&server).await;
    ask(&mut server.ajax(), &ada.email, "code").await;
    let mut elsewhere = server.browser();
    let reply = elsewhere.get(&link_for(&server, &ada.email).await).await;
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/verification?flow="),
        "{}",
        reply.location()
    );
    assert!(
        !is_verified(&server, &ada.id).await,
        "opening the link confirms nothing"
    );

    let flow = elsewhere
        .fetch("verification", &reply.location_query("flow").unwrap())
        .await;
    let code = flow.node("code").unwrap()["value"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(code, code_for(&server, &ada.email).await);
    let reply = submit(&mut elsewhere, &flow, &code).await;
    assert_eq!(reply.status, 303);
    assert!(is_verified(&server, &ada.id).await);
}

#[tokio::test]
async fn a_link_verifies_an_address_once() {
    let server = build_with_links().start().await;
    let ada = ada(&server).await;
    let flow = ask(&mut server.native(), &ada.email, "link").await;
    assert_eq!(flow.messages()[0].0, 1_080_001);
    let link = link_for(&server, &ada.email).await;
    let mut browser = server.browser();

    let reply = browser.get(&link).await;
    assert_eq!(reply.location_query("flow").as_deref(), Some(flow.id()));
    assert!(is_verified(&server, &ada.id).await);

    let reply = browser.get(&link).await;
    let next = browser
        .fetch("verification", &reply.location_query("flow").unwrap())
        .await;
    assert_ne!(next.id(), flow.id());
    assert_eq!(next.messages()[0].0, 4_070_001);
}

#[tokio::test]
async fn a_link_needs_its_own_flow_and_its_time() {
    let server = build_with_links().set("selfservice.methods.link.config.lifespan", "1m");
    let server = server.start().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    ask(&mut client, &ada.email, "link").await;
    let link = link_for(&server, &ada.email).await;
    let other = ask(&mut client, &ada.email, "link").await;
    let mut browser = server.browser();

    let token = link
        .split("token=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let forged = format!(
        "/self-service/verification?flow={}&token={token}",
        other.id()
    );
    let reply = browser.get(&forged).await;
    let next = browser
        .fetch("verification", &reply.location_query("flow").unwrap())
        .await;
    assert_eq!(next.messages()[0].0, 4_070_001);

    server.clock.advance(SignedDuration::from_secs(60));
    let reply = browser.get(&link).await;
    let next = browser
        .fetch("verification", &reply.location_query("flow").unwrap())
        .await;
    assert_eq!(next.messages()[0].0, 4_070_005);
    assert!(!is_verified(&server, &ada.id).await);
}

#[tokio::test]
async fn an_address_that_the_account_has_given_up_can_not_be_verified_any_more() {
    let server = build().start().await;
    let ada = ada(&server).await;
    let flow = ask(&mut server.native(), &ada.email, "code").await;
    let code = code_for(&server, &ada.email).await;
    let path = format!("/admin/identities/{}", ada.id);
    let changed = json!({
        "schema_id": "default", "state": "active", "traits": { "email": "eva@example.org" },
    });
    assert_eq!(
        server
            .admin()
            .json(http::Method::PUT, &path, &changed)
            .await
            .status,
        200
    );
    assert_eq!(
        submit(&mut server.native(), &flow, &code)
            .await
            .message_ids(),
        [4_070_006]
    );
}

#[tokio::test]
async fn signing_up_sends_a_code_and_names_the_flow() {
    let server = build()
        .set(
            "selfservice.flows.registration.after.password.hooks",
            json!([{ "hook": "session" }, { "hook": "show_verification_ui" }]),
        )
        .start()
        .await;
    let mut client = server.native();
    let flow = client.start("registration").await;
    let fields =
        json!({ "method": "password", "password": PASSWORD, "traits.email": "bea@example.org" });
    let reply = client.submit(&flow, fields).await;
    let next = reply.json()["continue_with"][0].clone();
    assert_eq!(next["action"], "show_verification_ui", "{}", reply.text());
    assert_eq!(next["flow"]["verifiable_address"], "bea@example.org");
    let flow = client
        .fetch("verification", next["flow"]["id"].as_str().unwrap())
        .await;
    let code = code_for(&server, "bea@example.org").await;
    assert_eq!(
        submit(&mut server.native(), &flow, &code)
            .await
            .message_ids(),
        [1_080_002]
    );
}

#[tokio::test]
async fn what_is_switched_off_starts_nothing() {
    for off in [
        "selfservice.flows.verification.enabled",
        "selfservice.methods.code.enabled",
    ] {
        let server = build().set(off, false).start().await;
        assert_eq!(
            server
                .native()
                .get("/self-service/verification/api")
                .await
                .status,
            400
        );
        let mut client = server.native();
        let flow = client.start("registration").await;
        let fields = json!({ "method": "password", "password": PASSWORD, "traits.email": "bea@example.org" });
        assert_eq!(client.submit(&flow, fields).await.status, 200);
        assert_eq!(server.mails().await.len(), 0, "{off}");
    }
}

#[tokio::test]
async fn a_browser_that_asks_has_to_show_its_token_and_an_app_must_be_none() {
    let server = build().start().await;
    let mut ajax = server.ajax();
    let flow = ajax.start("verification").await;
    let forged = json!({ "method": "code", "email": "ada@example.org", "csrf_token": "wrong" });
    let reply = ajax.submit(&flow, forged).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id()),
        (403, "security_csrf_violation".to_owned())
    );
}
