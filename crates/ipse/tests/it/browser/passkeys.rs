//! Passkeys.

use ipse_testkit::Authenticator;

use super::{Visit, visit};
use crate::steps::{PASSWORD, person};

/// Keeps a record of what became of each question for a passkey.
const RECORD: &str = r#"
    const get = navigator.credentials.get.bind(navigator.credentials);
    navigator.credentials.get = (question) => {
      const kind = question.mediation ?? "at once";
      const note = (end) => (sessionStorage.asked = `${sessionStorage.asked ?? ""}${kind}: ${end}; `);
      const answer = get(question);
      document.documentElement.dataset.asked = kind;
      answer.then(() => note("answered"), (error) => note(error.name));
      return answer;
    };
"#;

/// Waits until the page has offered passkeys in the background.
async fn offered(visit: &Visit) {
    let offered = "document.documentElement.dataset.asked === 'conditional'";
    visit.page.until(offered).await;
    // The browser answers questions in their order: once it has answered this one, it has the other, too.
    let later = "PublicKeyCredential.isConditionalMediationAvailable()";
    visit.page.evaluate(later).await;
}

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
    visit.page.prepare(RECORD).await;
    // What is offered while nobody touches the authenticator stays open.
    authenticators.touch(&id, false).await;
    visit.start("login").await;
    offered(&visit).await;
    // Pages that draw their form anew offer it again.
    let again = "__oryPasskeyLoginAutocompleteInit(); __oryPasskeyLoginAutocompleteInit()";
    visit.page.evaluate(again).await;
    offered(&visit).await;
    visit.page.picture("login-passkey").await;
    authenticators.touch(&id, true).await;
    visit.page.follow("[name=passkey_login_trigger]").await;
    let session = visit.whoami().await;
    assert_eq!(session["identity"]["id"], ada.id, "{session}");
    assert_eq!(session["authentication_methods"][0]["method"], "passkey");

    let asked = visit.page.evaluate("sessionStorage.asked").await;
    let expected = "conditional: AbortError; conditional: AbortError; at once: answered; ";
    assert_eq!(asked, expected);

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

#[tokio::test]
async fn the_forms_that_come_one_after_the_other_have_passkeys_too() {
    let Some(mut visit) = visit(|builder| {
        let one_step = "selfservice.flows.registration.enable_legacy_one_step";
        let attestation = "selfservice.methods.passkey.config.attestation.preference";
        builder
            .set(one_step, false)
            .set("selfservice.flows.login.style", "identifier_first")
            .set(attestation, "direct")
    })
    .await
    else {
        return;
    };
    let authenticators = visit.page.authenticators().await;
    let id = authenticators.add(Authenticator::Platform).await;
    visit.start("registration").await;
    visit
        .page
        .type_into("[name='traits.email']", "ada@example.org")
        .await;
    visit.page.follow("[name=method][value=profile]").await;
    visit.page.picture("registration-second").await;
    visit.page.follow("[name=passkey_register_trigger]").await;
    let session = visit.whoami().await;
    assert_eq!(
        session["identity"]["traits"]["email"], "ada@example.org",
        "{session}"
    );
    let keys = authenticators.keys(&id).await;
    assert_eq!(keys[0]["userName"], "ada@example.org");
    // The authenticator has said what it is, and that held.
    let server = &visit.site.server;
    let identity = session["identity"]["id"].as_str().unwrap();
    let stored = server
        .app
        .store
        .credentials(identity.parse().unwrap())
        .await;
    let stored = serde_json::to_string(&stored.unwrap()).unwrap();
    assert!(
        stored.contains(r#""attestation_type":"packed""#),
        "{stored}"
    );

    // Where the name is typed first, the passkey is offered with it.
    visit.forget().await;
    visit.start("login").await;
    visit.page.next().await;
    assert_eq!(visit.whoami().await["identity"], session["identity"]);
    visit.assert_calm();
}

#[tokio::test]
async fn whoever_has_said_who_they_are_can_use_a_passkey() {
    let Some(mut visit) =
        visit(|builder| builder.set("selfservice.flows.login.style", "identifier_first")).await
    else {
        return;
    };
    let ada = person(&visit.site.server, "ada").await;
    let authenticators = visit.page.authenticators().await;
    let id = authenticators.add(Authenticator::Platform).await;
    name_oneself(&mut visit, &ada.email).await;
    visit.page.type_into("[name=password]", PASSWORD).await;
    visit.page.follow("[name=method][value=password]").await;
    visit.start("settings").await;
    visit.page.follow("[name=passkey_register_trigger]").await;

    visit.forget().await;
    visit.page.prepare(RECORD).await;
    authenticators.touch(&id, false).await;
    name_oneself(&mut visit, &ada.email).await;
    offered(&visit).await;
    visit.page.picture("login-named").await;
    authenticators.touch(&id, true).await;
    visit.page.follow("[name=passkey_login_trigger]").await;
    assert_eq!(visit.whoami().await["identity"]["id"], ada.id);
    visit.assert_calm();
}

/// The first screen of signing in.
async fn name_oneself(visit: &mut Visit, email: &str) {
    visit.start("login").await;
    visit.page.type_into("[name=identifier]", email).await;
    visit
        .page
        .follow("[name=method][value=identifier_first]")
        .await;
}
