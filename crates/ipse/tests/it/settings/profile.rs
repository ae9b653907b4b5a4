//! Changing the own traits.

use ipse_testkit::{Builder, Kind, TestServer};
use serde_json::json;

use crate::mail::unable_to_queue;
use crate::steps::{
    PASSWORD, can_sign_in, change, complaint, identity, person, profile, signed_in,
};

/// A server that sends verification mails.
fn verifying() -> Builder {
    TestServer::build()
        .set("selfservice.flows.verification.enabled", true)
        .set("selfservice.methods.code.enabled", true)
}

#[tokio::test]
async fn every_kind_of_client_changes_traits() {
    let server = TestServer::new().await;
    for (client, name) in [
        (server.native(), "ada"),
        (server.ajax(), "bob"),
        (server.browser(), "eve"),
    ] {
        let (mut client, person) = signed_in(&server, client, name).await;
        let traits = json!({ "email": person.email, "name": { "first": "F", "last": "Ł'<&>" } });
        let reply = change(&mut client, profile(traits.clone())).await;
        let expected = if client.kind() == Kind::Browser {
            303
        } else {
            200
        };
        assert_eq!(reply.status, expected, "{}", reply.text());
        let session = client.get_json("/sessions/whoami").await.json();
        assert_eq!(session["identity"]["traits"], traits);
        let flow = client.start("settings").await;
        assert_eq!(flow.node("traits.name.last").unwrap()["value"], "Ł'<&>");
    }
}

#[tokio::test]
async fn what_was_filled_in_wrongly_stays_in_the_form() {
    let server = TestServer::new().await;
    let (mut browser, _) = signed_in(&server, server.browser(), "ada").await;
    let flow = browser.start("settings").await;
    let reply = browser
        .submit(
            &flow,
            profile(json!({ "email": "notanemail", "name": { "first": "Ada" } })),
        )
        .await;
    assert_eq!(
        reply.location(),
        format!("http://ui.test/settings?flow={}", flow.id())
    );
    let again = browser.fetch("settings", flow.id()).await;
    assert_eq!(again.messages_of("traits.email")[0].0, 4_000_040);
    assert_eq!(again.node("traits.email").unwrap()["value"], "notanemail");
    assert_eq!(again.node("traits.name.first").unwrap()["value"], "Ada");
    let reply = browser
        .submit(&again, profile(json!({ "email": "ada@example.org" })))
        .await;
    assert_eq!(reply.status, 303);
    let done = browser.fetch("settings", flow.id()).await;
    assert!(
        done.messages_of("traits.email").is_empty(),
        "a fault that was mended isn't told any more"
    );
}

#[tokio::test]
async fn with_the_address_the_way_in_changes_and_a_mail_is_sent() {
    let server = verifying().start().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let reply = change(
        &mut app,
        profile(json!({ "email": "Countess@Example.ORG" })),
    )
    .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(can_sign_in(&server, "countess@example.org", PASSWORD).await);
    assert!(can_sign_in(&server, "COUNTESS@example.org", PASSWORD).await);
    assert!(!can_sign_in(&server, &ada.email, PASSWORD).await);
    let identity = identity(&server, &ada.id).await;
    let addresses = identity["verifiable_addresses"].as_array().unwrap();
    assert_eq!(addresses.len(), 1);
    let address = &addresses[0];
    assert_eq!(
        (&address["value"], &address["verified"]),
        (&json!("countess@example.org"), &json!(false))
    );
    assert_eq!(address["status"], "sent");
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(
        (&mails[0]["recipient"], &mails[0]["status"]),
        (&json!("countess@example.org"), &json!("queued"))
    );
    assert_eq!(mails[0]["template_type"], "verification_code_valid");
    // The old address is free again.
    assert_eq!(
        crate::steps::try_registration(server.native(), &ada.email, PASSWORD)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_address_that_is_proved_stays_proved_when_something_else_changes() {
    let server = verifying().start().await;
    let address = json!([{ "via": "email", "value": "ada@example.org", "verified": true, "status": "completed" }]);
    let ada = server
        .identity("ada")
        .password(PASSWORD)
        .set("verifiable_addresses", address)
        .create()
        .await;
    let mut app = server.native();
    app.sign_in(&ada).await;
    let before = identity(&server, &ada.id).await["verifiable_addresses"].clone();
    let reply = change(
        &mut app,
        profile(json!({ "email": ada.email, "name": { "first": "Ada" } })),
    )
    .await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        identity(&server, &ada.id).await["verifiable_addresses"],
        before
    );
    assert!(server.mails().await.is_empty());
}

#[tokio::test]
async fn an_address_that_somebody_else_has_is_refused() {
    let server = TestServer::new().await;
    let bob = person(&server, "bob").await;
    for (client, name) in [(server.native(), "ada"), (server.ajax(), "eve")] {
        let (mut client, person) = signed_in(&server, client, name).await;
        for email in [bob.email.clone(), bob.email.to_uppercase()] {
            let traits = json!({ "email": email, "name": { "first": "New" } });
            let said = complaint(&change(&mut client, profile(traits)).await);
            assert_eq!(said.messages()[0].0, 4_000_007);
        }
        assert_eq!(
            identity(&server, &person.id).await["traits"],
            json!({ "email": person.email })
        );
        assert!(can_sign_in(&server, &person.email, PASSWORD).await);
    }
}

#[tokio::test]
async fn of_two_who_want_the_same_address_at_once_one_gets_it() {
    let server = verifying().start().await;
    let (ada, one) = signed_in(&server, server.native(), "ada").await;
    let (bob, other) = signed_in(&server, server.native(), "bob").await;
    for round in 0..10 {
        let wanted = format!("wanted{round}@example.org");
        let (mut a, mut b) = (ada.clone(), bob.clone());
        let (first, second) = (a.start("settings").await, b.start("settings").await);
        let before = server.mails().await.len();
        let fields = profile(json!({ "email": wanted }));
        let replies = tokio::join!(
            a.submit(&first, fields.clone()),
            b.submit(&second, fields.clone())
        );
        let mut statuses = [replies.0.status.as_u16(), replies.1.status.as_u16()];
        let loser = if statuses[0] == 400 {
            &replies.0
        } else {
            &replies.1
        };
        assert_eq!(loser.message_ids(), [4_000_007], "{}", loser.text());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        let mut holders = 0;
        for person in [&one, &other] {
            let identity = identity(&server, &person.id).await;
            let has = identity["traits"]["email"] == wanted;
            assert_eq!(
                identity["credentials"]["password"]["identifiers"] == json!([wanted]),
                has
            );
            assert_eq!(identity["recovery_addresses"][0]["value"] == wanted, has);
            holders += usize::from(has);
        }
        assert_eq!(holders, 1);
        let mails = server.mails().await;
        assert_eq!(
            mails
                .iter()
                .filter(|mail| mail["recipient"] == wanted)
                .count(),
            1
        );
        assert_eq!(mails.len(), before + 1, "the loser has sent no mail");
    }
}

#[tokio::test]
async fn without_its_mail_a_new_address_is_not_saved() {
    let (server, _) = unable_to_queue(verifying, async |server| {
        let (mut app, _) = signed_in(server, server.native(), "ada").await;
        change(
            &mut app,
            profile(json!({ "email": "new@example.org", "name": { "first": "New" } })),
        )
        .await
    })
    .await;
    let identities = crate::steps::identities(&server).await;
    assert_eq!(identities.len(), 1);
    assert_eq!(
        identities[0]["traits"],
        json!({ "email": "ada@example.org" })
    );
    assert_eq!(
        identities[0]["verifiable_addresses"][0]["value"],
        "ada@example.org"
    );
    assert!(can_sign_in(&server, "ada@example.org", PASSWORD).await);
    assert!(!can_sign_in(&server, "new@example.org", PASSWORD).await);
}

#[tokio::test]
async fn a_new_address_can_lead_to_its_verification() {
    let hooks = json!([{ "hook": "show_verification_ui" }]);
    let server = verifying()
        .set("selfservice.flows.settings.after.profile.hooks", hooks)
        .start()
        .await;
    let (mut app, _) = signed_in(&server, server.native(), "ada").await;
    let reply = change(&mut app, profile(json!({ "email": "new@example.org" }))).await;
    let next = reply.json()["continue_with"][0].clone();
    assert_eq!(next["action"], "show_verification_ui", "{}", reply.text());
    assert_eq!(next["flow"]["verifiable_address"], "new@example.org");
    let flow = app
        .fetch("verification", next["flow"]["id"].as_str().unwrap())
        .await;
    assert_eq!(flow.json["state"], "sent_email");
    let reply = change(
        &mut app,
        profile(json!({ "email": "new@example.org", "name": { "last": "L" } })),
    )
    .await;
    assert_eq!(
        reply.json()["continue_with"],
        serde_json::Value::Null,
        "nothing is new about it any more"
    );
}
