//! The page of a flow.

use askama::Template;
use ipse_ui::{Container, InputType, Kind};
use serde::Deserialize;
use serde_json::Value;

use crate::field::{Field, Said};
use crate::form::{Form, forms};
use crate::site::{FooterLink, Site};

/// Which of the five flows a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// Signing in.
    Login,
    /// Signing up.
    Registration,
    /// Changing one's account.
    Settings,
    /// Getting back in.
    Recovery,
    /// Confirming an address.
    Verification,
}

/// What the page needs of a flow; deserialise it from the flow's public JSON.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FlowView {
    /// The form.
    pub ui: Container,
    /// How far the flow has come.
    #[serde(default)]
    pub state: Option<String>,
    /// Login only: whether somebody who is signed in proves it once more.
    #[serde(default)]
    pub refresh: bool,
    /// Login only: the level of assurance that is asked for.
    #[serde(default)]
    pub requested_aal: Option<String>,
    /// Where to go afterwards.
    #[serde(default)]
    pub return_to: Option<String>,
    /// Settings only: whose account it is.
    #[serde(default)]
    pub identity: Option<IdentityView>,
}

/// What the pages need of an identity.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct IdentityView {
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// Its traits.
    #[serde(default)]
    pub traits: Value,
}

impl FlowView {
    /// Whether its page offers to sign out: there is somebody who is signed in, who may be somebody else.
    #[must_use]
    pub fn signs_out(&self, kind: PageKind) -> bool {
        match kind {
            PageKind::Login => self.refresh || second_factor(self),
            PageKind::Settings => true,
            PageKind::Registration | PageKind::Recovery | PageKind::Verification => false,
        }
    }
}

/// Who is signing in, where that was said on a screen before.
fn named(kind: PageKind, flow: &FlowView) -> Option<&str> {
    if kind != PageKind::Login || flow.signs_out(kind) {
        return None;
    }
    let input = flow.ui.find("identifier")?.as_input()?;
    let said = input.value.as_ref().and_then(Value::as_str);
    said.filter(|name| input.input_type == InputType::Hidden && !name.is_empty())
}

impl IdentityView {
    /// What to call the person: an address or name from the traits, else the id.
    #[must_use]
    pub fn display_name(&self) -> String {
        let known = ["email", "username", "phone", "name", "login"];
        let named = known
            .iter()
            .filter_map(|key| self.traits.get(key)?.as_str());
        let any = self
            .traits
            .as_object()
            .into_iter()
            .flat_map(|traits| traits.values());
        let mut candidates = named.chain(any.filter_map(Value::as_str));
        candidates
            .find(|name| !name.is_empty())
            .unwrap_or(&self.id)
            .to_owned()
    }
}

#[derive(Template)]
#[template(path = "flow.html")]
struct FlowPage<'a> {
    site: &'a Site,
    title: &'static str,
    subtitle: Option<String>,
    wide: bool,
    messages: Vec<Said>,
    forms: Vec<Form>,
    footer: Vec<FooterLink>,
}

/// Draws the page of a flow.
#[must_use]
pub fn render_flow(kind: PageKind, flow: &FlowView, site: &Site) -> String {
    let settings = kind == PageKind::Settings;
    let mut forms = forms(kind, &flow.ui);
    let owner = flow.identity.as_ref().map(IdentityView::display_name);
    for form in &mut forms {
        form.name_owner(owner.as_deref());
    }
    let failed = flow
        .ui
        .messages
        .iter()
        .any(|message| message.kind == Kind::Error);
    crate::html(&FlowPage {
        site,
        title: title(kind, flow),
        subtitle: match named(kind, flow) {
            Some(name) => Some(format!("as {name}")),
            None => subtitle(kind, flow, &forms).filter(|_| !failed),
        },
        wide: settings,
        messages: flow.ui.messages.iter().map(Said::new).collect(),
        forms,
        footer: footer(kind, flow, site),
    })
}

fn second_factor(flow: &FlowView) -> bool {
    flow.requested_aal.as_deref() == Some("aal2")
}

fn title(kind: PageKind, flow: &FlowView) -> &'static str {
    match kind {
        PageKind::Login if second_factor(flow) => "One more step",
        PageKind::Login if flow.refresh => "Is it you?",
        PageKind::Login => "Sign in",
        PageKind::Registration => "Create your account",
        PageKind::Settings => "Your account",
        PageKind::Recovery => "Get back into your account",
        PageKind::Verification => "Confirm your address",
    }
}

/// A sentence that says what the form is for, unless a message of the flow says more.
fn subtitle(kind: PageKind, flow: &FlowView, forms: &[Form]) -> Option<String> {
    if kind == PageKind::Settings {
        let name = flow.identity.as_ref()?.display_name();
        return Some(format!("Signed in as {name}"));
    }
    if !flow.ui.messages.is_empty() || !forms.iter().any(Form::visible) {
        return None;
    }
    match kind {
        PageKind::Recovery => Some("We will send you a message that lets you in again.".to_owned()),
        PageKind::Verification => {
            Some("We will send you a message to make sure that the address is yours.".to_owned())
        }
        _ => None,
    }
}

fn footer(kind: PageKind, flow: &FlowView, site: &Site) -> Vec<FooterLink> {
    let back = flow.return_to.as_deref();
    let login = |question, text| FooterLink::to(site.login.as_ref(), back, question, text);
    let links = match kind {
        PageKind::Login if flow.signs_out(kind) => [
            FooterLink::to(site.logout.as_ref(), None, "Not you?", "Sign out"),
            None,
        ],
        PageKind::Login if named(kind, flow).is_some() => [
            FooterLink::to(site.recovery.as_ref(), back, "", "I can't sign in"),
            login("Not you?", "Start again"),
        ],
        PageKind::Login => [
            FooterLink::to(site.recovery.as_ref(), back, "", "I can't sign in"),
            FooterLink::to(
                site.registration.as_ref(),
                back,
                "New here?",
                "Create an account",
            ),
        ],
        PageKind::Registration => [login("Have an account?", "Sign in"), None],
        PageKind::Recovery => [login("", "Back to signing in"), None],
        PageKind::Verification => [FooterLink::to(site.home.as_ref(), None, "", "Home"), None],
        PageKind::Settings => [
            FooterLink::to(site.home.as_ref(), None, "", "Home"),
            FooterLink::to(site.logout.as_ref(), None, "", "Sign out"),
        ],
    };
    links.into_iter().flatten().collect()
}
