//! `selfservice.methods.oidc`: social accounts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{Secret, Source};

section! {
    /// Social accounts.
    pub struct Oidc {
        /// Whether the method can be used.
        pub enabled: bool = false,
        /// Its settings.
        pub config: OidcConfig,
    }
}

section! {
    /// Settings of social accounts.
    pub struct OidcConfig {
        /// The address providers send users back to, if it is not the public API's.
        pub base_redirect_uri: Option<Url>,
        /// The providers.
        pub providers: Vec<OidcProvider>,
    }
}

/// One upstream provider.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// The name this provider goes by in URLs and credentials.
    pub id: String,
    /// Which provider it is.
    pub provider: ProviderKind,
    /// The name people are shown.
    pub label: Option<String>,
    /// The id of this application at the provider.
    pub client_id: String,
    /// The secret of this application at the provider.
    pub client_secret: Option<Secret>,
    /// The issuer; where discovery starts.
    pub issuer_url: Option<Url>,
    /// The address users are sent to, for a provider without discovery.
    pub auth_url: Option<Url>,
    /// The address codes are exchanged at, for a provider without discovery.
    pub token_url: Option<Url>,
    /// The Jsonnet that turns claims into traits.
    pub mapper_url: Source,
    /// The scopes that are asked for.
    #[serde(default)]
    pub scope: Vec<String>,
    /// Which Microsoft accounts are accepted.
    pub microsoft_tenant: Option<String>,
    /// Where a Microsoft account's subject is taken from.
    #[serde(default)]
    pub subject_source: OidcSubjectSource,
    /// The team of an Apple application.
    pub apple_team_id: Option<String>,
    /// The id of an Apple application's key.
    pub apple_private_key_id: Option<String>,
    /// An Apple application's key.
    pub apple_private_key: Option<Secret>,
    /// The claims that are asked for.
    pub requested_claims: Option<RequestedClaims>,
    /// The organization this provider belongs to.
    pub organization_id: Option<String>,
    /// Audiences accepted in ID tokens besides the client id.
    #[serde(default)]
    pub additional_id_token_audiences: Vec<String>,
    /// Values of the claim `acr` in the ID token that make a session AAL2.
    #[serde(default)]
    pub aal2_acr_values: Vec<String>,
    /// Values of the claim `amr` in the ID token that make a session AAL2.
    #[serde(default)]
    pub aal2_amr_values: Vec<String>,
    /// Where claims are taken from.
    #[serde(default)]
    pub claims_source: ClaimsSource,
    /// Whether codes are protected with PKCE.
    #[serde(default)]
    pub pkce: Pkce,
    /// The address of what browsers have to know of the provider to sign people in by themselves (FedCM).
    pub fedcm_config_url: Option<Url>,
    /// The origin that NetID is told when the token of a browser becomes an ID token.
    pub net_id_token_origin_header: Option<String>,
    /// What happens when the address already has an account.
    #[serde(default)]
    pub account_linking_mode: AccountLinkingMode,
    /// Whether signing in updates the identity.
    #[serde(default)]
    pub update_identity_on_login: UpdateIdentityOnLogin,
}

impl OidcProvider {
    /// Whether codes are protected with PKCE. UAE Pass always takes proof keys, but nowhere says so.
    #[must_use]
    pub fn pkce(&self) -> Pkce {
        match (self.provider, self.pkce) {
            (ProviderKind::UaePass, Pkce::Auto) => Pkce::Force,
            (_, pkce) => pkce,
        }
    }
}

choice! {
    /// The providers that are known.
    pub enum ProviderKind {
        /// GitHub OAuth app.
        Github = "github",
        /// GitHub app.
        GithubApp = "github-app",
        /// GitLab.
        Gitlab = "gitlab",
        /// Any that follows OpenID Connect.
        Generic = "generic",
        /// Google.
        Google = "google",
        /// Microsoft.
        Microsoft = "microsoft",
        /// Discord.
        Discord = "discord",
        /// Salesforce.
        Salesforce = "salesforce",
        /// Slack.
        Slack = "slack",
        /// Facebook.
        Facebook = "facebook",
        /// Auth0.
        Auth0 = "auth0",
        /// VK.
        Vk = "vk",
        /// Yandex.
        Yandex = "yandex",
        /// Apple.
        Apple = "apple",
        /// Spotify.
        Spotify = "spotify",
        /// NetID.
        NetId = "netid",
        /// DingTalk.
        DingTalk = "dingtalk",
        /// Patreon.
        Patreon = "patreon",
        /// LINE.
        Line = "line",
        /// LinkedIn.
        Linkedin = "linkedin",
        /// LinkedIn with OpenID Connect.
        LinkedinV2 = "linkedin_v2",
        /// Lark.
        Lark = "lark",
        /// X.
        X = "x",
        /// A provider for trying out FedCM; like `generic`.
        FedcmTest = "fedcm-test",
        /// Amazon.
        Amazon = "amazon",
        /// UAE Pass.
        UaePass = "uaepass",
    }
}

choice! {
    /// Where a Microsoft account's subject is taken from.
    #[derive(Default)]
    pub enum OidcSubjectSource {
        /// The user info endpoint.
        #[default]
        Userinfo = "userinfo",
        /// Microsoft Graph.
        Me = "me",
        /// The `oid` claim.
        Oid = "oid",
    }
}

choice! {
    /// Where claims are taken from.
    #[derive(Default)]
    pub enum ClaimsSource {
        /// The ID token.
        #[default]
        IdToken = "id_token",
        /// The user info endpoint.
        Userinfo = "userinfo",
    }
}

choice! {
    /// Whether codes are protected with PKCE.
    #[derive(Default)]
    pub enum Pkce {
        /// If the provider says that it can.
        #[default]
        Auto = "auto",
        /// No.
        Never = "never",
        /// Yes.
        Force = "force",
    }
}

choice! {
    /// What happens when the address already has an account.
    #[derive(Default)]
    pub enum AccountLinkingMode {
        /// The user has to sign in to it first.
        #[default]
        ConfirmWithExistingCredential = "confirm_with_existing_credential",
        /// It is linked if the address is verified at the provider and here.
        Automatic = "automatic",
    }
}

choice! {
    /// Whether signing in updates the identity.
    #[derive(Default)]
    pub enum UpdateIdentityOnLogin {
        /// No.
        #[default]
        Never = "never",
        /// With what the mapper makes of the claims; what it does not mention stays.
        Automatic = "automatic",
    }
}

/// The claims that are asked for, as the `claims` parameter of OpenID Connect has them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RequestedClaims {
    /// From the user info endpoint.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub userinfo: BTreeMap<String, Option<ClaimRequest>>,
    /// In the ID token.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub id_token: BTreeMap<String, Option<ClaimRequest>>,
}

/// How one claim is asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimRequest {
    /// It is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub essential: Option<bool>,
    /// It should have this value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// It should have one of these values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<Value>>,
}
