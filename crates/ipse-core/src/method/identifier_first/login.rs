//! The first screen of signing in, which asks who somebody is, and the second, which offers what that account has.

use async_trait::async_trait;
use ipse_config::selfservice::flows::LoginStyle;
use ipse_model::{Aal, Credentials, CredentialsType, FlowState, MethodId, PasswordConfig};
use ipse_ui::{Group, InputType, Node, text};

use super::IdentifierFirst;
use crate::cx::Cx;
use crate::flow::login::{Proof, Visitor};
use crate::flow::{Encoding, Flow, FlowError, Form, Kind, Login};
use crate::method::code::Code;
use crate::method::passkey::Passkey;
use crate::method::password::{self, Password};
use crate::method::webauthn::{Keys, Webauthn, is_passwordless};
use crate::method::{Handles, Step, enabled};
use crate::schema::normalise_identifier;

/// What identifiers belong to.
const IDENTIFIED: [CredentialsType; 3] = [
    CredentialsType::Password,
    CredentialsType::Code,
    CredentialsType::Webauthn,
];

/// Nodes of other methods that have their place on both screens: browsers offer passkeys along with identifiers.
const SHARED: [&str; 4] = [
    "csrf_token",
    "webauthn_script",
    "passkey_login",
    "passkey_challenge",
];

/// Whether a flow begins with the first screen.
fn applies(cx: &Cx, flow: &Flow<Login>) -> bool {
    cx.config().selfservice.flows.login.style == LoginStyle::IdentifierFirst
        && flow.shown.extra.requested_aal == Aal::Aal1
        && !flow.shown.extra.refresh
}

#[async_trait]
impl Handles<Login> for IdentifierFirst {
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        _: &Visitor,
    ) -> Result<(), FlowError> {
        if applies(cx, flow) {
            // It comes last: what the others have added is for the second screen.
            keep_shared(flow);
            let field = identifier(cx, flow);
            flow.ui().push(field);
            let button = Node::submit("method", Group::IdentifierFirst, "identifier_first");
            flow.ui()
                .push(button.label(text::node::node_label_continue()));
        }
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        visitor: &Visitor,
        form: &Form,
    ) -> Result<Step<Proof>, FlowError> {
        if !applies(cx, flow) {
            return Err(FlowError::form(Login::no_method()));
        }
        let unknown = || FlowError::node("identifier", text::validation::account_not_found());
        let given = form.text("identifier").unwrap_or_default();
        flow.ui().set_value("identifier", given.clone().into());
        if given.is_empty() {
            return Err(unknown());
        }
        let offer = offer(cx, flow, &given).await?.ok_or_else(unknown)?;
        flow.shown.state = FlowState::ChooseMethod;
        if offer.code_only() {
            hide_identifier(cx, flow, &given);
            return send_code(cx, flow, visitor, &given).await;
        }
        show(cx, flow, visitor, (&given, &offer)).await?;
        flow.shown.active = Some(MethodId::IdentifierFirst);
        Ok(Step::Show)
    }
}

/// The field for the identifier. Its group is what keeps it when methods look for theirs.
fn identifier(cx: &Cx, flow: &Flow<Login>) -> Node {
    let mut field = password::login::identifier(cx, flow);
    field.group = Group::IdentifierFirst;
    if enabled(cx, MethodId::Passkey) {
        field = field.autocomplete("username webauthn");
    }
    field
}

fn keep_shared(flow: &mut Flow<Login>) {
    let shared = |node: &Node| node.group == Group::Oidc || SHARED.contains(&node.name());
    flow.ui().nodes.retain(shared);
}

/// The ways of signing in that the second screen offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offer {
    password: bool,
    code: bool,
    passkey: bool,
    key: bool,
}

impl Offer {
    fn of(cx: &Cx, credentials: &Credentials) -> Self {
        let methods = &cx.config().selfservice.methods;
        let password = credentials.get(CredentialsType::Password);
        let password = password.map(|password| password.config.parse::<PasswordConfig>());
        let password = password.and_then(Result::ok).is_some_and(|config| {
            !config.hashed_password.is_empty() || config.use_password_migration_hook
        });
        let keys = |kind| !Keys::of(credentials.get(kind)).ids(true).is_empty();
        Self {
            password,
            code: credentials.get(CredentialsType::Code).is_some()
                || methods.code.config.missing_credential_fallback_enabled,
            passkey: keys(CredentialsType::Passkey),
            key: keys(CredentialsType::Webauthn),
        }
    }

    /// What is there without regard to the account.
    const EVERYTHING: Self = Self {
        password: true,
        code: true,
        passkey: true,
        key: true,
    };

    /// What of it the configuration and the client allow.
    fn possible(self, cx: &Cx, flow: &Flow<Login>) -> Self {
        let methods = &cx.config().selfservice.methods;
        Self {
            password: self.password && enabled(cx, MethodId::Password),
            code: self.code && methods.code.passwordless_enabled,
            passkey: self.passkey && enabled(cx, MethodId::Passkey),
            key: self.key
                && flow.is_browser()
                && enabled(cx, MethodId::Webauthn)
                && is_passwordless(cx),
        }
    }

    fn is_empty(self) -> bool {
        self == Self {
            password: false,
            code: false,
            passkey: false,
            key: false,
        }
    }

    fn code_only(self) -> bool {
        self == Self {
            password: false,
            code: true,
            passkey: false,
            key: false,
        }
    }

    /// Whether it has a place for a node that a method made.
    fn holds(self, node: &Node) -> bool {
        match node.group {
            Group::Password => self.password,
            Group::Code => self.code,
            Group::Passkey => self.passkey && node.name() == "passkey_login_trigger",
            Group::Webauthn => self.key && node.name() == "method",
            _ => false,
        }
    }
}

/// What is offered to whoever gave this identifier; nothing when there is no such account. Where accounts aren't told about,
/// everybody is offered everything, whether there is an account or not.
async fn offer(cx: &Cx, flow: &Flow<Login>, given: &str) -> Result<Option<Offer>, FlowError> {
    if cx.config().security.account_enumeration.mitigate {
        return Ok(Some(Offer::EVERYTHING.possible(cx, flow)));
    }
    let normalised = normalise_identifier(given);
    let found = cx
        .store()
        .identity_by_identifier(&IDENTIFIED, &normalised)
        .await?;
    let offer = found.map(|found| Offer::of(cx, &found.credentials).possible(cx, flow));
    Ok(offer.filter(|offer| !offer.is_empty()))
}

fn hide_identifier(cx: &Cx, flow: &mut Flow<Login>, given: &str) {
    flow.ui().remove("identifier");
    let field = identifier(cx, flow)
        .value(given)
        .with(|input| input.input_type = InputType::Hidden);
    flow.ui().nodes.insert(0, field);
}

/// The second screen: the methods make their nodes anew, and those that are offered are taken.
async fn show(
    cx: &Cx,
    flow: &mut Flow<Login>,
    visitor: &Visitor,
    (given, offer): (&str, &Offer),
) -> Result<(), FlowError> {
    let mut other = flow.clone();
    other.ui().nodes.clear();
    if offer.password {
        Password.populate(cx, &mut other, visitor).await?;
    }
    if offer.code {
        Code.populate(cx, &mut other, visitor).await?;
    }
    if offer.passkey {
        Passkey.populate(cx, &mut other, visitor).await?;
    }
    if offer.key {
        Webauthn.populate(cx, &mut other, visitor).await?;
    }
    keep_shared(flow);
    hide_identifier(cx, flow, given);
    let offered = std::mem::take(&mut other.ui().nodes).into_iter();
    flow.ui()
        .nodes
        .extend(offered.filter(|node| offer.holds(node)));
    Ok(())
}

/// Where a code is the only way, it is on its way without another question.
async fn send_code(
    cx: &Cx,
    flow: &mut Flow<Login>,
    visitor: &Visitor,
    given: &str,
) -> Result<Step<Proof>, FlowError> {
    let mut form = Form {
        fields: serde_json::Map::new(),
        encoding: Encoding::Json,
    };
    form.fields
        .insert("method".to_owned(), MethodId::Code.as_str().into());
    form.fields.insert("identifier".to_owned(), given.into());
    Code.submit(cx, flow, visitor, &form).await
}
