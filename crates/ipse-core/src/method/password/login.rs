//! Signing in with a password.

use async_trait::async_trait;
use ipse_crypto::password::needs_rehash;
use ipse_model::{Aal, AuthenticationMethod, Credential, CredentialsType, MethodId};
use ipse_store::Found;
use ipse_ui::{Group, InputType, Node, text};

use super::{Password, algorithm, hash_of, migrate, nodes, set_hash};
use crate::cx::Cx;
use crate::flow::login::{Proof, Visitor, invalid_credentials};
use crate::flow::spent::Spent;
use crate::flow::{Flow, FlowError, Form, Kind, Login};
use crate::method::{Handles, Step};
use crate::schema::normalise_identifier;

#[async_trait]
impl Handles<Login> for Password {
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        visitor: &Visitor,
    ) -> Result<(), FlowError> {
        if flow.shown.extra.requested_aal == Aal::Aal2 {
            return Ok(());
        }
        if let (true, Some(visitor)) = (flow.shown.extra.refresh, visitor) {
            let credentials = cx.store().credentials(visitor.identity.id).await?;
            let Some(credential) = credentials.get(CredentialsType::Password) else {
                return Ok(());
            };
            if hash_of(credential).is_empty() {
                return Ok(());
            }
            let identifier = credential.identifiers.first().cloned().unwrap_or_default();
            flow.ui()
                .upsert(Node::hidden("identifier", Group::Default, identifier));
            flow.ui().push(nodes::password("current-password"));
            flow.ui().push(nodes::submit(text::login::login()));
            return Ok(());
        }
        let field = identifier(cx, flow);
        flow.ui().upsert(field);
        flow.ui().push(nodes::password("current-password"));
        flow.ui().push(nodes::submit(text::login::login_password()));
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        _: &Visitor,
        form: &Form,
    ) -> Result<Step<Proof>, FlowError> {
        if flow.shown.extra.requested_aal == Aal::Aal2 {
            return Err(FlowError::form(Login::no_method()));
        }
        let given = form
            .text("identifier")
            .filter(|identifier| !identifier.is_empty());
        let given = given
            .or_else(|| form.text("password_identifier"))
            .unwrap_or_default();
        let password = form.text("password").unwrap_or_default();
        let proof = check(cx, flow, &given, &password).await;
        if proof.is_err() && !flow.shown.extra.refresh {
            flow.ui().set_value("identifier", given.into());
        }
        proof.map(Step::Done)
    }
}

/// Finds whose identifier it is and compares the password with theirs.
async fn check(
    cx: &Cx,
    flow: &Flow<Login>,
    given: &str,
    password: &str,
) -> Result<Proof, FlowError> {
    if given.is_empty() || password.is_empty() {
        return Err(missing(given, password));
    }
    let identifier = normalise_identifier(given);
    let found = cx
        .store()
        .identity_by_identifier(&[CredentialsType::Password], &identifier)
        .await?;
    let Some(found) = found else {
        // As slow as a wrong password, so that the time doesn't tell which accounts exist.
        cx.app.hasher.dummy_verify(password, &algorithm(cx)).await;
        return Err(invalid_credentials());
    };
    if let Some(waiting) = migrate::waiting(cx, &found) {
        let upgrade = migrate::take_over(cx, flow, &waiting, (given, password)).await?;
        return Ok(proof(cx, found, upgrade));
    }
    prove(cx, found, password).await
}

/// Compares the password with the one that is stored.
async fn prove(cx: &Cx, found: Found, password: &str) -> Result<Proof, FlowError> {
    let hashed = found
        .credentials
        .get(CredentialsType::Password)
        .map(hash_of)
        .unwrap_or_default();
    if hashed.is_empty() {
        cx.app.hasher.dummy_verify(password, &algorithm(cx)).await;
        return Err(invalid_credentials());
    }
    let verified = cx.app.hasher.verify(password, &hashed).await.unwrap_or_else(|error| {
        tracing::warn!(identity_id = %found.identity.id, %error, "a stored password hash can't be used");
        false
    });
    if !verified {
        return Err(invalid_credentials());
    }
    let upgrade = upgrade(cx, &found, password, &hashed).await?;
    Ok(proof(cx, found, upgrade))
}

fn proof(cx: &Cx, found: Found, upgrade: Option<Credential>) -> Proof {
    Proof {
        method: AuthenticationMethod::new(MethodId::Password.as_str(), Aal::Aal1, cx.now),
        by: MethodId::Password,
        identity: found.identity,
        credentials: found.credentials,
        update: None,
        upgrade,
        spent: Spent::default(),
    }
}

/// Hashes the password anew when the stored hash is of another algorithm or has other parameters than the configured ones.
async fn upgrade(
    cx: &Cx,
    found: &Found,
    password: &str,
    hashed: &str,
) -> Result<Option<Credential>, FlowError> {
    let algorithm = algorithm(cx);
    if !needs_rehash(hashed, &algorithm) || password.len() > algorithm.max_password_length() {
        return Ok(None);
    }
    let mut upgraded = found.credentials.get(CredentialsType::Password).cloned();
    if let Some(credential) = &mut upgraded {
        set_hash(credential, super::hash(cx, password).await?, cx.now);
    }
    Ok(upgraded)
}

/// The field for the identifier, labelled with the trait it is when only one trait identifies.
pub(in crate::method) fn identifier(cx: &Cx, flow: &Flow<Login>) -> Node {
    let schemas = &cx.snapshot.schemas;
    let asked_for = flow
        .shown
        .extra
        .identity_schema
        .as_deref()
        .and_then(|id| schemas.get(id));
    let schema = asked_for.unwrap_or_else(|| schemas.default_schema());
    let mut identifying = schema
        .fields
        .iter()
        .filter(|field| !field.identifies.is_empty());
    let label = match (identifying.next(), identifying.next()) {
        (Some(field), None) => {
            let title = field.title.as_deref().unwrap_or(&field.name);
            text::node::node_label_generated(title, &field.name)
        }
        _ => text::node::node_label_id(),
    };
    Node::input("identifier", Group::Default, InputType::Text)
        .value("")
        .required()
        .label(label)
}

fn missing(identifier: &str, password: &str) -> FlowError {
    let fields = [("identifier", identifier), ("password", password)];
    let complaints = fields.into_iter().filter(|(_, value)| value.is_empty());
    FlowError::Invalid(
        complaints
            .map(|(name, _)| crate::flow::Complaint {
                node: Some(name.to_owned()),
                message: text::validation::required(name),
            })
            .collect(),
    )
}
