//! Setting a new password.

use async_trait::async_trait;
use ipse_model::{Credential, CredentialsType, Json, MethodId};
use ipse_ui::text;

use super::{Password, check_policy, hash, hash_of, nodes, set_hash};
use crate::cx::Cx;
use crate::flow::settings::{Change, Owner};
use crate::flow::{Flow, FlowError, Form, Settings};
use crate::method::{Handles, Step};

#[async_trait]
impl Handles<Settings> for Password {
    async fn populate(
        &self,
        _: &Cx,
        flow: &mut Flow<Settings>,
        _: &Owner,
    ) -> Result<(), FlowError> {
        flow.ui().push(nodes::password("new-password"));
        flow.ui().push(nodes::submit(text::node::node_label_save()));
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        _: &mut Flow<Settings>,
        owner: &Owner,
        form: &Form,
    ) -> Result<Step<Change>, FlowError> {
        owner.require_privileged(cx)?;
        let password = form
            .text("password")
            .filter(|password| !password.is_empty());
        let password = password.ok_or_else(missing)?;
        let mut credentials = owner.credentials.clone();
        let mut credential = match credentials.remove(CredentialsType::Password) {
            Some(credential) => credential,
            None => first_password(cx, owner)?,
        };
        check_policy(cx, &password, &credential.identifiers).await?;
        refuse_the_old_one(cx, &credential, &password).await?;
        set_hash(&mut credential, hash(cx, &password).await?, cx.now);
        credentials.set(credential);
        let identity = owner.authenticated.identity.clone();
        Ok(Step::Done(Change {
            method: MethodId::Password,
            identity,
            credentials,
            proved: None,
        }))
    }
}

/// Somebody who has signed in by other means so far gets a password, found by the identifiers among the traits.
fn first_password(cx: &Cx, owner: &Owner) -> Result<Credential, FlowError> {
    let identity = &owner.authenticated.identity;
    let schema = crate::flow::shared::schema(cx, Some(&identity.schema_id))?;
    let extracted = schema.extract(&identity.traits.to_value());
    let identifiers = extracted.identifiers(CredentialsType::Password).to_vec();
    if identifiers.is_empty() {
        return Err(FlowError::form(text::validation::identifier_missing()));
    }
    Ok(Credential {
        kind: CredentialsType::Password,
        identifiers,
        config: Json::empty_object(),
        version: 0,
        created_at: cx.now,
        updated_at: cx.now,
    })
}

async fn refuse_the_old_one(
    cx: &Cx,
    credential: &Credential,
    password: &str,
) -> Result<(), FlowError> {
    let old = hash_of(credential);
    // A hash that can't be read is no reason to keep somebody from setting a password that can.
    if !old.is_empty() && cx.app.hasher.verify(password, &old).await.unwrap_or(false) {
        return Err(FlowError::node(
            "password",
            text::validation::password_new_same_as_old(),
        ));
    }
    Ok(())
}

fn missing() -> FlowError {
    FlowError::node("password", text::validation::required("password"))
}
