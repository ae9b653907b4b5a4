//! Nodes: one element of a form each, described so that any client can draw it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Message;

/// The part of a form that a node belongs to: a method, or `Default` for what all share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the methods")]
pub enum Group {
    Default,
    Profile,
    Password,
    Oidc,
    Code,
    Link,
    Totp,
    LookupSecret,
    Webauthn,
    Passkey,
    IdentifierFirst,
    Captcha,
    Saml,
    Oauth2Consent,
}

/// The `type` of an input, as in HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are those of HTML")]
pub enum InputType {
    Text,
    Password,
    Number,
    Checkbox,
    Hidden,
    Email,
    Tel,
    Submit,
    Button,
    #[serde(rename = "datetime-local")]
    DatetimeLocal,
    Date,
    Url,
}

/// An `<input>` or `<button>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The name under which its value is submitted.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub input_type: InputType,
    /// The value it starts with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Whether it has to be filled in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Whether it is shown but can't be used.
    #[serde(default)]
    pub disabled: bool,
    /// The autofill hint (HTML `autocomplete`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autocomplete: Option<String>,
    /// A regular expression the value has to match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The greatest length in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maxlength: Option<u32>,
    /// JavaScript to run on a click.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onclick: Option<String>,
    /// The name of the global function that a click calls.
    #[serde(
        default,
        rename = "onclickTrigger",
        skip_serializing_if = "Option::is_none"
    )]
    pub onclick_trigger: Option<String>,
    /// JavaScript to run when the form is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onload: Option<String>,
    /// The name of the global function that showing the form calls.
    #[serde(
        default,
        rename = "onloadTrigger",
        skip_serializing_if = "Option::is_none"
    )]
    pub onload_trigger: Option<String>,
}

/// An image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// Its address, usually a `data:` URI.
    pub src: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// A text to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Its id.
    pub id: String,
    /// What it says.
    pub text: Message,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// Where it leads.
    pub href: String,
    /// What it says.
    pub title: Message,
}

/// A script to load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// Its id.
    pub id: String,
    /// Its address.
    pub src: String,
    /// Whether it may load while the page goes on.
    #[serde(rename = "async")]
    pub asynchronous: bool,
    /// The referrer policy to use.
    pub referrerpolicy: String,
    /// The CORS mode to use.
    pub crossorigin: String,
    /// The hash that its content must have.
    pub integrity: String,
    /// The MIME type.
    #[serde(rename = "type")]
    pub script_type: String,
    /// A fresh value for a content security policy.
    pub nonce: String,
}

/// What kind of element a node is, with its attributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "node_type")]
pub enum Attributes {
    /// An input or button.
    #[serde(rename = "input")]
    Input(Input),
    /// An image.
    #[serde(rename = "img")]
    Image(Image),
    /// A text.
    #[serde(rename = "text")]
    Text(Text),
    /// A link.
    #[serde(rename = "a")]
    Link(Link),
    /// A script.
    #[serde(rename = "script")]
    Script(Script),
}

impl Attributes {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Input(_) => "input",
            Self::Image(_) => "img",
            Self::Text(_) => "text",
            Self::Link(_) => "a",
            Self::Script(_) => "script",
        }
    }
}

/// What is said about a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// Its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Message>,
}

/// One element of a form.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Node {
    /// The part of the form it belongs to.
    pub group: Group,
    /// What it is.
    pub attributes: Attributes,
    /// What is wrong with it, or worth knowing.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// What is said about it.
    #[serde(default)]
    pub meta: Meta,
}

impl Serialize for Node {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            r#type: &'static str,
            group: Group,
            attributes: &'a Attributes,
            messages: &'a [Message],
            meta: &'a Meta,
        }
        Shown {
            r#type: self.attributes.type_name(),
            group: self.group,
            attributes: &self.attributes,
            messages: &self.messages,
            meta: &self.meta,
        }
        .serialize(serializer)
    }
}

/// Constructors.
impl Node {
    /// An input of the given type.
    #[must_use]
    pub fn input(name: impl Into<String>, group: Group, input_type: InputType) -> Self {
        Self::new(
            group,
            Attributes::Input(Input {
                name: name.into(),
                input_type,
                value: None,
                required: false,
                disabled: false,
                autocomplete: None,
                pattern: None,
                maxlength: None,
                onclick: None,
                onclick_trigger: None,
                onload: None,
                onload_trigger: None,
            }),
        )
    }

    /// A hidden input with a value.
    #[must_use]
    pub fn hidden(name: impl Into<String>, group: Group, value: impl Into<Value>) -> Self {
        Self::input(name, group, InputType::Hidden).value(value)
    }

    /// The button that submits `name=value`.
    #[must_use]
    pub fn submit(name: impl Into<String>, group: Group, value: impl Into<Value>) -> Self {
        Self::input(name, group, InputType::Submit).value(value)
    }

    /// The hidden anti-CSRF field; empty for native clients.
    #[must_use]
    pub fn csrf(token: &str) -> Self {
        Self::hidden("csrf_token", Group::Default, token).required()
    }

    /// A node of any kind.
    #[must_use]
    pub fn new(group: Group, attributes: Attributes) -> Self {
        Self {
            group,
            attributes,
            messages: Vec::new(),
            meta: Meta::default(),
        }
    }
}

/// Builders. Those about inputs leave other nodes as they are.
impl Node {
    /// Sets the label.
    #[must_use]
    pub fn label(mut self, label: Message) -> Self {
        self.meta.label = Some(label);
        self
    }

    /// Sets the value.
    #[must_use]
    pub fn value(self, value: impl Into<Value>) -> Self {
        self.with(|input| input.value = Some(value.into()))
    }

    /// Makes it required.
    #[must_use]
    pub fn required(self) -> Self {
        self.with(|input| input.required = true)
    }

    /// Disables it.
    #[must_use]
    pub fn disabled(self) -> Self {
        self.with(|input| input.disabled = true)
    }

    /// Sets the autofill hint.
    #[must_use]
    pub fn autocomplete(self, hint: &str) -> Self {
        self.with(|input| input.autocomplete = Some(hint.to_owned()))
    }

    /// Changes the input's attributes in place.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Input)) -> Self {
        if let Attributes::Input(input) = &mut self.attributes {
            change(input);
        }
        self
    }

    /// The name of an input, the id of anything else.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.attributes {
            Attributes::Input(input) => &input.name,
            Attributes::Image(image) => &image.id,
            Attributes::Text(text) => &text.id,
            Attributes::Link(link) => &link.id,
            Attributes::Script(script) => &script.id,
        }
    }

    /// The attributes, if it is an input.
    #[must_use]
    pub fn as_input(&self) -> Option<&Input> {
        match &self.attributes {
            Attributes::Input(input) => Some(input),
            _ => None,
        }
    }

    /// The attributes to be changed, if it is an input.
    pub fn as_input_mut(&mut self) -> Option<&mut Input> {
        match &mut self.attributes {
            Attributes::Input(input) => Some(input),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
