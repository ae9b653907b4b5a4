//! Errors as a client sees them: status, id and reason for programs, and where a browser is sent instead.
//!
//! Which error to use: what can be shown on a form is a [`crate::flow::FlowError::Invalid`] and never comes here. All the rest
//! becomes an [`ApiError`] by one of the constructors below, the only table from errors to statuses.

use std::borrow::Cow;

use ipse_store::StoreError;
use serde_json::{Map, Value, json};

/// Where a browser that asked for HTML goes when a request fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Browser {
    /// To the error page, which can fetch the error by its id.
    ErrorPage,
    /// To this address, with this status (302 or 303).
    Redirect {
        /// The address.
        to: String,
        /// The status.
        status: u16,
    },
}

/// A failed request.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{status} {message}: {}", reason.as_deref().unwrap_or_default())]
pub struct ApiError {
    /// The code inside the error, which is the HTTP status unless [`Self::answered_with`] says otherwise.
    pub status: u16,
    /// The HTTP status, where it is another one.
    answered_with: Option<u16>,
    /// The name by which programs know it.
    pub id: Option<&'static str>,
    /// What kind of thing went wrong.
    pub message: Cow<'static, str>,
    /// What exactly went wrong, for developers.
    pub reason: Option<String>,
    /// Further facts inside the error object.
    pub details: Map<String, Value>,
    /// Members beside the error object, such as `redirect_browser_to` or `use_flow_id`.
    pub beside: Map<String, Value>,
    /// Where a browser goes.
    pub browser: Browser,
}

/// The general sentences, one per status.
const BAD_REQUEST: &str = "Something about this request is wrong";
const UNAUTHORIZED: &str = "This needs somebody who is signed in";
const FORBIDDEN: &str = "This is not allowed";
const NOT_FOUND: &str = "There is nothing here";
const CONFLICT: &str = "This is at odds with something that exists";
const INTERNAL: &str = "Something went wrong on our side; the log of the server says what";
const UNAVAILABLE: &str = "The service can't answer right now, please try again";

impl ApiError {
    /// An error without id, reason or anything else.
    #[must_use]
    pub fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            answered_with: None,
            id: None,
            message: message.into(),
            reason: None,
            details: Map::new(),
            beside: Map::new(),
            browser: Browser::ErrorPage,
        }
    }

    /// 400: the request itself is wrong.
    #[must_use]
    pub fn bad_request(reason: impl Into<String>) -> Self {
        Self::new(400, BAD_REQUEST).reason(reason)
    }

    /// 401: no valid session.
    #[must_use]
    pub fn unauthorized(reason: impl Into<String>) -> Self {
        Self::new(401, UNAUTHORIZED).reason(reason)
    }

    /// 403: known who asks, and refused.
    #[must_use]
    pub fn forbidden(reason: impl Into<String>) -> Self {
        Self::new(403, FORBIDDEN).reason(reason)
    }

    /// 404 with a reason.
    #[must_use]
    pub fn not_found(reason: impl Into<String>) -> Self {
        Self::new(404, NOT_FOUND).reason(reason)
    }

    /// 404 for a row that isn't there.
    #[must_use]
    pub fn no_such_row() -> Self {
        Self::new(404, "There is no entry of this name")
    }

    /// 409: it exists already, or somebody else was faster.
    #[must_use]
    pub fn conflict(reason: impl Into<String>) -> Self {
        Self::new(409, CONFLICT).reason(reason)
    }

    /// 500: our fault. The cause goes to the log and not to the client.
    #[must_use]
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = %Causes(cause), "a request failed");
        Self::new(500, INTERNAL)
    }

    /// Answers with another HTTP status than the code inside the error: clients know some errors by such a pair.
    #[must_use]
    pub fn answered_with(mut self, http_status: u16) -> Self {
        self.answered_with = Some(http_status);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        self.answered_with.unwrap_or(self.status)
    }

    /// Sets the id.
    #[must_use]
    pub fn id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets the reason.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Adds a fact to the error object.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a member beside the error object.
    #[must_use]
    pub fn beside(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.beside.insert(key.to_owned(), value.into());
        self
    }

    /// Sends browsers to `to` with 303 instead of the error page.
    #[must_use]
    pub fn browser_to(mut self, to: impl Into<String>) -> Self {
        self.browser = Browser::Redirect {
            to: to.into(),
            status: 303,
        };
        self
    }

    /// The `error` object.
    #[must_use]
    pub fn error_object(&self) -> Map<String, Value> {
        let mut error = Map::new();
        if let Some(id) = self.id {
            error.insert("id".to_owned(), json!(id));
        }
        error.insert("code".to_owned(), json!(self.status));
        error.insert("status".to_owned(), json!(status_text(self.status)));
        if let Some(reason) = &self.reason {
            error.insert("reason".to_owned(), json!(reason));
        }
        if !self.details.is_empty() {
            error.insert("details".to_owned(), Value::Object(self.details.clone()));
        }
        error.insert("message".to_owned(), json!(self.message));
        error
    }

    /// The body of a JSON response.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("error".to_owned(), Value::Object(self.error_object()));
        body.extend(self.beside.clone());
        Value::Object(body)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => {
                tracing::error!(error = %Causes(&error), "the database is away");
                Self::new(503, UNAVAILABLE).reason("The database can't be reached.")
            }
            StoreError::Unwritable(_) => Self::internal(&error).id("storage_unwritable"),
            StoreError::Conflict(_) => {
                Self::conflict("Somebody else changed this at the same time. Please try again.")
            }
            StoreError::Duplicate(_) => Self::conflict("This exists already."),
            _ => Self::internal(&error),
        }
    }
}

/// The name of a status as Go and RFC 9110 write it.
#[must_use]
pub fn status_text(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    }
}

/// An error with all its causes on one line, for the log.
struct Causes<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
