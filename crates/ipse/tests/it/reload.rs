//! The configuration changes while the server runs.

use std::fs;

use ipse_testkit::TestServer;
use serde_json::{Value, json};

use crate::process::{Directory, Process, ask};
use crate::steps::{OTHER, PASSWORD, change, minutes, new_password, person, signed_in, whoami};

/// The configuration file of a server in a process of its own.
fn change_file(directory: &Directory, edit: impl FnOnce(&mut Value)) {
    let path = directory.path().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut config);
    fs::write(path, config.to_string()).unwrap();
}

fn revision(server: &Process) -> Value {
    let (status, body) = ask(server.admin, "GET /admin/health/config", None, None).unwrap();
    assert_eq!(status, 200, "answering goes on");
    body["revision"].clone()
}

fn registration_is_on(server: &Process) -> bool {
    let (status, _) = ask(
        server.public,
        "GET /self-service/registration/api",
        None,
        None,
    )
    .unwrap();
    assert!([200, 400].contains(&status));
    status == 200
}

#[test]
fn a_changed_file_takes_effect_and_a_broken_one_does_not() {
    let directory = Directory::new();
    let server = Process::start(&directory);
    assert!(registration_is_on(&server));
    change_file(&directory, |config| {
        config["revision"] = json!("second");
        config["selfservice"]["flows"]["registration"]["enabled"] = json!(false);
    });
    while revision(&server) != "second" {
        std::thread::yield_now();
    }
    assert!(!registration_is_on(&server));

    change_file(&directory, |config| {
        config["revision"] = json!("third");
        config["selfservice"]["flows"]["registration"]["enabled"] = json!("perhaps");
    });
    while !directory.log().contains("the old one stays in force") {
        assert_eq!(revision(&server), "second");
    }
    assert!(
        directory
            .log()
            .contains("selfservice.flows.registration.enabled"),
        "{}",
        directory.log()
    );
    assert_eq!(revision(&server), "second");
    assert!(!registration_is_on(&server));

    change_file(&directory, |config| {
        config["revision"] = json!("fourth");
        config["selfservice"]["flows"]["registration"]["enabled"] = json!(true);
    });
    while revision(&server) != "fourth" {
        std::thread::yield_now();
    }
    assert!(registration_is_on(&server));
}

#[tokio::test]
async fn a_bad_configuration_leaves_the_old_one_in_force() {
    let server = TestServer::new().await;
    let (mut app, _) = signed_in(&server, server.native(), "ada").await;
    for (key, value) in [
        ("session.lifespan", json!("soon")),
        ("session.lifespam", json!("1h")),
        (
            "identity.schemas",
            json!([{ "id": "default", "url": "base64://bm8ganNvbg==" }]),
        ),
        ("identity.default_schema_id", json!("nothing")),
        ("secrets.default", json!(["short"])),
    ] {
        let said = server.reload(&[(key, value)]).await.unwrap_err();
        assert!(!said.is_empty());
        assert_eq!(whoami(&mut app).await, 200, "{said}");
        assert_eq!(app.start("settings").await.json["type"], "api");
    }
}

#[tokio::test]
async fn a_new_configuration_holds_from_the_next_request_on() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    server
        .reload(&[
            ("session.lifespan", json!("1h")),
            ("session.cookie.name", json!("renamed")),
        ])
        .await
        .unwrap();
    let mut browser = server.browser();
    let reply = browser.sign_in(&ada).await;
    assert!(
        reply.set_cookie("renamed").is_some() && reply.set_cookie("ory_kratos_session").is_none()
    );
    assert_eq!(whoami(&mut browser).await, 200);
    server.clock.advance(minutes(60));
    assert_eq!(whoami(&mut browser).await, 401);
}

#[tokio::test]
async fn secrets_change_without_anybody_noticing() {
    let old = json!("a secret that only tests know");
    let new = json!("another secret that is newer");
    let server = TestServer::new().await;
    let (mut browser, _) = signed_in(&server, server.browser(), "ada").await;
    let (mut app, _) = signed_in(&server, server.native(), "bob").await;
    let before = browser.start("settings").await;

    server
        .reload(&[("secrets.default", json!([new, old]))])
        .await
        .unwrap();
    assert_eq!(
        (whoami(&mut browser).await, whoami(&mut app).await),
        (200, 200)
    );
    assert_eq!(
        browser.submit(&before, new_password(OTHER)).await.status,
        303,
        "an open form can be sent"
    );
    let mut fresh = server.browser();
    let grace = person(&server, "grace").await;
    fresh.sign_in(&grace).await;

    server
        .reload(&[("secrets.default", json!([new]))])
        .await
        .unwrap();
    assert_eq!(
        whoami(&mut fresh).await,
        200,
        "cookies have been made with the new secret from the first reload on"
    );
    assert_eq!(whoami(&mut app).await, 200, "a token needs no secret");

    let mut stale = server.browser();
    server
        .reload(&[("secrets.default", json!([old]))])
        .await
        .unwrap();
    stale.sign_in(&person(&server, "stale").await).await;
    server
        .reload(&[("secrets.default", json!([new]))])
        .await
        .unwrap();
    assert_eq!(
        whoami(&mut stale).await,
        401,
        "cookies of a secret that was given up are worth nothing"
    );
}

#[tokio::test]
async fn what_waits_survives_a_change_of_secrets() {
    let server = TestServer::build()
        .set(
            "selfservice.flows.settings.privileged_session_max_age",
            "10m",
        )
        .start()
        .await;
    let (mut ajax, ada) = signed_in(&server, server.ajax(), "ada").await;
    let flow = ajax.start("settings").await;
    server.clock.advance(minutes(10));
    assert_eq!(ajax.submit(&flow, new_password(OTHER)).await.status, 403);
    let secrets = json!([
        "another secret that is newer",
        "a secret that only tests know"
    ]);
    server
        .reload(&[("secrets.default", secrets)])
        .await
        .unwrap();
    let login = ajax.start_with("login", "refresh=true").await;
    let fields = json!({ "method": "password", "identifier": ada.email, "password": PASSWORD });
    assert_eq!(ajax.submit(&login, fields).await.status, 200);
    let reply = ajax
        .get(&format!("/self-service/settings?flow={}", flow.id()))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(crate::steps::can_sign_in(&server, &ada.email, OTHER).await);
    assert_eq!(change(&mut ajax, new_password(PASSWORD)).await.status, 200);
}
