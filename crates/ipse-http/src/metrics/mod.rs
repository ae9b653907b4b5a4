//! Figures for Prometheus, in its text format.

mod routes;

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get;
use http::{HeaderValue, Response, StatusCode};
use ipse_core::App;

pub(crate) use routes::route;

use crate::door::{Door, Gate, Port};
use crate::reply;

/// Where they are.
pub(crate) const PATH: &str = "/metrics/prometheus";
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// A port that shows the figures and nothing else.
#[must_use]
pub fn metrics(app: Arc<App>) -> Door {
    let port = Port::Admin;
    let gate = Gate { app, port };
    let router = Router::new().route(PATH, get(show));
    crate::router::finished(router, gate)
}

/// Shows the figures.
pub(crate) async fn show(State(gate): State<Gate>) -> Response<Body> {
    let waiting = match gate.app.store.messages_waiting().await {
        Ok(waiting) => Some(waiting),
        Err(error) => {
            tracing::warn!(%error, "the queue of messages can't be counted");
            None
        }
    };
    let mut text = Text::default();
    text.figure("ipse_build_info", "gauge", "The version that is running.");
    text.value(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    requests_of(&gate, &mut text);
    text.figure(
        "ipse_flows_completed_total",
        "counter",
        "Flows that were completed.",
    );
    for (flow, method, count) in gate.app.metrics.flows_completed() {
        text.value(&[("flow", flow), ("method", method)], count);
    }
    text.figure(
        "ipse_web_hook_calls_total",
        "counter",
        "Calls of web hooks.",
    );
    for (outcome, count) in gate.app.metrics.hooks_called() {
        text.value(&[("outcome", outcome)], count);
    }
    if let Some((queued, processing)) = waiting {
        let help = "Messages in the database that wait to be sent.";
        text.figure("ipse_courier_messages_waiting", "gauge", help);
        text.value(&[("state", "queued")], queued);
        text.value(&[("state", "processing")], processing);
    }
    reply::with_type(StatusCode::OK, FORMAT, text.0)
}

fn requests_of(gate: &Gate, text: &mut Text) {
    let help = "Requests that were answered.";
    text.figure("ipse_http_requests_total", "counter", help);
    let metrics = &gate.app.metrics;
    for (port, requests) in [("public", &metrics.public), ("admin", &metrics.admin)] {
        for (route, class, count) in requests.counts() {
            let class = format!("{class}xx");
            let route = routes::name(route);
            let labels = [("port", port), ("route", route), ("status", class.as_str())];
            text.value(&labels, count);
        }
    }
}

/// The text. Labels are all ours: nothing in them has to be escaped.
#[derive(Default)]
struct Text(String, &'static str);

impl Text {
    fn figure(&mut self, name: &'static str, kind: &str, help: &str) {
        self.1 = name;
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, labels: &[(&str, &str)], value: u64) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let _ = writeln!(self.0, "{}{{{}}} {value}", self.1, labels.join(","));
    }
}
