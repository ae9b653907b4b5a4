//! Identity schemas: where they come from, and what becomes of one that can't be used.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Request, Response};
use ipse_core::outgoing::{Outgoing, OutgoingError};
use ipse_testkit::{Builder, TestServer, inline};
use serde_json::{Value, json};

use crate::steps::{PASSWORD, can_sign_in, complaint, signed_in};

fn with_schemas(schemas: Value) -> Builder {
    TestServer::build().set("identity.schemas", schemas)
}

/// Why a server with this schema doesn't start.
async fn refusal(url: &str) -> String {
    let server = with_schemas(json!([{ "id": "default", "url": url }]));
    match server.try_start().await {
        Ok(_) => panic!("it has started with {url}"),
        Err(error) => error,
    }
}

/// A schema with these traits.
fn person(traits: impl Into<Value>) -> Value {
    let traits: Value = traits.into();
    json!({ "type": "object", "properties": { "traits": { "type": "object", "properties": traits } } })
}

/// A trait to sign in with.
fn identifier() -> Value {
    json!({ "type": "string", "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } })
}

#[tokio::test]
async fn a_schema_that_can_not_be_used_is_named_with_its_fault() {
    let said = refusal(&inline("{\"type\":")).await;
    assert!(
        said.contains("default") && said.contains("not JSON"),
        "{said}"
    );
    let said = refusal(&inline(&json!({ "type": "objekt" }).to_string())).await;
    assert!(said.contains("default") && said.contains("/type"), "{said}");
    let said = refusal(&inline("[]")).await;
    assert!(said.contains("default"), "{said}");
    let said = refusal("file:///no/such/schema.json").await;
    assert!(
        said.contains("default") && said.contains("/no/such/schema.json"),
        "{said}"
    );
    let said = refusal("https://schemas.test/person.json").await;
    assert!(
        said.contains("default") && said.contains("https://schemas.test/person.json"),
        "{said}"
    );
    let broken = person(json!({ "email": { "type": "string", "pattern": "(" } }));
    assert!(
        refusal(&inline(&broken.to_string()))
            .await
            .contains("default")
    );
}

#[tokio::test]
async fn ids_are_unique_and_the_default_is_there() {
    let url = inline(&person(json!({ "name": identifier() })).to_string());
    let twice = json!([{ "id": "default", "url": url }, { "id": "default", "url": url }]);
    let said = with_schemas(twice).try_start().await.err().unwrap();
    assert!(said.contains("identity.schemas.1.id"), "{said}");
    let other =
        with_schemas(json!([{ "id": "one", "url": url }])).set("identity.default_schema_id", "two");
    let said = other.try_start().await.err().unwrap();
    assert!(said.contains("identity.default_schema_id"), "{said}");
}

/// A server with one schema on it.
struct Shelf(Value);

#[async_trait]
impl Outgoing for Shelf {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        assert_eq!(request.uri(), "https://schemas.test/person.json");
        Ok(Response::new(self.0.to_string().into_bytes()))
    }
}

#[tokio::test]
async fn a_schema_can_come_from_another_server() {
    let schemas = json!([{ "id": "default", "url": "https://schemas.test/person.json" }]);
    let shelf = Shelf(person(json!({ "nick": identifier() })));
    let server = with_schemas(schemas)
        .outgoing(Arc::new(shelf))
        .start()
        .await;
    assert_eq!(
        server.native().get("/schemas/default").await.json()["properties"]["traits"]["type"],
        "object"
    );
    assert!(
        server
            .native()
            .start("registration")
            .await
            .node("traits.nick")
            .is_some()
    );
}

#[tokio::test]
async fn a_schema_of_2020_12_does_all_that_one_of_draft_07_does() {
    let mut schema = person(json!({ "nick": { "$ref": "#/$defs/nick" } }));
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$defs"] = json!({ "nick": { "type": "string", "minLength": 3, "title": "Nick",
        "ory.sh/kratos": { "credentials": { "password": { "identifier": true } } } } });
    let server = with_schemas(json!([{ "id": "default", "url": inline(&schema.to_string()) }]))
        .start()
        .await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    assert!(flow.node("traits.nick").is_some());
    let fields = |nick: &str| json!({ "method": "password", "password": PASSWORD, "traits": { "nick": nick } });
    let said = complaint(&app.submit(&flow, fields("ab")).await);
    assert_eq!(said.messages_of("traits.nick")[0].0, 4_000_003);
    assert_eq!(app.submit(&flow, fields("abc")).await.status, 200);
    assert!(can_sign_in(&server, "abc", PASSWORD).await);
}

#[tokio::test]
async fn several_traits_can_be_signed_in_with() {
    let schema = person(
        json!({ "nick": identifier(), "badge": identifier(), "note": { "type": "string" } }),
    );
    let server = with_schemas(json!([{ "id": "default", "url": inline(&schema.to_string()) }]))
        .start()
        .await;
    let mut app = server.native();
    let flow = app.start("registration").await;
    let traits = json!({ "nick": "ada", "badge": "B-17", "note": "hello" });
    let fields = json!({ "method": "password", "password": PASSWORD, "traits": traits });
    assert_eq!(app.submit(&flow, fields).await.status, 200);
    assert!(can_sign_in(&server, "ada", PASSWORD).await);
    assert!(can_sign_in(&server, "b-17", PASSWORD).await);
    assert!(!can_sign_in(&server, "hello", PASSWORD).await);
    // Neither of them can be taken by somebody else, not even as the other.
    let mut app = server.native();
    let flow = app.start("registration").await;
    let fields =
        json!({ "method": "password", "password": PASSWORD, "traits": { "nick": "b-17" } });
    assert_eq!(
        complaint(&app.submit(&flow, fields).await).messages()[0].0,
        4_000_007
    );
}

#[tokio::test]
async fn an_account_keeps_its_schema_when_the_default_changes() {
    let url = |field: &str| {
        inline(&person(json!({ "email": identifier(), field: { "type": "string" } })).to_string())
    };
    let schemas =
        json!([{ "id": "default", "url": url("one") }, { "id": "newer", "url": url("two") }]);
    let server = with_schemas(schemas).start().await;
    let (mut app, _) = signed_in(&server, server.native(), "ada").await;
    server
        .reload(&[("identity.default_schema_id", json!("newer"))])
        .await
        .unwrap();
    let settings = app.start("settings").await;
    assert!(settings.node("traits.one").is_some() && settings.node("traits.two").is_none());
    assert!(
        server
            .native()
            .start("registration")
            .await
            .node("traits.two")
            .is_some()
    );
}
