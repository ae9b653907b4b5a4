//! The worked examples of the documentation that Ipse was asked to follow: every step as it is written there, by requests
//! that are put together by hand.

use axum::body::Body;
use http::{HeaderMap, Method};
use ipse_testkit::{Client, Flow, Reply, TestServer, inline};
use serde_json::{Value, json};

use crate::steps::{can_sign_in, complaint};

const USERNAME: &str = "dev+docs.1625828760@ory.sh";
const PASSWORD: &str = "w3yKq0Vd1uQhLs2d";
const NEW_PASSWORD: &str = "ByS8NWuFSkDgMjbe";

/// The schema of the examples: an address and a name.
fn schema() -> String {
    let text = |title: &str| json!({ "type": "string", "title": title });
    let email = json!({
        "type": "string", "format": "email", "title": "E-Mail",
        "ory.sh/kratos": {
            "credentials": { "password": { "identifier": true } },
            "verification": { "via": "email" },
            "recovery": { "via": "email" },
        },
    });
    let name = json!({ "type": "object", "properties": { "first": text("First Name"), "last": text("Last Name") } });
    let traits = json!({ "type": "object", "properties": { "email": email, "name": name }, "required": ["email"] });
    inline(&json!({ "type": "object", "properties": { "traits": traits } }).to_string())
}

async fn server() -> TestServer {
    TestServer::build()
        .set(
            "identity.schemas",
            json!([{ "id": "default", "url": schema() }]),
        )
        .set(
            "selfservice.flows.settings.privileged_session_max_age",
            "1m",
        )
        .start()
        .await
}

/// A request with these headers, as on a command line.
async fn curl(
    client: &mut Client,
    line: &str,
    headers: &[(&'static str, &str)],
    body: Option<Value>,
) -> Reply {
    let (method, path) = line.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let mut request = client.request(method, path, body);
    let cookies: HeaderMap = request
        .headers()
        .iter()
        .filter(|(name, _)| *name == "cookie")
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    *request.headers_mut() = cookies;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    client.send(request).await
}

const JSON: (&str, &str) = ("accept", "application/json");
const SENDS_JSON: (&str, &str) = ("content-type", "application/json");

/// The account of the examples, and its session token.
async fn registered(server: &TestServer) -> String {
    let mut app = server.native();
    let flow = Flow::of(
        &curl(
            &mut app,
            "GET /self-service/registration/api",
            &[JSON],
            None,
        )
        .await,
    );
    let body = json!({ "traits.email": USERNAME, "password": PASSWORD, "method": "password" });
    let line = format!("POST {}", flow.action());
    let session = curl(&mut app, &line, &[JSON, SENDS_JSON], Some(body)).await;
    assert_eq!(session.status, 200, "{}", session.text());
    session.json()["session_token"].as_str().unwrap().to_owned()
}

/// A script with the cookies of somebody who has signed in.
async fn with_cookies(server: &TestServer) -> Client {
    let mut ajax = server.ajax();
    let flow = Flow::of(&curl(&mut ajax, "GET /self-service/login/browser", &[JSON], None).await);
    let body = json!({
        "identifier": USERNAME, "password": PASSWORD, "method": "password", "csrf_token": flow.csrf_token(),
    });
    let line = format!("POST {}", flow.action());
    let session = curl(&mut ajax, &line, &[JSON, SENDS_JSON], Some(body)).await;
    assert_eq!(
        session.json()["session"]["identity"]["traits"]["email"],
        USERNAME,
        "{}",
        session.text()
    );
    ajax
}

fn authorization(token: &str) -> String {
    format!("bearer {token}")
}

async fn native_flow(server: &TestServer, token: &str) -> Flow {
    let authorization = authorization(token);
    let headers = [JSON, ("authorization", &*authorization)];
    Flow::of(
        &curl(
            &mut server.native(),
            "GET /self-service/settings/api",
            &headers,
            None,
        )
        .await,
    )
}

async fn submit_native(server: &TestServer, token: &str, flow: &Flow, body: Value) -> Reply {
    let authorization = authorization(token);
    let headers = [JSON, SENDS_JSON, ("authorization", &*authorization)];
    curl(
        &mut server.native(),
        &format!("POST {}", flow.action()),
        &headers,
        Some(body),
    )
    .await
}

/// What the nodes of a group look like, by name.
fn nodes(flow: &Flow, group: &str) -> Vec<(String, String, Value)> {
    let nodes = flow.json["ui"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["group"] == group);
    nodes
        .map(|node| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let attributes = &node["attributes"];
            (
                text(&attributes["name"]),
                text(&attributes["type"]),
                node["meta"]["label"].clone(),
            )
        })
        .collect()
}

fn label(id: u64, text: &str) -> (Value, Value) {
    (json!(id), json!(text))
}

#[tokio::test]
async fn the_flow_of_an_app_shows_account_profile_and_password() {
    let server = server().await;
    let token = registered(&server).await;
    let flow = native_flow(&server, &token).await;
    assert_eq!(
        (&flow.json["type"], &flow.json["state"]),
        (&json!("api"), &json!("show_form"))
    );
    assert_eq!(
        flow.json["request_url"],
        "http://public.test/self-service/settings/api"
    );
    assert_eq!(
        flow.action(),
        format!(
            "http://public.test/self-service/settings?flow={}",
            flow.id()
        )
    );
    assert_eq!(flow.json["ui"]["method"], "POST");
    let identity = &flow.json["identity"];
    assert_eq!(
        (&identity["schema_id"], &identity["state"]),
        (&json!("default"), &json!("active"))
    );
    assert_eq!(identity["traits"]["email"], USERNAME);
    let address = &identity["verifiable_addresses"][0];
    assert_eq!(
        (&address["value"], &address["verified"], &address["via"]),
        (&json!(USERNAME), &json!(false), &json!("email"))
    );
    assert_eq!(identity["recovery_addresses"][0]["value"], USERNAME);
    let fetched = server
        .native()
        .get(&format!("/self-service/settings/flows?id={}", flow.id()))
        .await;
    assert_eq!(fetched.status, 401, "an id alone is no credential");
    let authorization = authorization(&token);
    let line = format!("GET /self-service/settings/flows?id={}", flow.id());
    let fetched = curl(
        &mut server.native(),
        &line,
        &[JSON, ("authorization", &*authorization)],
        None,
    )
    .await;
    assert_eq!(Flow::of(&fetched).json["ui"], flow.json["ui"]);
    let by_admin = server
        .admin()
        .get(&format!("/self-service/settings/flows?id={}", flow.id()))
        .await;
    assert_eq!(Flow::of(&by_admin).json["ui"], flow.json["ui"]);
}

#[tokio::test]
async fn the_nodes_have_the_names_types_and_labels_that_were_promised() {
    let server = server().await;
    let token = registered(&server).await;
    let flow = native_flow(&server, &token).await;
    let found = |group: &str| -> Vec<(String, String, (Value, Value))> {
        let nodes = nodes(&flow, group).into_iter();
        nodes
            .map(|(name, kind, label)| (name, kind, (label["id"].clone(), label["text"].clone())))
            .collect()
    };
    let node = |name: &str, kind: &str, label| (name.to_owned(), kind.to_owned(), label);
    assert_eq!(
        found("profile"),
        [
            node("traits.email", "email", label(1_070_002, "E-Mail")),
            node("traits.name.first", "text", label(1_070_002, "First Name")),
            node("traits.name.last", "text", label(1_070_002, "Last Name")),
            node("method", "submit", label(1_070_003, "Save")),
        ]
    );
    assert_eq!(
        found("password"),
        [
            node("password", "password", label(1_070_001, "Password")),
            node("method", "submit", label(1_070_003, "Save"))
        ]
    );
    assert_eq!(flow.node("password").unwrap()["required"], true);
}

#[tokio::test]
async fn an_app_changes_its_password() {
    let server = server().await;
    let token = registered(&server).await;
    let flow = native_flow(&server, &token).await;
    let reply = submit_native(
        &server,
        &token,
        &flow,
        json!({ "password": NEW_PASSWORD, "method": "password" }),
    )
    .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let done = Flow::of(&reply);
    assert_eq!(
        (done.id(), &done.json["state"]),
        (flow.id(), &json!("success"))
    );
    assert_eq!(
        done.messages(),
        [(1_050_001, "Your changes have been saved!".to_owned())]
    );
    assert_eq!(done.json["identity"]["traits"]["email"], USERNAME);
    assert!(can_sign_in(&server, USERNAME, NEW_PASSWORD).await);
}

#[tokio::test]
async fn a_script_changes_the_password() {
    let server = server().await;
    registered(&server).await;
    let mut ajax = with_cookies(&server).await;
    let flow = Flow::of(
        &curl(
            &mut ajax,
            "GET /self-service/settings/browser",
            &[JSON],
            None,
        )
        .await,
    );
    assert_eq!(flow.json["type"], "browser");
    let body =
        json!({ "password": NEW_PASSWORD, "method": "password", "csrf_token": flow.csrf_token() });
    let reply = curl(
        &mut ajax,
        &format!("POST {}", flow.action()),
        &[JSON, SENDS_JSON],
        Some(body),
    )
    .await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["state"]),
        (200, &json!("success")),
        "{}",
        reply.text()
    );
    assert!(can_sign_in(&server, USERNAME, NEW_PASSWORD).await);
}

#[tokio::test]
async fn a_browser_is_led_to_the_page_and_changes_the_profile() {
    let server = server().await;
    registered(&server).await;
    let mut browser = server.browser();
    browser.cookies = with_cookies(&server).await.cookies;
    let reply = curl(
        &mut browser,
        "GET /self-service/settings/browser",
        &[("accept", "text/html")],
        None,
    )
    .await;
    assert_eq!(reply.status, 303);
    assert!(
        reply
            .location()
            .starts_with("http://ui.test/settings?flow="),
        "{}",
        reply.location()
    );
    let flow = browser
        .fetch("settings", &reply.location_query("flow").unwrap())
        .await;
    let fields = json!({ "method": "profile", "traits.email": "example.user@ory.sh", "traits.name.first": "", "traits.name.last": "" });
    let reply = browser.submit(&flow, fields).await;
    assert_eq!(
        (reply.status.as_u16(), reply.location()),
        (303, &*format!("http://ui.test/settings?flow={}", flow.id()))
    );
    let done = browser.fetch("settings", flow.id()).await;
    assert_eq!(
        (&done.json["state"], done.messages()[0].0),
        (&json!("success"), 1_050_001)
    );
    assert_eq!(
        done.json["identity"]["traits"]["email"],
        "example.user@ory.sh"
    );
    assert_eq!(
        done.json["identity"]["recovery_addresses"][0]["value"],
        "example.user@ory.sh"
    );
    assert_eq!(
        done.node("traits.email").unwrap()["value"],
        "example.user@ory.sh"
    );
}

#[tokio::test]
async fn faults_are_told_in_the_words_that_were_promised() {
    let server = server().await;
    let token = registered(&server).await;
    let flow = native_flow(&server, &token).await;
    let body = json!({ "traits": { "email": "notanemail" }, "method": "profile" });
    let said = complaint(&submit_native(&server, &token, &flow, body).await);
    // The number has changed since the examples were written; the words have not.
    assert_eq!(
        said.messages_of("traits.email"),
        [(4_000_040, "\"notanemail\" isn't valid \"email\"".to_owned())]
    );
    assert_eq!(said.node("traits.email").unwrap()["value"], "notanemail");
    let said = complaint(
        &submit_native(
            &server,
            &token,
            &flow,
            json!({ "password": "", "method": "password" }),
        )
        .await,
    );
    assert_eq!(
        said.messages_of("password").len(),
        1,
        "an empty password is told at its field"
    );
    assert!(can_sign_in(&server, USERNAME, PASSWORD).await);
}

#[tokio::test]
async fn after_a_minute_changing_the_password_takes_a_new_session() {
    let server = server().await;
    let token = registered(&server).await;
    let flow = native_flow(&server, &token).await;
    server.clock.advance(crate::steps::minutes(1));
    let reply = submit_native(
        &server,
        &token,
        &flow,
        json!({ "password": NEW_PASSWORD, "method": "password" }),
    )
    .await;
    assert_eq!(
        (reply.status.as_u16(), &*reply.error_id()),
        (403, "session_refresh_required")
    );
    let name = json!({ "traits": { "email": USERNAME, "name": { "first": "Docs" } }, "method": "profile" });
    assert_eq!(
        submit_native(&server, &token, &flow, name).await.status,
        200,
        "the first name is nothing protected"
    );
    assert!(can_sign_in(&server, USERNAME, PASSWORD).await);
}
