//! Templates: where they are, and what they make of the context.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ipse_config::Source;
use ipse_config::selfservice::web_hook::Template;
use ipse_jsonnet::JsonnetError;
use ipse_model::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use super::HookError;
use super::sending::LIMIT;
use crate::app::App;
use crate::outgoing::HttpDocuments;
use crate::schema::{Fetch, FetchError};

/// What a template says to call off the call.
const CANCEL: &str = "cancel";

/// How long a template that was fetched is used without asking again.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Templates that were fetched from elsewhere.
#[derive(Debug, Default)]
pub struct Templates(Mutex<HashMap<Url, (Timestamp, Arc<str>)>>);

impl Templates {
    fn recent(&self, url: &Url, now: Timestamp) -> Option<Arc<str>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, text) = kept.get(url)?;
        (now.duration_since(*at) < KEPT_FOR).then(|| Arc::clone(text))
    }

    fn keep(&self, url: &Url, now: Timestamp, text: &Arc<str>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What isn't configured any more isn't kept for ever.
        kept.retain(|_, (at, _)| now.duration_since(*at) < KEPT_FOR);
        kept.insert(url.clone(), (now, Arc::clone(text)));
    }
}

/// What a template makes of the context; `None` when it calls off the call.
pub(crate) async fn evaluate(
    app: &App,
    template: &Template,
    context: &Value,
) -> Result<Option<Value>, HookError> {
    let text = match template {
        Template::At(source) => read(app, source).await?,
        Template::Text(text) => path_or_text(text).await?,
    };
    // Evaluations wait for their turn; nobody waits for ever behind templates that take their time.
    let seen = [("ctx", context)];
    let evaluated = app.jsonnet.evaluate(&text, &seen);
    let evaluated = tokio::time::timeout(LIMIT, evaluated).await;
    judge(evaluated.unwrap_or(Err(JsonnetError::TimedOut)))
}

fn judge(outcome: Result<Value, JsonnetError>) -> Result<Option<Value>, HookError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(JsonnetError::Runtime { message, .. }) if message == CANCEL => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The text of a document that the configuration names.
pub(crate) async fn read(app: &App, source: &Source) -> Result<Arc<str>, HookError> {
    let (name, text) = match source {
        Source::File(path) => (path.display().to_string(), read_file(path).await),
        Source::Inline(bytes) => ("in the configuration".to_owned(), utf8(bytes.clone())),
        Source::Http(url) => (
            url.host_str().unwrap_or_default().to_owned(),
            fetch(app, url).await,
        ),
    };
    text.map_err(|source| HookError::Template { name, source })
}

/// Older configurations name a file without saying that it is one.
async fn path_or_text(text: &str) -> Result<Arc<str>, HookError> {
    if !tokio::fs::try_exists(text).await.unwrap_or(false) {
        return Ok(text.into());
    }
    let read = read_file(std::path::Path::new(text)).await;
    read.map_err(|source| HookError::Template {
        name: text.to_owned(),
        source,
    })
}

async fn read_file(path: &std::path::Path) -> Result<Arc<str>, FetchError> {
    utf8(tokio::fs::read(path).await?)
}

async fn fetch(app: &App, url: &Url) -> Result<Arc<str>, FetchError> {
    let now = app.clock.now();
    if let Some(text) = app.hook_templates.recent(url, now) {
        return Ok(text);
    }
    let text = utf8(
        HttpDocuments(Arc::clone(&app.outgoing))
            .get(url.as_str())
            .await?,
    )?;
    app.hook_templates.keep(url, now, &text);
    Ok(text)
}

fn utf8(bytes: Vec<u8>) -> Result<Arc<str>, FetchError> {
    Ok(String::from_utf8(bytes)?.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failing(message: &str) -> Result<Value, JsonnetError> {
        Err(JsonnetError::Runtime {
            message: message.to_owned(),
            location: None,
        })
    }

    #[test]
    fn only_the_word_calls_off_the_call() {
        assert_eq!(judge(Ok(json!(1))).unwrap(), Some(json!(1)));
        assert_eq!(judge(failing("cancel")).unwrap(), None);
        assert!(matches!(
            judge(failing("cancelled?")),
            Err(HookError::Jsonnet(_))
        ));
        assert!(matches!(
            judge(Err(JsonnetError::TimedOut)),
            Err(HookError::Jsonnet(_))
        ));
    }

    #[test]
    fn fetched_templates_are_kept_for_a_while() {
        let templates = Templates::default();
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let [one, two]: [Url; 2] = ["http://a/1", "http://a/2"].map(|url| url.parse().unwrap());
        templates.keep(&one, at(0), &"1".into());
        assert_eq!(templates.recent(&one, at(4)).as_deref(), Some("1"));
        assert_eq!(templates.recent(&two, at(0)), None);
        assert_eq!(templates.recent(&one, at(5)), None);
        templates.keep(&two, at(6), &"2".into());
        assert_eq!(templates.0.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_text_that_is_no_file_is_a_template_itself() {
        assert_eq!(
            &*path_or_text("function(ctx) {}").await.unwrap(),
            "function(ctx) {}"
        );
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert!(path_or_text(manifest).await.unwrap().contains("ipse-core"));
        let missing = read_file(std::path::Path::new("no/such/file")).await;
        assert!(missing.is_err());
    }
}
