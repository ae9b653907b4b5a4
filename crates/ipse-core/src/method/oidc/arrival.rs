//! Somebody whom a provider knows: who that is here decides how the flow goes on.

use async_trait::async_trait;
use ipse_config::selfservice::oidc::{OidcProvider, UpdateIdentityOnLogin};
use ipse_model::{Aal, AuthenticationMethod, Credentials, FlowClient, Identity, Json, MethodId};
use ipse_oidc::{Claims, Context, Identified, Tokens};
use ipse_store::Found;
use ipse_ui::{Group, Node, text};
use serde_json::{Map, Value};

use super::account::{self, Account};
use super::linking::{self, Linking};
use super::{automatic, conflict, holder, mapper, nodes, proof_of, update};
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::engine::{self, Return};
use crate::flow::form::{Encoding, Form, fill};
use crate::flow::login::{Proof, Visitor};
use crate::flow::registration::{NewAccount, RegistrationData, RegistrationExtra};
use crate::flow::settings::{Change, Owner};
use crate::flow::spent::Spent;
use crate::flow::{Flow, FlowError, Kind, Login, Registration, Settings};
use crate::hook;
use crate::identity::{self, Draft, provider_tokens};
use crate::method::{Step, profile};

/// Somebody whom a provider knows.
pub(super) struct Arrival<'a> {
    pub(super) provider: &'a OidcProvider,
    pub(super) claims: Claims,
    pub(super) tokens: Tokens,
    /// How they have signed in there.
    pub(super) context: Context,
    /// What was filled in before.
    pub(super) traits: Option<Value>,
    /// Whether that came from an HTML form.
    pub(super) from_form: bool,
    pub(super) transient_payload: Option<Json>,
    /// Whether they have come back through a browser.
    pub(super) came_back: bool,
}

impl<'a> Arrival<'a> {
    /// Somebody whose token came with a form.
    pub(super) fn brought(provider: &'a OidcProvider, identified: Identified, form: &Form) -> Self {
        Self {
            provider,
            claims: identified.claims,
            tokens: identified.tokens,
            context: identified.context,
            traits: form.traits().cloned(),
            from_form: form.encoding == Encoding::Form,
            transient_payload: form.transient_payload().cloned().map(Json::from),
            came_back: false,
        }
    }

    /// Whom the account at the provider belongs to.
    pub(super) async fn known(&self, cx: &Cx) -> Result<Option<Found>, ApiError> {
        holder(cx, &self.provider.id, self.claims.subject()).await
    }

    /// The account at the provider, with its tokens sealed.
    fn account(&self, cx: &Cx) -> Account {
        let given = [
            &self.tokens.id_token,
            &self.tokens.access_token,
            &self.tokens.refresh_token,
        ];
        let mut rest = Map::new();
        for (member, token) in provider_tokens::MEMBERS.into_iter().zip(given) {
            let token = token.as_deref().unwrap_or_default();
            let sealed = match token {
                "" => String::new(),
                token => provider_tokens::seal(&cx.snapshot.data_cipher, cx.random(), token),
            };
            rest.insert(member.to_owned(), Value::String(sealed));
        }
        Account {
            subject: self.claims.subject().to_owned(),
            provider: self.provider.id.clone(),
            rest,
        }
    }

    fn mark<K: Kind>(&self, flow: &mut Flow<K>) {
        flow.came_back = self.came_back;
        flow.transient_payload.clone_from(&self.transient_payload);
        if self.came_back {
            flow.shown.active = Some(MethodId::Oidc);
        }
    }

    /// How the session remembers this.
    fn method(&self, cx: &Cx) -> AuthenticationMethod {
        let aal = if self.context.is_two_factors(self.provider) {
            Aal::Aal2
        } else {
            Aal::Aal1
        };
        AuthenticationMethod {
            aal,
            ..proof_of(cx, &self.provider.id)
        }
    }

    /// Who they are here, brought up to date where the configuration wants that.
    async fn proof(
        &self,
        cx: &Cx,
        (identity, credentials): (Identity, Credentials),
    ) -> Result<Proof, FlowError> {
        let mut proof = Proof {
            method: self.method(cx),
            by: MethodId::Oidc,
            identity,
            credentials,
            update: None,
            upgrade: None,
            spent: Spent::default(),
        };
        if self.provider.update_identity_on_login == UpdateIdentityOnLogin::Automatic {
            update::bring(cx, self, &mut proof).await?;
        }
        Ok(proof)
    }

    /// Goes on with a login: of somebody who is known, or by signing up.
    pub(super) async fn sign_in(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
    ) -> Result<Step<Proof>, FlowError> {
        self.mark(flow);
        if let Some(found) = self.known(cx).await? {
            let known = (found.identity, found.credentials);
            return Ok(Step::Done(self.proof(cx, known).await?));
        }
        if flow.data.linking.is_some() {
            return Err(linking::someone_else());
        }
        if let Some(owner) = automatic::owner(cx, self).await? {
            flow.data.linking = Some(Linking {
                account: self.account(cx),
                identity_id: owner.0.id,
            });
            return Ok(Step::Done(self.proof(cx, owner).await?));
        }
        if !cx.config().selfservice.flows.registration.enabled {
            return Err(FlowError::form(text::validation::account_not_found()));
        }
        let registration = self.registration_for(cx, flow).await?;
        Ok(Step::Instead(
            engine::come_back::<Registration>(cx, registration.id(), self).await?,
        ))
    }

    /// A registration in the place of a login.
    async fn registration_for(
        &self,
        cx: &Cx,
        from: &Flow<Login>,
    ) -> Result<Flow<Registration>, FlowError> {
        let extra = RegistrationExtra {
            organization_id: None,
            identity_schema: from.shown.extra.identity_schema.clone(),
            oauth2_login_challenge: from.shown.extra.oauth2_login_challenge.clone(),
            session_token_exchange_code: None,
        };
        let data = RegistrationData {
            exchange: from.data.exchange.clone(),
            ..RegistrationData::default()
        };
        let mut flow = Flow::<Registration>::new(cx, from.shown.client, extra, data);
        flow.shown.request_url.clone_from(&from.shown.request_url);
        flow.shown.return_to.clone_from(&from.shown.return_to);
        let csrf = Node::csrf(&linking::token(cx, flow.shown.client));
        flow.ui().push(csrf);
        engine::populate(cx, &mut flow, &None).await?;
        hook::before(cx, &flow, None).await?;
        let mut batch = cx.store().batch();
        batch.insert_flow(&flow.to_record());
        batch.commit().await?;
        Ok(flow)
    }

    /// Goes on with a registration: a new account, or a login of somebody who is known.
    pub(super) async fn sign_up(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
    ) -> Result<Step<NewAccount>, FlowError> {
        self.mark(flow);
        if self.known(cx).await?.is_some() || automatic::owner(cx, self).await?.is_some() {
            let mut login = linking::login_for(cx, flow);
            let csrf = Node::csrf(&linking::token(cx, login.shown.client));
            login.ui().push(csrf);
            engine::populate(cx, &mut login, &None).await?;
            let mut batch = cx.store().batch();
            batch.insert_flow(&login.to_record());
            batch.commit().await?;
            let outcome = engine::come_back::<Login>(cx, login.id(), self).await?;
            return Ok(Step::Instead(outcome));
        }
        let account = self.new_account(cx, flow).await?;
        match conflict::find(cx, (&account.identity, &account.credentials)).await? {
            None => Ok(Step::Done(account)),
            // The same person has signed up in another window since it was looked.
            Some(_) if self.known(cx).await?.is_some() => Err(FlowError::Overtaken),
            Some(conflict) => linking::offer(cx, flow, self.account(cx), conflict).await,
        }
    }

    async fn new_account(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
    ) -> Result<NewAccount, FlowError> {
        let mapped = mapper::map(cx, self.provider, &self.claims).await?;
        let schema = flow.schema(cx)?;
        let filled_in = match &self.traits {
            // A native client has no form whose empty fields would count.
            None if self.came_back && !flow.is_browser() => Value::Object(Map::new()),
            traits => schema.traits_from_form(traits.as_ref(), self.from_form),
        };
        let mut traits = mapped.traits.clone();
        mapper::merge(&mut traits, filled_in);
        self.reduce(flow, &schema, &traits);
        let mut draft = Draft::new(&*schema.id, traits);
        draft.verifiable_addresses = mapped.proved(cx);
        draft.metadata_public = mapped.metadata_public;
        draft.metadata_admin = mapped.metadata_admin;
        account::add(&mut draft.credentials, self.account(cx), cx.now);
        let (identity, credentials) = identity::create(cx, draft).map_err(profile::complaints)?;
        Ok(NewAccount {
            identity,
            credentials,
            method: self.method(cx),
            by: MethodId::Oidc,
        })
    }

    /// What is asked for if something is missing: the traits, and the way to go on with this provider.
    fn reduce(
        &self,
        flow: &mut Flow<Registration>,
        schema: &crate::schema::Schema,
        traits: &Value,
    ) {
        reduce(flow, self.provider);
        if flow.shown.client == FlowClient::Api && !self.came_back {
            return;
        }
        for node in schema.nodes(Group::Default, None) {
            flow.ui().push(node);
        }
        fill(flow.ui(), "traits", traits);
    }
}

/// A registration form that only goes on with one provider.
pub(super) fn reduce(flow: &mut Flow<Registration>, provider: &OidcProvider) {
    let csrf = flow.ui().find("csrf_token").cloned();
    let button = nodes::provider(provider, text::registration::registration_continue());
    flow.ui().nodes = [Some(button), csrf].into_iter().flatten().collect();
}

#[async_trait]
impl Return<Login> for Arrival<'_> {
    async fn decide(
        &self,
        cx: &Cx,
        flow: &mut Flow<Login>,
        _: &Visitor,
    ) -> Result<Step<Proof>, FlowError> {
        self.sign_in(cx, flow).await
    }
}

#[async_trait]
impl Return<Registration> for Arrival<'_> {
    async fn decide(
        &self,
        cx: &Cx,
        flow: &mut Flow<Registration>,
        _: &Visitor,
    ) -> Result<Step<NewAccount>, FlowError> {
        self.sign_up(cx, flow).await
    }
}

#[async_trait]
impl Return<Settings> for Arrival<'_> {
    async fn decide(
        &self,
        cx: &Cx,
        flow: &mut Flow<Settings>,
        owner: &Owner,
    ) -> Result<Step<Change>, FlowError> {
        self.mark(flow);
        if account::linked(&owner.credentials).contains(&self.provider.id) {
            return Err(super::settings::not_linkable());
        }
        if self.known(cx).await?.is_some() {
            return Err(FlowError::form(text::validation::duplicate_credentials()));
        }
        let mut credentials = owner.credentials.clone();
        account::add(&mut credentials, self.account(cx), cx.now);
        Ok(Step::Done(Change {
            method: MethodId::Oidc,
            identity: owner.authenticated.identity.clone(),
            credentials,
            proved: Some(proof_of(cx, &self.provider.id)),
        }))
    }
}
