//! A flow as a client has it in hand.

use serde_json::Value;

use crate::Reply;

/// A flow.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its JSON.
    pub json: Value,
}

impl Flow {
    /// The flow in an answer.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn of(reply: &Reply) -> Self {
        let json = reply.json();
        assert!(json["ui"]["action"].is_string(), "{} is no flow: {}", reply.status, reply.text());
        Self { json }
    }

    /// Its id.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn id(&self) -> &str {
        self.json["id"].as_str().expect("a flow has an id")
    }

    /// Where it is submitted to.
    ///
    /// # Panics
    /// When it doesn't say so.
    #[must_use]
    pub fn action(&self) -> &str {
        self.json["ui"]["action"].as_str().expect("a flow has an action")
    }

    /// The attributes of a node.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Value> {
        let nodes = self.json["ui"]["nodes"].as_array()?;
        nodes.iter().map(|node| &node["attributes"]).find(|attributes| attributes["name"] == name)
    }

    /// The anti-CSRF token; empty in native flows.
    #[must_use]
    pub fn csrf_token(&self) -> &str {
        self.node("csrf_token").and_then(|node| node["value"].as_str()).unwrap_or_default()
    }
}
