//! Figures for Prometheus.

use ipse_testkit::TestServer;
use serde_json::json;

use crate::steps::{change, new_password, person};

/// The lines about a figure, without its help.
async fn figure(server: &TestServer, name: &str) -> Vec<String> {
    let reply = server.admin().get("/admin/metrics/prometheus").await;
    assert_eq!(reply.status, 200);
    let expected = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(reply.header("content-type"), expected);
    let lines = reply.text().lines();
    lines
        .filter(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('{'))
        })
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn figures_tell_what_was_done() {
    let server = TestServer::new().await;
    let ada = person(&server, "ada").await;
    let mut app = server.native();
    app.sign_in(&ada).await;
    change(&mut app, new_password("Xw9-battery-staple")).await;
    assert_eq!(
        figure(&server, "ipse_flows_completed_total").await,
        [
            r#"ipse_flows_completed_total{flow="login",method="password"} 1"#,
            r#"ipse_flows_completed_total{flow="settings",method="password"} 1"#,
        ]
    );
    app.get("/sessions/4d3fd52").await;
    app.get("/sessions/whoami").await;
    let requests = figure(&server, "ipse_http_requests_total").await;
    for expected in [
        r#"{port="public",route="/self-service/login",status="2xx"} 1"#,
        r#"{port="public",route="/sessions/whoami",status="2xx"} 1"#,
        r#"{port="public",route="/sessions",status="4xx"} 1"#,
        r#"{port="admin",route="/identities",status="2xx"} 1"#,
        r#"{port="admin",route="/metrics/prometheus",status="2xx"} 1"#,
    ] {
        let line = format!("ipse_http_requests_total{expected}");
        assert!(requests.contains(&line), "{line} is not in {requests:#?}");
    }
}

#[tokio::test]
async fn figures_tell_what_waits() {
    let server = TestServer::build()
        .set("selfservice.flows.verification.enabled", true)
        .set("selfservice.methods.code.enabled", true);
    let server = server.start().await;
    let ada = person(&server, "ada").await;
    let mut app = server.native();
    let flow = app.start("verification").await;
    let fields = json!({ "method": "code", "email": ada.email });
    app.submit(&flow, fields).await;
    assert_eq!(
        figure(&server, "ipse_courier_messages_waiting").await,
        [
            r#"ipse_courier_messages_waiting{state="queued"} 1"#,
            r#"ipse_courier_messages_waiting{state="processing"} 0"#,
        ]
    );
}

#[tokio::test]
async fn figures_are_not_for_everybody() {
    let server = TestServer::new().await;
    let reply = server.browser().get("/metrics/prometheus").await;
    assert_eq!(reply.status, 404);
    let reply = server.admin().get("/metrics/prometheus").await;
    assert_eq!(reply.status, 200);
    assert!(!reply.text().contains("@"), "no addresses");
}
