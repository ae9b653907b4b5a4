//! What the configuration may leave to a provider: whose account it is, what is in it, and that there were two factors.

use http::Method;
use ipse_testkit::TestServer;
use serde_json::{Value, json};

use super::openid::{self, come_back, leave, through};
use super::provider::whoami;

const PASSWORD: &str = "a long and winding password";

/// What the provider says about somebody who has ada's address.
fn ada(verified: bool) -> Value {
    json!({ "sub": "1", "email": "ada@example.org", "email_verified": verified })
}

/// Ada's account, whose address is verified or not.
async fn account(server: &TestServer, verified: bool) -> String {
    let status = if verified { "completed" } else { "pending" };
    let address = json!([{ "value": "ada@example.org", "via": "email", "verified": verified, "status": status }]);
    let ada = server.identity("ada").password(PASSWORD);
    ada.set("verifiable_addresses", address).create().await.id
}

/// Who is signed in after coming through the provider; nobody where more has to be proved.
async fn arrives(server: &TestServer, flow: &str, said: Value) -> Option<String> {
    let mut browser = server.browser();
    through(server, &mut browser, (flow, said)).await;
    let id = &whoami(&mut browser).await["identity"]["id"];
    id.as_str().map(str::to_owned)
}

async fn linked(server: &TestServer, id: &str) -> Vec<String> {
    let path = format!("/admin/identities/{id}?include_credential=oidc");
    let identity = server.admin().get(&path).await.json();
    let identifiers = identity["credentials"]["oidc"]["identifiers"].as_array();
    let identifiers = identifiers.into_iter().flatten();
    identifiers
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn addresses_that_both_sides_have_verified_connect() {
    for flow in ["login", "registration"] {
        let (server, _) = openid::server(json!({ "account_linking_mode": "automatic" }), &[]).await;
        let id = account(&server, true).await;
        let who = arrives(&server, flow, ada(true)).await;
        assert_eq!(who.as_ref(), Some(&id), "{flow}");
        assert_eq!(linked(&server, &id).await, ["one:1"]);
        // From now on the subject counts, whatever the address is.
        let who = arrives(
            &server,
            flow,
            json!({ "sub": "1", "email": "new@example.org" }),
        )
        .await;
        assert_eq!(who, Some(id));
    }
}

#[tokio::test]
async fn addresses_that_one_side_has_not_verified_connect_nothing() {
    let automatic = json!({ "account_linking_mode": "automatic" });
    for (config, here, there) in [
        (automatic.clone(), false, true),
        (automatic.clone(), true, false),
        (json!({}), true, true),
    ] {
        let (server, _) = openid::server(config.clone(), &[]).await;
        let id = account(&server, here).await;
        let who = arrives(&server, "registration", ada(there)).await;
        assert_eq!(who, None, "{config} {here} {there}");
        assert!(linked(&server, &id).await.is_empty());
    }
    // Nor do those of accounts that have another one at the provider, or may not be used.
    let (server, _) = openid::server(automatic, &[]).await;
    let id = account(&server, true).await;
    assert_eq!(arrives(&server, "login", ada(true)).await, Some(id.clone()));
    let mut other = ada(true);
    other["sub"] = json!("2");
    assert_eq!(arrives(&server, "login", other.clone()).await, None);
    assert_eq!(linked(&server, &id).await, ["one:1"]);
}

#[tokio::test]
async fn a_disabled_account_is_not_connected() {
    let (server, _) = openid::server(json!({ "account_linking_mode": "automatic" }), &[]).await;
    let id = account(&server, true).await;
    let inactive = json!([{ "op": "replace", "path": "/state", "value": "inactive" }]);
    let path = format!("/admin/identities/{id}");
    server.admin().json(Method::PATCH, &path, &inactive).await;
    assert_eq!(arrives(&server, "login", ada(true)).await, None);
    assert!(linked(&server, &id).await.is_empty());
}

#[tokio::test]
async fn an_administrator_can_have_one_account_connected() {
    let registration = ("selfservice.flows.registration.enabled", json!(false));
    let (server, _) = openid::server(json!({}), &[registration]).await;
    let waiting = json!({ "provider": "one", "subject": "", "use_auto_link": true });
    let address = |name: &str| json!([{ "value": format!("{name}@example.org"), "via": "email", "verified": true, "status": "completed" }]);
    let mut ids = Vec::new();
    for name in ["ada", "eve"] {
        let identity = server.identity(name).password(PASSWORD);
        let identity = identity.set("verifiable_addresses", address(name));
        let person = identity.create().await;
        let import = json!({ "schema_id": "default", "traits": { "email": person.email }, "state": "active",
            "credentials": { "oidc": { "config": { "providers": [waiting] } } } });
        let path = format!("/admin/identities/{}", person.id);
        let reply = server.admin().json(Method::PUT, &path, &import).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        ids.push(person.id);
    }
    assert_eq!(arrives(&server, "login", ada(false)).await, None);
    assert_eq!(
        arrives(&server, "login", ada(true)).await.as_ref(),
        Some(&ids[0])
    );
    assert_eq!(linked(&server, &ids[0]).await, ["one:1"]);
    // The hint has served its purpose.
    let mut second = ada(true);
    second["sub"] = json!("2");
    assert_eq!(arrives(&server, "login", second).await, None);
    let eve = json!({ "sub": "3", "email": "eve@example.org", "email_verified": true });
    assert_eq!(arrives(&server, "login", eve).await.as_ref(), Some(&ids[1]));
}

#[tokio::test]
async fn signing_in_brings_an_identity_up_to_date() {
    let verification = ("selfservice.flows.verification.enabled", json!(true));
    let config = json!({ "update_identity_on_login": "automatic" });
    let (server, _) = openid::server(config, &[verification]).await;
    let said = |email: &str, more: Value| {
        let mut said = json!({ "sub": "1", "email": email });
        for (name, value) in more.as_object().unwrap() {
            said[name] = value.clone();
        }
        said
    };
    let sign_in = async |said: Value| {
        let mut browser = server.browser();
        through(&server, &mut browser, ("login", said)).await;
        whoami(&mut browser).await["identity"].clone()
    };
    let first = sign_in(said(
        "ada@example.org",
        json!({ "given_name": "Ada", "picture": "1" }),
    ))
    .await;
    assert_eq!(first["verifiable_addresses"][0]["verified"], json!(false));
    // What isn't said stays, and an address that is proved by now counts.
    let second = sign_in(said("ada@example.org", json!({ "email_verified": true }))).await;
    assert_eq!(second["id"], first["id"]);
    assert_eq!(
        second["traits"],
        json!({ "email": "ada@example.org", "name": { "first": "Ada" } })
    );
    assert_eq!(second["metadata_public"], json!({ "picture": "1" }));
    assert_eq!(second["verifiable_addresses"][0]["verified"], json!(true));
    // Another address is another address: it has to be verified, and nobody else may have it.
    let third = sign_in(said(
        "countess@example.org",
        json!({ "given_name": "Augusta", "picture": "2" }),
    ))
    .await;
    assert_eq!(
        third["traits"],
        json!({ "email": "countess@example.org", "name": { "first": "Augusta" } })
    );
    assert_eq!(third["metadata_public"], json!({ "picture": "2" }));
    assert_eq!(third["verifiable_addresses"][0]["verified"], json!(false));
    let mails = server.mails().await;
    assert!(
        mails
            .iter()
            .any(|mail| mail["recipient"] == "countess@example.org"),
        "{mails:?}"
    );
    server.identity("eve").create().await;
    for (email, first) in [("eve@example.org", "Eve"), ("no address", "Nobody")] {
        let kept = sign_in(said(email, json!({ "given_name": first }))).await;
        assert_eq!(kept["traits"], third["traits"], "{email}");
    }
}

#[tokio::test]
async fn identities_stay_as_they_are_unless_the_configuration_says_otherwise() {
    let (server, _) = openid::server(json!({}), &[]).await;
    let mut browser = server.browser();
    through(&server, &mut browser, ("login", ada(true))).await;
    let mut again = server.browser();
    let said = json!({ "sub": "1", "email": "new@example.org", "given_name": "New" });
    through(&server, &mut again, ("login", said)).await;
    let traits = whoami(&mut again).await["identity"]["traits"].clone();
    assert_eq!(traits["email"], json!("ada@example.org"));
}

fn two_factors() -> Value {
    json!({ "aal2_acr_values": ["gold"], "aal2_amr_values": ["mfa"] })
}

#[tokio::test]
async fn a_provider_that_asks_for_two_factors_gives_both() {
    let (server, _) = openid::server(two_factors(), &[]).await;
    for (flow, more, aal) in [
        ("registration", json!({ "acr": "gold" }), "aal2"),
        ("login", json!({ "acr": "silver", "amr": ["pwd"] }), "aal1"),
        ("login", json!({ "amr": ["pwd", "mfa"] }), "aal2"),
        ("login", json!({}), "aal1"),
    ] {
        let mut said = ada(true);
        for (name, value) in more.as_object().unwrap() {
            said[name] = value.clone();
        }
        let mut browser = server.browser();
        through(&server, &mut browser, (flow, said)).await;
        let session = whoami(&mut browser).await;
        assert_eq!(
            session["authenticator_assurance_level"],
            json!(aal),
            "{more}"
        );
        assert_eq!(session["authentication_methods"][0]["aal"], json!(aal));
    }
}

#[tokio::test]
async fn an_account_that_is_connected_automatically_keeps_what_was_proved() {
    let mut config = two_factors();
    config["account_linking_mode"] = json!("automatic");
    let (server, _) = openid::server(config, &[]).await;
    let id = account(&server, true).await;
    let mut said = ada(true);
    said["acr"] = json!("gold");
    let mut browser = server.browser();
    through(&server, &mut browser, ("login", said)).await;
    let session = whoami(&mut browser).await;
    assert_eq!(session["identity"]["id"], json!(id));
    assert_eq!(session["authenticator_assurance_level"], json!("aal2"));
    assert_eq!(
        session["authentication_methods"].as_array().unwrap().len(),
        1
    );
}

/// Gives an account a second factor.
async fn add_totp(server: &TestServer, id: &str) {
    let mut credentials = server
        .app
        .store
        .credentials(id.parse().unwrap())
        .await
        .unwrap();
    let mut totp = credentials
        .get(ipse_model::CredentialsType::Password)
        .unwrap()
        .clone();
    totp.kind = ipse_model::CredentialsType::Totp;
    totp.identifiers = vec![id.to_owned()];
    totp.config = json!({ "totp_url": "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP" }).into();
    credentials.set(totp.clone());
    let mut batch = server.app.store.batch();
    batch.set_credential(id.parse().unwrap(), &totp);
    batch.commit().await.unwrap();
}

#[tokio::test]
async fn a_second_factor_can_not_be_got_around_by_connecting_a_provider() {
    let mut config = two_factors();
    config["account_linking_mode"] = json!("automatic");
    let keys = [
        ("selfservice.methods.totp.enabled", json!(true)),
        ("selfservice.flows.settings.required_aal", json!("aal1")),
    ];
    let (server, _) = openid::server(config, &keys).await;
    let id = account(&server, true).await;
    add_totp(&server, &id).await;
    let mut mallory = ada(true);
    mallory["amr"] = json!(["mfa"]);
    // Whoever reads ada's mail has an account at the provider, but no second factor.
    assert_eq!(arrives(&server, "login", mallory.clone()).await, None);
    // Whoever knows ada's password too can't connect it at sign-in …
    let mut browser = server.browser();
    let reply = through(&server, &mut browser, ("registration", mallory.clone())).await;
    let flow = browser
        .fetch("login", &reply.location_query("flow").unwrap())
        .await;
    let fields =
        json!({ "method": "password", "identifier": "ada@example.org", "password": PASSWORD });
    browser.submit(&flow, fields.clone()).await;
    let flow = browser.fetch("login", flow.id()).await;
    assert_eq!(flow.messages()[0].0, 4_000_001);
    assert_eq!(whoami(&mut browser).await["error"]["code"], json!(401));
    // … nor afterwards with one factor.
    let mut browser = server.ajax();
    let flow = browser.start("login").await;
    browser.submit(&flow, fields).await;
    let flow = browser.start("settings").await;
    let reply = browser.submit(&flow, json!({ "link": "one" })).await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id().as_str()),
        (403, "session_aal2_required")
    );
    assert!(linked(&server, &id).await.is_empty());
}

#[tokio::test]
async fn connecting_a_provider_proves_no_second_factor() {
    let (server, _) = openid::server(two_factors(), &[]).await;
    let eve = server.identity("eve").password(PASSWORD).create().await;
    let mut browser = server.ajax();
    browser.sign_in(&eve).await;
    let flow = browser.start("settings").await;
    let left = leave(&mut browser, &flow, json!({ "link": "one" })).await;
    let said = json!({ "sub": "9", "amr": ["mfa"] });
    let reply = come_back(&server, &mut browser, (&left, &said)).await;
    assert_eq!(reply.json()["state"], json!("success"), "{}", reply.text());
    let session = whoami(&mut browser).await;
    assert_eq!(session["authenticator_assurance_level"], json!("aal1"));
}
