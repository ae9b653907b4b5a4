//! Signing in with a token that the browser itself has from a provider.

use http::Method;
use ipse_model::Clock as _;
use ipse_testkit::{Client, Reply, TestServer};
use serde_json::{Value, json};

use super::openid::{self, OpenId};
use super::provider::whoami;

const CONFIG_URL: &str = "https://id.test/fedcm.json";

async fn server() -> TestServer {
    let config = json!({ "fedcm_config_url": CONFIG_URL, "scope": ["email"] });
    openid::server(config, &[]).await.0
}

async fn parameters(client: &mut Client) -> (String, Value) {
    let reply = client.get("/self-service/fed-cm/parameters").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let token = reply.json()["csrf_token"].as_str().unwrap().to_owned();
    (token, reply.json()["providers"].clone())
}

async fn submit(client: &mut Client, body: &Value) -> Reply {
    client
        .json(Method::POST, "/self-service/fed-cm/token", body)
        .await
}

fn token(server: &TestServer, said: &Value) -> String {
    OpenId::id_token(server.clock.now().as_second(), said)
}

#[tokio::test]
async fn the_token_of_a_browser_signs_up_and_in() {
    let server = server().await;
    for (named, status) in [(true, 200), (false, 200)] {
        let mut browser = server.ajax();
        let (csrf, providers) = parameters(&mut browser).await;
        let one = &providers[0];
        assert_eq!(
            (&one["config_url"], &one["client_id"]),
            (&json!(CONFIG_URL), &json!("client"))
        );
        assert_eq!(
            one["parameters"],
            json!({ "nonce": one["nonce"], "scope": "email" })
        );
        let said =
            json!({ "nonce": one["nonce"], "email": "ada@example.org", "email_verified": true });
        let mut body = json!({ "csrf_token": csrf, "token": token(&server, &said) });
        if named {
            body["nonce"] = one["nonce"].clone();
        }
        let reply = submit(&mut browser, &body).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        let session = whoami(&mut browser).await;
        assert_eq!(
            session["identity"]["traits"]["email"],
            json!("ada@example.org")
        );
        assert_eq!(
            session["authentication_methods"][0]["provider"],
            json!("one")
        );
        let again = submit(&mut browser, &body).await;
        assert_ne!(
            again.status, 200,
            "the browser's secret is another one by now"
        );
    }
    let identities = server.admin().get("/admin/identities").await.json();
    assert_eq!(identities.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_that_this_browser_has_not_asked_for_signs_nobody_in() {
    let server = server().await;
    let (mut browser, mut other) = (server.ajax(), server.ajax());
    let (csrf, providers) = parameters(&mut browser).await;
    let (_, foreign) = parameters(&mut other).await;
    let (mine, foreign) = (&providers[0]["nonce"], &foreign[0]["nonce"]);
    let body = |nonce: &Value, said: &Value| json!({ "csrf_token": csrf, "nonce": nonce, "token": token(&server, said) });
    for (body, status) in [
        (body(foreign, &json!({ "nonce": foreign })), 400),
        (
            body(&json!("invented"), &json!({ "nonce": "invented" })),
            400,
        ),
        (body(&Value::Null, &json!({})), 400),
        (json!({ "csrf_token": csrf, "nonce": mine }), 400),
        (body(mine, &json!({ "nonce": foreign })), 502),
        (body(mine, &json!({})), 502),
        (body(mine, &json!({ "nonce": mine, "aud": "other" })), 403),
        (
            json!({ "csrf_token": csrf, "nonce": mine, "token": "nonsense" }),
            403,
        ),
        (
            json!({ "nonce": mine, "token": token(&server, &json!({ "nonce": mine })) }),
            403,
        ),
    ] {
        let reply = submit(&mut browser, &body).await;
        assert_eq!(reply.status.as_u16(), status, "{body}: {}", reply.text());
    }
    server
        .clock
        .advance(ipse_model::SignedDuration::from_mins(10));
    let late = submit(&mut browser, &body(mine, &json!({ "nonce": mine }))).await;
    assert_eq!(late.status, 400, "{}", late.text());
    assert_eq!(whoami(&mut browser).await["error"]["code"], json!(401));
}

#[tokio::test]
async fn only_providers_that_browsers_know_are_listed() {
    let (server, _) = openid::server(json!({}), &[]).await;
    let (_, providers) = parameters(&mut server.ajax()).await;
    assert_eq!(providers, json!([]));
    let plain = json!({ "provider": "github", "issuer_url": null, "fedcm_config_url": CONFIG_URL });
    let (server, _) = openid::server(plain, &[]).await;
    let (_, providers) = parameters(&mut server.ajax()).await;
    assert_eq!(providers, json!([]), "no ID tokens, nothing to bring");
    let off = ("selfservice.methods.oidc.enabled", json!(false));
    let (server, _) = openid::server(json!({ "fedcm_config_url": CONFIG_URL }), &[off]).await;
    let reply = server.ajax().get("/self-service/fed-cm/parameters").await;
    assert_eq!(reply.status, 404);
}
