//! Providers with ID tokens.

use ipse_config::selfservice::oidc::ProviderKind;

use super::{GENERIC, Source, Vendor};

/// The kinds that differ from a provider that is found by discovery alone.
pub(super) const VENDORS: &[Vendor] = &[
    Vendor {
        kind: ProviderKind::Google,
        base: Some("https://accounts.google.com"),
        issuers: &["https://accounts.google.com", "accounts.google.com"],
        source: Source::IdToken {
            keys: Some("https://www.googleapis.com/oauth2/v3/certs"),
            bare: false,
        },
        ..GENERIC
    },
    Vendor {
        kind: ProviderKind::Microsoft,
        base: Some("https://login.microsoftonline.com/{tenant}"),
        auth: Some("/oauth2/v2.0/authorize"),
        token: Some("/oauth2/v2.0/token"),
        source: Source::IdToken {
            keys: Some("/discovery/v2.0/keys"),
            bare: false,
        },
        ..GENERIC
    },
    Vendor {
        kind: ProviderKind::Apple,
        base: Some("https://appleid.apple.com"),
        auth: Some("/auth/authorize"),
        token: Some("/auth/token"),
        source: Source::IdToken {
            keys: Some("/auth/keys"),
            bare: false,
        },
        ..GENERIC
    },
    Vendor {
        kind: ProviderKind::NetId,
        base: Some("https://broker.netid.de"),
        auth: Some("/authorize"),
        token: Some("/token"),
        source: Source::IdToken {
            keys: None,
            bare: true,
        },
        ..GENERIC
    },
    Vendor {
        kind: ProviderKind::LinkedinV2,
        base: Some("https://www.linkedin.com/oauth"),
        // Which of the two it is has changed over the years.
        issuers: &["https://www.linkedin.com/oauth", "https://www.linkedin.com"],
        source: Source::IdToken {
            keys: None,
            bare: true,
        },
        ..GENERIC
    },
    Vendor {
        kind: ProviderKind::Line,
        base: Some("https://access.line.me"),
        // Otherwise its tokens are signed with the client's secret.
        redeeming: &[("id_token_key_type", "JWK")],
        ..GENERIC
    },
];
