//! Signing up with a password.

use async_trait::async_trait;
use ipse_model::{Aal, AuthenticationMethod, Credential, CredentialsType, Json, MethodId};
use ipse_ui::text;

use super::{Password, check_policy, hash, nodes, set_hash};
use crate::cx::Cx;
use crate::flow::registration::{NewAccount, Screen, Visitor};
use crate::flow::{Flow, FlowError, Form, Registration};
use crate::identity::{self, Draft};
use crate::method::profile;
use crate::method::{Handles, Step};

#[async_trait]
impl Handles<Registration> for Password {
    async fn populate(
        &self,
        _: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
    ) -> Result<(), FlowError> {
        if flow.data.screen != Screen::Profile {
            flow.ui().push(nodes::password("new-password"));
            flow.ui()
                .push(nodes::submit(text::registration::registration()));
        }
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
        form: &Form,
    ) -> Result<Step<NewAccount>, FlowError> {
        let schema = flow.schema(cx)?;
        let traits = profile::read_traits(&schema, flow, form);
        let password = form
            .text("password")
            .filter(|password| !password.is_empty());
        let Some(password) = password else {
            return Err(FlowError::node(
                "password",
                text::validation::required("password"),
            ));
        };
        let mut draft = Draft::new(&*schema.id, traits);
        draft.credentials.set(Credential {
            kind: CredentialsType::Password,
            identifiers: Vec::new(),
            config: Json::empty_object(),
            version: 0,
            created_at: cx.now,
            updated_at: cx.now,
        });
        let (identity, mut credentials) =
            identity::create(cx, draft).map_err(profile::complaints)?;
        let Some(credential) = credentials.get_mut(CredentialsType::Password) else {
            return Err(FlowError::form(text::validation::identifier_missing()));
        };
        if credential.identifiers.is_empty() {
            return Err(FlowError::form(text::validation::identifier_missing()));
        }
        check_policy(cx, &password, &credential.identifiers).await?;
        set_hash(credential, hash(cx, &password).await?, cx.now);
        Ok(Step::Done(NewAccount {
            identity,
            credentials,
            method: AuthenticationMethod::new(MethodId::Password.as_str(), Aal::Aal1, cx.now),
            by: MethodId::Password,
        }))
    }
}
