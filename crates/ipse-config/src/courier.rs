//! `courier`: how messages are written and sent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::selfservice::web_hook::RequestAuth;
use crate::{GoDuration, Secret, SecretUrl, Source};

section! {
    /// Messages.
    pub struct Courier {
        /// Templates that replace the built-in ones, one by one.
        pub templates: CourierTemplates,
        /// A directory of templates that replace the built-in ones.
        pub template_override_path: Option<PathBuf>,
        /// How often sending is tried again.
        pub message_retries: u32 = 5,
        /// How fast the queue is emptied.
        pub worker: Worker,
        /// How e-mail is sent.
        pub delivery_strategy: DeliveryStrategy = DeliveryStrategy::Smtp,
        /// The server that sends e-mail for us.
        pub http: CourierHttp,
        /// The mail server.
        pub smtp: Smtp,
        /// Ways to send messages other than e-mail.
        pub channels: Vec<Channel>,
    }
}

section! {
    /// How fast the queue is emptied.
    pub struct Worker {
        /// How many messages are taken at a time.
        #[schemars(range(min = 1))]
        pub pull_count: u32 = 10,
        /// The pause before more are taken.
        #[serde(with = "GoDuration")]
        pub pull_wait: Duration = Duration::from_secs(1),
    }
}

choice! {
    /// How e-mail is sent.
    pub enum DeliveryStrategy {
        /// Over SMTP.
        Smtp = "smtp",
        /// By a request to a server.
        Http = "http",
    }
}

section! {
    /// The server that sends e-mail for us.
    pub struct CourierHttp {
        /// The request it gets per message.
        pub request_config: Option<RequestConfig>,
    }
}

section! {
    /// The mail server.
    pub struct Smtp {
        /// Its address: `smtps://user:password@host:465/` for TLS from the start, `smtp://` for
        /// STARTTLS.
        #[schemars(
            regex(pattern = "^smtps?://"),
            extend("examples" = ["smtps://user:password@smtp.example.org:465/"])
        )]
        pub connection_uri: Option<SecretUrl>,
        /// A client certificate.
        pub client_cert_path: Option<PathBuf>,
        /// The key of the client certificate.
        pub client_key_path: Option<PathBuf>,
        /// The sender's address.
        #[schemars(email)]
        pub from_address: String = "no-reply@ory.kratos.sh".to_owned(),
        /// The sender's name.
        pub from_name: Option<String>,
        /// Headers added to every e-mail.
        pub headers: BTreeMap<String, Secret>,
        /// The name we greet the mail server with.
        pub local_name: String = "localhost".to_owned(),
    }
}

/// A way to send messages other than e-mail.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name.
    pub id: ChannelId,
    /// How it works.
    #[serde(default, rename = "type")]
    pub type_: ChannelType,
    /// The request made per message.
    pub request_config: RequestConfig,
}

choice! {
    /// The channels there are.
    pub enum ChannelId {
        /// Text messages.
        Sms = "sms",
    }
}

choice! {
    /// How a channel works.
    #[derive(Default)]
    pub enum ChannelType {
        /// By a request to a server.
        #[default]
        Http = "http",
    }
}

section! {
    /// The request made per message.
    pub struct RequestConfig {
        /// Its address.
        #[schemars(
            regex(pattern = "^https?://"),
            extend("examples" = ["https://messages.example.org/send"])
        )]
        pub url: Option<Url>,
        /// Its HTTP method.
        pub method: String = "POST".to_owned(),
        /// Its headers.
        pub headers: BTreeMap<String, Secret>,
        /// The Jsonnet that makes its body; without it, all there is to say about the message.
        pub body: Option<Source>,
        /// How it authenticates itself.
        pub auth: Option<RequestAuth>,
    }
}

section! {
    /// Templates that replace the built-in ones.
    pub struct CourierTemplates {
        /// A recovery link.
        pub recovery: TemplateOutcomes,
        /// A recovery code.
        pub recovery_code: TemplateOutcomes,
        /// A verification link.
        pub verification: TemplateOutcomes,
        /// A verification code.
        pub verification_code: TemplateOutcomes,
        /// A code to sign up with.
        pub registration_code: TemplateValid,
        /// A code to sign in with.
        pub login_code: TemplateValid,
        /// Somebody changed an address.
        pub verifiable_address_changed: Template,
    }
}

section! {
    /// A message to somebody we know, and one to somebody we do not.
    pub struct TemplateOutcomes {
        /// To an address nobody has.
        pub invalid: TemplateInvalid,
        /// To an address somebody has.
        pub valid: Template,
    }
}

section! {
    /// A message to an address nobody has.
    pub struct TemplateInvalid {
        /// As e-mail.
        pub email: EmailTemplate,
    }
}

section! {
    /// A message that is only sent to somebody we know.
    pub struct TemplateValid {
        /// To an address somebody has.
        pub valid: Template,
    }
}

section! {
    /// A message.
    pub struct Template {
        /// As e-mail.
        pub email: EmailTemplate,
        /// As text message.
        pub sms: SmsTemplate,
    }
}

section! {
    /// A message as e-mail.
    pub struct EmailTemplate {
        /// Its text.
        pub body: EmailBody,
        /// Its subject.
        pub subject: Option<Source>,
    }
}

section! {
    /// The text of an e-mail.
    pub struct EmailBody {
        /// For programs that show text.
        pub plaintext: Option<Source>,
        /// For programs that show HTML.
        pub html: Option<Source>,
    }
}

section! {
    /// A message as text message.
    pub struct SmsTemplate {
        /// Its text.
        pub body: SmsBody,
    }
}

section! {
    /// The text of a text message.
    pub struct SmsBody {
        /// The text.
        pub plaintext: Option<Source>,
    }
}
