//! Passkeys.

use ipse_testkit::Authenticator;

use super::visit;
use crate::steps::person;

#[tokio::test]
async fn a_passkey_is_added_and_signs_in() {
    let Some(mut visit) = visit(|builder| builder).await else {
        return;
    };
    let ada = person(&visit.site.server, "ada").await;
    let authenticators = visit.page.authenticators().await;
    let id = authenticators.add(Authenticator::Platform).await;
    visit.sign_in(&ada.email).await;
    visit.start("settings").await;
    visit.page.follow("[name=passkey_register_trigger]").await;
    visit.page.picture("settings-passkey-added").await;
    assert!(visit.page.shows("[name=passkey_remove]").await);
    let keys = authenticators.keys(&id).await;
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0]["isResidentCredential"], true);
    assert_eq!(keys[0]["userName"], "ada@example.org");

    visit.forget().await;
    // The page offers passkeys in the background, which nobody takes up until the button is clicked on.
    authenticators.touch(&id, false).await;
    visit.start("login").await;
    visit.page.picture("login-passkey").await;
    authenticators.touch(&id, true).await;
    visit.page.follow("[name=passkey_login_trigger]").await;
    let session = visit.whoami().await;
    assert_eq!(session["identity"]["id"], ada.id, "{session}");
    assert_eq!(session["authentication_methods"][0]["method"], "passkey");

    visit.start("settings").await;
    visit.page.follow("[name=passkey_remove]").await;
    assert!(!visit.page.shows("[name=passkey_remove]").await);
    visit.assert_calm();
}

#[tokio::test]
async fn one_signs_up_with_a_passkey_and_keeps_it() {
    let Some(mut visit) = visit(|builder| builder).await else {
        return;
    };
    let authenticators = visit.page.authenticators().await;
    let id = authenticators.add(Authenticator::Platform).await;
    visit.start("registration").await;
    visit
        .page
        .type_into("[name='traits.email']", "ada@example.org")
        .await;
    visit.page.picture("registration-passkey").await;
    visit.page.follow("[name=passkey_register_trigger]").await;
    let session = visit.whoami().await;
    assert_eq!(
        session["identity"]["traits"]["email"], "ada@example.org",
        "{session}"
    );
    let keys = authenticators.keys(&id).await;
    assert_eq!(keys[0]["userDisplayName"], "ada@example.org");
    visit.start("settings").await;
    assert!(visit.page.shows("[name=passkey_remove]:disabled").await);
    visit.assert_calm();
}

#[tokio::test]
async fn a_passkey_is_offered_where_the_name_is_typed() {
    let Some(mut visit) = visit(|builder| builder).await else {
        return;
    };
    let ada = person(&visit.site.server, "ada").await;
    let authenticators = visit.page.authenticators().await;
    authenticators.add(Authenticator::Platform).await;
    visit.sign_in(&ada.email).await;
    visit.start("settings").await;
    visit.page.follow("[name=passkey_register_trigger]").await;
    visit.forget().await;
    // Whoever is offered the passkey takes it at once.
    visit.start("login").await;
    visit.page.next().await;
    let session = visit.whoami().await;
    assert_eq!(session["identity"]["id"], ada.id, "{session}");
    assert_eq!(session["authentication_methods"][0]["method"], "passkey");
    visit.assert_calm();
}
