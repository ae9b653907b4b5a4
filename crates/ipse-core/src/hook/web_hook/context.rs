//! What a template sees as `ctx`.

use http::{HeaderMap, header};
use ipse_model::{FlowName, Identity, Session};
use serde_json::{Map, Value, json};

use super::HookError;
use crate::cx::Cx;
use crate::hook::{Shows, Stage};
use crate::identity::view::Public;
use crate::session;

/// Where a flow stands, as far as hooks may see it.
pub(crate) struct Seen<'a> {
    /// The flow.
    pub(crate) flow: &'a dyn Shows,
    /// The identity that the flow has come to.
    pub(crate) identity: Option<&'a Identity>,
    /// The session and whose it is.
    pub(crate) session: Option<(&'a Session, &'a Identity)>,
}

impl<'a> Seen<'a> {
    /// What is seen of a stage.
    pub(super) fn at(stage: &'a Stage<'_>) -> Self {
        let identity = stage.identity.as_deref();
        Self {
            flow: stage.flow,
            identity,
            session: stage.session.zip(identity),
        }
    }
}

/// Everything a template sees.
pub(crate) fn context(cx: &Cx, seen: &Seen<'_>) -> Result<Value, HookError> {
    let allowed = &cx.config().clients.web_hook.header_allowlist;
    let mut context = Map::new();
    context.insert("flow".to_owned(), flow(cx, seen)?);
    context.insert(
        "request_headers".to_owned(),
        headers(&cx.request.headers, allowed),
    );
    context.insert(
        "request_method".to_owned(),
        json!(cx.request.method.as_str()),
    );
    context.insert("request_url".to_owned(), json!(cx.request.url));
    context.insert("request_cookies".to_owned(), cookies(&cx.request.headers));
    if let Some(identity) = seen.identity {
        context.insert(
            "identity".to_owned(),
            shown(&Public::new(identity, &cx.snapshot))?,
        );
    }
    if let Some((session, identity)) = seen.session {
        context.insert(
            "session".to_owned(),
            shown(&session::View::new(cx, session, identity))?,
        );
    }
    Ok(Value::Object(context))
}

fn shown(view: &impl serde::Serialize) -> Result<Value, HookError> {
    Ok(serde_json::to_value(view)?)
}

/// The flow as its client sees it, with the payload of the submission. Settings flows show whose they are instead.
fn flow(cx: &Cx, seen: &Seen<'_>) -> Result<Value, HookError> {
    let mut flow = seen.flow.to_json();
    let Some(members) = flow.as_object_mut() else {
        return Ok(flow);
    };
    let payload = seen
        .flow
        .transient_payload()
        .map(ipse_model::Json::to_value);
    match seen.flow.name() {
        FlowName::Settings => {
            if let Some(owner) = seen.identity.or(seen.session.map(|(_, identity)| identity)) {
                members.insert(
                    "identity".to_owned(),
                    shown(&Public::new(owner, &cx.snapshot))?,
                );
            }
        }
        FlowName::Verification if seen.identity.is_some() => {
            members.insert(
                "transient_payload".to_owned(),
                payload.unwrap_or_else(|| json!({})),
            );
        }
        _ => members.extend(payload.map(|payload| ("transient_payload".to_owned(), payload))),
    }
    Ok(flow)
}

/// The headers that the configuration lets through, each with all its values.
fn headers(headers: &HeaderMap, allowed: &[String]) -> Value {
    let mut shown = Map::new();
    for name in headers.keys() {
        if !allowed
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name.as_str()))
        {
            continue;
        }
        let values: Vec<Value> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into())
            .collect();
        shown.insert(canonical(name.as_str()), Value::Array(values));
    }
    Value::Object(shown)
}

/// `user-agent` as `User-Agent`.
fn canonical(name: &str) -> String {
    let mut begins = true;
    let letter = |letter: char| {
        let written = if begins {
            letter.to_ascii_uppercase()
        } else {
            letter
        };
        begins = letter == '-';
        written
    };
    name.chars().map(letter).collect()
}

/// All cookies by name. Of two with the same name the last one counts.
fn cookies(headers: &HeaderMap) -> Value {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (!name.is_empty()).then(|| (name.to_owned(), json!(value.trim_matches('"'))))
    });
    Value::Object(pairs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_headers_that_are_let_through_are_seen() {
        let sent = map(&[
            ("user-agent", "curl/8"),
            ("authorization", "Bearer swordfish"),
            ("accept", "text/html"),
            ("accept", "application/json"),
        ]);
        let allowed = ["User-Agent".to_owned(), "accept".to_owned()];
        assert_eq!(
            headers(&sent, &allowed),
            json!({ "User-Agent": ["curl/8"], "Accept": ["text/html", "application/json"] })
        );
        assert_eq!(headers(&sent, &[]), json!({}));
    }

    #[test]
    fn header_names_are_written_with_capitals() {
        assert_eq!(canonical("sec-ch-ua-mobile"), "Sec-Ch-Ua-Mobile");
        assert_eq!(canonical("x"), "X");
    }

    #[test]
    fn cookies_are_seen_by_name() {
        let sent = map(&[
            ("cookie", "a=1; b=\"two\"; =nameless; broken"),
            ("cookie", "c=x=y"),
        ]);
        assert_eq!(cookies(&sent), json!({ "a": "1", "b": "two", "c": "x=y" }));
        assert_eq!(cookies(&HeaderMap::new()), json!({}));
    }
}
