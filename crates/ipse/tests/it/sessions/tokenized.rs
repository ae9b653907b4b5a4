//! Sessions as JSON Web Tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use ipse_testkit::{Client, TestServer, inline};
use serde_json::{Value, json};

use crate::steps::signed_in;

/// A key set with one key that signs.
fn key_set() -> String {
    let key = json!({ "kty": "oct", "alg": "HS256", "use": "sig", "kid": "first", "k": URL_SAFE_NO_PAD.encode([7_u8; 32]) });
    inline(&json!({ "keys": [key] }).to_string())
}

async fn tokenizing() -> TestServer {
    const MAPPER: &str = r#"
        local session = std.extVar("session");
        { claims: { mail: session.identity.traits.email, sub: "somebody-else", iss: std.extVar("claims").iss + "x" } }
    "#;
    TestServer::build()
        .set(
            "session.whoami.tokenizer.templates.plain",
            json!({ "ttl": "5m", "jwks_url": key_set() }),
        )
        .set(
            "session.whoami.tokenizer.templates.mapped",
            json!({ "jwks_url": key_set(), "claims_mapper_url": inline(MAPPER) }),
        )
        .set(
            "session.whoami.tokenizer.templates.external",
            json!({ "jwks_url": key_set(), "subject_source": "external_id" }),
        )
        .jsonnet_program(env!("CARGO_BIN_EXE_ipse"))
        .start()
        .await
}

/// Header and claims of the token that a template makes of a session.
async fn tokenized(client: &mut Client, template: &str) -> (Value, Value) {
    let reply = client
        .get_json(&format!("/sessions/whoami?tokenize_as={template}"))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let session = reply.json();
    let token = session["tokenized"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    let part = |part: &str| {
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    (part(parts[0]), part(parts[1]))
}

#[tokio::test]
async fn a_session_becomes_a_token_for_other_services() {
    let server = tokenizing().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let session = app.get("/sessions/whoami").await.json();
    let (header, claims) = tokenized(&mut app, "plain").await;
    assert_eq!(
        (&header["alg"], &header["kid"]),
        (&json!("HS256"), &json!("first"))
    );
    let issued = server.app.clock.now().as_second();
    assert_eq!(
        (&claims["sub"], &claims["sid"]),
        (&json!(ada.id), &session["id"])
    );
    assert_eq!(claims["iss"], "http://public.test/");
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&json!(issued), &json!(issued + 300))
    );
    let (_, again) = tokenized(&mut app, "plain").await;
    assert_ne!(claims["jti"], again["jti"]);
}

#[tokio::test]
async fn a_mapper_adds_claims_and_can_not_name_somebody_else() {
    let server = tokenizing().await;
    let (mut browser, ada) = signed_in(&server, server.browser(), "ada").await;
    let (_, claims) = tokenized(&mut browser, "mapped").await;
    assert_eq!(
        (&claims["mail"], &claims["sub"]),
        (&json!(ada.email), &json!(ada.id))
    );
    assert_eq!(claims["iss"], "http://public.test/x");
}

#[tokio::test]
async fn tokens_are_refused_without_session_template_or_subject() {
    let server = tokenizing().await;
    assert_eq!(
        server
            .native()
            .get("/sessions/whoami?tokenize_as=plain")
            .await
            .status,
        401
    );
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    assert_eq!(
        app.get("/sessions/whoami?tokenize_as=nothing").await.status,
        400
    );
    assert_eq!(
        app.get("/sessions/whoami?tokenize_as=external")
            .await
            .status,
        400,
        "the account has no external id"
    );
    let patch = json!([{ "op": "add", "path": "/external_id", "value": "crm-7" }]);
    let path = format!("/admin/identities/{}", ada.id);
    let reply = server.admin().json(Method::PATCH, &path, &patch).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(tokenized(&mut app, "external").await.1["sub"], "crm-7");
}
