//! Submissions that wait while the person signs in again. They may hold a new password, so they are sealed; the browser
//! holds only an id, and one submission can be taken up once, by the identity that made it, on the flow it was made for.

use ipse_model::{SignedDuration, Uuid};
use ipse_store::PausedSubmission;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::form::{Encoding, Form};
use crate::cx::Cx;
use crate::error::ApiError;

/// How long a paused submission waits.
const LIFESPAN: SignedDuration = SignedDuration::from_mins(15);
/// What the seal is bound to.
const PURPOSE: &str = "paused submission";

/// A submission that waits.
pub struct Paused {
    /// The flow it was made for.
    pub flow_id: Uuid,
    /// Who made it.
    pub identity_id: Uuid,
    /// What was submitted.
    pub form: Form,
}

/// What waits for this browser, as its cookie says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// A paused submission.
    pub(crate) submission: Option<Uuid>,
    /// A way to a provider and back.
    pub(crate) journey: Option<Uuid>,
}

impl Waiting {
    /// What waits for the browser that sent this request.
    pub(crate) fn of(cx: &Cx) -> Self {
        cx.request
            .continuity
            .as_deref()
            .map(Self::read)
            .unwrap_or_default()
    }

    fn read(cookie: &str) -> Self {
        let (submission, journey) = cookie.split_once('.').unwrap_or((cookie, ""));
        Self {
            submission: submission.parse().ok(),
            journey: journey.parse().ok(),
        }
    }

    fn written(self) -> String {
        let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        match self.journey {
            None => text(self.submission),
            Some(_) => format!("{}.{}", text(self.submission), text(self.journey)),
        }
    }

    /// Has the browser remember it.
    pub(crate) fn remember(self, cx: &Cx) {
        cx.jar.set_continuity(self.written());
    }
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Payload {
    flow_id: Uuid,
    identity_id: Uuid,
    from_json: bool,
    fields: Map<String, Value>,
}

/// Keeps a submission until the person has signed in again.
///
/// # Errors
/// When the database is away.
pub async fn pause(cx: &Cx, paused: &Paused) -> Result<(), ApiError> {
    let payload = Payload {
        flow_id: paused.flow_id,
        identity_id: paused.identity_id,
        from_json: paused.form.encoding == Encoding::Json,
        fields: paused.form.fields.clone(),
    };
    let text = serde_json::to_vec(&payload).map_err(|error| ApiError::internal(&error))?;
    let sealed = cx.snapshot.data_cipher.seal(cx.random(), PURPOSE, &text);
    let id = cx.random().uuid();
    let mut batch = cx.store().batch();
    batch.pause(&PausedSubmission {
        id,
        name: "settings".to_owned(),
        identity_id: Some(paused.identity_id),
        sealed: sealed.into_bytes(),
        expires_at: cx.now + LIFESPAN,
    });
    batch.commit().await?;
    Waiting {
        submission: Some(id),
        ..Waiting::of(cx)
    }
    .remember(cx);
    Ok(())
}

/// Takes up the submission that this browser paused for this flow. It can't be taken up again.
///
/// # Errors
/// 403 `security_identity_mismatch` when somebody else has signed in meanwhile.
pub async fn take(
    cx: &Cx,
    flow_id: Uuid,
    identity_id: Option<Uuid>,
) -> Result<Option<Paused>, ApiError> {
    let Some(payload) = open(cx).await? else {
        return Ok(None);
    };
    if payload.flow_id != flow_id {
        return Ok(None);
    }
    if Some(payload.identity_id) != identity_id {
        return Err(super::settings::identity_mismatch());
    }
    let encoding = if payload.from_json {
        Encoding::Json
    } else {
        Encoding::Form
    };
    Ok(Some(Paused {
        flow_id,
        identity_id: payload.identity_id,
        form: Form {
            fields: payload.fields,
            encoding,
        },
    }))
}

/// Forgets a submission that waits: the change has been made another way.
///
/// # Errors
/// When the database is away.
pub async fn forget(cx: &Cx) -> Result<(), ApiError> {
    open(cx).await.map(drop)
}

async fn open(cx: &Cx) -> Result<Option<Payload>, ApiError> {
    let Some(id) = Waiting::of(cx).submission else {
        return Ok(None);
    };
    Waiting {
        submission: None,
        ..Waiting::of(cx)
    }
    .remember(cx);
    let Some(paused) = cx.store().take_paused(id).await? else {
        return Ok(None);
    };
    if paused.expires_at <= cx.now {
        return Ok(None);
    }
    let sealed = String::from_utf8_lossy(&paused.sealed);
    let opened = cx.snapshot.data_cipher.open(PURPOSE, &sealed);
    Ok(opened.and_then(|text| serde_json::from_slice(&text).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_holds_both_and_can_be_read_back() {
        let (one, two) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        for (submission, journey) in [(one, two), (one, None), (None, two), (None, None)] {
            let waiting = Waiting {
                submission,
                journey,
            };
            assert_eq!(Waiting::read(&waiting.written()), waiting);
        }
        assert_eq!(Waiting::read("nonsense.more"), Waiting::default());
    }
}
