//! An account is stored with all that belongs to it, or not at all.

use ipse_testkit::{Builder, TestServer};
use serde_json::json;

use crate::mail::unable_to_queue;
use crate::steps::{
    OTHER, PASSWORD, can_sign_in, complaint, identities, identity, profile, session_count, sign_up,
    signed_in, try_registration,
};

fn verifying() -> Builder {
    TestServer::build()
        .set("selfservice.flows.verification.enabled", true)
        .set("selfservice.methods.code.enabled", true)
}

#[tokio::test]
async fn of_two_who_sign_up_with_the_same_address_at_once_one_does() {
    let server = verifying().start().await;
    for round in 0..10 {
        let email = format!("wanted{round}@example.org");
        let shouted = email.to_uppercase();
        let (one, other) = tokio::join!(
            try_registration(server.native(), &email, PASSWORD),
            try_registration(server.native(), &shouted, OTHER),
        );
        let won = [&one, &other].map(|reply| reply.status == 200);
        assert!(won[0] != won[1], "{} {}", one.text(), other.text());
        let loser = if won[0] { &other } else { &one };
        assert_eq!(complaint(loser).messages()[0].0, 4_000_007);
        assert_eq!(can_sign_in(&server, &email, PASSWORD).await, won[0]);
        assert_eq!(can_sign_in(&server, &email, OTHER).await, won[1]);
        assert_eq!(identities(&server).await.len(), round + 1);
        assert_eq!(
            server.mails().await.len(),
            round + 1,
            "the loser has sent no mail"
        );
    }
}

#[tokio::test]
async fn the_same_form_sent_twice_at_once_makes_one_account() {
    let server = TestServer::new().await;
    let app = server.native();
    let flow = app.clone().start("registration").await;
    let (mut a, mut b) = (app.clone(), app);
    let fields = sign_up("ada@example.org", PASSWORD);
    let replies = tokio::join!(
        a.submit(&flow, fields.clone()),
        b.submit(&flow, fields.clone())
    );
    let mut statuses = [replies.0.status.as_u16(), replies.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn a_mail_is_queued_to_verify_the_address() {
    let server = verifying().start().await;
    for (client, email) in [
        (server.native(), "ada@example.org"),
        (server.browser(), "Bob@example.org"),
    ] {
        let reply = try_registration(client, email, PASSWORD).await;
        assert!(
            [200, 303].contains(&reply.status.as_u16()),
            "{}",
            reply.text()
        );
        let mails = server.mails().await;
        let mail = mails
            .iter()
            .find(|mail| mail["recipient"] == email.to_lowercase())
            .unwrap();
        assert_eq!(
            (&mail["status"], &mail["template_type"]),
            (&json!("queued"), &json!("verification_code_valid"))
        );
        let body = mail["body"].as_str().unwrap();
        assert!(
            body.contains("http://public.test/self-service/verification?code="),
            "{body}"
        );
    }
    for identity in identities(&server).await {
        let address = &identity["verifiable_addresses"][0];
        assert_eq!(
            (&address["status"], &address["verified"]),
            (&json!("sent"), &json!(false))
        );
    }
    let mut app = server.native();
    let flow = app.start("registration").await;
    complaint(&app.submit(&flow, sign_up("notanemail", PASSWORD)).await);
    assert_eq!(
        server.mails().await.len(),
        2,
        "who isn't registered gets no mail"
    );
}

#[tokio::test]
async fn without_its_mail_there_is_no_account() {
    let (server, _) = unable_to_queue(verifying, async |server| {
        try_registration(server.native(), "ada@example.org", PASSWORD).await
    })
    .await;
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (0, 0)
    );
    assert!(!can_sign_in(&server, "ada@example.org", PASSWORD).await);
    // Nothing of the failed attempt is in the way of the next one.
    assert_eq!(
        try_registration(server.native(), "ada@example.org", PASSWORD)
            .await
            .status,
        200
    );
    assert_eq!(
        (
            identities(&server).await.len(),
            session_count(&server).await
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn of_one_who_signs_up_and_one_who_moves_to_the_same_address_at_once_one_gets_it() {
    let server = verifying().start().await;
    let (mut mover, person) = signed_in(&server, server.native(), "ada").await;
    for round in 0..10 {
        let wanted = format!("wanted{round}@example.org");
        let flow = mover.start("settings").await;
        let (moved, registered) = tokio::join!(
            mover.submit(&flow, profile(json!({ "email": wanted }))),
            try_registration(server.native(), &wanted, OTHER),
        );
        let won = [&moved, &registered].map(|reply| reply.status == 200);
        assert!(won[0] != won[1], "{} {}", moved.text(), registered.text());
        let loser = if won[0] { &registered } else { &moved };
        assert_eq!(complaint(loser).messages()[0].0, 4_000_007);
        let has = identity(&server, &person.id).await["traits"]["email"] == wanted;
        assert_eq!(has, won[0]);
        assert_eq!(can_sign_in(&server, &wanted, PASSWORD).await, won[0]);
        assert_eq!(can_sign_in(&server, &wanted, OTHER).await, won[1]);
        let mails = server.mails().await;
        assert_eq!(
            mails
                .iter()
                .filter(|mail| mail["recipient"] == wanted)
                .count(),
            1
        );
    }
}

#[tokio::test]
async fn every_link_of_the_list_of_mails_can_be_followed() {
    let server = verifying().start().await;
    for name in ["ada", "bob", "eve"] {
        try_registration(server.native(), &format!("{name}@example.org"), PASSWORD).await;
    }
    let mut path = "/admin/courier/messages?page_size=2".to_owned();
    let mut found = 0;
    for expected in [2, 1] {
        let reply = server.admin().get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        found += reply.json().as_array().unwrap().len();
        let link = |rel: &str| {
            let links = reply.header("link").split(',').map(str::to_owned);
            let mut links = links.filter(|link| link.contains(&format!("rel=\"{rel}\"")));
            links
                .next()
                .map(|link| link[link.find('<').unwrap() + 1..link.find('>').unwrap()].to_owned())
        };
        let first = server.admin().get(&link("first").unwrap()).await;
        assert_eq!(
            (
                first.status.as_u16(),
                first.json().as_array().unwrap().len()
            ),
            (200, 2),
            "{}",
            first.text()
        );
        assert_eq!(link("next").is_some(), expected == 2);
        path = link("next").unwrap_or_default();
    }
    assert_eq!(found, 3);
}
