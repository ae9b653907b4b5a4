//! What all pages share: links to each other, and what they may load and send to.

use ipse_config::Config;
use ipse_core::Cx;
use ipse_core::flow::{Kind, Login, Recovery, Registration, Settings, Verification};
use ipse_model::FlowName;
use ipse_pages::{CONTENT_SECURITY_POLICY, Site};
use url::Url;

/// Whether the page of this flow is the built-in one.
pub(super) fn own<K: Kind>(config: &Config) -> bool {
    let flows = &config.selfservice.flows;
    let elsewhere = match K::NAME {
        FlowName::Login => &flows.login.ui_url,
        FlowName::Registration => &flows.registration.ui_url,
        FlowName::Settings => &flows.settings.ui_url,
        FlowName::Verification => &flows.verification.ui_url,
        FlowName::Recovery => &flows.recovery.ui_url,
    };
    elsewhere.is_none()
}

/// Where a flow of this kind begins.
pub(super) fn start<K: Kind>(cx: &Cx) -> String {
    cx.public_url(&format!("self-service/{}/browser", K::NAME.as_str()))
}

/// The surroundings of every page.
pub(super) fn site(cx: &Cx) -> Site {
    let config = cx.config();
    let flows = &config.selfservice.flows;
    Site {
        name: name(config),
        assets: cx.public_url("ui/assets"),
        home: own::<Login>(config).then(|| cx.public_url("")),
        login: Some(start::<Login>(cx)),
        registration: flows
            .registration
            .enabled
            .then(|| start::<Registration>(cx)),
        recovery: flows.recovery.enabled.then(|| start::<Recovery>(cx)),
        verification: flows
            .verification
            .enabled
            .then(|| start::<Verification>(cx)),
        settings: Some(start::<Settings>(cx)),
        logout: None,
    }
}

/// The service is called as its mails are signed.
fn name(config: &Config) -> String {
    let name = config
        .courier
        .smtp
        .from_name
        .as_deref()
        .filter(|name| !name.is_empty());
    name.unwrap_or("Ipse").to_owned()
}

/// The content security policy of a page with forms. Where a form is sent, the answer redirects on, and browsers hold the
/// policy against each step: to pages of this and allowed sites, and to social providers, whichever are configured.
pub(super) fn policy(cx: &Cx) -> String {
    let config = cx.config();
    let mut policy = format!("{CONTENT_SECURITY_POLICY}; form-action 'self'");
    let mut add = |source: &str| {
        policy.push(' ');
        policy.push_str(source);
    };
    let public = Url::parse(&cx.snapshot.public_base_url).ok();
    let origins = [public, Some(config.default_return_url())]
        .into_iter()
        .flatten();
    let mut origins: Vec<_> = origins
        .map(|url| url.origin().ascii_serialization())
        .collect();
    origins.dedup();
    origins.iter().for_each(|origin| add(origin));
    for pattern in &config.selfservice.allowed_return_urls {
        if let Some(source) = source(pattern) {
            add(&source);
        }
    }
    if config.selfservice.methods.oidc.enabled {
        add("https:");
    }
    policy
}

/// The origin of an address that may have a wildcard for a host; none for paths.
fn source(pattern: &str) -> Option<String> {
    let (scheme, rest) = pattern.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-.*:[]+".contains(c))
    };
    (!host.is_empty() && plain(host) && plain(scheme)).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_origins_and_nothing_that_breaks_the_policy() {
        assert_eq!(
            source("https://a.org:8080/x?y").as_deref(),
            Some("https://a.org:8080")
        );
        assert_eq!(
            source("https://*.a.org/").as_deref(),
            Some("https://*.a.org")
        );
        for odd in ["/path", "https://", "https://a;script-src *", "x y://a"] {
            assert_eq!(source(odd), None, "{odd}");
        }
    }
}
