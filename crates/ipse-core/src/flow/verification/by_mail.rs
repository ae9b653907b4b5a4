//! What verification writes to addresses, and what it says about what comes back.

use ipse_config::selfservice::flows::OneTimeMethod;
use ipse_courier::{About, TemplateData};
use ipse_model::{AddressStatus, Channel, Identity, MethodId};
use ipse_store::{AddressPurpose, CodePurpose, OneTimeCode};
use ipse_ui::{Message, text};

use super::Verification;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::mailed::{self, ByMail, Secret, Told};
use crate::flow::settings::new_address::{self, Due};
use crate::flow::{Flow, with_query};
use crate::message::Occasion;

impl ByMail for Verification {
    const PURPOSE: CodePurpose = CodePurpose::Verification;
    const ADDRESSES: AddressPurpose = AddressPurpose::Verification;
    const KEEPS_TYPED: bool = true;

    fn in_use(cx: &Cx) -> MethodId {
        match cx.config().selfservice.flows.verification.use_ {
            OneTimeMethod::Code => MethodId::Code,
            OneTimeMethod::Link => MethodId::Link,
        }
    }

    fn notifies_strangers(cx: &Cx) -> bool {
        let flows = &cx.config().selfservice.flows;
        flows.verification.notify_unknown_recipients
    }

    fn has(identity: &Identity, (via, value): (Channel, &str)) -> bool {
        let mut addresses = identity.verifiable_addresses.iter();
        addresses.any(|address| address.via == via && address.value == value)
    }

    fn occasion<'a>(_: &Cx, flow: &'a Flow<Self>, to: (Channel, &'a str)) -> Occasion<'a> {
        Occasion::of(flow, to)
    }

    fn letter(cx: &Cx, flow: &Flow<Self>, told: Told) -> TemplateData {
        let (about, identity, expires_in_minutes) =
            (told.about, told.identity, told.expires_in_minutes);
        match told.secret {
            Secret::Code(verification_code) => {
                let page = cx.public_url("self-service/verification");
                let filled_in = with_query(&page, "code", &verification_code);
                TemplateData::VerificationCodeValid {
                    about,
                    identity,
                    verification_url: with_query(&filled_in, "flow", &flow.id().to_string()),
                    verification_code,
                    expires_in_minutes,
                }
            }
            Secret::Link(verification_url) => TemplateData::VerificationValid {
                about,
                identity,
                verification_url,
                expires_in_minutes,
            },
        }
    }

    fn letter_to_stranger(method: MethodId, about: About) -> TemplateData {
        match method {
            MethodId::Link => TemplateData::VerificationInvalid(about),
            _ => TemplateData::VerificationCodeInvalid(about),
        }
    }

    /// Its address is marked as one that something was sent to, unless it is verified.
    fn once_sent(
        cx: &Cx,
        mut identity: Identity,
        (via, value): (Channel, &str),
    ) -> Option<Identity> {
        let mut addresses = identity.verifiable_addresses.iter_mut();
        let address = addresses.find(|address| address.via == via && address.value == value)?;
        if address.verified || address.status != AddressStatus::Pending {
            return None;
        }
        address.status = AddressStatus::Sent;
        address.updated_at = cx.now;
        identity.updated_at = cx.now;
        Some(identity)
    }

    /// Its owner, or somebody whose account waits for it.
    async fn recipient(
        cx: &Cx,
        flow: &Flow<Self>,
        to: (Channel, &str),
    ) -> Result<Option<Identity>, ApiError> {
        let owner = mailed::owner_of::<Self>(cx, to).await?;
        // Looked for in any case, so that the time it takes doesn't tell whether there is an owner.
        let waiting = new_address::who_waits(cx, flow.id(), to).await?;
        Ok(owner.or(waiting))
    }

    async fn due(cx: &Cx, code: &OneTimeCode) -> Result<Option<Due>, ApiError> {
        new_address::due(cx, code).await
    }

    fn link_sent() -> Message {
        text::verification::verification_email_sent()
    }

    fn link_was_used() -> Message {
        text::verification::verification_retry_success()
    }

    fn wrong_link() -> Message {
        text::verification::verification_token_invalid_or_already_used()
    }

    fn wrong_code() -> Message {
        text::verification::verification_code_invalid_or_already_used()
    }
}
