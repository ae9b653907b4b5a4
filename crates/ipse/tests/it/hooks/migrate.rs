//! Passwords that are taken over from an older system.

use std::sync::Arc;

use ipse_testkit::{Person, TestServer};
use serde_json::json;

use super::{HookServer, PASSWORD, error, sign_in};

async fn server(hooks: &Arc<HookServer>) -> TestServer {
    let key = "selfservice.methods.password.config.migrate_hook";
    let config = json!({ "url": "http://hooks.test/migrate", "headers": { "X-Migrate": "yes" } });
    let server = TestServer::build()
        .set(&format!("{key}.enabled"), true)
        .set(&format!("{key}.config"), config);
    server.outgoing(hooks.clone()).start().await
}

async fn old(server: &TestServer) -> Person {
    let waiting = json!({ "password": { "config": { "use_password_migration_hook": true } } });
    server
        .identity("old")
        .set("credentials", waiting)
        .create()
        .await
}

#[tokio::test]
async fn the_first_login_takes_the_password_over() {
    let hooks = HookServer::new();
    let server = server(&hooks).await;
    let person = old(&server).await;
    hooks.answer("migrate", 200, &json!({ "status": "password_match" }));
    assert_eq!(
        sign_in(&mut server.native(), "OLD@example.org")
            .await
            .status,
        200
    );
    assert_eq!(
        hooks.last_body("migrate"),
        json!({ "identifier": "OLD@example.org", "password": PASSWORD })
    );
    hooks.answer("migrate", 403, &json!({}));
    assert_eq!(
        sign_in(&mut server.native(), &person.email).await.status,
        200
    );
    assert_eq!(hooks.count("migrate"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_older_system_that_says_no_or_nothing_signs_nobody_in() {
    let hooks = HookServer::new();
    let server = server(&hooks).await;
    let person = old(&server).await;
    hooks.answer("migrate", 403, &json!({}));
    let reply = sign_in(&mut server.native(), &person.email).await;
    assert_eq!(
        (reply.status.as_u16(), reply.message_ids()),
        (400, vec![4_000_006])
    );
    hooks.answer("migrate", 500, &json!({}));
    assert_eq!(
        error(&sign_in(&mut server.native(), &person.email).await),
        (502, 502)
    );
    hooks.answer("migrate", 200, &json!({ "status": "password_match" }));
    assert_eq!(
        sign_in(&mut server.native(), &person.email).await.status,
        200
    );
}

#[tokio::test]
async fn ordinary_accounts_and_strangers_are_no_matter_of_the_older_system() {
    let hooks = HookServer::new();
    hooks.answer("migrate", 200, &json!({ "status": "password_match" }));
    let server = server(&hooks).await;
    let ada = server
        .identity("ada")
        .password("Zq7-quite-different")
        .create()
        .await;
    for identifier in [&*ada.email, "nobody@example.org"] {
        let reply = sign_in(&mut server.native(), identifier).await;
        assert_eq!(
            (reply.status.as_u16(), reply.message_ids()),
            (400, vec![4_000_006])
        );
    }
    assert_eq!(hooks.count("migrate"), 0);
}
