//! What the configuration of a provider, and clients, may have done differently.

use http::Method;
use ipse_model::Clock as _;
use ipse_testkit::{Client, Reply, TestServer};
use serde_json::{Value, json};

use super::openid::{self, OpenId, come_back, leave, parameter};
use super::provider::whoami;

fn ada() -> Value {
    json!({ "email": "ada@example.org" })
}

#[tokio::test]
async fn providers_are_told_where_browsers_come_back() {
    let base = "selfservice.methods.oidc.config.base_redirect_uri";
    for (config, key, expected) in [
        (
            json!({}),
            ("ipse.provider_nonce", json!(true)),
            "http://public.test/self-service/methods/oidc/callback/one",
        ),
        (
            json!({ "pkce": "force" }),
            (base, json!("https://id.example.org/base/")),
            "https://id.example.org/base/self-service/methods/oidc/callback",
        ),
    ] {
        let (server, openid) = openid::server(config, std::slice::from_ref(&key)).await;
        let mut browser = server.ajax();
        let flow = browser.start("login").await;
        let fields = json!({ "method": "oidc", "provider": "one" });
        let left = leave(&mut browser, &flow, fields).await;
        assert_eq!(parameter(&left, "redirect_uri").as_deref(), Some(expected));
        let reply = come_back(&server, &mut browser, (&left, &ada())).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let form = openid.redeemed.lock().unwrap().pop().unwrap();
        let redeemed = url::Url::parse(&format!("http://form.test/?{form}")).unwrap();
        assert_eq!(
            parameter(&redeemed, "redirect_uri").as_deref(),
            Some(expected)
        );
        let forced = key.0 == base;
        assert_eq!(parameter(&left, "code_challenge").is_some(), forced);
        assert_eq!(parameter(&redeemed, "code_verifier").is_some(), forced);
        assert_eq!(parameter(&left, "nonce").is_some(), !forced);
    }
}

#[tokio::test]
async fn the_shared_way_back_leads_to_the_provider_of_the_state() {
    let (server, openid) = openid::server(json!({ "pkce": "force" }), &[]).await;
    let mut browser = server.ajax();
    let flow = browser.start("login").await;
    let fields = json!({ "method": "oidc", "provider": "one" });
    let left = leave(&mut browser, &flow, fields).await;
    let code = OpenId::id_token(server.clock.now().as_second(), &ada());
    for (state, status) in [
        ("invented".to_owned(), 400),
        (parameter(&left, "state").unwrap(), 200),
    ] {
        let query = [("code", &code), ("state", &state)];
        let url = url::Url::parse_with_params("http://x.test/", query).unwrap();
        let path = "/self-service/methods/oidc/callback";
        let reply = browser
            .get(&format!("{path}?{}", url.query().unwrap()))
            .await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    assert_eq!(openid.redeemed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn labels_scopes_claims_and_parameters_reach_their_places() {
    let config = json!({
        "label": "Example Org", "scope": ["email"], "requested_claims": { "userinfo": { "email": { "essential": true } } },
    });
    let (server, _) = openid::server(config, &[]).await;
    let mut browser = server.ajax();
    for flow in ["login", "registration"] {
        let flow = browser.start(flow).await;
        let node = &flow.json["ui"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|node| node["group"] == "oidc")
            .unwrap();
        let label = &node["meta"]["label"];
        assert_eq!(
            label["context"]["provider"],
            json!("Example Org"),
            "{label}"
        );
        let upstream = json!({ "login_hint": "ada", "prompt": "consent", "redirect_uri": "https://evil.example.com", "scope": "admin" });
        let fields =
            json!({ "method": "oidc", "provider": "one", "upstream_parameters": upstream });
        let left = leave(&mut browser, &flow, fields).await;
        assert_eq!(parameter(&left, "login_hint").as_deref(), Some("ada"));
        assert_eq!(parameter(&left, "prompt").as_deref(), Some("consent"));
        assert_eq!(parameter(&left, "scope").as_deref(), Some("email openid"));
        let claims = "{\"userinfo\":{\"email\":{\"essential\":true}}}";
        assert_eq!(parameter(&left, "claims").as_deref(), Some(claims));
        assert!(!left.as_str().contains("evil"), "{left}");
    }
}

/// Submits an ID token that an app has.
async fn submit(server: &TestServer, app: &mut Client, (flow, said): (&str, Value)) -> Reply {
    let nonce = said.get("nonce_sent").cloned();
    let mut said = said;
    said.as_object_mut().unwrap().remove("nonce_sent");
    let id_token = OpenId::id_token(server.clock.now().as_second(), &said);
    let flow = app.start(flow).await;
    let mut fields = json!({ "method": "oidc", "provider": "one", "id_token": id_token });
    if let Some(nonce) = nonce {
        fields["id_token_nonce"] = nonce;
    }
    app.submit(&flow, fields).await
}

#[tokio::test]
async fn apps_bring_id_tokens_of_google() {
    let config = json!({ "provider": "google", "issuer_url": null, "additional_id_token_audiences": ["app"] });
    let (server, _) = openid::server(config, &[]).await;
    let google = |more: Value| {
        let mut said = json!({ "iss": "https://accounts.google.com", "email": "ada@example.org" });
        for (name, value) in more.as_object().unwrap() {
            said[name] = value.clone();
        }
        said
    };
    let mut app = server.native();
    let nonces = json!({ "nonce": "n", "nonce_sent": "n" });
    let reply = submit(&server, &mut app, ("registration", google(nonces))).await;
    assert!(
        reply.json()["session_token"].is_string(),
        "{}",
        reply.text()
    );
    let reply = submit(
        &server,
        &mut app,
        ("login", google(json!({ "aud": "app" }))),
    )
    .await;
    assert_eq!(
        reply.json()["session"]["identity"]["traits"]["email"],
        json!("ada@example.org")
    );
    for (more, status) in [
        (json!({ "nonce": "n", "nonce_sent": "m" }), 502),
        (json!({ "nonce": "n" }), 502),
        (json!({ "nonce_sent": "n" }), 502),
        (json!({ "aud": "other" }), 403),
        (json!({ "iss": "https://evil.example.com" }), 403),
        (json!({ "exp": 1 }), 403),
        (json!({ "nbf": 99_999_999_999_i64 }), 403),
    ] {
        let reply = submit(&server, &mut app, ("login", google(more.clone()))).await;
        assert_eq!(reply.status.as_u16(), status, "{more}: {}", reply.text());
    }
    // A generic provider's apps have to send their users through a browser.
    let (server, _) = openid::server(json!({}), &[]).await;
    let reply = submit(&server, &mut server.native(), ("login", ada())).await;
    assert_eq!(reply.status, 502, "{}", reply.text());
}

#[tokio::test]
async fn apples_answer_is_a_form() {
    let (server, _) = openid::server(json!({}), &[]).await;
    let mut browser = server.browser();
    let flow = browser.start("login").await;
    let fields = json!({ "method": "oidc", "provider": "one" });
    let left = leave(&mut browser, &flow, fields).await;
    let code = OpenId::id_token(server.clock.now().as_second(), &ada());
    let form = [
        ("state".to_owned(), parameter(&left, "state").unwrap()),
        ("code".to_owned(), code),
    ];
    let path = "/self-service/methods/oidc/callback/one";
    // It comes from another site, so that the browser's cookies stay away the first time.
    let reply = server.browser().form(path, &form).await;
    assert_eq!(reply.status, 302);
    let again = reply
        .location()
        .strip_prefix("http://public.test")
        .unwrap()
        .to_owned();
    let reply = browser.call(Method::GET, &again).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(
        whoami(&mut browser).await["identity"]["traits"]["email"],
        json!("ada@example.org")
    );
}
