//! The `ory.sh/kratos` extension: which traits identify, which addresses are verified, which lead back in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use ipse_model::{Channel, CredentialsType};

use super::Schema;
use super::format::{is_email, normalise_address, normalise_identifier, normalise_phone};
use super::shape::Shape;

/// The keyword.
pub(super) const EXTENSION: &str = "ory.sh/kratos";

/// What the extension says of one trait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) password: bool,
    pub(super) webauthn: bool,
    pub(super) passkey_display_name: bool,
    pub(super) totp_account_name: bool,
    pub(super) code: Option<Via>,
    pub(super) verification: Option<Channel>,
    pub(super) recovery: Option<Channel>,
}

/// Where codes for a trait go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// As the schema says.
    Named(Channel),
    /// As the format of the trait suggests.
    ByFormat,
}

impl Marks {
    /// Reads the keyword of a schema; the error says what is wrong with it.
    pub(super) fn read(schema: &Value) -> Result<Self, String> {
        let Some(extension) = schema.get(EXTENSION) else {
            return Ok(Self::default());
        };
        let raw = Extension::deserialize(extension).map_err(|error| error.to_string())?;
        let credentials = raw.credentials;
        Ok(Self {
            password: credentials.password.identifier,
            webauthn: credentials.webauthn.identifier,
            passkey_display_name: credentials.passkey.display_name,
            totp_account_name: credentials.totp.account_name,
            code: credentials
                .code
                .identifier
                .then(|| credentials.code.via.map_or(Via::ByFormat, Via::Named)),
            verification: raw.verification.via,
            recovery: raw.recovery.via,
        })
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.password |= other.password;
        self.webauthn |= other.webauthn;
        self.passkey_display_name |= other.passkey_display_name;
        self.totp_account_name |= other.totp_account_name;
        self.code = self.code.or(other.code);
        self.verification = self.verification.or(other.verification);
        self.recovery = self.recovery.or(other.recovery);
    }

    /// The channel that codes for a trait of that format go through.
    pub(super) fn code_channel(self, format: Option<&str>) -> Option<Channel> {
        self.code.map(|via| match via {
            Via::Named(channel) => channel,
            Via::ByFormat if format == Some("tel") => Channel::Sms,
            Via::ByFormat => Channel::Email,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Extension {
    credentials: Credentials,
    verification: Address,
    recovery: Address,
    #[serde(rename = "organizations")]
    _organizations: Organizations,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Credentials {
    password: Identifier,
    webauthn: Identifier,
    passkey: Passkey,
    totp: Totp,
    code: Code,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Identifier {
    identifier: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Passkey {
    display_name: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Totp {
    account_name: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Code {
    identifier: bool,
    via: Option<Channel>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Address {
    via: Option<Channel>,
}

/// Accepted, because a schema may carry it, and without effect here.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Organizations {
    #[serde(rename = "matcher")]
    _matcher: Option<Matcher>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Matcher {
    EmailDomain,
}

/// What the extension finds in the traits of one identity. Lists are in the order of the schema, without repetitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// What the identity is found by, for each kind of credential that is identified by traits, normalised.
    pub identifiers: BTreeMap<CredentialsType, Vec<String>>,
    /// The addresses that sign-in codes go to.
    pub code_addresses: Vec<(Channel, String)>,
    /// What a passkey of this identity is called.
    pub passkey_display_name: Option<String>,
    /// What an authenticator app calls the account.
    pub totp_account_name: Option<String>,
    /// The addresses to verify.
    pub verifiable: Vec<(Channel, String)>,
    /// The addresses that lead back in.
    pub recovery: Vec<(Channel, String)>,
}

impl Extracted {
    /// The identifiers for that kind of credential.
    #[must_use]
    pub fn identifiers(&self, kind: CredentialsType) -> &[String] {
        self.identifiers
            .get(&kind)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    fn take(&mut self, marked: &Marked<'_>) {
        let Some(text) = printed(marked.value) else {
            return;
        };
        let marks = marked.shape.marks;
        let format = marked.shape.format.as_deref();
        for (wanted, kind) in [
            (marks.password, CredentialsType::Password),
            (marks.webauthn, CredentialsType::Webauthn),
        ] {
            if wanted {
                add(
                    self.identifiers.entry(kind).or_default(),
                    normalise_identifier(&text),
                );
            }
        }
        if let Some(channel) = marks.code_channel(format) {
            let address = normalise_address(channel, &text);
            add(
                self.identifiers.entry(CredentialsType::Code).or_default(),
                address.clone(),
            );
            add(&mut self.code_addresses, (channel, address));
        }
        if let Some(channel) = marks.verification {
            add(
                &mut self.verifiable,
                (channel, normalise_address(channel, &text)),
            );
        }
        if let Some(channel) = marks.recovery {
            add(
                &mut self.recovery,
                (channel, normalise_address(channel, &text)),
            );
        }
        if marks.passkey_display_name {
            self.passkey_display_name
                .get_or_insert_with(|| text.clone());
        }
        if marks.totp_account_name {
            self.totp_account_name.get_or_insert(text);
        }
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, entry: T) {
    if !list.contains(&entry) {
        list.push(entry);
    }
}

/// The text of a value that can identify; none for empty ones, objects and lists.
fn printed(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A value that the extension speaks of.
pub(super) struct Marked<'a> {
    pub(super) shape: &'a Shape,
    pub(super) value: &'a Value,
    /// Its place: names and indices from the root.
    pub(super) path: &'a [Step<'a>],
}

/// One step into a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// Into the property of that name.
    Name(&'a str),
    /// Into the entry at that place.
    Index(usize),
}

/// Shows every marked value in `value` to `visit`, in the order of the schema.
pub(super) fn walk<'a>(
    shape: &'a Shape,
    value: &'a Value,
    path: &mut Vec<Step<'a>>,
    visit: &mut dyn FnMut(&Marked<'_>),
) {
    if shape.marks != Marks::default() {
        visit(&Marked { shape, value, path });
    }
    if let Value::Object(object) = value {
        for (name, property) in &shape.properties {
            if let Some(value) = object.get(name) {
                path.push(Step::Name(name));
                walk(property, value, path, visit);
                path.pop();
            }
        }
    }
    if let (Value::Array(entries), Some(items)) = (value, &shape.items) {
        for (index, entry) in entries.iter().enumerate() {
            path.push(Step::Index(index));
            walk(items, entry, path, visit);
            path.pop();
        }
    }
    for choice in &shape.choices {
        if choice.shape.is_marked() && choice.applies(value) {
            walk(&choice.shape, value, path, visit);
        }
    }
}

/// What is wrong with a marked value as an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadAddress {
    Email,
    Phone,
}

impl Marked<'_> {
    /// Whether an address that messages will be sent to can't be one. A format other than that of the channel says that
    /// the schema has rules of its own.
    pub(super) fn bad_address(&self) -> Option<BadAddress> {
        let text = self.value.as_str()?;
        let marks = self.shape.marks;
        let format = self.shape.format.as_deref();
        let channels = [
            marks.code_channel(format),
            marks.verification,
            marks.recovery,
        ];
        channels
            .into_iter()
            .flatten()
            .find_map(|channel| match (channel, format) {
                (Channel::Email, None | Some("email")) => {
                    (!is_email(text)).then_some(BadAddress::Email)
                }
                (Channel::Sms, _) => normalise_phone(text).is_none().then_some(BadAddress::Phone),
                (Channel::Email, Some(_)) => None,
            })
    }
}

impl Schema {
    /// Finds identifiers and addresses in traits, which need not be valid.
    #[must_use]
    pub fn extract(&self, traits: &Value) -> Extracted {
        let mut found = Extracted::default();
        walk(&self.shape, traits, &mut Vec::new(), &mut |marked| {
            found.take(marked);
        });
        found
    }
}
