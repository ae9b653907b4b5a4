//! What recovery writes to addresses, and what it says about what comes back.

use ipse_config::selfservice::flows::OneTimeMethod;
use ipse_courier::{About, TemplateData};
use ipse_model::{Channel, Identity, MethodId};
use ipse_store::{AddressPurpose, CodePurpose};
use ipse_ui::{Message, text};

use super::Recovery;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::flow::mailed::{ByMail, Secret, Told};
use crate::message::Occasion;

impl ByMail for Recovery {
    const PURPOSE: CodePurpose = CodePurpose::Recovery;
    const ADDRESSES: AddressPurpose = AddressPurpose::Recovery;
    const KEEPS_TYPED: bool = false;

    fn in_use(cx: &Cx) -> MethodId {
        match cx.config().selfservice.flows.recovery.use_ {
            OneTimeMethod::Code => MethodId::Code,
            OneTimeMethod::Link => MethodId::Link,
        }
    }

    fn notifies_strangers(cx: &Cx) -> bool {
        let flows = &cx.config().selfservice.flows;
        flows.recovery.notify_unknown_recipients
    }

    fn has(identity: &Identity, (via, value): (Channel, &str)) -> bool {
        let mut addresses = identity.recovery_addresses.iter();
        addresses.any(|address| address.via == via && address.value == value)
    }

    fn occasion<'a>(cx: &Cx, flow: &'a Flow<Self>, to: (Channel, &'a str)) -> Occasion<'a> {
        Occasion::of(flow, to).with_headers(cx)
    }

    fn letter(_: &Cx, _: &Flow<Self>, told: Told) -> TemplateData {
        let (about, identity, expires_in_minutes) =
            (told.about, told.identity, told.expires_in_minutes);
        match told.secret {
            Secret::Code(recovery_code) => TemplateData::RecoveryCodeValid {
                about,
                identity,
                recovery_code,
                expires_in_minutes,
            },
            Secret::Link(recovery_url) => TemplateData::RecoveryValid {
                about,
                identity,
                recovery_url,
                expires_in_minutes,
            },
        }
    }

    fn letter_to_stranger(method: MethodId, about: About) -> TemplateData {
        match method {
            MethodId::Link => TemplateData::RecoveryInvalid(about),
            _ => TemplateData::RecoveryCodeInvalid(about),
        }
    }

    fn link_sent() -> Message {
        text::recovery::recovery_email_sent()
    }

    fn link_was_used() -> Message {
        text::recovery::recovery_retry_success()
    }

    fn wrong_link() -> Message {
        text::recovery::recovery_token_invalid_or_already_used()
    }

    fn wrong_code() -> Message {
        text::recovery::recovery_code_invalid_or_already_used()
    }
}
