//! Messages that flows send. They are rendered when they are queued, so that what is sent doesn't depend on when it is
//! sent.

use ipse_courier::{About, REQUEST_HEADERS, TemplateChannel, TemplateData};
use ipse_model::{Channel, CourierMessage, Identity, Json, MessageStatus, Timestamp};
use serde_json::{Map, Value, json};

use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::{Flow, Kind};
use crate::identity::view;

/// The headers that say something about the program which sent a request, as they are looked up and as they are shown.
const HEADERS: [(&str, &str); 2] = [
    ("user-agent", "User-Agent"),
    ("accept-language", "Accept-Language"),
];

/// To whom a message goes, and why.
#[derive(Clone, Debug)]
pub(crate) struct Occasion<'a> {
    /// The channel.
    pub(crate) via: Channel,
    /// The address.
    pub(crate) to: &'a str,
    request_url: &'a str,
    transient_payload: Option<&'a Json>,
    headers: Option<Value>,
    to_nobody: bool,
}

impl<'a> Occasion<'a> {
    /// A message to an address in the course of a flow.
    pub(crate) fn of<K: Kind>(flow: &'a Flow<K>, (via, to): (Channel, &'a str)) -> Self {
        Self {
            via,
            to,
            request_url: &flow.shown.request_url,
            transient_payload: flow.transient_payload.as_ref(),
            headers: None,
            to_nobody: false,
        }
    }

    /// A message that nobody will see.
    pub(crate) fn for_nobody(mut self) -> Self {
        self.to_nobody = true;
        self
    }

    /// With what the request says about the program that sent it, for HTTP channels.
    pub(crate) fn with_headers(mut self, cx: &Cx) -> Self {
        let of_request = |name: &(&str, &str)| {
            let value = cx.request.headers.get(name.0)?.to_str().ok()?;
            Some((name.1.to_owned(), json!([value])))
        };
        let headers = HEADERS
            .iter()
            .filter_map(of_request)
            .collect::<Map<String, Value>>();
        self.headers = Some(Value::Object(headers));
        self
    }

    /// What every template is told.
    pub(crate) fn about(&self) -> About {
        About {
            to: self.to.to_owned(),
            request_url: self.request_url.to_owned(),
            transient_payload: self
                .transient_payload
                .map_or_else(|| json!({}), Json::to_value),
        }
    }
}

/// An identity as templates see it.
pub(crate) fn person(cx: &Cx, identity: &Identity) -> Result<Value, ApiError> {
    let view = view::Public::new(identity, &cx.snapshot);
    serde_json::to_value(view).map_err(|error| ApiError::internal(&error))
}

/// How many minutes are left, as templates say it.
pub(crate) fn minutes_until(cx: &Cx, expires_at: Timestamp) -> i64 {
    expires_at.duration_since(cx.now).as_mins()
}

/// Renders a message for the queue.
pub(crate) fn render(
    cx: &Cx,
    occasion: &Occasion<'_>,
    data: &TemplateData,
) -> Result<CourierMessage, ApiError> {
    let channel = match occasion.via {
        Channel::Email => TemplateChannel::Email,
        Channel::Sms => TemplateChannel::Sms,
    };
    let rendered = cx
        .snapshot
        .templates
        .render(channel, data)
        .map_err(|problem| ApiError::internal(&problem))?;
    // What is wrong with a message that goes nowhere may well be that its reader is made up.
    let problems = match occasion.to_nobody {
        true => &[][..],
        false => &rendered.problems[..],
    };
    for problem in problems {
        tracing::error!(template = %data.template_type(), %problem, "a template can't be used; the built-in one was");
    }
    let mut told = data.to_json();
    if let (Some(headers), Some(told)) = (&occasion.headers, told.as_object_mut()) {
        told.insert(REQUEST_HEADERS.to_owned(), headers.clone());
    }
    Ok(CourierMessage {
        id: cx.random().uuid(),
        status: MessageStatus::Queued,
        channel: occasion.via.as_str().to_owned(),
        recipient: data.about().to.clone(),
        subject: rendered.subject,
        body: rendered.text,
        body_html: rendered.html,
        template_type: data.template_type().as_str().to_owned(),
        template_data: Json::from(told),
        send_count: 0,
        next_attempt_at: cx.now,
        created_at: cx.now,
        updated_at: cx.now,
    })
}
