//! Hooks: those that come with the server, and servers of the operator's.

mod addresses;
mod answer;
mod builtin;
mod by_code;
mod migrate;
mod outcome;
mod server;
mod template;
mod whole;

use ipse_testkit::{Builder, Client, Reply, TestServer};
use serde_json::{Value, json};

use server::HookServer;

const PASSWORD: &str = "Zq7-correct-horse";

/// The hooks after one method of a flow.
fn after(flow: &str, method: &str, hooks: Value) -> Builder {
    TestServer::build().set(
        &format!("selfservice.flows.{flow}.after.{method}.hooks"),
        hooks,
    )
}

async fn register(client: &mut Client, name: &str) -> Reply {
    let flow = client.start("registration").await;
    let email = format!("{name}@example.org");
    let fields =
        json!({ "method": "password", "traits": { "email": email }, "password": PASSWORD });
    client.submit(&flow, fields).await
}

async fn sign_in(client: &mut Client, identifier: &str) -> Reply {
    let flow = client.start("login").await;
    let fields = json!({ "method": "password", "identifier": identifier, "password": PASSWORD });
    client.submit(&flow, fields).await
}

/// What the database has: identities and sessions.
async fn stored(server: &TestServer) -> (Vec<Value>, usize) {
    let mut admin = server.admin();
    let identities = admin
        .get("/admin/identities")
        .await
        .json()
        .as_array()
        .unwrap()
        .clone();
    let sessions = admin
        .get("/admin/sessions")
        .await
        .json()
        .as_array()
        .unwrap()
        .len();
    (identities, sessions)
}

/// Status and code of an error.
fn error(reply: &Reply) -> (u16, u64) {
    (
        reply.status.as_u16(),
        reply.json()["error"]["code"].as_u64().unwrap_or_default(),
    )
}
