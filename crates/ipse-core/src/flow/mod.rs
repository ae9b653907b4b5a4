//! Self-service flows. What all of them share is here and in [`engine`]; a folder each holds what differs.

pub mod arrange;
pub mod continue_with;
pub mod continuity;
pub mod engine;
pub mod error;
pub mod errors;
mod expired;
pub mod form;
pub mod login;
pub mod logout;
pub mod mailed;
pub mod origin;
pub mod outcome;
pub mod recovery;
pub mod registration;
pub mod return_to;
pub mod settings;
pub(crate) mod shared;
pub mod spent;
pub mod verification;

use ipse_model::{FlowClient, FlowName, FlowRecord, FlowState, Json, MethodId, Timestamp, Uuid};
use ipse_ui::{Container, Message};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use error::{Complaint, FlowError};
pub use form::{Encoding, Form, FormProblem};
pub use login::Login;
pub use outcome::Outcome;
pub use recovery::Recovery;
pub use registration::Registration;
pub use settings::Settings;
pub use verification::Verification;

use crate::cx::Cx;
use crate::error::ApiError;
use crate::method::Handles;
use crate::oauth2::LoginRequest;
use crate::session::Authenticated;

/// One of the five flows: the types it works with, and the few decisions in which it differs from the others.
pub trait Kind: Sized + Send + Sync + 'static {
    /// Its name.
    const NAME: FlowName;
    /// What it shows beyond what all flows show.
    type Extra: Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync;
    /// What only the server remembers of it.
    type Data: Serialize + DeserializeOwned + Default + Clone + std::fmt::Debug + Send + Sync;
    /// Who works on it.
    type Subject: Send + Sync;
    /// What a method decides when a submission is accepted.
    type Decision: Send;

    /// The state of a new flow.
    const FIRST_STATE: FlowState;

    /// The methods that take part, in the order in which their nodes are added.
    fn methods() -> &'static [&'static dyn Handles<Self>];

    /// Whether the configuration lets this method take part in this flow.
    fn enabled(cx: &Cx, method: MethodId) -> bool;

    /// How long a new flow lasts.
    fn lifespan(cx: &Cx) -> std::time::Duration;

    /// The page that shows the flow.
    fn page(cx: &Cx) -> String;

    /// Decides whether a flow may begin, and with what.
    fn begin(
        cx: &Cx,
        client: FlowClient,
    ) -> impl Future<Output = Result<Begin<Self>, ApiError>> + Send;

    /// Finishes a new form: the nodes that belong to no method, and the order of all.
    fn arrange(cx: &Cx, flow: &mut Flow<Self>, subject: &Self::Subject);

    /// Loads a flow that is fetched, when this client may see it.
    fn fetch(cx: &Cx, id: Uuid) -> impl Future<Output = Result<String, ApiError>> + Send;

    /// Loads a flow that something is submitted to, and who submits it.
    fn open(
        cx: &Cx,
        id: Uuid,
    ) -> impl Future<Output = Result<(Flow<Self>, Self::Subject), ApiError>> + Send;

    /// Refuses submissions that no method should see.
    fn guard(cx: &Cx, flow: &Flow<Self>, subject: &Self::Subject) -> Result<(), FlowError>;

    /// Adds what has to be written together with a new form, such as a message that is on its way.
    fn accompany(flow: &Flow<Self>, batch: &mut ipse_store::Batch) {
        let _ = (flow, batch);
    }

    /// Checks where a submission comes from.
    ///
    /// # Errors
    /// As [`origin::check`].
    fn check_origin(cx: &Cx, flow: &Flow<Self>, form: &Form) -> Result<(), FlowError> {
        origin::check(cx, flow.shown.client, form)
    }

    /// Goes on with a flow by a link in a mail, when the address that was called is one.
    fn follow(
        cx: &Cx,
        flow: &Flow<Self>,
        subject: &Self::Subject,
    ) -> impl Future<Output = Result<Option<Outcome>, ApiError>> + Send {
        let _ = (cx, flow, subject);
        async { Ok(None) }
    }

    /// What a client is told whose flow has expired and was replaced.
    ///
    /// # Errors
    /// Usually 410 `self_service_flow_expired`.
    fn replaced(
        cx: &Cx,
        expired_at: Timestamp,
        replacement: &Flow<Self>,
    ) -> Result<Outcome, ApiError> {
        Err(expired::gone(cx.now, expired_at, replacement).browser_to(replacement.page(cx)))
    }

    /// Whose account the flow is about from the beginning, for hooks that come before it.
    fn visitor(_: &Self::Subject) -> Option<&Authenticated> {
        None
    }

    /// Carries out what a method decided.
    fn complete(
        cx: &Cx,
        flow: &mut Flow<Self>,
        subject: &mut Self::Subject,
        decision: Self::Decision,
    ) -> impl Future<Output = Result<Outcome, FlowError>> + Send;

    /// The OAuth2 login request that waits for the flow.
    fn login_challenge(_: &Flow<Self>) -> Option<&str> {
        None
    }

    /// The flow as JSON for a client.
    fn render(cx: &Cx, flow: &Flow<Self>, subject: &Self::Subject) -> String;

    /// Whether going on to the next screen is a success for programs: 200, else 400.
    const NEXT_SUCCEEDS: bool = false;

    /// The status with which an HTML browser is sent back to a form that has something to say.
    const AGAIN_STATUS: u16 = 303;

    /// The flow as JSON when it goes on to its next screen.
    fn render_next(cx: &Cx, flow: &Flow<Self>, subject: &Self::Subject) -> String {
        Self::render(cx, flow, subject)
    }

    /// Whether what was said about the whole form is gone with the next submission.
    const FORGETS: bool = true;

    /// What is said of a body that can't be decoded.
    fn undecodable(problem: &FormProblem) -> FlowError {
        FlowError::form(problem.message())
    }

    /// What is said when no method feels responsible.
    fn no_method() -> Message;

    /// What is said on the flow that replaces an expired one.
    fn expired(expired_at: Timestamp) -> Message;
}

/// How a flow may begin.
pub enum Begin<K: Kind> {
    /// With this subject.
    With {
        /// Who works on it.
        subject: K::Subject,
        /// What it shows beyond what all flows show.
        extra: K::Extra,
        /// What only the server remembers.
        data: K::Data,
        /// Whose it is.
        identity_id: Option<Uuid>,
        /// What is written together with the flow.
        writes: Option<ipse_store::Batch>,
        /// The OAuth2 login request that the flow answers.
        request: Option<LoginRequest>,
    },
    /// Not at all: the browser goes elsewhere.
    Elsewhere(String),
}

/// What a client sees of a flow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shown<X> {
    /// Its id.
    pub id: Uuid,
    /// Who drives it.
    #[serde(rename = "type")]
    pub client: FlowClient,
    /// When it can't be used any more.
    pub expires_at: Timestamp,
    /// When it was started.
    pub issued_at: Timestamp,
    /// The address that started it.
    pub request_url: String,
    /// The method in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<MethodId>,
    /// Where to go afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
    /// The form.
    pub ui: Container,
    /// How far it has come.
    pub state: FlowState,
    /// What this kind of flow shows beyond that.
    #[serde(flatten)]
    pub extra: X,
}

/// Nothing beyond what all flows show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoExtra {}

/// A flow.
#[derive(Clone, Debug)]
pub struct Flow<K: Kind> {
    /// What a client sees.
    pub shown: Shown<K::Extra>,
    /// What only the server remembers.
    pub data: K::Data,
    /// Whose it is, once known.
    pub identity_id: Option<Uuid>,
    /// What the client wants the hooks and mails of this submission to see. It isn't kept.
    pub transient_payload: Option<Json>,
    /// Whether its person has just come back from elsewhere. It isn't kept.
    pub(crate) came_back: bool,
    version: i64,
}

impl<K: Kind> Flow<K> {
    /// A flow that begins now. It has no nodes yet.
    #[must_use]
    pub fn new(cx: &Cx, client: FlowClient, extra: K::Extra, data: K::Data) -> Self {
        let id = cx.random().uuid_at(cx.now);
        let lifespan = K::lifespan(cx);
        Self {
            shown: Shown {
                id,
                client,
                expires_at: cx.now + lifespan,
                issued_at: cx.now,
                request_url: cx.request.url.clone(),
                active: None,
                return_to: return_to::asked(cx).map(str::to_owned),
                ui: Container::new(Self::action(cx, id)),
                state: K::FIRST_STATE,
                extra,
            },
            data,
            identity_id: None,
            transient_payload: None,
            came_back: false,
            version: 0,
        }
    }

    /// The address that a flow of this kind is submitted to.
    #[must_use]
    pub fn action(cx: &Cx, id: Uuid) -> String {
        cx.public_url(&format!("self-service/{}?flow={id}", K::NAME.as_str()))
    }

    /// The address of the page that shows this flow.
    #[must_use]
    pub fn page(&self, cx: &Cx) -> String {
        with_query(&K::page(cx), "flow", &self.shown.id.to_string())
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.shown.id
    }

    /// Whether a browser drives it.
    #[must_use]
    pub fn is_browser(&self) -> bool {
        self.shown.client == FlowClient::Browser
    }

    /// Whether it can't be used any more.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.shown.expires_at <= now
    }

    /// Has the browser go somewhere else afterwards than its address says. The address then says so, too.
    pub(crate) fn returns_to(&mut self, to: &str) {
        if let Ok(mut url) = url::Url::parse(&self.shown.request_url) {
            let others: Vec<_> = url.query_pairs().into_owned().collect();
            let others = others.iter().filter(|(name, _)| name != "return_to");
            url.query_pairs_mut()
                .clear()
                .extend_pairs(others)
                .append_pair("return_to", to);
            self.shown.request_url = url.into();
        }
        self.shown.return_to = Some(to.to_owned());
    }

    /// The flow has just been saved, so that it can be saved again.
    pub(crate) fn saved(&mut self) {
        self.version += 1;
    }

    /// The form.
    pub fn ui(&mut self) -> &mut Container {
        &mut self.shown.ui
    }

    /// As a row.
    ///
    /// # Panics
    /// Never: every part of a flow has a JSON form.
    #[must_use]
    pub fn to_record(&self) -> FlowRecord {
        const JSON: &str = "every part of a flow has a JSON form";
        FlowRecord {
            id: self.shown.id,
            name: K::NAME,
            identity_id: self.identity_id,
            issued_at: self.shown.issued_at,
            expires_at: self.shown.expires_at,
            public: Json::from_serialize(&self.shown).expect(JSON),
            private: Json::from_serialize(&self.data).expect(JSON),
            version: self.version,
        }
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row was written by something else.
    pub fn from_record(record: &FlowRecord) -> Result<Self, ApiError> {
        let broken = |error: serde_json::Error| ApiError::internal(&error);
        Ok(Self {
            shown: record.public.parse().map_err(broken)?,
            data: record.private.parse().map_err(broken)?,
            identity_id: record.identity_id,
            transient_payload: None,
            came_back: false,
            version: record.version,
        })
    }
}

/// `address` with one more query parameter.
#[must_use]
pub fn with_query(address: &str, key: &str, value: &str) -> String {
    match url::Url::parse(address) {
        Ok(mut url) => {
            url.query_pairs_mut().append_pair(key, value);
            url.into()
        }
        Err(_) => format!("{address}?{key}={value}"),
    }
}

/// How long ago something was, in minutes, as messages say it.
#[must_use]
pub fn since(then: Timestamp, now: Timestamp) -> String {
    format!("{:.2}", now.duration_since(then).as_secs_f64() / 60.0)
}
