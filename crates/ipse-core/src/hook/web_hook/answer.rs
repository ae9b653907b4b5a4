//! What a server answers: that all is well, what it wants changed, or why it refuses.

use http::{Response, StatusCode};
use ipse_config::selfservice::web_hook::WebHook;
use ipse_ui::{Kind, Message};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::HookError;
use super::change::Change;
use crate::flow::Complaint;

/// The most messages that a form is made to show.
const MAX_MESSAGES: usize = 100;

/// An answer that lets the flow go on.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// Nothing is to be changed.
    Nothing,
    /// The identity is to be changed.
    Change(Box<Change>),
}

/// Reads an answer as the hook is configured.
pub(super) fn read(hook: &WebHook, response: &Response<Vec<u8>>) -> Result<Answer, HookError> {
    let status = response.status();
    if status.as_u16() >= 400 {
        return Err(if hook.response.parse || hook.can_interrupt {
            refusal(response.body())?
        } else {
            HookError::Status(status)
        });
    }
    if !hook.response.parse || status != StatusCode::OK {
        return Ok(Answer::Nothing);
    }
    let accepted: Option<Accepted> =
        serde_json::from_slice(response.body()).map_err(HookError::Answer)?;
    let change = accepted.and_then(|accepted| accepted.identity);
    Ok(change.map_or(Answer::Nothing, |change| Answer::Change(Box::new(change))))
}

#[derive(Deserialize)]
struct Accepted {
    identity: Option<Change>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default, deserialize_with = "or_none")]
    messages: Vec<About>,
}

/// Messages about one place of the submission.
#[derive(Deserialize)]
struct About {
    /// A JSON pointer; without one, the messages concern the whole form.
    #[serde(default, deserialize_with = "or_none")]
    instance_ptr: String,
    #[serde(default, deserialize_with = "or_none")]
    messages: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    id: u32,
    #[serde(default)]
    text: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "or_none")]
    context: Map<String, Value>,
}

/// `null` is as good as nothing.
fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn refusal(body: &[u8]) -> Result<HookError, HookError> {
    let refusal: Refusal = serde_json::from_slice(body).map_err(HookError::Answer)?;
    if refusal.messages.is_empty() {
        return Ok(HookError::NoMessages);
    }
    let complaints = refusal.messages.into_iter().flat_map(|about| {
        let node = node(&about.instance_ptr);
        let complaint = move |said| Complaint {
            node: node.clone(),
            message: message(said),
        };
        about.messages.into_iter().map(complaint)
    });
    let complaints: Vec<Complaint> = complaints.collect();
    if complaints.len() > MAX_MESSAGES {
        return Ok(HookError::TooManyMessages(complaints.len()));
    }
    Ok(HookError::Refused(complaints))
}

/// Types that aren't known are remarks.
fn message(said: Said) -> Message {
    let kind = if said.kind == "error" {
        Kind::Error
    } else {
        Kind::Info
    };
    Message {
        id: said.id,
        text: said.text,
        kind,
        context: said.context,
    }
}

/// The node that a JSON pointer means: `#/traits/name/first` is `traits.name.first`.
fn node(pointer: &str) -> Option<String> {
    let path = pointer.trim_start_matches('#').trim_start_matches('/');
    if path.is_empty() {
        return None;
    }
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect();
    Some(segments.join("."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn answer(parse: bool, status: u16, body: &str) -> Result<Answer, HookError> {
        let hook = json!({
            "url": "https://hook.example.org/", "method": "POST",
            "response": { "parse": parse }, "can_interrupt": !parse,
        });
        let response = Response::builder()
            .status(status)
            .body(body.as_bytes().to_vec())
            .unwrap();
        read(&serde_json::from_value(hook).unwrap(), &response)
    }

    fn parsed(status: u16, body: &str) -> Result<Answer, HookError> {
        answer(true, status, body)
    }

    fn refused(body: &Value) -> Vec<Complaint> {
        match parsed(400, &body.to_string()) {
            Err(HookError::Refused(complaints)) => complaints,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_200_can_change_something() {
        let body = json!({ "identity": { "metadata_public": { "a": 1 } } }).to_string();
        assert!(matches!(parsed(200, &body), Ok(Answer::Change(_))));
        assert_eq!(parsed(201, &body).unwrap(), Answer::Nothing);
        assert_eq!(parsed(204, "").unwrap(), Answer::Nothing);
        assert_eq!(parsed(200, r#"{"other": 1}"#).unwrap(), Answer::Nothing);
        assert_eq!(parsed(200, "null").unwrap(), Answer::Nothing);
        assert_eq!(answer(false, 200, &body).unwrap(), Answer::Nothing);
        assert_eq!(answer(false, 200, "no JSON").unwrap(), Answer::Nothing);
    }

    #[test]
    fn answers_that_make_no_sense_are_errors() {
        for (status, body) in [
            (200, ""),
            (200, "x"),
            (200, "[1]"),
            (400, "x"),
            (400, r#"{"messages": 1}"#),
        ] {
            assert!(
                matches!(parsed(status, body), Err(HookError::Answer(_))),
                "{status} {body}"
            );
        }
        for body in ["{}", r#"{"messages": []}"#, r#"{"messages": null}"#] {
            assert!(
                matches!(parsed(400, body), Err(HookError::NoMessages)),
                "{body}"
            );
        }
    }

    #[test]
    fn messages_find_their_place() {
        let complaints = refused(&json!({ "messages": [
            { "instance_ptr": "#/traits/name/first", "messages": [
                { "id": 1234, "text": "no", "type": "error", "context": { "value": "x" } },
                { "id": 1235, "text": "hm", "type": "warning" },
            ] },
            { "messages": [{ "id": 1236, "text": "well", "type": "info", "context": null }] },
        ] }));
        let nodes: Vec<_> = complaints
            .iter()
            .map(|complaint| complaint.node.as_deref())
            .collect();
        assert_eq!(
            nodes,
            [Some("traits.name.first"), Some("traits.name.first"), None]
        );
        assert_eq!(complaints[0].message.kind, Kind::Error);
        assert_eq!(complaints[0].message.context["value"], "x");
        assert_eq!(complaints[1].message.kind, Kind::Info);
        assert_eq!(complaints[2].message.text, "well");
    }

    #[test]
    fn no_form_is_flooded_with_messages() {
        let body = |count: usize| {
            let messages: Vec<_> = (0..count).map(|id| json!({ "id": id })).collect();
            json!({ "messages": [{ "messages": messages }] }).to_string()
        };
        assert!(matches!(
            parsed(400, &body(MAX_MESSAGES)),
            Err(HookError::Refused(_))
        ));
        let too_many = parsed(400, &body(MAX_MESSAGES + 1));
        assert!(matches!(too_many, Err(HookError::TooManyMessages(101))));
    }

    #[test]
    fn a_status_that_nobody_has_heard_of_is_no_success() {
        assert!(matches!(parsed(700, "{}"), Err(HookError::NoMessages)));
        assert_eq!(parsed(399, "{}").unwrap(), Answer::Nothing);
    }

    #[test]
    fn a_place_without_messages_refuses_all_the_same() {
        assert!(refused(&json!({ "messages": [{ "instance_ptr": "#/identifier" }] })).is_empty());
    }

    #[test]
    fn a_hook_that_can_only_interrupt_has_its_messages_read() {
        let body = json!({ "messages": [{ "messages": [{ "text": "no" }] }] }).to_string();
        assert!(matches!(
            answer(false, 403, &body),
            Err(HookError::Refused(_))
        ));
    }

    #[test]
    fn a_hook_that_only_tells_has_no_say() {
        let hook = json!({ "url": "https://hook.example.org/", "method": "POST" });
        let response = Response::builder()
            .status(403)
            .body(b"{}".to_vec())
            .unwrap();
        let outcome = read(&serde_json::from_value(hook).unwrap(), &response);
        assert!(matches!(
            outcome,
            Err(HookError::Status(StatusCode::FORBIDDEN))
        ));
    }

    #[test]
    fn pointers_become_names() {
        assert_eq!(node("#/a/b").as_deref(), Some("a.b"));
        assert_eq!(node("/a~1b/c~0d").as_deref(), Some("a/b.c~d"));
        assert_eq!(node("plain").as_deref(), Some("plain"));
        assert_eq!(node("#"), None);
        assert_eq!(node(""), None);
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(status in 100_u16..1000, body in "\\PC*", parse: bool) {
            let _ = answer(parse, status, &body);
        }
    }
}
