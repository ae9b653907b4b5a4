//! Codes and links that are sent to an address, in all flows.

mod admin;
mod budget;
mod choice;
mod hidden;
mod login;
mod onwards;
mod phones;
mod recovery;
mod registration;
mod second_factor;
mod verification;

use ipse_model::SignedDuration;
use ipse_testkit::{Builder, Flow, TestServer};
use serde_json::{Value, json};

/// A password that all rules accept.
const PASSWORD: &str = "a rather long password 31";

/// A server that sends codes for everything.
fn build() -> Builder {
    TestServer::build()
        .set("selfservice.flows.verification.enabled", true)
        .set("selfservice.flows.recovery.enabled", true)
        .set("selfservice.methods.code.enabled", true)
        .set("selfservice.methods.code.passwordless_enabled", true)
        .set(
            "selfservice.flows.registration.after.code.hooks",
            json!([{ "hook": "session" }]),
        )
}

/// A server that sends links.
fn build_with_links() -> Builder {
    build()
        .set("selfservice.methods.link.enabled", true)
        .set("selfservice.flows.verification.use", "link")
        .set("selfservice.flows.recovery.use", "link")
}

/// The newest message to an address.
async fn newest(server: &TestServer, to: &str) -> Value {
    let mails = server.mails().await;
    let mail = mails.into_iter().find(|mail| mail["recipient"] == to);
    // So that the next one is newer.
    server.clock.advance(SignedDuration::from_millis(1));
    mail.unwrap_or_else(|| panic!("a message to {to}"))
}

/// The code in the newest message to an address.
pub(crate) async fn code_for(server: &TestServer, to: &str) -> String {
    let mail = newest(server, to).await;
    let body = mail["body"].as_str().unwrap();
    let words = body.split(|c: char| !c.is_ascii_digit());
    words
        .into_iter()
        .find(|word| word.len() == 6)
        .unwrap()
        .to_owned()
}

/// The link in the newest message to an address, as a path on the public port.
pub(crate) async fn link_for(server: &TestServer, to: &str) -> String {
    let mail = newest(server, to).await;
    let body = mail["body"].as_str().unwrap();
    let word = body
        .split_whitespace()
        .find(|word| word.contains("/self-service/"))
        .unwrap();
    let link = word.trim_matches(|c| "<>\"()".contains(c));
    link.strip_prefix("http://public.test").unwrap().to_owned()
}

/// Another code than this one.
fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

/// Whether the only address of an identity is verified.
async fn is_verified(server: &TestServer, id: &str) -> bool {
    let identity = server
        .admin()
        .get(&format!("/admin/identities/{id}"))
        .await
        .json();
    identity["verifiable_addresses"][0]["verified"] == true
}

/// The names of a form's nodes.
fn names(flow: &Flow) -> Vec<String> {
    let nodes = flow.json["ui"]["nodes"].as_array().unwrap();
    let name = |node: &Value| {
        let attributes = &node["attributes"];
        attributes["name"]
            .as_str()
            .or(attributes["id"].as_str())
            .unwrap()
            .to_owned()
    };
    nodes.iter().map(name).collect()
}
