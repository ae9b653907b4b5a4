//! Confirming with a backup code.

use async_trait::async_trait;
use ipse_model::{CredentialsType, MethodId};
use ipse_ui::text;

use super::codes::{self, Used};
use super::{LookupSecret, nodes};
use crate::cx::Cx;
use crate::flow::login::{Proof, Visitor, second_factor};
use crate::flow::spent::Spent;
use crate::flow::{Flow, FlowError, Form, Login};
use crate::method::{Handles, Step};

#[async_trait]
impl Handles<Login> for LookupSecret {
    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        visitor: &Visitor,
    ) -> Result<(), FlowError> {
        let Ok(giver) = second_factor::giver(flow, visitor) else {
            return Ok(());
        };
        let credentials = cx.store().credentials(giver.identity.id).await?;
        if credentials.get(CredentialsType::LookupSecret).is_some() {
            flow.ui().push(nodes::code());
            flow.ui().push(nodes::submit());
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
        let giver = second_factor::giver(flow, visitor)?;
        let field = flow.ui().find_mut("lookup_secret");
        if let Some(input) = field.and_then(|node| node.as_input_mut()) {
            input.value = None;
        }
        let typed = form.text("lookup_secret").filter(|code| !code.is_empty());
        let Some(typed) = typed else {
            let missing = text::validation::required("lookup_secret");
            return Err(FlowError::node("lookup_secret", missing));
        };
        let credentials = cx.store().credentials(giver.identity.id).await?;
        let Some(credential) = credentials.get(CredentialsType::LookupSecret).cloned() else {
            return Err(FlowError::form(text::validation::no_lookup()));
        };
        let attempts = second_factor::count(cx, giver, MethodId::LookupSecret).await?;
        match codes::use_up(&cx.snapshot.data_cipher, &credential, &typed, cx.now) {
            Used::Now(changed) => {
                let replaced = Some((credential, changed));
                let spent = Spent {
                    replaced,
                    attempts: vec![attempts],
                    ..Spent::default()
                };
                let by = (MethodId::LookupSecret, spent);
                Ok(Step::Done(second_factor::proof(cx, giver, credentials, by)))
            }
            Used::Before => Err(FlowError::form(text::validation::lookup_already_used())),
            Used::Never => Err(FlowError::form(text::validation::lookup_invalid())),
        }
    }
}
