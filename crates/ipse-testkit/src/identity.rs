//! People for tests.

use http::Method;
use serde_json::{Value, json};

use crate::TestServer;

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id of the identity.
    pub id: String,
    /// The address.
    pub email: String,
    /// The password; empty without one.
    pub password: String,
}

/// An identity that is to be made.
pub struct IdentityBuilder<'a> {
    server: &'a TestServer,
    email: String,
    password: String,
    body: Value,
}

impl<'a> IdentityBuilder<'a> {
    pub(crate) fn new(server: &'a TestServer, name: &str) -> Self {
        let email = format!("{name}@example.org");
        let body = json!({ "schema_id": "default", "traits": { "email": email } });
        Self {
            server,
            email,
            password: String::new(),
            body,
        }
    }

    /// Gives it a password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self.body["credentials"]["password"] = json!({ "config": { "password": password } });
        self
    }

    /// Sets a member of what is sent to the admin API.
    #[must_use]
    pub fn set(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.body[member] = value.into();
        self
    }

    /// Makes it.
    ///
    /// # Panics
    /// When the admin API refuses.
    pub async fn create(self) -> Person {
        let mut admin = self.server.admin();
        let reply = admin
            .json(Method::POST, "/admin/identities", &self.body)
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        let id = reply.json()["id"]
            .as_str()
            .expect("an identity has an id")
            .to_owned();
        Person {
            id,
            email: self.email,
            password: self.password,
        }
    }
}
