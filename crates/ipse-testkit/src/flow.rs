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
        assert!(
            json["ui"]["action"].is_string(),
            "{} is no flow: {}",
            reply.status,
            reply.text()
        );
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
        self.json["ui"]["action"]
            .as_str()
            .expect("a flow has an action")
    }

    /// The attributes of a node.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Value> {
        let nodes = self.json["ui"]["nodes"].as_array()?;
        nodes
            .iter()
            .map(|node| &node["attributes"])
            .find(|attributes| attributes["name"] == name)
    }

    /// The anti-CSRF token; empty in native flows.
    #[must_use]
    pub fn csrf_token(&self) -> &str {
        self.node("csrf_token")
            .and_then(|node| node["value"].as_str())
            .unwrap_or_default()
    }

    /// What is said about a node: numbers and texts.
    #[must_use]
    pub fn messages_of(&self, name: &str) -> Vec<(u64, String)> {
        let nodes = self.json["ui"]["nodes"].as_array();
        let node = nodes
            .into_iter()
            .flatten()
            .find(|node| node["attributes"]["name"] == name);
        messages(node.map_or(&Value::Null, |node| &node["messages"]))
    }

    /// What is said about the form as a whole: numbers and texts.
    #[must_use]
    pub fn messages(&self) -> Vec<(u64, String)> {
        messages(&self.json["ui"]["messages"])
    }
}

fn messages(list: &Value) -> Vec<(u64, String)> {
    let list = list.as_array().into_iter().flatten();
    list.map(|message| {
        let text = message["text"].as_str().unwrap_or_default().to_owned();
        (message["id"].as_u64().unwrap_or_default(), text)
    })
    .collect()
}
