//! Confirming with a code of an authenticator app.

use async_trait::async_trait;
use ipse_model::{CredentialsType, MethodId, Timestamp};
use ipse_ui::text;

use super::{Totp, nodes, secret};
use crate::cx::Cx;
use crate::flow::login::{Proof, Visitor, second_factor};
use crate::flow::spent::{self, Spent};
use crate::flow::{Flow, FlowError, Form, Login};
use crate::method::{Handles, Step};

/// Seconds for which a code counts: its own period and one either side.
const COUNTS_FOR: i64 = 3 * PERIOD;
const PERIOD: i64 = 30;

#[async_trait]
impl Handles<Login> for Totp {
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
        if credentials.get(CredentialsType::Totp).is_some() {
            flow.ui()
                .push(nodes::code(text::login::login_totp_label()).value(""));
            flow.ui().push(nodes::submit(text::login::login_totp()));
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
        if let Some(input) = flow
            .ui()
            .find_mut("totp_code")
            .and_then(|node| node.as_input_mut())
        {
            input.value = None;
        }
        let code = form.text("totp_code").filter(|code| !code.is_empty());
        let Some(code) = code else {
            return Err(FlowError::node(
                "totp_code",
                text::validation::required("totp_code"),
            ));
        };
        let credentials = cx.store().credentials(giver.identity.id).await?;
        if credentials.get(CredentialsType::Totp).is_none() {
            return Err(FlowError::form(text::validation::no_totp_device()));
        }
        let attempts = second_factor::count(cx, giver, MethodId::Totp).await?;
        let period = secret(&cx.snapshot.data_cipher, &credentials)
            .and_then(|secret| secret.check(&code, cx.now))
            .ok_or_else(|| FlowError::form(text::validation::totp_verifier_wrong()))?;
        let once = spent::key(&format!("totp period {period}"), giver.identity.id);
        let spent = Spent {
            once: vec![(once, end_of(period, cx.now))],
            attempts: vec![attempts],
            ..Spent::default()
        };
        Ok(Step::Done(second_factor::proof(
            cx,
            giver,
            credentials,
            (MethodId::Totp, spent),
        )))
    }
}

/// When no code of this period counts any more.
fn end_of(period: i64, now: Timestamp) -> Timestamp {
    let end = period.saturating_mul(PERIOD).saturating_add(COUNTS_FOR);
    Timestamp::from_second(end).unwrap_or(now)
}
