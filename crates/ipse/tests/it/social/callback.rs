//! Ways back from a provider that nobody can have taken in good faith.

use http::Method;
use serde_json::json;

use super::ADA;
use super::provider::{come_back, leave, on_the_way, server, through, whoami};

#[tokio::test]
async fn only_the_browser_that_left_can_come_back_and_once() {
    let (server, provider) = server(&[]).await;
    let (mut browser, state) = on_the_way(&server).await;
    for stranger in [&mut server.ajax(), &mut server.native()] {
        let reply = come_back(stranger, "one", &state, ADA).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
    }
    let reply = come_back(&mut browser, "two", &state, ADA).await;
    assert_eq!(reply.status, 400, "the state is for another provider");
    assert_eq!(provider.redeemed(), 0, "no code was redeemed for them");
    assert_eq!(
        come_back(&mut browser, "one", &state, ADA).await.status,
        200
    );
    let signed_out = browser.clone();
    let mut again = signed_out;
    again.call(Method::DELETE, "/sessions").await;
    come_back(&mut again, "one", &state, "2|eve@example.org").await;
    assert_eq!(provider.redeemed(), 1, "the way back can be taken once");
}

#[tokio::test]
async fn a_state_that_was_not_made_here_leads_nowhere() {
    let (server, provider) = server(&[]).await;
    let (mut browser, state) = on_the_way(&server).await;
    let mut changed = state.clone().into_bytes();
    let last = changed.len() - 2;
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for forged in ["", "broken", "e30", &changed, &state[..state.len() - 4]] {
        let reply = come_back(&mut browser, "one", forged, ADA).await;
        assert_eq!(reply.status, 400, "{forged}");
    }
    assert_eq!(provider.redeemed(), 0);
}

#[tokio::test]
async fn the_last_attempt_counts() {
    let (server, provider) = server(&[]).await;
    let mut browser = server.ajax();
    let flow = browser.start("login").await;
    let fields = json!({ "method": "oidc", "provider": "one" });
    let first = leave(&mut browser, &flow, fields.clone()).await;
    let last = leave(&mut browser, &flow, fields).await;
    assert_eq!(
        come_back(&mut browser, "one", &first, ADA).await.status,
        400
    );
    assert_eq!(provider.redeemed(), 0);
    assert_eq!(come_back(&mut browser, "one", &last, ADA).await.status, 200);
}

#[tokio::test]
async fn whoever_takes_too_long_starts_again() {
    let (server, provider) = server(&[]).await;
    let (mut browser, state) = on_the_way(&server).await;
    server
        .clock
        .advance(ipse_model::SignedDuration::from_mins(31));
    assert_eq!(
        come_back(&mut browser, "one", &state, ADA).await.status,
        400
    );
    assert_eq!(provider.redeemed(), 0);
}

#[tokio::test]
async fn a_provider_that_refuses_is_quoted_on_the_form() {
    let (server, _) = server(&[]).await;
    let mut browser = server.ajax();
    for kind in ["login", "registration"] {
        let flow = browser.start(kind).await;
        let state = leave(
            &mut browser,
            &flow,
            json!({ "method": "oidc", "provider": "one" }),
        )
        .await;
        let query = format!("error=access_denied&error_description=the+user+said+no&state={state}");
        let reply = browser
            .get(&format!("/self-service/methods/oidc/callback/one?{query}"))
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.message_ids()),
            (400, vec![4_000_001]),
            "{kind}"
        );
        assert!(
            reply.text().contains("the user said no"),
            "{}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn leaving_needs_the_token_of_the_form() {
    let (server, _) = server(&[]).await;
    let mut browser = server.ajax();
    let flow = browser.start("login").await;
    let fields = json!({ "method": "oidc", "provider": "one", "csrf_token": "forged" });
    let reply = browser.submit(&flow, fields).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id().as_str()),
        (403, "security_csrf_violation")
    );
}

#[tokio::test]
async fn a_posted_answer_has_to_come_again() {
    let (server, _) = server(&[]).await;
    let fields = [
        ("code".to_owned(), "x".to_owned()),
        ("state".to_owned(), "a&b".to_owned()),
    ];
    let reply = server
        .browser()
        .form("/self-service/methods/oidc/callback/one", &fields)
        .await;
    assert_eq!(reply.status, 302);
    let location = "http://public.test/self-service/methods/oidc/callback/one?code=x&state=a%26b";
    assert_eq!(reply.location(), location);
}

#[tokio::test]
async fn a_disabled_account_stays_out() {
    let (server, _) = server(&[]).await;
    let mut browser = server.browser();
    through(&mut browser, "login", "one", ADA).await;
    let id = whoami(&mut browser).await["identity"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let inactive = json!([{ "op": "replace", "path": "/state", "value": "inactive" }]);
    server
        .admin()
        .json(Method::PATCH, &format!("/admin/identities/{id}"), &inactive)
        .await;
    let mut again = server.ajax();
    let reply = through(&mut again, "login", "one", ADA).await;
    assert_eq!(reply.status, 401, "{}", reply.text());
    assert_eq!(whoami(&mut again).await["error"]["code"], json!(401));
}
