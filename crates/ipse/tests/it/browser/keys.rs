//! Security keys: beside a password, and instead of one.

use ipse_testkit::Authenticator;
use serde_json::json;

use super::visit;
use crate::steps::person;

#[tokio::test]
async fn a_security_key_is_added_and_confirms_who_signs_in() {
    let Some(mut visit) =
        visit(|builder| builder.set("session.whoami.required_aal", "highest_available")).await
    else {
        return;
    };
    let ada = person(&visit.site.server, "ada").await;
    let authenticators = visit.page.authenticators().await;
    let id = authenticators.add(Authenticator::SecurityKey).await;
    visit.sign_in(&ada.email).await;
    visit.start("settings").await;
    visit
        .page
        .type_into("[name=webauthn_register_displayname]", "Blue key")
        .await;
    visit.page.picture("settings-key").await;
    visit.page.follow("[name=webauthn_register_trigger]").await;
    visit.page.picture("settings-key-added").await;
    assert!(visit.page.text().await.contains("Blue key"));
    let keys = authenticators.keys(&id).await;
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0]["rpId"], "localhost");
    assert_eq!(
        visit.whoami().await["authenticator_assurance_level"],
        "aal2"
    );

    visit.forget().await;
    visit.sign_in(&ada.email).await;
    // The password alone isn't enough: the browser is led on.
    assert_eq!(visit.whoami().await["error"]["id"], "session_aal2_required");
    visit.page.picture("login-key-second").await;
    visit.page.follow("[name=webauthn_login_trigger]").await;
    let session = visit.whoami().await;
    assert_eq!(
        session["authenticator_assurance_level"], "aal2",
        "{session}"
    );
    let methods = session["authentication_methods"].as_array().unwrap();
    assert_eq!(methods[1]["method"], "webauthn");
    assert_eq!(authenticators.keys(&id).await[0]["signCount"], json!(2));
    visit.assert_calm();
}

#[tokio::test]
async fn one_signs_up_and_in_with_a_security_key_alone() {
    let Some(mut visit) =
        visit(|builder| builder.set("selfservice.methods.webauthn.config.passwordless", true))
            .await
    else {
        return;
    };
    let authenticators = visit.page.authenticators().await;
    let id = authenticators.add(Authenticator::SecurityKey).await;
    visit.start("registration").await;
    visit
        .page
        .type_into("[name='traits.email']", "ada@example.org")
        .await;
    visit
        .page
        .type_into("[name=webauthn_register_displayname]", "Blue key")
        .await;
    visit.page.picture("registration-key").await;
    visit.page.follow("[name=webauthn_register_trigger]").await;
    assert_eq!(authenticators.keys(&id).await.len(), 1);
    let session = visit.whoami().await;
    assert_eq!(session["identity"]["traits"]["email"], "ada@example.org");

    visit.forget().await;
    visit.start("login").await;
    visit
        .page
        .type_into("[name=identifier]", "ada@example.org")
        .await;
    visit.page.picture("login-key").await;
    visit.page.follow("[name=method][value=webauthn]").await;
    visit.page.picture("login-key-alone").await;
    visit.page.follow("[name=webauthn_login_trigger]").await;
    let session = visit.whoami().await;
    assert_eq!(
        session["authentication_methods"][0]["method"], "webauthn",
        "{session}"
    );
    visit.assert_calm();
}
