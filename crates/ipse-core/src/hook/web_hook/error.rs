//! Why a web hook didn't let a flow go on.

use http::StatusCode;
use ipse_jsonnet::JsonnetError;
use ipse_model::FlowName;

use crate::error::ApiError;
use crate::flow::{Complaint, FlowError};
use crate::outgoing::OutgoingError;
use crate::schema::FetchError;

/// Why a web hook didn't let a flow go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HookError {
    /// A request with a body needs a template for it.
    #[error("the web hook has no template for its body")]
    NoTemplate,
    /// Bodies are JSON or forms.
    #[error("the body of a web hook can't be of the type {0}")]
    ContentType(String),
    /// The template can't be read.
    #[error("the template {name} can't be read")]
    Template {
        /// Where it should be.
        name: String,
        /// Why it isn't.
        source: FetchError,
    },
    /// The template fails.
    #[error(transparent)]
    Jsonnet(#[from] JsonnetError),
    /// A form holds texts and nothing else.
    #[error("the template has to make an object of texts for a form")]
    NoForm,
    /// The method, a header or a name of a cookie can't be sent.
    #[error("the web hook is not configured as a request that can be sent: {0}")]
    Request(#[from] http::Error),
    /// What a template is to see has no JSON form.
    #[error("the context can't be shown to a template: {0}")]
    Context(#[from] serde_json::Error),
    /// Nobody answers.
    #[error("the server doesn't answer: {0}")]
    NoAnswer(OutgoingError),
    /// Too many calls wait already for servers that nobody waits for.
    #[error("too many calls wait already, so that this one isn't made")]
    Crowded,
    /// The server takes too long.
    #[error("the server takes too long")]
    TimedOut,
    /// The server fails again and again.
    #[error("the server keeps failing, last with status {0}")]
    GivenUp(StatusCode),
    /// The answer is no success, and nobody asked for its reasons.
    #[error("the server answers with status {0}")]
    Status(StatusCode),
    /// The answer can't be understood.
    #[error("the answer can't be understood: {0}")]
    Answer(serde_json::Error),
    /// The answer refuses without a reason.
    #[error("the answer refuses, but has no messages")]
    NoMessages,
    /// The answer has more to say than any form could show.
    #[error("the answer has {0} messages, which is too many")]
    TooManyMessages(usize),
    /// The server refuses, and says why.
    #[error("the server refuses")]
    Refused(Vec<Complaint>),
}

impl HookError {
    /// The error code for clients. Whose fault it is shows only where that helps to find it.
    fn code(&self) -> u16 {
        match self {
            Self::Status(_) => 502,
            Self::TimedOut => 504,
            _ => 500,
        }
    }

    /// As an error of a request.
    pub(crate) fn api_error(&self) -> ApiError {
        match self.code() {
            502 => ApiError::new(
                502,
                "A server that this one depends on gave no usable answer",
            )
            .reason("Please try again later."),
            504 => ApiError::new(
                504,
                "A server that this one depends on took too long to answer",
            )
            .reason("Please try again later."),
            _ => ApiError::internal(self),
        }
    }

    /// Before a flow begins there is no form yet that messages could be shown on.
    pub(super) fn before(self, flow: FlowName) -> ApiError {
        let error = match &self {
            Self::Refused(complaints) => {
                let texts: Vec<&str> = complaints
                    .iter()
                    .map(|complaint| complaint.message.text.as_str())
                    .collect();
                ApiError::new(500, format!("A web hook has refused: {}", texts.join(" ")))
            }
            other => other.api_error(),
        };
        if flow == FlowName::Login && error.status == 500 {
            error.answered_with(400)
        } else {
            error
        }
    }
}

/// In the course of a flow. Clients see failures that are the server's own as a 400 with the code 500 inside.
impl From<HookError> for FlowError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(complaints) => Self::Invalid(complaints),
            other => match other.api_error() {
                error if error.status == 500 => error.answered_with(400).into(),
                error => error.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use ipse_ui::text;

    use super::*;

    fn refused() -> HookError {
        let complaint = |node: Option<&str>, text| Complaint {
            node: node.map(str::to_owned),
            message: text::validation::generic(text),
        };
        HookError::Refused(vec![
            complaint(Some("traits.email"), "Not you."),
            complaint(None, "Sorry."),
        ])
    }

    fn answered(error: &ApiError) -> (u16, u16) {
        (error.http_status(), error.status)
    }

    #[test]
    fn before_a_flow_the_reasons_are_part_of_the_error() {
        let error = refused().before(FlowName::Registration);
        assert_eq!(answered(&error), (500, 500));
        assert_eq!(error.message, "A web hook has refused: Not you. Sorry.");
        assert_eq!(answered(&refused().before(FlowName::Login)), (400, 500));
        assert_eq!(
            answered(&HookError::TimedOut.before(FlowName::Login)),
            (504, 504)
        );
    }

    #[test]
    fn in_a_flow_the_reasons_go_onto_the_form() {
        let FlowError::Invalid(complaints) = FlowError::from(refused()) else {
            panic!()
        };
        assert_eq!(complaints[0].node.as_deref(), Some("traits.email"));
        assert_eq!(complaints.len(), 2);
    }

    #[test]
    fn failures_tell_a_slow_server_from_a_broken_one_and_from_ours() {
        let answer = |error: HookError| match FlowError::from(error) {
            FlowError::Api(error) => answered(&error),
            other => panic!("{other:?}"),
        };
        assert_eq!(answer(HookError::TimedOut), (504, 504));
        assert_eq!(answer(HookError::Status(StatusCode::NOT_FOUND)), (502, 502));
        assert_eq!(
            answer(HookError::GivenUp(StatusCode::BAD_GATEWAY)),
            (400, 500)
        );
        assert_eq!(answer(HookError::NoTemplate), (400, 500));
    }
}
