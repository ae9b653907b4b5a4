//! Connecting accounts at providers: by signing in to what was there before, and in the settings.

use ipse_testkit::Flow;
use serde_json::json;

use super::ADA;
use super::provider::{come_back, leave, server, through, whoami};

const PASSWORD: &str = "a long and winding password";

#[tokio::test]
async fn an_address_that_is_taken_leads_to_a_login_that_connects() {
    let (server, _) = server(&[]).await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let eve = server.identity("eve").password(PASSWORD).create().await;
    let mut browser = server.browser();
    let reply = through(&mut browser, "registration", "one", ADA).await;
    assert!(
        reply.location().ends_with("&no_org_ui=true"),
        "{}",
        reply.location()
    );
    assert_eq!(
        whoami(&mut browser).await["error"]["code"],
        json!(401),
        "an address proves nothing"
    );
    let flow = browser
        .fetch("login", &reply.location_query("flow").unwrap())
        .await;
    assert_eq!(flow.messages()[0].0, 1_010_016);
    assert_eq!(flow.node("identifier").unwrap()["value"], json!(ada.email));
    // Somebody else can't be connected.
    let sign_in =
        |email: &str| json!({ "method": "password", "identifier": email, "password": PASSWORD });
    browser.submit(&flow, sign_in(&eve.email)).await;
    let flow = browser.fetch("login", flow.id()).await;
    assert_eq!(flow.messages()[0].0, 4_010_009);
    assert_eq!(whoami(&mut browser).await["error"]["code"], json!(401));
    browser.submit(&flow, sign_in(&ada.email)).await;
    let session = whoami(&mut browser).await;
    assert_eq!(session["identity"]["id"], json!(ada.id));
    assert_eq!(
        session["authentication_methods"][1]["provider"],
        json!("one")
    );
    let mut again = server.browser();
    through(&mut again, "login", "one", ADA).await;
    assert_eq!(whoami(&mut again).await["identity"]["id"], json!(ada.id));
}

#[tokio::test]
async fn hints_say_how_the_account_is_signed_in_to() {
    let (server, _) = server(&[("selfservice.flows.registration.login_hints", json!(true))]).await;
    through(&mut server.browser(), "registration", "one", ADA).await;
    let mut browser = server.browser();
    let reply = through(&mut browser, "registration", "two", "2|ada@example.org").await;
    let flow = browser
        .fetch("login", &reply.location_query("flow").unwrap())
        .await;
    let context = &flow.json["ui"]["messages"][0]["context"];
    assert_eq!(context["available_credential_types"], json!(["oidc"]));
    assert_eq!(context["available_providers"], json!(["one"]));
    assert!(flow.node("password").is_none());
    let state = leave(
        &mut browser,
        &flow,
        json!({ "method": "oidc", "provider": "one" }),
    )
    .await;
    // A stranger at the first provider isn't the person that the second one is to be connected to.
    come_back(&mut browser, "one", &state, "3|eve@example.org").await;
    let flow = browser.fetch("login", flow.id()).await;
    assert_eq!(flow.messages()[0].0, 4_010_009);
    let state = leave(
        &mut browser,
        &flow,
        json!({ "method": "oidc", "provider": "one" }),
    )
    .await;
    come_back(&mut browser, "one", &state, ADA).await;
    assert_eq!(
        whoami(&mut browser).await["identity"]["traits"]["email"],
        json!("ada@example.org")
    );
    let mut app = server.native();
    let flow = app.start("registration").await;
    let fields = json!({ "method": "password", "traits": { "email": "ada@example.org" }, "password": PASSWORD });
    assert_eq!(app.submit(&flow, fields).await.message_ids(), [4_000_028]);
}

#[tokio::test]
async fn hidden_accounts_give_no_hints() {
    let (server, _) = server(&[
        ("selfservice.flows.registration.login_hints", json!(true)),
        ("security.account_enumeration.mitigate", json!(true)),
    ])
    .await;
    through(&mut server.browser(), "registration", "one", ADA).await;
    let mut browser = server.browser();
    let reply = through(&mut browser, "registration", "two", "2|ada@example.org").await;
    let flow = browser
        .fetch("login", &reply.location_query("flow").unwrap())
        .await;
    let context = &flow.json["ui"]["messages"][0]["context"];
    assert_eq!(context["available_credential_types"], json!([]));
    assert_eq!(context["available_providers"], json!([]));
    assert!(flow.node("password").is_some(), "every way is offered");
    let mut app = server.native();
    let flow = app.start("registration").await;
    let fields = json!({ "method": "password", "traits": { "email": "ada@example.org" }, "password": PASSWORD });
    assert_eq!(app.submit(&flow, fields).await.message_ids(), [4_000_007]);
}

#[tokio::test]
async fn of_two_that_are_given_up_at_once_one_stays() {
    let (server, _) = server(&[]).await;
    let mut browser = server.ajax();
    through(&mut browser, "registration", "one", ADA).await;
    let flow = browser.start("settings").await;
    let state = leave(&mut browser, &flow, json!({ "link": "two" })).await;
    let reply = come_back(&mut browser, "two", &state, "9|ada@example.org").await;
    let flow = Flow::of(&reply);
    let mut twin = browser.clone();
    let other = twin.start("settings").await;
    tokio::join!(
        browser.submit(&flow, json!({ "unlink": "one" })),
        twin.submit(&other, json!({ "unlink": "two" })),
    );
    let id = whoami(&mut browser).await["identity"]["id"].clone();
    let path = format!("/admin/identities/{}", id.as_str().unwrap());
    let identity = server.admin().get(&path).await.json();
    let left = &identity["credentials"]["oidc"]["identifiers"];
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
}

#[tokio::test]
async fn accounts_are_connected_and_disconnected_in_the_settings() {
    let (server, _) = server(&[]).await;
    through(&mut server.browser(), "registration", "one", ADA).await;
    let eve = server.identity("eve").password(PASSWORD).create().await;
    let mut browser = server.ajax();
    browser.sign_in(&eve).await;
    // Ada's account at the provider is hers.
    let flow = browser.start("settings").await;
    let state = leave(
        &mut browser,
        &flow,
        json!({ "method": "oidc", "link": "one" }),
    )
    .await;
    assert_eq!(
        come_back(&mut browser, "one", &state, ADA)
            .await
            .message_ids(),
        [4_000_007]
    );
    let state = leave(&mut browser, &flow, json!({ "link": "one" })).await;
    let reply = come_back(&mut browser, "one", &state, "2|other@example.org").await;
    assert_eq!(reply.json()["state"], json!("success"), "{}", reply.text());
    let flow = Flow::of(&reply);
    assert_eq!(flow.node("unlink").unwrap()["value"], json!("one"));
    assert_eq!(
        reply.json()["identity"]["traits"]["email"],
        json!(eve.email),
        "traits stay"
    );
    // One account of each provider.
    assert_eq!(
        browser
            .submit(&flow, json!({ "link": "one" }))
            .await
            .message_ids(),
        [4_000_001]
    );
    assert_eq!(
        browser
            .submit(&flow, json!({ "unlink": "two" }))
            .await
            .message_ids(),
        [4_000_001]
    );
    assert_eq!(
        browser
            .submit(&flow, json!({ "unlink": "one" }))
            .await
            .status,
        200
    );
    let mut stranger = server.browser();
    through(&mut stranger, "login", "one", "2|other@example.org").await;
    assert_ne!(whoami(&mut stranger).await["identity"]["id"], json!(eve.id));
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let (server, _) = server(&[]).await;
    let mut browser = server.ajax();
    through(&mut browser, "registration", "one", ADA).await;
    let flow = browser.start("settings").await;
    assert!(flow.node("unlink").is_none());
    assert_eq!(
        browser
            .submit(&flow, json!({ "unlink": "one" }))
            .await
            .message_ids(),
        [4_000_001]
    );
    through(&mut server.browser(), "login", "one", ADA).await;
}

#[tokio::test]
async fn connecting_needs_a_recent_login_and_goes_on_after_one() {
    let (server, _) = server(&[(
        "selfservice.flows.settings.privileged_session_max_age",
        json!("1m"),
    )])
    .await;
    let ada = server.identity("ada").password(PASSWORD).create().await;
    let mut browser = server.browser();
    browser.sign_in(&ada).await;
    let flow = browser.start("settings").await;
    server
        .clock
        .advance(ipse_model::SignedDuration::from_mins(2));
    let reply = browser.submit(&flow, json!({ "link": "one" })).await;
    let login = reply.location().to_owned();
    let reply = browser.get(&login).await;
    let login = browser
        .fetch("login", &reply.location_query("flow").unwrap())
        .await;
    let fields = json!({ "method": "password", "identifier": ada.email, "password": PASSWORD });
    let reply = browser.submit(&login, fields).await;
    let reply = browser.get(reply.location()).await;
    let state = reply.location_query("state").unwrap();
    come_back(&mut browser, "one", &state, "2|other@example.org").await;
    let flow = browser.fetch("settings", flow.id()).await;
    assert_eq!(flow.json["state"], json!("success"));
    let linked: Vec<_> = [flow.node("unlink")].into_iter().flatten().collect();
    assert_eq!(linked.len(), 1);
}
