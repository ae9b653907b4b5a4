//! Signing in for an OAuth 2.0 server that sends browsers here with a `login_challenge`.

mod login;
mod registration;
mod trouble;

use std::sync::Arc;

use ipse_testkit::{Builder, Client, Flow, OAuth2Server, Reply, TestServer};
use serde_json::json;

const PASSWORD: &str = "Zq7-correct-horse";

/// A server, and the OAuth 2.0 server that it signs people in for.
fn build() -> (Builder, Arc<OAuth2Server>) {
    let oauth2 = OAuth2Server::new();
    let server = TestServer::build()
        .outgoing(oauth2.clone())
        .set("oauth2_provider.url", oauth2.address())
        .set(
            "oauth2_provider.headers",
            json!({ "Authorization": "Bearer swordfish" }),
        );
    (server, oauth2)
}

async fn start() -> (TestServer, Arc<OAuth2Server>) {
    let (server, oauth2) = build();
    (server.start().await, oauth2)
}

/// Starts a flow for a login request.
async fn arrive(client: &mut Client, flow: &str, challenge: &str) -> Flow {
    let query = format!("login_challenge={challenge}");
    client.start_with(flow, &query).await
}

async fn sign_in(client: &mut Client, flow: &Flow, identifier: &str) -> Reply {
    let fields = json!({ "method": "password", "identifier": identifier, "password": PASSWORD });
    client.submit(flow, fields).await
}

async fn register(client: &mut Client, flow: &Flow, email: &str) -> Reply {
    let fields =
        json!({ "method": "password", "traits": { "email": email }, "password": PASSWORD });
    client.submit(flow, fields).await
}

/// The session of a client.
async fn whoami(client: &mut Client) -> serde_json::Value {
    client.get_json("/sessions/whoami").await.json()
}
