//! Hooks that come with the server.

use ipse_testkit::TestServer;
use serde_json::{Value, json};

use super::{PASSWORD, after, error, register, sign_in, stored};

const VERIFICATION: &str = "selfservice.flows.verification.enabled";

#[tokio::test]
async fn an_unverified_address_leads_to_a_verification_instead_of_a_session() {
    let server = after(
        "login",
        "password",
        json!([{ "hook": "require_verified_address" }]),
    );
    let server = server
        .set(VERIFICATION, true)
        .set("selfservice.methods.code.enabled", true)
        .start()
        .await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let reply = sign_in(&mut server.native(), &ada.email).await;
    assert_eq!(error(&reply), (403, 400));
    let body = reply.json();
    assert_eq!(body["error"]["id"], "session_verified_address_required");
    let next = &body["error"]["details"]["continue_with"][0];
    assert_eq!(
        (&next["action"], &next["flow"]["verifiable_address"]),
        (&json!("show_verification_ui"), &json!(ada.email))
    );
    let id = next["flow"]["id"].as_str().unwrap();
    assert_eq!(
        server.native().fetch("verification", id).await.json["state"],
        "sent_email"
    );

    let reply = sign_in(&mut server.browser(), &ada.email).await;
    assert_eq!(reply.status, 303);
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/verification?flow="),
        "{}",
        reply.location()
    );
    assert_eq!(stored(&server).await.1, 0);

    let address = json!([{ "via": "email", "value": "bob@example.org", "verified": true, "status": "completed" }]);
    let bob = server
        .identity("bob")
        .password(PASSWORD)
        .set("verifiable_addresses", address)
        .create()
        .await;
    assert_eq!(sign_in(&mut server.native(), &bob.email).await.status, 200);
}

#[tokio::test]
async fn the_older_way_says_so_on_the_form() {
    let server = after(
        "login",
        "password",
        json!([{ "hook": "require_verified_address" }]),
    )
    .set(VERIFICATION, true)
    .set("feature_flags.legacy_require_verified_login_error", true);
    let server = server.start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let reply = sign_in(&mut server.native(), &ada.email).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_010])
    );
    assert_eq!(stored(&server).await.1, 0);
}

#[tokio::test]
async fn without_verification_nobody_is_sent_there() {
    let server = after(
        "login",
        "password",
        json!([{ "hook": "require_verified_address" }]),
    );
    let server = server.set(VERIFICATION, false).start().await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let reply = sign_in(&mut server.native(), &ada.email).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_010])
    );
}

async fn verifying(hooks: Value) -> TestServer {
    let server = after("login", "password", hooks);
    server
        .set(VERIFICATION, true)
        .set("selfservice.methods.code.enabled", true)
        .start()
        .await
}

#[tokio::test]
async fn signing_in_can_start_a_verification() {
    let server = verifying(json!([{ "hook": "verification" }])).await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let reply = sign_in(&mut server.native(), &ada.email).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["continue_with"]),
        (200, &Value::Null)
    );
    let mails = server.admin().get("/admin/courier/messages").await.json();
    assert_eq!(mails[0]["recipient"], json!(ada.email));
    let (identities, _) = stored(&server).await;
    assert_eq!(identities[0]["verifiable_addresses"][0]["status"], "sent");
}

#[tokio::test]
async fn signing_in_can_lead_to_the_verification() {
    let server =
        verifying(json!([{ "hook": "verification" }, { "hook": "show_verification_ui" }])).await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let reply = sign_in(&mut server.ajax(), &ada.email).await;
    let next = reply.json()["continue_with"].clone();
    assert_eq!(
        (&next[0]["action"], &next[1]["action"]),
        (
            &json!("show_verification_ui"),
            &json!("redirect_browser_to")
        )
    );
    let reply = sign_in(&mut server.browser(), &ada.email).await;
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/verification?flow="),
        "{}",
        reply.location()
    );
    assert_eq!(stored(&server).await.1, 2);
}

#[tokio::test]
async fn the_older_way_names_the_verification_without_leading_there() {
    let server = TestServer::build()
        .set(VERIFICATION, true)
        .set("selfservice.methods.code.enabled", true)
        .set("feature_flags.legacy_continue_with_verification_ui", true);
    let server = server.start().await;
    let reply = register(&mut server.ajax(), "ada").await;
    assert_eq!(
        reply.json()["continue_with"][1]["action"],
        "show_verification_ui"
    );
    let reply = register(&mut server.browser(), "bob").await;
    assert_eq!(reply.location(), "http://ui.test/");
}

#[tokio::test]
async fn other_sessions_end_with_a_new_login() {
    let server = after(
        "login",
        "password",
        json!([{ "hook": "revoke_active_sessions" }]),
    )
    .start()
    .await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let (mut old, mut new) = (server.native(), server.native());
    old.sign_in(&ada).await;
    assert_eq!(old.get("/sessions/whoami").await.status, 200);
    new.sign_in(&ada).await;
    assert_eq!(old.get("/sessions/whoami").await.status, 401);
    assert_eq!(new.get("/sessions/whoami").await.status, 200);
}
