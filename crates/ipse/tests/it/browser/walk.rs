//! A walk through the pages, as somebody new takes it.

use ipse_crypto::totp::Totp;
use ipse_model::Clock as _;

use super::{Visit, visit};
use crate::steps::{OTHER, PASSWORD};

const EMAIL: &str = "ada@example.org";

async fn register(visit: &mut Visit) {
    visit.start("registration").await;
    visit.page.picture("registration").await;
    let page = &mut visit.page;
    page.type_into("[name='traits.email']", EMAIL).await;
    page.type_into("[name=password]", PASSWORD).await;
    page.follow("[name=method][value=password]").await;
    page.picture("home").await;
    let session = visit.whoami().await;
    assert_eq!(session["identity"]["traits"]["email"], EMAIL, "{session}");
}

async fn change(visit: &mut Visit) {
    visit.start("settings").await;
    visit.page.picture("settings").await;
    let page = &mut visit.page;
    page.type_into("[name='traits.name']", "Ada").await;
    page.follow("[name=method][value=profile]").await;
    assert_eq!(page.read("[name='traits.name']").await, "Ada");
    page.type_into("[name=password]", "ada").await;
    page.follow("[name=method][value=password]").await;
    page.picture("settings-password-refused").await;
    assert!(page.shows(".field.wrong [name=password]").await);
    page.type_into("[name=password]", OTHER).await;
    page.follow("[name=method][value=password]").await;
    assert!(page.shows(".message.success").await);
}

/// Adds an authenticator app, and says which.
async fn add_app(visit: &mut Visit) -> Totp {
    visit.start("settings").await;
    let secret = visit.page.read("#totp_secret_key").await;
    let app = Totp::from_url(&format!("otpauth://totp/a?secret={secret}")).unwrap();
    let code = app.code_at(visit.site.server.clock.now());
    visit.page.type_into("[name=totp_code]", &code).await;
    visit.page.picture("settings-totp").await;
    visit.page.follow("[name=method][value=totp]").await;
    assert!(visit.page.shows("[name=totp_unlink]").await);
    app
}

/// Makes backup codes, and says which.
async fn make_codes(visit: &mut Visit) -> Vec<String> {
    let page = &mut visit.page;
    page.follow("[name=lookup_secret_regenerate]").await;
    page.picture("settings-codes").await;
    let codes = page.read("#lookup_secret_codes").await;
    page.follow("[name=lookup_secret_confirm]").await;
    page.follow("[name=lookup_secret_reveal]").await;
    assert_eq!(page.read("#lookup_secret_codes").await, codes);
    codes.split_whitespace().map(str::to_owned).collect()
}

/// Signs in with the password, which leads to the second factor.
async fn sign_in(visit: &mut Visit) {
    visit.start("login").await;
    let page = &mut visit.page;
    page.type_into("[name=identifier]", EMAIL).await;
    page.type_into("[name=password]", OTHER).await;
    page.follow("[name=method][value=password]").await;
    page.picture("login-second").await;
}

#[tokio::test]
async fn somebody_signs_up_and_makes_the_account_safe() {
    let Some(mut visit) = visit(|builder| {
        builder
            .set("selfservice.methods.totp.enabled", true)
            .set("selfservice.methods.lookup_secret.enabled", true)
            .set("session.whoami.required_aal", "highest_available")
    })
    .await
    else {
        return;
    };
    register(&mut visit).await;
    change(&mut visit).await;
    let app = add_app(&mut visit).await;
    let codes = make_codes(&mut visit).await;
    assert_eq!(codes.len(), 12);

    visit.page.forget_cookies().await;
    sign_in(&mut visit).await;
    visit.page.type_into("[name=totp_code]", "000000").await;
    visit.page.follow("[name=method][value=totp]").await;
    visit.page.picture("login-second-refused").await;
    let code = app.code_at(visit.site.server.clock.now());
    visit.page.type_into("[name=totp_code]", &code).await;
    visit.page.follow("[name=method][value=totp]").await;
    let session = visit.whoami().await;
    assert_eq!(
        session["authenticator_assurance_level"], "aal2",
        "{session}"
    );

    visit.page.forget_cookies().await;
    sign_in(&mut visit).await;
    visit
        .page
        .type_into("[name=lookup_secret]", &codes[0])
        .await;
    visit
        .page
        .follow("[name=method][value=lookup_secret]")
        .await;
    let session = visit.whoami().await;
    assert_eq!(
        session["authenticator_assurance_level"], "aal2",
        "{session}"
    );
    visit.start("settings").await;
    visit.page.follow("[name=lookup_secret_reveal]").await;
    visit.page.picture("settings-codes-used").await;
    let left = visit.page.read("#lookup_secret_codes").await;
    assert!(left.contains("used") && !left.contains(&codes[0]), "{left}");
    visit.assert_calm();
}

#[tokio::test]
async fn somebody_who_is_asked_for_a_second_factor_can_sign_out() {
    let Some(mut visit) = visit(|builder| {
        builder
            .set("selfservice.methods.totp.enabled", true)
            .set("session.whoami.required_aal", "highest_available")
    })
    .await
    else {
        return;
    };
    register(&mut visit).await;
    change(&mut visit).await;
    add_app(&mut visit).await;
    visit.page.forget_cookies().await;
    sign_in(&mut visit).await;
    visit.page.follow("nav.below a[href*=logout]").await;
    assert_eq!(visit.whoami().await["error"]["code"], 401);
    visit.assert_calm();
}
