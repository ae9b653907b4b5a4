//! What becomes of claims: where mappers come from, and mappers that do harm.

use ipse_testkit::{TestServer, inline};
use serde_json::{Value, json};

use super::ADA;
use super::provider::{MAPPER, through, whoami};

/// A server whose providers differ by their mappers.
async fn server(mappers: &[(&str, &str)]) -> TestServer {
    let provider = |(id, mapper_url): &(&str, &str)| {
        json!({
            "id": id, "provider": "discord", "client_id": "client", "client_secret": "secret", "mapper_url": mapper_url,
        })
    };
    let providers: Vec<Value> = mappers.iter().map(provider).collect();
    let key = "selfservice.methods.oidc.config.providers";
    super::provider::server(&[(key, json!(providers))]).await.0
}

#[tokio::test]
async fn mappers_come_from_files_the_web_and_the_configuration() {
    let file = std::env::temp_dir().join(format!("ipse-mapper-{}.jsonnet", std::process::id()));
    std::fs::write(&file, MAPPER).unwrap();
    let address = format!("file://{}", file.display());
    let server = server(&[
        ("file", &address),
        ("web", "https://mappers.test/mapper.jsonnet"),
        ("inline", &inline(MAPPER)),
        ("gone", "https://mappers.test/gone.jsonnet"),
    ])
    .await;
    for (provider, who) in [
        ("file", "1|a@example.org"),
        ("web", "2|b@example.org"),
        ("inline", "3|c@example.org"),
    ] {
        let mut browser = server.browser();
        through(&mut browser, "registration", provider, who).await;
        let email = &whoami(&mut browser).await["identity"]["traits"]["email"];
        assert_eq!(email.as_str(), who.split('|').nth(1), "{provider}");
    }
    let reply = through(
        &mut server.ajax(),
        "registration",
        "gone",
        "4|d@example.org",
    )
    .await;
    assert_eq!(reply.status, 500, "{}", reply.text());
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn mappers_without_end_are_stopped_while_others_go_on() {
    let looping = "local f(x) = if x < 0 then x else f(x + 1) tailstrict; { identity: { traits: { email: f(0) } } }";
    let greedy = "local f(x) = if std.length(x) < 0 then x else f(x + x) tailstrict; { identity: { traits: { email: f('0123456789abcdef') } } }";
    let server = server(&[
        ("looping", &inline(looping)),
        ("greedy", &inline(greedy)),
        ("one", &inline(MAPPER)),
    ])
    .await;
    let (mut stuck, mut hungry, mut other) = (server.ajax(), server.ajax(), server.browser());
    let mut bystander = server.ajax();
    let (stuck, hungry, _, alive) = tokio::join!(
        through(&mut stuck, "registration", "looping", ADA),
        through(
            &mut hungry,
            "registration",
            "greedy",
            "3|mallory@example.org"
        ),
        through(&mut other, "registration", "one", "2|eve@example.org"),
        bystander.get("/health/ready"),
    );
    for reply in [stuck, hungry] {
        assert_eq!(reply.status, 500, "{}", reply.text());
        assert!(
            reply.text().contains("The data mapper of the provider"),
            "{}",
            reply.text()
        );
        assert!(!reply.text().contains("local f"), "{}", reply.text());
    }
    assert_eq!(alive.status, 200);
    let eve = whoami(&mut other).await;
    assert_eq!(eve["identity"]["traits"]["email"], json!("eve@example.org"));
    let identities = server.admin().get("/admin/identities").await.json();
    assert_eq!(
        identities.as_array().unwrap().len(),
        1,
        "nothing else is stored"
    );
}
