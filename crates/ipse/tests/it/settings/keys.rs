//! Adding and removing security keys and passkeys.

use ipse_testkit::{Client, TestServer};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::steps::{add_key, add_passkey, change, options, person};

async fn server() -> TestServer {
    let rp = json!({ "id": "ui.test", "display_name": "Shop", "origins": ["http://ui.test"] });
    TestServer::build()
        .set("selfservice.methods.webauthn.enabled", true)
        .set(
            "selfservice.methods.webauthn.config",
            json!({ "passwordless": true, "rp": rp }),
        )
        .set("selfservice.methods.passkey.enabled", true)
        .set("selfservice.methods.passkey.config.rp", rp)
        .start()
        .await
}

/// The labels of the buttons of that name, and what they stand for.
async fn buttons(client: &mut Client, name: &str) -> Vec<(String, Value)> {
    let flow = client.start("settings").await;
    let nodes = flow.json["ui"]["nodes"].as_array().unwrap().iter();
    let nodes = nodes.filter(|node| node["attributes"]["name"] == name);
    nodes
        .map(|node| {
            let label = node["meta"]["label"]["text"].as_str().unwrap();
            (label.to_owned(), node["attributes"].clone())
        })
        .collect()
}

/// Somebody who has nothing but passkeys, as many as these.
async fn with_passkeys(server: &TestServer, keys: &[u8]) -> Client {
    let mut client = server.native();
    let flow = client.start("registration").await;
    let mut first = Authenticator::new(keys[0]);
    let made = first.create(&options(&flow, "passkey_create_data")["credentialOptions"]);
    let traits = json!({ "email": "ada@example.org" });
    let fields = json!({ "method": "passkey", "passkey_register": made, "traits": traits });
    let reply = client.submit(&flow, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut client = server.native();
    let flow = client.start("login").await;
    let answer = first.get(&options(&flow, "passkey_challenge"));
    let reply = client
        .submit(&flow, json!({ "passkey_login": answer }))
        .await;
    client.token = reply.json()["session_token"].as_str().map(str::to_owned);
    for seed in &keys[1..] {
        let mut key = Authenticator::new(*seed);
        let added = add_passkey(&mut client, &mut key).await;
        assert_eq!(added.status, 200, "{}", added.text());
    }
    client
}

#[tokio::test]
async fn passkeys_are_named_by_what_keeps_them() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(1);
    key.aaguid = *b"ProtonPassProton";
    assert_eq!(add_passkey(&mut client, &mut key).await.status, 200);
    let mut unknown = Authenticator::new(2);
    unknown.aaguid = [7; 16];
    assert_eq!(add_passkey(&mut client, &mut unknown).await.status, 200);
    let buttons = buttons(&mut client, "passkey_remove").await;
    assert!(buttons[0].0.contains("Proton Pass"), "{buttons:?}");
    assert!(buttons[1].0.contains("unnamed"), "{buttons:?}");
}

#[tokio::test]
async fn the_same_key_is_added_once() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let mut client = server.ajax();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(3);
    add_key(&mut client, &mut key).await;
    let flow = client.start("settings").await;
    let made = key.create(&options(&flow, "webauthn_register_trigger"));
    let fields = json!({ "method": "webauthn", "webauthn_register": made, "webauthn_register_displayname": "Again" });
    assert_eq!(client.submit(&flow, fields).await.status, 400);
    assert_eq!(buttons(&mut client, "webauthn_remove").await.len(), 1);
}

#[tokio::test]
async fn an_authenticator_that_says_wrong_things_of_itself_is_refused() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let mut client = server.ajax();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(4);
    // Signed by nobody; the last one is of a kind that nobody here knows.
    let unsigned = b"\x66packed\x67attStmt\xa2\x63alg\x27\x63sig\x41\x00";
    let more = b"\x64none\x67attStmt\xa1\x61a\x00";
    let unknown = b"\x6ckind of mine\x67attStmt\xa0";
    for (said, status) in [(&unsigned[..], 400), (more, 400), (unknown, 200)] {
        let flow = client.start("settings").await;
        let made = key.create_saying(&options(&flow, "passkey_create_data"), said);
        let fields = json!({ "method": "passkey", "passkey_settings_register": made });
        let reply = client.submit(&flow, fields).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        if status == 400 {
            assert_eq!(reply.message_ids(), [4_000_001]);
        }
    }
}

#[tokio::test]
async fn an_answer_makes_one_key_for_the_form_that_it_was_made_for() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(5);
    let flow = client.start("settings").await;
    let made = key.create(&options(&flow, "passkey_create_data"));
    let fields = json!({ "passkey_settings_register": made });
    let other = client.start("settings").await;
    let refused = client.submit(&other, fields.clone()).await;
    assert_eq!(refused.message_ids(), [4_000_001]);
    assert_eq!(client.submit(&flow, fields.clone()).await.status, 200);
    assert_eq!(client.submit(&flow, fields).await.status, 400);
    assert_eq!(buttons(&mut client, "passkey_remove").await.len(), 1);
}

#[tokio::test]
async fn the_last_security_key_that_signs_in_alone_stays() {
    let server = server().await;
    let ada = person(&server, "ada").await;
    let mut client = server.ajax();
    client.sign_in(&ada).await;
    let mut key = Authenticator::new(6);
    add_key(&mut client, &mut key).await;
    let path = format!("/admin/identities/{}/credentials/password", ada.id);
    let removed = server.admin().call(http::Method::DELETE, &path).await;
    assert_eq!(removed.status, 204, "{}", removed.text());
    let (_, button) = buttons(&mut client, "webauthn_remove").await.remove(0);
    assert_eq!(button["disabled"], true);
    let fields = json!({ "method": "webauthn", "webauthn_remove": button["value"] });
    let refused = change(&mut client, fields.clone()).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    // With a second one it may go.
    add_key(&mut client, &mut Authenticator::new(9)).await;
    assert_eq!(change(&mut client, fields).await.status, 200);
    assert_eq!(buttons(&mut client, "webauthn_remove").await.len(), 1);
}

#[tokio::test]
async fn of_two_who_remove_the_last_two_keys_at_once_one_is_refused() {
    let server = server().await;
    let mut client = with_passkeys(&server, &[7, 8]).await;
    let names: Vec<Value> = buttons(&mut client, "passkey_remove")
        .await
        .into_iter()
        .map(|(_, button)| button["value"].clone())
        .collect();
    assert_eq!(names.len(), 2);
    let mut removals = tokio::task::JoinSet::new();
    for name in names {
        let mut client = client.clone();
        removals.spawn(async move {
            let fields = json!({ "method": "passkey", "passkey_remove": name });
            change(&mut client, fields).await.status.as_u16()
        });
    }
    let mut statuses = removals.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let left = buttons(&mut client, "passkey_remove").await;
    assert_eq!((left.len(), &left[0].1["disabled"]), (1, &json!(true)));
}
