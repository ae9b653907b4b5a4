//! Against a provider that is neither ours nor the conformance suite's, over HTTP: discovery, sign-up, sign-in, connecting,
//! disconnecting, and keys that change.
//!
//! The provider is the npm package `oidc-provider`, which `.ci/run` installs. The variable names the directory it is in.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{Method, Request};
use ipse::outgoing::Client as Http;
use ipse_core::outgoing::Outgoing as _;
use ipse_model::{Clock as _, SignedDuration, SystemClock};
use ipse_testkit::{Client, Flow, Reply, TestServer, inline};
use serde_json::{Value, json};

use super::openid::leave;
use super::provider::whoami;

/// The directory of the provider.
const VARIABLE: &str = "IPSE_TEST_OPENID_PROVIDER";
const PASSWORD: &str = "a long and winding password";

const MAPPER: &str = "local c = std.extVar('claims'); { identity: { \
     traits: { email: c.email, name: { first: c.given_name } }, \
     [if 'email_verified' in c then 'verified_addresses']: [{ via: 'email', value: c.email }] } }";

/// The provider, which ends with this.
struct Peer {
    process: Child,
    /// It ends when this one does, and must be able to go on talking to that one.
    _pipes: (ChildStdin, BufReader<ChildStdout>),
    issuer: String,
    http: reqwest::Client,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment what there is"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests should know")]
fn skipped() {
    eprintln!("skipped: {VARIABLE} names no OpenID Connect provider");
}

impl Peer {
    /// The provider, if it is installed. In CI it has to be.
    #[expect(
        clippy::disallowed_methods,
        reason = "the browser of this test is no part of the server"
    )]
    fn start() -> Option<Self> {
        let Some(directory) = variable(VARIABLE) else {
            assert_ne!(
                variable("CI").as_deref(),
                Some("true"),
                "{VARIABLE} is not set"
            );
            skipped();
            return None;
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut process = Command::new("node")
            .arg("serve.mjs")
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let mut issuer = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut issuer).unwrap();
        let redirects = reqwest::redirect::Policy::none();
        Some(Self {
            _pipes: (process.stdin.take().unwrap(), output),
            process,
            issuer: issuer.trim().to_owned(),
            http: reqwest::Client::builder()
                .redirect(redirects)
                .no_proxy()
                .build()
                .unwrap(),
        })
    }

    /// Has the provider sign with other keys.
    async fn rotate(&self) {
        let reply = self
            .http
            .post(format!("{}/rotate", self.issuer))
            .send()
            .await;
        assert_eq!(reply.unwrap().status(), 200);
    }

    /// Goes through the provider as a browser does; where it sends the browser in the end.
    async fn visit(&self, start: &url::Url) -> url::Url {
        let (mut url, mut cookies) = (start.clone(), BTreeMap::new());
        while url.host_str() == Some("127.0.0.1") {
            let header: Vec<String> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let request = self.http.get(url.clone()).header(COOKIE, header.join("; "));
            let reply = request.send().await.unwrap();
            for cookie in reply.headers().get_all(SET_COOKIE) {
                let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = cookie.split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let location = reply.headers().get(LOCATION);
            let location =
                location.unwrap_or_else(|| panic!("{} leads nowhere: {}", url, reply.status()));
            url = url.join(location.to_str().unwrap()).unwrap();
        }
        url
    }

    /// A server that knows the provider as four clients.
    async fn server(&self) -> TestServer {
        let claims =
            json!({ "id_token": { "email": null, "email_verified": null, "given_name": null } });
        let provider = |id: &str, more: Value| {
            let mut config = json!({
                "id": id, "provider": "generic", "issuer_url": self.issuer, "client_id": id,
                "client_secret": format!("the secret of {id}"), "scope": ["email", "profile"], "mapper_url": inline(MAPPER),
            });
            for (name, value) in more.as_object().unwrap() {
                config[name] = value.clone();
            }
            config
        };
        let providers = json!([
            provider("asking", json!({ "requested_claims": claims })),
            provider(
                "forcing",
                json!({ "pkce": "force", "claims_source": "userinfo" })
            ),
            provider(
                "looking",
                json!({ "pkce": "never", "claims_source": "userinfo" })
            ),
            provider("posting", json!({ "claims_source": "userinfo" })),
        ]);
        let server = TestServer::build()
            .outgoing(Arc::new(Http::new(
                ipse_config::clients::HttpClient::default(),
            )))
            .jsonnet_program(env!("CARGO_BIN_EXE_ipse"))
            .set("selfservice.methods.oidc.enabled", true)
            .set("selfservice.methods.oidc.config.providers", providers)
            .set(
                "selfservice.flows.registration.after.oidc.hooks",
                json!([{ "hook": "session" }]),
            )
            .start()
            .await;
        // The provider lives in the present.
        let ahead = SystemClock.now().duration_since(server.clock.now());
        server.clock.advance(ahead);
        server
    }

    /// Leaves from this form as `who` and comes back.
    async fn through(
        &self,
        client: &mut Client,
        flow: &Flow,
        (mut fields, who): (Value, &str),
    ) -> Reply {
        fields["upstream_parameters"] = json!({ "login_hint": who });
        let left = leave(client, flow, fields).await;
        let back = self.visit(&left).await;
        assert!(
            back.as_str()
                .starts_with("http://public.test/self-service/methods/oidc/callback"),
            "{back}"
        );
        client
            .get(&format!("{}?{}", back.path(), back.query().unwrap()))
            .await
    }

    /// Signs `who` up or in through a provider; the session.
    async fn sign_in(
        &self,
        server: &TestServer,
        (flow, provider, who): (&str, &str, &str),
    ) -> Value {
        let mut browser = server.ajax();
        let flow = browser.start(flow).await;
        let fields = json!({ "method": "oidc", "provider": provider });
        let reply = self.through(&mut browser, &flow, (fields, who)).await;
        assert_eq!(reply.status, 200, "{provider}: {}", reply.text());
        whoami(&mut browser).await
    }
}

#[tokio::test]
async fn people_sign_up_and_in_in_every_way_a_client_can_be_set_up() {
    let Some(peer) = Peer::start() else { return };
    let server = peer.server().await;
    for provider in ["asking", "forcing", "looking", "posting"] {
        let who = format!("ada-{provider}");
        let first = peer
            .sign_in(&server, ("registration", provider, &who))
            .await;
        let identity = &first["identity"];
        let traits = json!({ "email": format!("{who}@example.org"), "name": { "first": who } });
        assert_eq!(identity["traits"], traits, "{provider}");
        assert_eq!(identity["verifiable_addresses"][0]["verified"], json!(true));
        assert_eq!(
            first["authentication_methods"][0]["provider"],
            json!(provider)
        );
        let second = peer.sign_in(&server, ("login", provider, &who)).await;
        assert_eq!(second["identity"]["id"], identity["id"], "{provider}");
    }
    let doubtful = peer
        .sign_in(&server, ("login", "looking", "doubtful"))
        .await;
    assert_eq!(
        doubtful["identity"]["verifiable_addresses"][0]["verified"],
        json!(false)
    );
}

#[tokio::test]
async fn accounts_there_are_connected_and_disconnected() {
    let Some(peer) = Peer::start() else { return };
    let server = peer.server().await;
    let eve = server.identity("eve").password(PASSWORD).create().await;
    let mut browser = server.ajax();
    browser.sign_in(&eve).await;
    let flow = browser.start("settings").await;
    let reply = peer
        .through(
            &mut browser,
            &flow,
            (json!({ "link": "looking" }), "mallory"),
        )
        .await;
    assert_eq!(reply.json()["state"], json!("success"), "{}", reply.text());
    let session = peer.sign_in(&server, ("login", "looking", "mallory")).await;
    assert_eq!(session["identity"]["id"], json!(eve.id));
    let reply = browser
        .submit(&Flow::of(&reply), json!({ "unlink": "looking" }))
        .await;
    assert_eq!(reply.json()["state"], json!("success"), "{}", reply.text());
    let session = peer.sign_in(&server, ("login", "looking", "mallory")).await;
    assert_ne!(session["identity"]["id"], json!(eve.id));
    // An address that is taken leads to a login that connects.
    let mut browser = server.ajax();
    let flow = browser.start("registration").await;
    let fields = json!({ "method": "oidc", "provider": "asking" });
    let reply = peer.through(&mut browser, &flow, (fields, "eve")).await;
    let location = reply.json()["redirect_browser_to"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = url::Url::parse(&location).unwrap();
    let id = super::openid::parameter(&id, "flow").unwrap();
    let flow = browser.fetch("login", &id).await;
    let fields = json!({ "method": "password", "identifier": eve.email, "password": PASSWORD });
    assert_eq!(browser.submit(&flow, fields).await.status, 200);
    let session = peer.sign_in(&server, ("login", "asking", "eve")).await;
    assert_eq!(session["identity"]["id"], json!(eve.id));
}

#[tokio::test]
async fn new_keys_are_found_once_they_are_used() {
    let Some(peer) = Peer::start() else { return };
    let server = peer.server().await;
    let first = peer
        .sign_in(&server, ("registration", "asking", "ada"))
        .await;
    for _ in 0..2 {
        peer.rotate().await;
        server.clock.advance(SignedDuration::from_secs(11));
        let again = peer.sign_in(&server, ("login", "asking", "ada")).await;
        assert_eq!(again["identity"]["id"], first["identity"]["id"]);
    }
    // Nothing that is wrong with an answer goes unnoticed.
    let mut browser = server.ajax();
    let flow = browser.start("login").await;
    let left = leave(
        &mut browser,
        &flow,
        json!({ "method": "oidc", "provider": "asking" }),
    )
    .await;
    let mut hinted = left.clone();
    hinted.query_pairs_mut().append_pair("login_hint", "ada");
    let back = peer.visit(&hinted).await;
    let changed: Vec<_> = back
        .query_pairs()
        .map(|(name, value)| match &*name {
            "iss" => (name, "https://evil.example.com".into()),
            _ => (name, value),
        })
        .collect();
    let path =
        url::Url::parse_with_params(&format!("http://x.test{}", back.path()), changed).unwrap();
    let reply = browser
        .get(&format!("{}?{}", path.path(), path.query().unwrap()))
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.error_id().as_str()),
        (502, "upstream_error"),
        "{}",
        reply.text()
    );
    let request = Request::builder()
        .method(Method::GET)
        .uri(format!("{}/jwks", peer.issuer));
    let http = Http::new(ipse_config::clients::HttpClient::default());
    let keys = http.send(request.body(Vec::new()).unwrap()).await.unwrap();
    let keys: Value = serde_json::from_slice(keys.body()).unwrap();
    assert_eq!(
        keys["keys"][0]["kid"],
        json!("key-3"),
        "the keys did change"
    );
}
