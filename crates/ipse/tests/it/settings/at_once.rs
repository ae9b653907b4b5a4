//! Changes that something else comes across: another change, or the end of the session.

use http::Method;
use ipse_testkit::TestServer;
use serde_json::json;

use crate::steps::{OTHER, PASSWORD, can_sign_in, new_password, profile, signed_in};

#[tokio::test]
async fn the_same_form_sent_twice_at_once_takes_effect_whole() {
    let server = TestServer::new().await;
    let (mut one, person) = signed_in(&server, server.native(), "ada").await;
    let flow = one.start("settings").await;
    let traits = |name: &str| json!({ "email": format!("{name}@example.org"), "name": { "first": name, "last": name } });
    for round in 0..10 {
        let (mut a, mut b) = (one.clone(), one.clone());
        let (first, second) = (format!("a{round}"), format!("b{round}"));
        let replies = tokio::join!(
            a.submit(&flow, profile(traits(&first))),
            b.submit(&flow, profile(traits(&second))),
        );
        let statuses = [replies.0.status.as_u16(), replies.1.status.as_u16()];
        assert!(
            statuses.iter().all(|status| [200, 409].contains(status)),
            "{statuses:?}"
        );
        assert!(statuses.contains(&200), "{statuses:?}");
        let now = one.get("/sessions/whoami").await.json()["identity"]["traits"].clone();
        assert!(
            [traits(&first), traits(&second)].contains(&now),
            "half of each: {now}"
        );
        let email = now["email"].as_str().unwrap().to_owned();
        assert!(
            can_sign_in(&server, &email, PASSWORD).await,
            "identifier and traits agree"
        );
        let identity = crate::steps::identity(&server, &person.id).await;
        assert_eq!(
            identity["credentials"]["password"]["identifiers"],
            json!([email])
        );
        assert_eq!(
            identity["verifiable_addresses"].as_array().unwrap().len(),
            1
        );
    }
}

#[tokio::test]
async fn changes_of_different_things_at_once_both_stay() {
    let server = TestServer::new().await;
    let (mut app, person) = signed_in(&server, server.native(), "ada").await;
    let (one, other) = (app.start("settings").await, app.start("settings").await);
    let (mut a, mut b) = (app.clone(), app.clone());
    let traits = json!({ "email": person.email, "name": { "first": "Ada" } });
    let replies = tokio::join!(
        a.submit(&one, profile(traits.clone())),
        b.submit(&other, new_password(OTHER))
    );
    assert_eq!(
        (replies.0.status.as_u16(), replies.1.status.as_u16()),
        (200, 200),
        "{}",
        replies.1.text()
    );
    assert_eq!(
        app.get("/sessions/whoami").await.json()["identity"]["traits"],
        traits
    );
    assert!(can_sign_in(&server, &person.email, OTHER).await);
    assert!(!can_sign_in(&server, &person.email, PASSWORD).await);
}

#[tokio::test]
async fn a_session_that_ends_while_the_form_is_filled_in_ends_the_flow() {
    let server = TestServer::new().await;
    let (mut ajax, person) = signed_in(&server, server.ajax(), "ada").await;
    let flow = ajax.start("settings").await;
    let sessions = format!("/admin/identities/{}/sessions", person.id);
    assert_eq!(
        server.admin().call(Method::DELETE, &sessions).await.status,
        204
    );
    assert_eq!(ajax.submit(&flow, new_password(OTHER)).await.status, 401);
    assert!(can_sign_in(&server, &person.email, PASSWORD).await);
}

#[tokio::test]
async fn what_an_administrator_changes_at_the_same_time_stays_too() {
    let server = TestServer::new().await;
    let (mut app, person) = signed_in(&server, server.native(), "ada").await;
    let flow = app.start("settings").await;
    let path = format!("/admin/identities/{}", person.id);
    for round in 0..10 {
        let mut admin = server.admin();
        let patch =
            json!([{ "op": "replace", "path": "/metadata_public", "value": { "round": round } }]);
        let traits = json!({ "email": person.email, "name": { "first": format!("Ada {round}") } });
        let replies = tokio::join!(
            app.submit(&flow, profile(traits.clone())),
            admin.json(Method::PATCH, &path, &patch),
        );
        let statuses = (replies.0.status.as_u16(), replies.1.status.as_u16());
        assert_eq!(statuses, (200, 200), "{}", replies.1.text());
        let identity = crate::steps::identity(&server, &person.id).await;
        assert_eq!(identity["traits"], traits);
        assert_eq!(identity["metadata_public"], json!({ "round": round }));
    }
}

#[tokio::test]
async fn nobody_changes_an_account_that_was_deactivated_meanwhile() {
    let server = TestServer::new().await;
    let (mut app, person) = signed_in(&server, server.native(), "ada").await;
    let flow = app.start("settings").await;
    let traits = json!({ "email": person.email, "name": { "first": "Ada" } });
    let (reply, ()) = tokio::join!(
        app.submit(&flow, profile(traits.clone())),
        crate::steps::set_state(&server, &person.id, "inactive"),
    );
    let identity = crate::steps::identity(&server, &person.id).await;
    assert_eq!(
        identity["state"], "inactive",
        "a change that was under way doesn't undo it"
    );
    assert_eq!(
        identity["traits"] == traits,
        reply.status == 200,
        "{}",
        reply.text()
    );
}
