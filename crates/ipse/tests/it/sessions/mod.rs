//! Sessions: what proves that somebody has signed in, for how long, and how it ends.

mod cookie;
mod tokenized;

use axum::body::Body;
use http::Method;
use ipse_model::SignedDuration;
use ipse_testkit::{Reply, TestServer};
use serde_json::{Value, json};

use crate::steps::{minutes, person, session_count, set_state, signed_in, whoami};

const SESSION: &str = "ory_kratos_session";

#[tokio::test]
async fn a_token_counts_in_either_header_and_a_cookie_by_itself() {
    let server = TestServer::new().await;
    let (app, ada) = signed_in(&server, server.native(), "ada").await;
    let token = app.token.clone().unwrap();
    for (name, value) in [
        ("x-session-token", token.clone()),
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("bearer {token}")),
    ] {
        let mut client = server.native();
        let mut request = client.request(Method::GET, "/sessions/whoami", Body::empty());
        request.headers_mut().insert(name, value.parse().unwrap());
        let reply = client.send(request).await;
        assert_eq!(
            (
                reply.status.as_u16(),
                reply.header("x-kratos-authenticated-identity-id")
            ),
            (200, &*ada.id),
            "{name}"
        );
    }
    let mut browser = server.browser();
    browser.sign_in(&ada).await;
    assert_eq!(whoami(&mut browser).await, 200);
    browser.cookies.remove(SESSION);
    assert_eq!(whoami(&mut browser).await, 401);
}

#[tokio::test]
async fn whoami_tells_all_about_the_session_and_is_not_cached() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    let mut app = server.native();
    let flow = app.start("login").await;
    let body = json!({ "method": "password", "identifier": ada.email, "password": ada.password })
        .to_string();
    let mut request = app.request(Method::POST, flow.action(), body.into());
    request
        .headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    request
        .headers_mut()
        .insert("user-agent", "Ipse test/1.0".parse().unwrap());
    app.token = app.send(request).await.json()["session_token"]
        .as_str()
        .map(str::to_owned);
    let reply = app.get("/sessions/whoami").await;
    assert_eq!(
        reply.header("cache-control"),
        "private, no-cache, no-store, must-revalidate"
    );
    let session = reply.json();
    assert_eq!(
        (
            &session["active"],
            &session["authenticator_assurance_level"]
        ),
        (&json!(true), &json!("aal1"))
    );
    assert_eq!(session["authentication_methods"][0]["method"], "password");
    assert_eq!(
        session["authentication_methods"][0]["completed_at"],
        "2026-01-02T03:04:05Z"
    );
    assert_eq!(
        (&session["issued_at"], &session["expires_at"]),
        (
            &json!("2026-01-02T03:04:05Z"),
            &json!("2026-01-03T03:04:05Z")
        )
    );
    assert_eq!(session["devices"][0]["user_agent"], "Ipse test/1.0");
    assert_eq!(session["identity"]["traits"]["email"], ada.email);
    assert_eq!(
        session
            .get("token")
            .or(session["identity"].get("credentials")),
        None
    );
}

#[tokio::test]
async fn a_session_ends_when_its_time_is_over() {
    let server = TestServer::build()
        .set("session.lifespan", "2h")
        .start()
        .await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let mut browser = server.browser();
    browser.sign_in(&ada).await;
    server
        .clock
        .advance(minutes(120) - SignedDuration::from_micros(1));
    assert_eq!(
        (whoami(&mut app).await, whoami(&mut browser).await),
        (200, 200)
    );
    server.clock.advance(SignedDuration::from_micros(1));
    assert_eq!(
        (whoami(&mut app).await, whoami(&mut browser).await),
        (401, 401)
    );
    assert_eq!(app.get("/self-service/settings/api").await.status, 401);
}

async fn extend(server: &TestServer, session: &Value) -> Reply {
    let path = format!("/admin/sessions/{}/extend", session["id"].as_str().unwrap());
    server.admin().call(Method::PATCH, &path).await
}

#[tokio::test]
async fn a_session_can_be_extended_near_its_end() {
    let server = TestServer::build()
        .set("session.lifespan", "24h")
        .set("session.earliest_possible_extend", "1h")
        .start()
        .await;
    let (mut app, _) = signed_in(&server, server.native(), "ada").await;
    let session = app.get("/sessions/whoami").await.json();
    server.clock.advance(minutes(22 * 60));
    let reply = extend(&server, &session).await;
    assert!(reply.status.is_success(), "{}", reply.text());
    assert_eq!(
        app.get("/sessions/whoami").await.json()["expires_at"],
        session["expires_at"],
        "it is too early"
    );
    server.clock.advance(minutes(60));
    assert!(extend(&server, &session).await.status.is_success());
    let extended = app.get("/sessions/whoami").await.json();
    assert_eq!(extended["expires_at"], "2026-01-04T02:04:05Z");
    assert_eq!(
        extended["authenticated_at"], session["authenticated_at"],
        "it is no younger for that"
    );
    assert_eq!(
        extend(
            &server,
            &json!({ "id": "9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e" })
        )
        .await
        .status,
        404
    );
}

#[tokio::test]
async fn an_ended_session_can_not_be_extended_back_to_life() {
    let server = TestServer::build()
        .set("session.lifespan", "1h")
        .start()
        .await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let session = app.get("/sessions/whoami").await.json();
    let path = format!("/admin/sessions/{}", session["id"].as_str().unwrap());
    assert_eq!(server.admin().call(Method::DELETE, &path).await.status, 204);
    extend(&server, &session).await;
    assert_eq!(whoami(&mut app).await, 401);
    app.sign_in(&ada).await;
    assert_eq!(whoami(&mut app).await, 200);
}

#[tokio::test]
async fn a_deactivated_account_has_no_sessions_that_count() {
    let server = TestServer::new().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let mut browser = server.browser();
    browser.sign_in(&ada).await;
    let flow = app.start("settings").await;
    set_state(&server, &ada.id, "inactive").await;
    assert_eq!(
        (whoami(&mut app).await, whoami(&mut browser).await),
        (401, 401)
    );
    let reply = app
        .submit(
            &flow,
            json!({ "method": "password", "password": "Xw9-battery-staple" }),
        )
        .await;
    assert_eq!(reply.status, 401);
    assert_eq!(app.get("/sessions").await.status, 401);
}

#[tokio::test]
async fn a_removed_account_takes_its_sessions_along() {
    let server = TestServer::new().await;
    let (mut app, ada) = signed_in(&server, server.native(), "ada").await;
    let reply = server
        .admin()
        .call(Method::DELETE, &format!("/admin/identities/{}", ada.id))
        .await;
    assert_eq!(reply.status, 204);
    assert_eq!(whoami(&mut app).await, 401);
    assert_eq!(session_count(&server).await, 0);
}

#[tokio::test]
async fn people_see_and_end_their_other_sessions_and_nobody_elses() {
    let server = TestServer::new().await;
    let (mut here, ada) = signed_in(&server, server.native(), "ada").await;
    let (mut there, mut elsewhere) = (server.native(), server.browser());
    there.sign_in(&ada).await;
    elsewhere.sign_in(&ada).await;
    let (mut eve, _) = signed_in(&server, server.native(), "eve").await;
    let foreign = eve.get("/sessions/whoami").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = here.get("/sessions/whoami").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = there.get("/sessions/whoami").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let listed = here.get("/sessions").await.json();
    let ids: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|session| &session["id"])
        .collect();
    assert_eq!(ids.len(), 2, "{listed}");
    assert!(
        ids.contains(&&json!(other))
            && !ids.contains(&&json!(own))
            && !ids.contains(&&json!(foreign))
    );

    assert_eq!(
        here.call(Method::DELETE, &format!("/sessions/{own}"))
            .await
            .status,
        400
    );
    assert_eq!(
        here.call(Method::DELETE, &format!("/sessions/{foreign}"))
            .await
            .status,
        204,
        "it is not told what exists"
    );
    assert_eq!(
        here.call(Method::DELETE, &format!("/sessions/{other}"))
            .await
            .status,
        204
    );
    assert_eq!(
        (
            whoami(&mut eve).await,
            whoami(&mut there).await,
            whoami(&mut elsewhere).await
        ),
        (200, 401, 200)
    );

    let reply = here.call(Method::DELETE, "/sessions").await;
    assert_eq!(
        (reply.status.as_u16(), reply.json()),
        (200, json!({ "count": 1 }))
    );
    assert_eq!(
        (
            whoami(&mut eve).await,
            whoami(&mut elsewhere).await,
            whoami(&mut here).await
        ),
        (200, 401, 200)
    );
    assert_eq!(here.get("/sessions").await.json(), json!([]));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(server.native().call(method, "/sessions").await.status, 401);
    }
}

#[tokio::test]
async fn codes_for_a_token_are_given_once_and_guessed_by_nobody() {
    let server = TestServer::new().await;
    let mut app = server.native();
    let flow = app
        .start_with("login", "return_session_token_exchange_code=true")
        .await;
    let code = flow.json["session_token_exchange_code"]
        .as_str()
        .unwrap()
        .to_owned();
    let fetched = app.fetch("login", flow.id()).await;
    assert_eq!(
        fetched.json.get("session_token_exchange_code"),
        None,
        "it is shown once"
    );
    let plain = app.start("login").await;
    assert_eq!(plain.json.get("session_token_exchange_code"), None);
    let browsers = server
        .ajax()
        .start_with("login", "return_session_token_exchange_code=true")
        .await;
    assert_eq!(browsers.json.get("session_token_exchange_code"), None);

    let exchange = "/sessions/token-exchange";
    for query in [
        "",
        &format!("?init_code={code}"),
        &format!("?return_to_code={code}"),
        "?init_code=&return_to_code=",
    ] {
        assert_eq!(
            app.get(&format!("{exchange}{query}")).await.status,
            400,
            "{query}"
        );
    }
    let ada = person(&server, "ada").await;
    app.sign_in(&ada).await;
    for (init, back) in [
        (&*code, &*code),
        (&*code, "wrong"),
        ("wrong", &*code),
        ("wrong", "wrong"),
        ("%00", "%ff"),
    ] {
        let reply = server
            .native()
            .get(&format!(
                "{exchange}?init_code={init}&return_to_code={back}"
            ))
            .await;
        assert_eq!(reply.status, 404, "{init} {back}: {}", reply.text());
    }
}

#[tokio::test]
async fn how_long_whoami_may_be_kept_is_told_where_configured() {
    let server = TestServer::build()
        .set("feature_flags.cacheable_sessions", true)
        .set("feature_flags.cacheable_sessions_max_age", "10m")
        .start()
        .await;
    let (mut app, _) = signed_in(&server, server.native(), "ada").await;
    assert_eq!(
        app.get("/sessions/whoami")
            .await
            .header("ory-session-cache-for"),
        "600"
    );
    server.clock.advance(minutes(24 * 60 - 5));
    assert_eq!(
        app.get("/sessions/whoami")
            .await
            .header("ory-session-cache-for"),
        "300"
    );
}
