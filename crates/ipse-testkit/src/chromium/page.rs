//! A tab: what a person sees in it and does to it.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::keys::Authenticators;
use super::wire::{Event, PATIENCE, Wire};
use crate::environment::variable;

/// A tab of a browser.
#[derive(Debug)]
pub struct Page {
    wire: Arc<Wire>,
    session: String,
    events: UnboundedReceiver<Event>,
    complaints: Vec<String>,
}

impl Page {
    pub(super) async fn open(wire: Arc<Wire>, session: String) -> Self {
        let events = wire.listen(&session);
        let page = Self {
            wire,
            session,
            events,
            complaints: Vec::new(),
        };
        for domain in ["Page", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), json!({})).await;
        }
        page
    }

    /// A command of the protocol.
    pub(super) async fn call(&self, method: &str, parameters: Value) -> Value {
        self.wire
            .call(Some(&self.session), method, parameters)
            .await
    }

    /// The authenticators that are plugged in from now on.
    pub async fn authenticators(&self) -> Authenticators {
        Authenticators::enable(self.wire.clone(), self.session.clone()).await
    }

    /// Runs a script in every page from now on, before any of its own.
    pub async fn prepare(&self, script: &str) {
        let source = json!({ "source": script });
        self.call("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
    }

    /// Goes to an address and waits until its page is there.
    ///
    /// # Panics
    /// When there is none.
    pub async fn go(&mut self, url: &str) {
        self.catch_up();
        let gone = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(gone.get("errorText").is_none(), "{url}: {gone}");
        self.loaded().await;
    }

    /// Does away with what has happened so far, apart from complaints.
    fn catch_up(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.note(&event);
        }
    }

    /// Waits until a page has loaded.
    async fn loaded(&mut self) {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.events.recv()).await;
            let Ok(Some(event)) = event else {
                panic!(
                    "no other page has come: {}\n{}",
                    self.text().await,
                    self.complaints.join("\n")
                );
            };
            self.note(&event);
            if event.name == "Page.loadEventFired" {
                return;
            }
        }
    }

    fn note(&mut self, event: &Event) {
        let complaint = match event.name.as_str() {
            "Runtime.exceptionThrown" => &event.parameters["exceptionDetails"],
            // Recommendations come and go with the versions of a browser.
            "Log.entryAdded" if is_advice(&event.parameters["entry"]) => return,
            "Log.entryAdded" => &event.parameters["entry"],
            "Page.javascriptDialogOpening" => &event.parameters["message"],
            "Runtime.consoleAPICalled" => &event.parameters["args"],
            _ => return,
        };
        self.complaints.push(complaint.to_string());
    }

    /// What the browser has complained about: errors of scripts, what the content security policy forbids, dialogs.
    pub fn complaints(&mut self) -> Vec<String> {
        self.catch_up();
        std::mem::take(&mut self.complaints)
    }

    /// The value of an expression, once its promise is kept.
    ///
    /// # Panics
    /// When it fails.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let mut answer = self.call("Runtime.evaluate", parameters).await;
        let failed = answer.get("exceptionDetails");
        assert!(failed.is_none(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// Waits until a condition holds in this page; it is looked at whenever the page changes.
    pub async fn until(&self, condition: &str) {
        self.evaluate(&format!(
            "new Promise((resolve) => {{
               const holds = () => {condition};
               if (holds()) return resolve(true);
               const observer = new MutationObserver(() => {{
                 if (holds()) {{ observer.disconnect(); resolve(true); }}
               }});
               observer.observe(document, {{ attributes: true, childList: true, characterData: true, subtree: true }});
             }})"
        ))
        .await;
    }

    /// Whether there is such an element, and it can be seen.
    pub async fn shows(&self, selector: &str) -> bool {
        let selector = json!(selector);
        let shown = format!("Boolean(document.querySelector({selector})?.checkVisibility())");
        self.evaluate(&shown).await == true
    }

    /// Clicks on an element with the mouse.
    ///
    /// # Panics
    /// When there is none, or something lies over it.
    pub async fn click(&self, selector: &str) {
        let place = self
            .evaluate(&format!(
                "(() => {{
                   const element = document.querySelector({});
                   element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                   const box = element.getBoundingClientRect();
                   const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                   const hit = document.elementFromPoint(x, y);
                   return {{ x, y, free: element.contains(hit) && !element.disabled }};
                 }})()",
                json!(selector)
            ))
            .await;
        assert_eq!(place["free"], true, "{selector} can't be clicked on");
        for kind in ["mousePressed", "mouseReleased"] {
            let mouse = json!({
                "type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", mouse).await;
        }
    }

    /// Clicks on an element, and waits for the page that this leads to.
    pub async fn follow(&mut self, selector: &str) {
        self.catch_up();
        self.click(selector).await;
        self.loaded().await;
    }

    /// Types into a field, in the place of what is there.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let field = json!(selector);
        self.evaluate(&format!(
            "(() => {{ const field = document.querySelector({field}); field.focus(); field.select(); }})()"
        ))
        .await;
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Waits for the page that something done before leads to.
    pub async fn next(&mut self) {
        self.loaded().await;
    }

    /// Forgets all cookies, and who is signed in with them.
    pub async fn forget_cookies(&self) {
        self.call("Network.clearBrowserCookies", json!({})).await;
    }

    /// The address of the page.
    ///
    /// # Panics
    /// When it has none.
    pub async fn address(&self) -> String {
        let address = self.evaluate("location.href").await;
        address.as_str().expect("an address").to_owned()
    }

    /// What can be read on the page.
    pub async fn text(&self) -> String {
        let text = self.evaluate("document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The value of a field, or else the text of an element.
    ///
    /// # Panics
    /// When there is no such element.
    pub async fn read(&self, selector: &str) -> String {
        let element = json!(selector);
        let read = format!(
            "(({{ value, innerText }}) => value ?? innerText)(document.querySelector({element}))"
        );
        self.evaluate(&read)
            .await
            .as_str()
            .expect("a text")
            .to_owned()
    }

    /// Keeps pictures of the whole page in the directory that `IPSE_TEST_SCREENSHOTS` names, for people to look at: as it is,
    /// and as it looks at night on a telephone.
    ///
    /// # Panics
    /// When they can't be kept.
    pub async fn picture(&self, name: &str) {
        let Some(directory) = variable("IPSE_TEST_SCREENSHOTS") else {
            return;
        };
        let path = |name: &str| Path::new(&directory).join(format!("{name}.png"));
        std::fs::write(path(name), self.capture().await).expect("the picture can be kept");
        let telephone =
            json!({ "width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true });
        self.call("Emulation.setDeviceMetricsOverride", telephone)
            .await;
        let night = |value: &str| json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.call("Emulation.setEmulatedMedia", night("dark")).await;
        let name = format!("{name}-telephone");
        std::fs::write(path(&name), self.capture().await).expect("the picture can be kept");
        self.call("Emulation.setEmulatedMedia", night("")).await;
        self.call("Emulation.clearDeviceMetricsOverride", json!({}))
            .await;
    }

    async fn capture(&self) -> Vec<u8> {
        let all = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", all).await;
        let picture = picture["data"].as_str().expect("a picture");
        STANDARD.decode(picture).expect("a picture is base64")
    }
}

fn is_advice(entry: &Value) -> bool {
    matches!(entry["level"].as_str(), Some("verbose" | "info"))
}
