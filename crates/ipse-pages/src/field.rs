//! One node of a form, prepared for drawing.

use ipse_ui::{Attributes, Group, Image, Input, InputType, Kind, Message, Node, Script};
use serde_json::Value;

use crate::site::safe_url;

/// A message as the templates need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) class: &'static str,
    pub(crate) role: &'static str,
    pub(crate) text: String,
}

impl Said {
    pub(crate) fn new(message: &Message) -> Self {
        let (class, role) = match message.kind {
            Kind::Info => ("info", "status"),
            Kind::Success => ("success", "status"),
            Kind::Error => ("error", "alert"),
        };
        let text = message.text.clone();
        Self { class, role, text }
    }
}

/// A field to type into or to tick.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) required: bool,
    pub(crate) optional: bool,
    pub(crate) disabled: bool,
    pub(crate) checked: bool,
    pub(crate) focus: bool,
    pub(crate) code: bool,
    pub(crate) exact: bool,
    pub(crate) autocomplete: Option<String>,
    pub(crate) pattern: Option<String>,
    pub(crate) maxlength: Option<u32>,
    pub(crate) onload_trigger: Option<String>,
    pub(crate) messages: Vec<Said>,
}

impl Typed {
    pub(crate) fn wrong(&self) -> bool {
        self.messages.iter().any(|said| said.class == "error")
    }
}

/// A value that is sent without being seen.
#[derive(Clone, Debug)]
pub(crate) struct Hidden {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) onload_trigger: Option<String>,
}

/// How much a button asks for attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// The one to press.
    Primary,
    /// Another way.
    Secondary,
    /// A way back or a second attempt.
    Quiet,
    /// Takes something away.
    Danger,
}

/// A button.
#[derive(Clone, Debug)]
pub(crate) struct Button {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) label: String,
    /// When the thing that it removes was added.
    pub(crate) note: Option<String>,
    /// The letter to show for a social provider.
    pub(crate) initial: Option<char>,
    pub(crate) weight: Weight,
    pub(crate) submits: bool,
    /// Whether it can be pressed while required fields are empty, because it doesn't need them.
    pub(crate) skips_validation: bool,
    pub(crate) disabled: bool,
    pub(crate) onclick_trigger: Option<String>,
    pub(crate) messages: Vec<Said>,
}

impl Button {
    pub(crate) fn class(&self) -> &'static str {
        match self.weight {
            Weight::Primary => "primary",
            Weight::Secondary => "secondary",
            Weight::Quiet => "quiet",
            Weight::Danger => "danger",
        }
    }
}

/// A backup code.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) text: String,
    pub(crate) used: bool,
}

/// A node, prepared for drawing.
#[derive(Clone, Debug)]
pub(crate) enum Field {
    Hidden(Hidden),
    Typed(Typed),
    Checkbox(Typed),
    Button(Button),
    Image {
        image: Image,
        label: String,
    },
    Text {
        id: String,
        text: String,
        label: Option<String>,
        messages: Vec<Said>,
    },
    Codes {
        id: String,
        codes: Vec<Code>,
        label: Option<String>,
    },
    Link {
        id: String,
        href: String,
        title: String,
    },
    Script(Script),
}

impl Field {
    /// Prepares the node that is the `index`th of its page.
    pub(crate) fn new(node: &Node, index: usize) -> Self {
        let label = node.meta.label.as_ref().map(|label| label.text.clone());
        match &node.attributes {
            Attributes::Input(input) => Self::input(node, input, index),
            Attributes::Image(image) => Self::Image {
                label: label.unwrap_or_default(),
                image: safe_image(image),
            },
            Attributes::Text(text) => match codes(&text.text) {
                Some(codes) => Self::Codes {
                    id: text.id.clone(),
                    codes,
                    label,
                },
                None => Self::Text {
                    id: text.id.clone(),
                    text: text.text.text.clone(),
                    label,
                    messages: said(node),
                },
            },
            Attributes::Link(link) => Self::Link {
                id: link.id.clone(),
                href: safe_url(&link.href).to_owned(),
                title: link.title.text.clone(),
            },
            Attributes::Script(script) => Self::Script(Script {
                src: safe_url(&script.src).to_owned(),
                ..script.clone()
            }),
        }
    }

    fn input(node: &Node, input: &Input, index: usize) -> Self {
        match input.input_type {
            InputType::Hidden => Self::Hidden(Hidden {
                name: input.name.clone(),
                value: value(input),
                onload_trigger: input.onload_trigger.clone(),
            }),
            InputType::Submit | InputType::Button => Self::Button(button(node, input, index)),
            InputType::Checkbox => Self::Checkbox(typed(node, input, index)),
            _ => Self::Typed(typed(node, input, index)),
        }
    }

    /// Whether there is anything to see.
    pub(crate) fn visible(&self) -> bool {
        !matches!(self, Self::Hidden(_) | Self::Script(_))
    }
}

fn said(node: &Node) -> Vec<Said> {
    node.messages.iter().map(Said::new).collect()
}

/// The value as a form sends it.
fn value(input: &Input) -> String {
    match &input.value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn typed(node: &Node, input: &Input, index: usize) -> Typed {
    let checkbox = input.input_type == InputType::Checkbox;
    let trait_field = input.name.starts_with("traits.");
    let label = node.meta.label.as_ref().map(|label| label.text.clone());
    let code = matches!(input.name.as_str(), "code" | "totp_code");
    let default_hint = if code {
        Some("one-time-code".to_owned())
    } else {
        None
    };
    Typed {
        id: format!("field-{index}"),
        name: input.name.clone(),
        kind: kind(input.input_type),
        value: value(input),
        label: label.unwrap_or_else(|| spoken(&input.name)),
        required: input.required,
        optional: trait_field && !input.required && !checkbox,
        disabled: input.disabled,
        checked: checkbox && input.value.as_ref().is_some_and(ticked),
        focus: false,
        code,
        exact: matches!(
            input.name.as_str(),
            "identifier" | "lookup_secret" | "recovery_address"
        ),
        autocomplete: input.autocomplete.clone().or(default_hint),
        pattern: input.pattern.clone(),
        maxlength: input.maxlength,
        onload_trigger: input.onload_trigger.clone(),
        messages: said(node),
    }
}

/// The name of a field that has no label, as words: `traits.first_name` as `First name`.
fn spoken(name: &str) -> String {
    let last = name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .replace('_', " ");
    let mut letters = last.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => name.to_owned(),
    }
}

fn ticked(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("true")
}

fn kind(input_type: InputType) -> &'static str {
    match input_type {
        InputType::Text => "text",
        InputType::Password => "password",
        InputType::Number => "number",
        InputType::Checkbox => "checkbox",
        InputType::Hidden => "hidden",
        InputType::Email => "email",
        InputType::Tel => "tel",
        InputType::Submit => "submit",
        InputType::Button => "button",
        InputType::DatetimeLocal => "datetime-local",
        InputType::Date => "date",
        InputType::Url => "url",
    }
}

fn button(node: &Node, input: &Input, index: usize) -> Button {
    let label = node.meta.label.as_ref();
    let context = |key: &str| label.and_then(|label| label.context.get(key)?.as_str());
    let provider = context("provider").filter(|_| node.group == Group::Oidc);
    Button {
        id: format!("field-{index}"),
        name: input.name.clone(),
        value: value(input),
        label: label.map_or_else(|| value(input), |label| label.text.clone()),
        note: context("added_at").and_then(day),
        initial: provider.and_then(|name| name.chars().find(|c| c.is_alphanumeric())),
        weight: weight(&input.name),
        submits: input.input_type == InputType::Submit,
        skips_validation: !matches!(input.name.as_str(), "method"),
        disabled: input.disabled,
        onclick_trigger: input.onclick_trigger.clone(),
        messages: said(node),
    }
}

/// The day of an RFC 3339 time.
fn day(time: &str) -> Option<String> {
    let (day, _) = time.split_once('T')?;
    let plausible = day.len() == 10 && day.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    plausible.then(|| day.to_owned())
}

/// What a button of that name means by nature; the form may lower it.
fn weight(name: &str) -> Weight {
    match name {
        "unlink"
        | "webauthn_remove"
        | "passkey_remove"
        | "totp_unlink"
        | "lookup_secret_disable" => Weight::Danger,
        "resend" | "screen" | "email" | "sms" | "recovery_confirm_address" => Weight::Quiet,
        "method" => Weight::Primary,
        _ => Weight::Secondary,
    }
}

/// The single codes of a list of backup codes.
fn codes(text: &Message) -> Option<Vec<Code>> {
    let secrets = text.context.get("secrets")?.as_array()?;
    let code = |secret: &Value| {
        let used = secret.pointer("/context/used_at").is_some();
        let text = secret
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Code {
            text: text.to_owned(),
            used,
        }
    };
    Some(secrets.iter().map(code).collect())
}

/// Pictures come as data or from the service; anything else is not shown.
fn safe_image(image: &Image) -> Image {
    let src = match image.src.as_str() {
        data if data.starts_with("data:image/") => data.to_owned(),
        other => safe_url(other).to_owned(),
    };
    Image {
        src,
        ..image.clone()
    }
}
