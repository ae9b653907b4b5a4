//! Signing up, signing in and confirming with security keys and passkeys.

use http::StatusCode;
use ipse_testkit::{Client, Flow, Reply, TestServer};
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::steps::person;

/// An authenticator made of software that has one key.
struct Authenticator {
    pair: Ed25519KeyPair,
    id: Vec<u8>,
    handle: String,
    counter: u32,
}

fn base64(bytes: &[u8]) -> String {
    ipse_webauthn::to_base64url(bytes)
}

impl Authenticator {
    fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Self {
            pair,
            id: vec![seed; 16],
            handle: String::new(),
            counter: 0,
        }
    }

    fn client_data(ceremony: &str, options: &Value) -> String {
        json!({ "type": ceremony, "challenge": options["challenge"], "origin": "http://ui.test" })
            .to_string()
    }

    fn data(&self, flags: u8, rest: &[u8]) -> Vec<u8> {
        let party = digest(&SHA256, b"ui.test");
        [party.as_ref(), &[flags], &self.counter.to_be_bytes(), rest].concat()
    }

    fn answer(&self, response: &Value) -> String {
        let id = base64(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
    }

    /// Makes the key.
    fn create(&mut self, options: &Value) -> String {
        let options = &options["publicKey"];
        self.handle = options["user"]["id"].as_str().unwrap().to_owned();
        let cose = [
            &[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32],
            self.pair.public_key().as_ref(),
        ];
        let attested = [&[0; 16], &[0, 16][..], &self.id, &cose.concat()].concat();
        let data = self.data(0x45, &attested);
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59";
        self.answer(&json!({
            "attestationObject": base64(&[&head[..], &length, &data].concat()),
            "clientDataJSON": base64(Self::client_data("webauthn.create", options).as_bytes()),
        }))
    }

    /// Signs.
    fn get(&mut self, options: &Value) -> String {
        self.counter += 1;
        let client = Self::client_data("webauthn.get", &options["publicKey"]);
        let data = self.data(0x05, &[]);
        let signed = [&data, digest(&SHA256, client.as_bytes()).as_ref()].concat();
        self.answer(&json!({
            "authenticatorData": base64(&data),
            "clientDataJSON": base64(client.as_bytes()),
            "signature": base64(self.pair.sign(&signed).as_ref()),
            "userHandle": self.handle,
        }))
    }
}

async fn server(passwordless: bool) -> TestServer {
    let rp = json!({ "id": "ui.test", "display_name": "Shop", "origins": ["http://ui.test"] });
    TestServer::build()
        .set("selfservice.methods.webauthn.enabled", true)
        .set(
            "selfservice.methods.webauthn.config",
            json!({ "passwordless": passwordless, "rp": rp }),
        )
        .set("selfservice.methods.passkey.enabled", true)
        .set("selfservice.methods.passkey.config.rp", rp)
        .set("session.whoami.required_aal", "aal1")
        .start()
        .await
}

/// The options that a node holds.
fn options(flow: &Flow, name: &str) -> Value {
    let value = &flow.node(name).unwrap()["value"];
    serde_json::from_str(value.as_str().unwrap()).unwrap()
}

async fn add_key(client: &mut Client, key: &mut Authenticator) {
    let flow = client.start("settings").await;
    let made = key.create(&options(&flow, "webauthn_register_trigger"));
    let fields = json!({ "method": "webauthn", "webauthn_register": made, "webauthn_register_displayname": "Blue" });
    let reply = client.submit(&flow, fields).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
}

async fn add_passkey(client: &mut Client, key: &mut Authenticator) -> Reply {
    let flow = client.start("settings").await;
    let made = key.create(&options(&flow, "passkey_create_data"));
    client
        .submit(&flow, json!({ "passkey_settings_register": made }))
        .await
}

#[tokio::test]
async fn of_many_with_the_same_answer_of_a_key_one_succeeds() {
    let server = server(false).await;
    let ada = person(&server, "ada").await;
    let mut client = server.ajax();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(1);
    add_key(&mut client, &mut key).await;
    let mut client = server.ajax();
    client.sign_in(&ada).await;
    let flow = client.start_with("login", "aal=aal2").await;
    let answer = key.get(&options(&flow, "webauthn_login_trigger"));
    let fields = json!({
        "method": "webauthn", "identifier": ada.email, "webauthn_login": answer,
        "csrf_token": flow.csrf_token(),
    });
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (mut client, fields, action) =
            (client.clone(), fields.clone(), flow.action().to_owned());
        attempts.spawn(async move {
            client
                .json(http::Method::POST, &action, &fields)
                .await
                .status
        });
    }
    let statuses = attempts.join_all().await;
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        client.get("/sessions/whoami").await.json()["authenticator_assurance_level"],
        "aal2"
    );
}

#[tokio::test]
async fn a_passkey_signs_in_once_for_each_question() {
    let server = server(false).await;
    let ada = person(&server, "ada").await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(2);
    assert_eq!(
        add_passkey(&mut client, &mut key).await.status,
        StatusCode::OK
    );
    let mut client = server.native();
    let flow = client.start("login").await;
    let fields = json!({ "method": "passkey", "passkey_login": key.get(&options(&flow, "passkey_challenge")) });
    let reply = client.submit(&flow, fields.clone()).await;
    assert_eq!(
        reply.json()["session"]["identity"]["id"],
        ada.id,
        "{}",
        reply.text()
    );
    assert_eq!(
        client.submit(&flow, fields).await.message_ids(),
        [4_000_008]
    );
    let other = client.start("login").await;
    let stale = key.get(&options(&flow, "passkey_challenge"));
    let fields = json!({ "method": "passkey", "passkey_login": stale });
    assert_eq!(
        client.submit(&other, fields).await.message_ids(),
        [4_000_008]
    );
}

#[tokio::test]
async fn a_copy_of_a_key_is_noticed() {
    let server = server(false).await;
    let ada = person(&server, "ada").await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(3);
    add_passkey(&mut client, &mut key).await;
    for (counter, status) in [(7, 200), (3, 400), (9, 200)] {
        let mut client = server.native();
        let flow = client.start("login").await;
        key.counter = counter;
        let answer = key.get(&options(&flow, "passkey_challenge"));
        let reply = client
            .submit(&flow, json!({ "passkey_login": answer }))
            .await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}

#[tokio::test]
async fn keys_of_somebody_else_do_not_sign_in() {
    let server = server(true).await;
    let (ada, eve) = (person(&server, "ada").await, person(&server, "eve").await);
    let (mut of_ada, mut of_eve) = (Authenticator::new(4), Authenticator::new(5));
    for (person, key) in [(&ada, &mut of_ada), (&eve, &mut of_eve)] {
        let mut client = server.ajax();
        client.sign_in(person).await;
        assert_eq!(add_passkey(&mut client, key).await.status, StatusCode::OK);
    }
    let mut client = server.native();
    let flow = client.start("login").await;
    let handle = of_ada.handle.clone();
    of_eve.handle = handle;
    let answer = of_eve.get(&options(&flow, "passkey_challenge"));
    let reply = client
        .submit(&flow, json!({ "passkey_login": answer }))
        .await;
    assert_eq!(reply.message_ids(), [4_000_015]);
}

#[tokio::test]
async fn one_can_sign_up_with_a_passkey_alone_and_keeps_the_last_one() {
    let server = server(true).await;
    let mut client = server.native();
    let flow = client.start("registration").await;
    let mut key = Authenticator::new(6);
    let made = key.create(&options(&flow, "passkey_create_data")["credentialOptions"]);
    let traits = json!({ "email": "ada@example.org" });
    let fields = json!({ "method": "passkey", "passkey_register": made, "traits": traits });
    let reply = client.submit(&flow, fields).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let mut client = server.native();
    let flow = client.start("login").await;
    let answer = key.get(&options(&flow, "passkey_challenge"));
    let reply = client
        .submit(&flow, json!({ "passkey_login": answer }))
        .await;
    client.token = reply.json()["session_token"].as_str().map(str::to_owned);
    let flow = client.start("settings").await;
    let remove = flow.node("passkey_remove").unwrap();
    assert_eq!(remove["disabled"], true);
    let name = remove["value"].clone();
    let reply = client
        .submit(
            &flow,
            json!({ "method": "passkey", "passkey_remove": name }),
        )
        .await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(
        client
            .start("settings")
            .await
            .node("passkey_remove")
            .is_some()
    );
}
