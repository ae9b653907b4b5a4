//! The account pages in a real browser, with authenticators that it makes up.
//!
//! Where `IPSE_TEST_SCREENSHOTS` names a directory, pictures of the pages are kept there.

mod keys;
mod passkeys;
mod walk;

use ipse_testkit::{Builder, Chromium, Page, Site, inline};
use serde_json::json;

use crate::steps::PASSWORD;

/// People with an address that every method signs in with, and a name.
const PERSON: &str = r#"{
  "$id": "https://schemas.example.org/person-with-keys.json",
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Person",
  "type": "object",
  "properties": {
    "traits": {
      "type": "object",
      "properties": {
        "email": {
          "type": "string",
          "format": "email",
          "title": "E-Mail",
          "ory.sh/kratos": {
            "credentials": {
              "password": { "identifier": true },
              "webauthn": { "identifier": true },
              "passkey": { "display_name": true }
            }
          }
        },
        "name": { "type": "string", "title": "Name" }
      },
      "required": ["email"],
      "additionalProperties": false
    }
  }
}"#;

/// A site, and a browser with a tab. The browser ends with this value.
struct Visit {
    site: Site,
    page: Page,
    _browser: Chromium,
}

/// Begins a visit; none where there is no browser.
async fn visit(configure: impl FnOnce(Builder) -> Builder) -> Option<Visit> {
    let browser = Chromium::start().await?;
    let site = Site::start(|builder, origin| {
        let rp = json!({ "id": "localhost", "display_name": "Shop", "origins": [origin] });
        let session = json!([{ "hook": "session" }]);
        let after = "selfservice.flows.registration.after";
        let builder = builder
            .set(
                "identity.schemas",
                json!([{ "id": "default", "url": inline(PERSON) }]),
            )
            .set("selfservice.methods.webauthn.enabled", true)
            .set("selfservice.methods.webauthn.config.rp", rp.clone())
            .set("selfservice.methods.passkey.enabled", true)
            .set("selfservice.methods.passkey.config.rp", rp)
            .set(&format!("{after}.webauthn.hooks"), session.clone())
            .set(&format!("{after}.passkey.hooks"), session);
        configure(builder)
    })
    .await;
    let page = browser.page().await;
    Some(Visit {
        site,
        page,
        _browser: browser,
    })
}

impl Visit {
    /// Goes to a flow.
    async fn start(&mut self, flow: &str) {
        let address = self.site.at(&format!("/self-service/{flow}/browser"));
        self.page.go(&address).await;
    }

    /// Signs in by password.
    async fn sign_in(&mut self, email: &str) {
        self.start("login").await;
        self.page.type_into("[name=identifier]", email).await;
        self.page.type_into("[name=password]", PASSWORD).await;
        self.page.follow("[name=method][value=password]").await;
    }

    /// Forgets who is signed in.
    async fn forget(&mut self) {
        self.page.forget_cookies().await;
    }

    /// What the server says of the session.
    async fn whoami(&self) -> serde_json::Value {
        let asked = "fetch('/sessions/whoami').then((answer) => answer.json())";
        self.page.evaluate(asked).await
    }

    /// Makes sure that the browser has had nothing to complain about.
    fn assert_calm(&mut self) {
        let mut complaints = self.page.complaints();
        // Sessions that don't reach far enough are meant to be refused.
        complaints.retain(|complaint| !complaint.contains("/sessions/whoami"));
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
