//! Enrolling an authenticator app, and removing it.

use async_trait::async_trait;
use ipse_crypto::totp::Totp as Shared;
use ipse_model::{Credential, CredentialsType, MethodId};
use ipse_ui::text;

use super::{Totp, nodes, seal};
use crate::cx::Cx;
use crate::flow::login::second_factor;
use crate::flow::settings::{Change, Owner};
use crate::flow::{Flow, FlowError, Form, Settings};
use crate::method::{Handles, Step};

#[async_trait]
impl Handles<Settings> for Totp {
    fn claims(&self, form: &Form) -> bool {
        form.method() == Some("totp") || (form.method().is_none() && form.flag("totp_unlink"))
    }

    async fn populate(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
    ) -> Result<(), FlowError> {
        flow.data.totp_url = None;
        if owner.credentials.get(CredentialsType::Totp).is_some() {
            flow.ui().push(nodes::unlink());
            return Ok(());
        }
        let shared = Shared::generate(cx.random());
        let url = shared.url(&issuer(cx), &account(owner));
        nodes::enrol(flow.ui(), &shared, &url);
        flow.data.totp_url = Some(url);
        Ok(())
    }

    async fn submit(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
        form: &Form,
    ) -> Result<Step<Change>, FlowError> {
        owner.require_privileged(cx)?;
        let mut credentials = owner.credentials.clone();
        let mut proved = None;
        if form.flag("totp_unlink") {
            credentials.remove(CredentialsType::Totp);
        } else if credentials.get(CredentialsType::Totp).is_none() {
            credentials.set(enrol(cx, flow, owner, form)?);
            proved = Some(second_factor::second(cx, MethodId::Totp));
        }
        let identity = owner.authenticated.identity.clone();
        Ok(Step::Done(Change {
            method: MethodId::Totp,
            identity,
            credentials,
            proved,
        }))
    }
}

/// The credential for the secret of this flow, once the app has shown a code of it.
fn enrol(
    cx: &Cx,
    flow: &Flow<Settings>,
    owner: &Owner,
    form: &Form,
) -> Result<Credential, FlowError> {
    let code = form.text("totp_code").filter(|code| !code.is_empty());
    let code =
        code.ok_or_else(|| FlowError::node("totp_code", text::validation::required("totp_code")))?;
    let wrong = || FlowError::node("totp_code", text::validation::totp_verifier_wrong());
    let url = flow.data.totp_url.as_deref().ok_or_else(wrong)?;
    let shared = Shared::from_url(url).map_err(|_| wrong())?;
    // The code counts once more at login: the secret stands beside it on the same page, so that it tells nobody anything.
    shared.check(&code, cx.now).ok_or_else(wrong)?;
    Ok(Credential {
        kind: CredentialsType::Totp,
        identifiers: vec![owner.authenticated.identity.id.to_string()],
        config: seal(&cx.snapshot.data_cipher, cx.random(), url),
        version: 0,
        created_at: cx.now,
        updated_at: cx.now,
    })
}

/// The name that apps show.
fn issuer(cx: &Cx) -> String {
    let configured = cx.config().selfservice.methods.totp.config.issuer.clone();
    configured
        .filter(|issuer| !issuer.is_empty())
        .unwrap_or_else(|| {
            let public = url::Url::parse(&cx.snapshot.public_base_url).ok();
            public
                .and_then(|url| url.host_str().map(str::to_owned))
                .unwrap_or_default()
        })
}

/// The account as its owner knows it.
fn account(owner: &Owner) -> String {
    let identity = &owner.authenticated.identity;
    let signs_in = [
        CredentialsType::Password,
        CredentialsType::Code,
        CredentialsType::Webauthn,
    ];
    let mut identifiers = signs_in
        .into_iter()
        .filter_map(|kind| owner.credentials.get(kind))
        .flat_map(|credential| &credential.identifiers);
    let address = || {
        identity
            .verifiable_addresses
            .first()
            .map(|address| &address.value)
    };
    identifiers
        .next()
        .or_else(address)
        .cloned()
        .unwrap_or_else(|| identity.id.to_string())
}
