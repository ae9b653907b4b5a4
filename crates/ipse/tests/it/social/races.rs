//! Several at once: ways back with one state, sign-ups of one person, and tokens that belong to another occasion.

use serde_json::json;

use super::ADA;
use super::openid::{self, parameter};
use super::provider::{self, leave, on_the_way, server, through, whoami};

const PASSWORD: &str = "a long and winding password";

#[tokio::test]
async fn of_two_ways_back_with_one_state_one_counts() {
    let (server, provider) = server(&[]).await;
    let (mut browser, state) = on_the_way(&server).await;
    let mut twin = browser.clone();
    let (one, two) = tokio::join!(
        provider::come_back(&mut browser, "one", &state, ADA),
        provider::come_back(&mut twin, "one", &state, "2|eve@example.org"),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{} {}", one.text(), two.text());
    assert_eq!(provider.redeemed(), 1);
}

#[tokio::test]
async fn one_person_in_many_windows_gets_one_account() {
    let (server, _) = server(&[]).await;
    let mut windows: Vec<_> = (0..6).map(|_| server.browser()).collect();
    let mut left = Vec::new();
    for window in &mut windows {
        let flow = window.start("registration").await;
        let fields = json!({ "method": "oidc", "provider": "one" });
        left.push(leave(window, &flow, fields).await);
    }
    let mut arrivals = tokio::task::JoinSet::new();
    for (mut window, state) in windows.into_iter().zip(left) {
        arrivals.spawn(async move {
            let reply = provider::come_back(&mut window, "one", &state, ADA).await;
            (
                format!("{} {} {}", reply.status, reply.location(), reply.text()),
                whoami(&mut window).await,
            )
        });
    }
    let sessions = arrivals.join_all().await;
    let first = &sessions[0].1["identity"]["id"];
    assert!(first.is_string(), "{sessions:?}");
    for (reply, session) in &sessions {
        assert_eq!(&session["identity"]["id"], first, "{reply}");
    }
    let identities = server.admin().get("/admin/identities").await.json();
    assert_eq!(identities.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_account_that_is_taken_meanwhile_is_not_connected() {
    let (server, _) = server(&[]).await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut browser = server.browser();
    let reply = through(&mut browser, "registration", "one", ADA).await;
    let id = reply.location_query("flow").unwrap();
    let flow = browser.fetch("login", &id).await;
    // Somebody else connects the same account at the provider before ada has confirmed.
    let eve = server.identity("eve").password(PASSWORD).create().await;
    let mut other = server.ajax();
    other.sign_in(&eve).await;
    let settings = other.start("settings").await;
    let state = leave(&mut other, &settings, json!({ "link": "one" })).await;
    provider::come_back(&mut other, "one", &state, ADA).await;
    let fields = json!({ "method": "password", "identifier": ada.email, "password": PASSWORD });
    browser.submit(&flow, fields).await;
    let flow = browser.fetch("login", &id).await;
    assert_eq!(flow.messages()[0].0, 4_000_007);
    assert_eq!(whoami(&mut browser).await["error"]["code"], json!(401));
}

#[tokio::test]
async fn a_code_of_another_occasion_signs_nobody_in() {
    let (server, openid) = openid::server(json!({}), &[("ipse.provider_nonce", json!(true))]).await;
    let mut browser = server.ajax();
    let flow = browser.start("login").await;
    let fields = json!({ "method": "oidc", "provider": "one" });
    let stolen = openid::leave(&mut browser, &flow, fields.clone()).await;
    let stolen = json!({ "nonce": parameter(&stolen, "nonce").unwrap() });
    let left = openid::leave(&mut browser, &flow, fields.clone()).await;
    let reply = openid::come_back(&server, &mut browser, (&left, &stolen)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id().as_str()),
        (502, "upstream_error")
    );
    let left = openid::leave(&mut browser, &flow, fields).await;
    let nonce = json!({ "nonce": parameter(&left, "nonce"), "email": "ada@example.org" });
    let reply = openid::come_back(&server, &mut browser, (&left, &nonce)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(openid.redeemed.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn scripts_see_no_nonce_unless_it_is_configured() {
    let (server, _) = openid::server(json!({}), &[]).await;
    let mut browser = server.ajax();
    let flow = browser.start("login").await;
    let left = openid::leave(
        &mut browser,
        &flow,
        json!({ "method": "oidc", "provider": "one" }),
    )
    .await;
    assert_eq!(parameter(&left, "nonce"), None);
}

#[tokio::test]
async fn two_pairs_of_names_that_look_the_same_are_two_people() {
    let (server, _) = server(&[]).await;
    // As if `one` had issued the subject `two:1`, while a provider `one:two` has the subject `1`.
    let import = json!({ "schema_id": "default", "traits": { "email": "eve@example.org" }, "credentials": { "oidc": {
        "config": { "providers": [{ "provider": "one:two", "subject": "1" }] } } } });
    let created = server
        .admin()
        .json(http::Method::POST, "/admin/identities", &import)
        .await;
    assert_eq!(created.status, 201, "{}", created.text());
    let mut browser = server.browser();
    through(&mut browser, "login", "one", "two:1|ada@example.org").await;
    assert_eq!(whoami(&mut browser).await["error"]["code"], json!(401));
    let reply = through(&mut server.ajax(), "login", "one", "two:1|ada@example.org").await;
    assert_eq!(reply.message_ids(), [4_000_007], "{}", reply.text());
}
