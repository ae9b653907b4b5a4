//! The one pipeline: create, fetch, submit and resume, the same for every flow.

use ipse_model::{FlowClient, MethodId, Uuid};
use ipse_store::{Entity, StoreError};
use ipse_ui::Message;

use super::error::{Failed, settle};
use super::expired::replace_expired;
use super::{Begin, Flow, FlowError, Form, FormProblem, Kind, Outcome, continuity, return_to};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::hook;
use crate::method::{Handles, Step};
use crate::oauth2;

/// Starts a flow.
///
/// # Errors
/// When the flow is switched off, the client may not start it, or `return_to` leads somewhere that isn't allowed.
pub async fn create<K: Kind>(cx: &Cx, client: FlowClient) -> Result<Outcome, ApiError> {
    let csrf = (client == FlowClient::Browser).then(|| cx.jar.ensure_csrf(cx.random()));
    let (subject, mut flow, writes, request) = match K::begin(cx, client).await? {
        Begin::Elsewhere(location) => return Ok(Outcome::Redirect { location }),
        Begin::With {
            subject,
            extra,
            data,
            identity_id,
            writes,
            request,
        } => {
            let mut flow = Flow::<K>::new(cx, client, extra, data);
            if let Some(to) = request.as_ref().and_then(|request| request.return_to(cx)) {
                flow.returns_to(to);
            }
            return_to::check(cx, flow.shown.return_to.as_deref())?;
            flow.identity_id = identity_id;
            (subject, flow, writes, request)
        }
    };
    let token = csrf
        .map(|secret| secret.mask(cx.random()))
        .unwrap_or_default();
    flow.ui().push(ipse_ui::Node::csrf(&token));
    populate(cx, &mut flow, &subject)
        .await
        .map_err(cannot_be_shown)?;
    if client == FlowClient::Api && flow.shown.ui.nodes.len() == 1 {
        // Nothing can be submitted, so that nothing has to be protected.
        flow.ui().nodes.clear();
    }
    hook::before(cx, &flow, K::visitor(&subject)).await?;
    let mut batch = writes.unwrap_or_else(|| cx.store().batch());
    batch.insert_flow(&flow.to_record());
    K::accompany(&flow, &mut batch);
    batch.commit().await?;
    let body = K::render(cx, &flow, &subject);
    Ok(Outcome::Ready {
        body: match request {
            Some(request) => request.shown_in(&body),
            None => body,
        },
        page: flow.page(cx),
    })
}

/// Shows a flow.
///
/// # Errors
/// When there is no such flow, it has expired, or this client may not see it.
pub async fn fetch<K: Kind>(cx: &Cx) -> Result<Outcome, ApiError> {
    let id = cx
        .request
        .query("id")
        .and_then(|id| id.parse().ok())
        .unwrap_or(Uuid::nil());
    Ok(Outcome::Fetched {
        body: K::fetch(cx, id).await?,
    })
}

/// Works on what a client has submitted.
///
/// # Errors
/// Everything that can't be shown on the flow's form.
pub async fn submit<K: Kind>(
    cx: &Cx,
    form: Result<Form, FormProblem>,
) -> Result<Outcome, ApiError> {
    carry_out::<K>(cx, &Submission::Sent(form)).await
}

/// How often a submission is tried that others keep overtaking.
const TRIES: usize = 4;

/// Works on a submission. When something else has changed the same account or flow in the meantime, it is looked at anew.
async fn carry_out<K: Kind>(cx: &Cx, submission: &Submission) -> Result<Outcome, ApiError> {
    for _ in 0..TRIES {
        let (flow, subject) = open::<K>(cx, flow_id(cx)?).await?;
        if flow.is_expired(cx.now) {
            return replace_expired(cx, &flow, &subject, flow.shown.expires_at).await;
        }
        if let Some(outcome) = attempt(cx, flow, subject, submission).await? {
            return Ok(outcome);
        }
    }
    Err(overtaken_too_often())
}

/// Loads a flow and who works on it. A native flow is answered in JSON from here on, whatever its client accepts.
async fn open<K: Kind>(cx: &Cx, id: Uuid) -> Result<(Flow<K>, K::Subject), ApiError> {
    let opened = K::open(cx, id).await?;
    if !opened.0.is_browser() {
        cx.jar.answer_json();
    }
    Ok(opened)
}

/// Goes on with a submission that was paused while the person signed in again; without one, shows the flow's page.
///
/// # Errors
/// As [`submit`].
pub async fn resume<K: Kind>(cx: &Cx) -> Result<Outcome, ApiError> {
    let (flow, subject) = K::open(cx, flow_id(cx)?).await?;
    if cx.request.method == http::Method::HEAD {
        // Programs that look at the links of a mail before its reader does use nothing up.
        return Ok(Outcome::Redirect {
            location: flow.page(cx),
        });
    }
    // A link in a mail opens in a browser, whoever has started the flow.
    if let Some(outcome) = K::follow(cx, &flow, &subject).await? {
        return Ok(outcome);
    }
    if !flow.is_browser() {
        cx.jar.answer_json();
    }
    if flow.is_expired(cx.now) {
        return replace_expired(cx, &flow, &subject, flow.shown.expires_at).await;
    }
    drop(subject);
    match continuity::take(cx, flow.id(), flow.identity_id).await? {
        Some(paused) => carry_out::<K>(cx, &Submission::Resumed(Ok(paused.form))).await,
        None if flow.is_browser() => Ok(Outcome::Redirect {
            location: flow.page(cx),
        }),
        None => {
            let problem = FormProblem::NoPost(cx.request.method.to_string());
            carry_out::<K>(cx, &Submission::Sent(Err(problem))).await
        }
    }
}

/// Somebody who comes back from elsewhere with something that no form could hold.
#[async_trait::async_trait]
pub(crate) trait Return<K: Kind>: Sync {
    /// Decides about it. May be asked again when something else was faster.
    async fn decide(
        &self,
        cx: &Cx,
        flow: &mut Flow<K>,
        subject: &K::Subject,
    ) -> Result<Step<K::Decision>, FlowError>;
}

/// Goes on with a flow whose person has come back from elsewhere. Whoever calls this has checked that it is the same person.
///
/// # Errors
/// As [`submit`].
pub(crate) async fn come_back<K: Kind>(
    cx: &Cx,
    id: Uuid,
    returned: &dyn Return<K>,
) -> Result<Outcome, ApiError> {
    for _ in 0..TRIES {
        let (mut flow, subject) = open::<K>(cx, id).await?;
        if flow.is_expired(cx.now) {
            return replace_expired(cx, &flow, &subject, flow.shown.expires_at).await;
        }
        forget_messages(&mut flow);
        let failed = Failed {
            method: None,
            form: None,
            identity_id: flow.identity_id,
        };
        let step = returned.decide(cx, &mut flow, &subject).await;
        if let Some(outcome) = conclude(cx, (flow, subject), failed, step).await? {
            return Ok(outcome);
        }
    }
    Err(overtaken_too_often())
}

/// What is worked on.
enum Submission {
    /// Sent just now.
    Sent(Result<Form, FormProblem>),
    /// Sent before the person had to sign in again. It passed the checks of its origin then.
    Resumed(Result<Form, FormProblem>),
}

/// Works on a submission once. `None`: it has to be looked at anew.
async fn attempt<K: Kind>(
    cx: &Cx,
    mut flow: Flow<K>,
    subject: K::Subject,
    submission: &Submission,
) -> Result<Option<Outcome>, ApiError> {
    let (Submission::Sent(form) | Submission::Resumed(form)) = submission;
    let method = form.as_ref().ok().and_then(find::<K>);
    let failed = Failed {
        method,
        form: form.as_ref().ok(),
        identity_id: flow.identity_id,
    };
    let step = decide(cx, &mut flow, &subject, (submission, method)).await;
    conclude(cx, (flow, subject), failed, step).await
}

/// Carries out what was decided and settles what goes wrong. `None`: somebody was faster, and it has to be looked at anew.
async fn conclude<K: Kind>(
    cx: &Cx,
    (mut flow, mut subject): (Flow<K>, K::Subject),
    failed: Failed<'_, K>,
    step: Result<Step<K::Decision>, FlowError>,
) -> Result<Option<Outcome>, ApiError> {
    let carried = match step {
        Ok(step) => carry_on(cx, &mut flow, &mut subject, step).await,
        Err(error) => Err(error),
    };
    match carried {
        Ok(outcome) => Ok(Some(outcome)),
        Err(FlowError::Overtaken) => Ok(None),
        Err(error) => settle(cx, &mut flow, &subject, failed, error)
            .await
            .map(Some),
    }
}

/// Takes the step that a method has decided on.
async fn carry_on<K: Kind>(
    cx: &Cx,
    flow: &mut Flow<K>,
    subject: &mut K::Subject,
    step: Step<K::Decision>,
) -> Result<Outcome, FlowError> {
    match step {
        Step::Done(decision) => K::complete(cx, flow, subject, decision).await,
        Step::Show => show_next(cx, flow, subject).await,
        Step::Reload => {
            show_next(cx, flow, subject).await?;
            Ok(Outcome::Leave {
                location: flow.page(cx),
            })
        }
        Step::Leave(location) => Ok(Outcome::Leave { location }),
        Step::Instead(outcome) => Ok(outcome),
    }
}

fn overtaken_too_often() -> ApiError {
    ApiError::conflict("The account was changed from elsewhere at the same time. Please try again.")
}

/// Checks where a submission comes from and asks its method.
async fn decide<K: Kind>(
    cx: &Cx,
    flow: &mut Flow<K>,
    subject: &K::Subject,
    (submission, method): (&Submission, Option<&'static dyn Handles<K>>),
) -> Result<Step<K::Decision>, FlowError> {
    let (Submission::Sent(form) | Submission::Resumed(form)) = submission;
    let before = forget_messages(flow);
    if form.is_err() {
        recall::<K>(flow, &before);
    }
    let (form, method) = responsible::<K>(cx, flow, subject, form, method)?;
    if matches!(submission, Submission::Sent(_)) {
        K::check_origin(cx, flow, form).inspect_err(|_| {
            form.fill(&mut flow.shown.ui);
            recall::<K>(flow, &before);
        })?;
    }
    flow.transient_payload = transient_payload(form)?;
    method.submit(cx, flow, subject, form).await
}

/// Takes off the form what was said about the submission before.
fn forget_messages<K: Kind>(flow: &mut Flow<K>) -> Vec<Message> {
    let before = std::mem::take(&mut flow.ui().messages);
    flow.ui().clear_messages();
    before
}

/// Where no method has seen a submission, some forms go on saying what they said before.
fn recall<K: Kind>(flow: &mut Flow<K>, before: &[Message]) {
    if !K::FORGETS {
        flow.ui().messages = before.to_vec();
    }
}

/// The method that the form is for, if there is one and it is switched on.
fn responsible<'a, K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    subject: &K::Subject,
    form: &'a Result<Form, FormProblem>,
    method: Option<&'static dyn Handles<K>>,
) -> Result<(&'a Form, &'static dyn Handles<K>), FlowError> {
    K::guard(cx, flow, subject)?;
    let form = form.as_ref().map_err(K::undecodable)?;
    let listed = |id: MethodId| K::methods().iter().any(|method| method.id() == id);
    let named = MethodId::ALL
        .into_iter()
        .find(|id| form.method() == Some(id.as_str()));
    match method {
        Some(method) if K::enabled(cx, method.id()) => Ok((form, method)),
        None if named.is_none_or(|id| listed(id) || K::enabled(cx, id)) => {
            Err(FlowError::form(K::no_method()))
        }
        _ => Err(crate::method::switched_off().into()),
    }
}

fn find<K: Kind>(form: &Form) -> Option<&'static dyn Handles<K>> {
    K::methods()
        .iter()
        .copied()
        .find(|method| method.claims(form))
}

fn transient_payload(form: &Form) -> Result<Option<ipse_model::Json>, FlowError> {
    match form.transient_payload() {
        None => Ok(None),
        Some(payload) if payload.is_object() => Ok(Some(ipse_model::Json::from(payload))),
        Some(_) => {
            Err(ApiError::bad_request("The transient_payload has to be a JSON object.").into())
        }
    }
}

/// Adds the nodes of every method that is switched on, in the order of the table of methods.
pub(crate) async fn populate<K: Kind>(
    cx: &Cx,
    flow: &mut Flow<K>,
    subject: &K::Subject,
) -> Result<(), FlowError> {
    for method in K::methods() {
        if K::enabled(cx, method.id()) {
            method.populate(cx, flow, subject).await?;
        }
    }
    K::arrange(cx, flow, subject);
    Ok(())
}

/// Shows a form that has something to say.
pub(super) async fn show_again<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    subject: &K::Subject,
) -> Result<Outcome, ApiError> {
    let body = with_request(cx, flow, K::render(cx, flow, subject)).await?;
    save(cx, flow).await?;
    Ok(Outcome::Again {
        body,
        page: flow.page(cx),
        status: K::AGAIN_STATUS,
    })
}

/// Shows the next screen of a form. What it shows has to be what is kept.
async fn show_next<K: Kind>(
    cx: &Cx,
    flow: &Flow<K>,
    subject: &K::Subject,
) -> Result<Outcome, FlowError> {
    let body = with_request(cx, flow, K::render_next(cx, flow, subject)).await?;
    let mut batch = cx.store().batch();
    batch.update_flow(&flow.to_record());
    K::accompany(flow, &mut batch);
    batch.commit().await?;
    let page = flow.page(cx);
    Ok(if K::NEXT_SUCCEEDS {
        Outcome::Ready { body, page }
    } else {
        Outcome::Again {
            body,
            page,
            status: 303,
        }
    })
}

/// A flow as JSON, with the OAuth2 login request that waits for it. Browsers that navigate don't see the JSON.
async fn with_request<K: Kind>(cx: &Cx, flow: &Flow<K>, body: String) -> Result<String, ApiError> {
    let challenge = K::login_challenge(flow).filter(|_| cx.wants_json());
    oauth2::shown(cx, challenge, body).await
}

/// Saves a flow. When a twin of this request was faster, what it has saved stays.
async fn save<K: Kind>(cx: &Cx, flow: &Flow<K>) -> Result<(), ApiError> {
    let mut batch = cx.store().batch();
    batch.update_flow(&flow.to_record());
    match batch.commit().await {
        Err(StoreError::Conflict(Entity::Flow)) => Ok(()),
        other => Ok(other?),
    }
}

/// A new form has nothing filled in, so that nothing can be wrong with it; what else fails is an error.
pub(crate) fn cannot_be_shown(error: FlowError) -> ApiError {
    match error {
        FlowError::Api(error) => *error,
        other => ApiError::internal(&other),
    }
}

fn flow_id(cx: &Cx) -> Result<Uuid, ApiError> {
    cx.request
        .query("flow")
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| ApiError::bad_request("The address has to name a flow: ?flow=<id>."))
}
