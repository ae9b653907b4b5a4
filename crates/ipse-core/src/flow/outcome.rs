//! What came of a request, as a value: `ipse-http` makes the response of it.

use serde_json::Value;

/// What came of a request to a flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A flow is there to be worked on. JSON: 200 with it. Browser: 303 to its page.
    Ready {
        /// The flow as JSON.
        body: String,
        /// Its page.
        page: String,
    },
    /// A flow as it was asked for. Always 200 with the JSON.
    Fetched {
        /// The flow as JSON.
        body: String,
    },
    /// The submission has not led on; the flow says why. JSON: 400 with it. Browser: back to its page.
    Again {
        /// The flow as JSON.
        body: String,
        /// Its page.
        page: String,
        /// The status for browsers: 302 or 303.
        status: u16,
    },
    /// Done. JSON: 200 with the result. Browser: 303 to where it goes on.
    Done {
        /// The result as JSON.
        body: String,
        /// Where a browser goes on.
        location: String,
    },
    /// A browser has to go elsewhere. JSON: 422 `browser_location_change_required`. Browser: 303.
    Leave {
        /// Where.
        location: String,
    },
    /// Browsers and scripts alike are redirected with 303.
    Redirect {
        /// Where.
        location: String,
    },
    /// JSON with status 200, whoever asks.
    Json(Value),
    /// 204.
    Empty,
}
