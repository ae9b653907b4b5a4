//! Social sign-in.

mod callback;
mod fedcm;
mod linking;
mod mapper;
mod openid;
mod options;
mod peer;
mod provider;
mod races;
mod trusted;
mod x;

use serde_json::{Value, json};

use provider::{leave, server, through, whoami};

const ADA: &str = "1|ada@example.org|verified";

#[tokio::test]
async fn somebody_signs_up_and_in_through_a_provider() {
    let (server, provider) = server(&[]).await;
    let mut browser = server.browser();
    let reply = through(&mut browser, "registration", "one", ADA).await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (303, "http://ui.test/")
    );
    let first = whoami(&mut browser).await;
    assert_eq!(
        first["identity"]["traits"],
        json!({ "email": "ada@example.org", "name": {} })
    );
    assert_eq!(
        first["identity"]["metadata_public"],
        json!({ "subject": "1" })
    );
    assert_eq!(
        first["identity"]["verifiable_addresses"][0]["verified"],
        json!(true)
    );
    assert_eq!(first["authentication_methods"][0]["provider"], json!("one"));
    // Whatever the form was for: who is known signs in, and who isn't signs up.
    let mut again = server.browser();
    through(&mut again, "registration", "one", "1|other@example.org").await;
    assert_eq!(
        whoami(&mut again).await["identity"]["id"],
        first["identity"]["id"]
    );
    let mut stranger = server.browser();
    through(&mut stranger, "login", "one", "2|eve@example.org").await;
    let eve = whoami(&mut stranger).await;
    assert_eq!(eve["identity"]["traits"]["email"], json!("eve@example.org"));
    assert_eq!(
        eve["identity"]["verifiable_addresses"][0]["verified"],
        json!(false)
    );
    assert_eq!(provider.redeemed(), 3);
}

#[tokio::test]
async fn nobody_signs_up_where_that_is_switched_off() {
    let (server, _) = server(&[("selfservice.flows.registration.enabled", json!(false))]).await;
    let mut browser = server.ajax();
    let reply = through(&mut browser, "login", "one", ADA).await;
    assert_eq!(reply.message_ids(), [4_000_037], "{}", reply.text());
    assert_eq!(
        server.admin().get("/admin/identities").await.json(),
        json!([])
    );
}

#[tokio::test]
async fn what_the_provider_does_not_say_is_asked_for() {
    let (server, _) = server(&[]).await;
    let mut browser = server.browser();
    let reply = through(&mut browser, "login", "one", "1").await;
    let id = reply.location_query("flow").unwrap();
    let flow = browser.fetch("registration", &id).await;
    assert_eq!(flow.messages_of("traits.email")[0].0, 4_000_002);
    assert_eq!(flow.node("provider").unwrap()["value"], json!("one"));
    assert!(flow.node("password").is_none());
    let fields = json!({ "method": "oidc", "provider": "one", "traits.email": "ada@example.org" });
    let state = leave(&mut browser, &flow, fields).await;
    provider::come_back(&mut browser, "one", &state, "1").await;
    assert_eq!(
        whoami(&mut browser).await["identity"]["traits"]["email"],
        json!("ada@example.org")
    );
}

#[tokio::test]
async fn an_app_gets_its_session_by_two_codes() {
    let (server, _) = server(&[]).await;
    let mut app = server.native();
    let query = "return_session_token_exchange_code=true&return_to=http://ui.test/app";
    for kind in ["registration", "login"] {
        let flow = app.start_with(kind, query).await;
        let init = flow.json["session_token_exchange_code"]
            .as_str()
            .unwrap()
            .to_owned();
        let state = leave(
            &mut app,
            &flow,
            json!({ "method": "oidc", "provider": "one" }),
        )
        .await;
        let mut browser = server.browser();
        let reply = provider::come_back(&mut browser, "one", &state, ADA).await;
        assert!(
            reply.location().starts_with("http://ui.test/app?code="),
            "{}",
            reply.location()
        );
        assert_eq!(whoami(&mut browser).await["error"]["code"], json!(401));
        let code = reply.location_query("code").unwrap();
        let exchange = format!("/sessions/token-exchange?init_code={init}&return_to_code={code}");
        let exchanged = app.get(&exchange).await.json();
        assert_eq!(
            exchanged["session"]["identity"]["traits"]["email"],
            json!("ada@example.org")
        );
        assert!(
            exchanged["session_token"]
                .as_str()
                .unwrap()
                .starts_with("ory_st_")
        );
        assert_eq!(app.get(&exchange).await.status, 404, "once");
    }
}

#[tokio::test]
async fn tokens_of_a_provider_are_sealed() {
    let (server, _) = server(&[]).await;
    let mut browser = server.browser();
    through(&mut browser, "registration", "one", ADA).await;
    let id: ipse_model::Uuid = whoami(&mut browser).await["identity"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let credentials = server.app.store.credentials(id).await.unwrap();
    let stored = credentials
        .get(ipse_model::CredentialsType::Oidc)
        .unwrap()
        .config
        .to_value();
    let account = &stored["providers"][0];
    assert_eq!(
        (&account["provider"], &account["subject"]),
        (&json!("one"), &json!("1"))
    );
    assert!(!stored.to_string().contains("refresh 1"), "{stored}");
    let shown = server
        .admin()
        .get(&format!("/admin/identities/{id}?include_credential=oidc"))
        .await
        .json();
    let shown = &shown["credentials"]["oidc"]["config"]["providers"][0];
    assert_eq!(
        shown["initial_refresh_token"],
        json!(format!("refresh {ADA}"))
    );
    assert_ne!(shown["initial_refresh_token"], Value::Null);
}
