//! How the nodes of a flow become forms: which of them are sent together, and in which order one meets them.
//!
//! Hidden nodes of the shared groups (the anti-CSRF token, the identifier of a second screen) are repeated in every form.
//! Where people type something that all methods need (the identifier, the traits), the methods stand in one form;
//! elsewhere each method has a form of its own, so that a required field of one doesn't hold up another. Social sign-in
//! leaves the site and is always apart from what was typed.

use ipse_ui::{Container, Group};

use crate::field::{Button, Field, Hidden, Typed, Weight};
use crate::flow::PageKind;
use crate::site::safe_url;

/// The fields of one method.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) group: Group,
    pub(crate) fields: Vec<Field>,
    /// Whether an "or" stands before it.
    pub(crate) divided: bool,
}

/// A form to draw.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) heading: Option<&'static str>,
    pub(crate) hidden: Vec<Hidden>,
    pub(crate) parts: Vec<Part>,
    /// Whether some of it does nothing without JavaScript.
    pub(crate) needs_script: bool,
    /// Whose password it asks for where that can't be typed: password managers look for it.
    pub(crate) username: Option<String>,
    /// Whether it has a frame: always if there is something to type or read, else if it is the only one.
    pub(crate) framed: bool,
}

impl Form {
    pub(crate) fn visible(&self) -> bool {
        self.parts.iter().any(Part::visible)
    }

    /// Whether it is no more than a way back.
    pub(crate) fn quiet(&self) -> bool {
        let quiet = |field: &Field| match field {
            Field::Button(button) => button.weight == Weight::Quiet,
            field => !field.visible(),
        };
        self.parts.iter().flat_map(|part| &part.fields).all(quiet)
    }

    /// The class that it is drawn with.
    pub(crate) fn class(&self) -> &'static str {
        match (self.visible(), self.framed) {
            (false, _) => "unseen",
            (true, true) => "card",
            (true, false) => "bare",
        }
    }

    fn presses_only(&self) -> bool {
        self.parts.iter().all(Part::presses_only)
    }

    /// Says whose password it asks for, if it asks for one and not for a name.
    pub(crate) fn name_owner(&mut self, owner: Option<&str>) {
        let asks = |wanted: fn(&Typed) -> bool| {
            let fields = self.parts.iter().flat_map(|part| &part.fields);
            fields
                .into_iter()
                .any(|field| matches!(field, Field::Typed(typed) if wanted(typed)))
        };
        if !asks(|typed| typed.kind == "password") || asks(|typed| typed.kind != "password") {
            return;
        }
        let mut hidden = self.hidden.iter();
        let known = hidden.find(|hidden| hidden.name == "identifier");
        let known = known.map(|hidden| hidden.value.as_str());
        self.username = known.or(owner).map(str::to_owned);
    }
}

impl Part {
    fn visible(&self) -> bool {
        self.fields.iter().any(Field::visible)
    }

    fn types(&self) -> bool {
        let typed = |field: &Field| matches!(field, Field::Typed(_) | Field::Checkbox(_));
        self.fields.iter().any(typed)
    }

    fn presses_only(&self) -> bool {
        let pressed = |field: &Field| matches!(field, Field::Button(_)) || !field.visible();
        self.fields.iter().all(pressed)
    }

    fn names_method(&self) -> bool {
        let named =
            |field: &Field| matches!(field, Field::Hidden(hidden) if hidden.name == "method");
        self.fields.iter().any(named)
    }

    fn buttons(&mut self) -> impl Iterator<Item = &mut Button> {
        self.fields.iter_mut().filter_map(|field| match field {
            Field::Button(button) => Some(button),
            _ => None,
        })
    }

    fn typed(&mut self) -> impl Iterator<Item = &mut Typed> {
        self.fields.iter_mut().filter_map(|field| match field {
            Field::Typed(typed) | Field::Checkbox(typed) => Some(typed),
            _ => None,
        })
    }
}

/// The nodes of a flow, sorted by what they are for.
struct Sorted {
    /// Repeated in every form.
    hidden: Vec<Hidden>,
    /// Typed once for all methods.
    shared: Vec<Field>,
    parts: Vec<Part>,
}

fn sorted(ui: &Container) -> Sorted {
    let mut sorted = Sorted {
        hidden: Vec::new(),
        shared: Vec::new(),
        parts: Vec::new(),
    };
    for (index, node) in ui.nodes.iter().enumerate() {
        let field = Field::new(node, index);
        let for_all = matches!(node.group, Group::Default | Group::IdentifierFirst);
        match field {
            Field::Hidden(hidden) if for_all => sorted.hidden.push(hidden),
            Field::Typed(_) | Field::Checkbox(_) if for_all => sorted.shared.push(field),
            field => match sorted
                .parts
                .iter_mut()
                .find(|part| part.group == node.group)
            {
                Some(part) => part.fields.push(field),
                None => sorted.parts.push(Part {
                    group: node.group,
                    fields: vec![field],
                    divided: false,
                }),
            },
        }
    }
    for part in &mut sorted.parts {
        // Enter presses the first button, which must not be the one that sends a new code.
        let quiet = |field: &Field| matches!(field, Field::Button(button) if button.weight == Weight::Quiet);
        part.fields.sort_by_key(quiet);
    }
    sorted
}

/// The forms of a page, in the order to draw them.
pub(crate) fn forms(kind: PageKind, ui: &Container) -> Vec<Form> {
    let Sorted {
        hidden,
        shared,
        mut parts,
    } = sorted(ui);
    match kind {
        PageKind::Settings => parts.sort_by_key(|part| !part.visible()),
        // What people can type comes before what they can only press, so that Enter submits what was typed; the
        // password comes before the name of a key.
        _ => parts.sort_by_key(|part| {
            let last = (!part.visible(), part.group == Group::Oidc);
            (last, !part.types(), part.group != Group::Password)
        }),
    }
    let mut forms = Vec::new();
    if !shared.is_empty() {
        let joint = joint_parts(kind, &mut parts);
        forms.push((shared, joint));
    }
    forms.extend(parts.into_iter().map(|part| (Vec::new(), vec![part])));
    let mut forms: Vec<Form> = forms
        .into_iter()
        .map(|(shared, parts)| form(kind, ui, &hidden, shared, parts))
        .collect();
    for form in &mut forms {
        settle_buttons(form);
    }
    divide(kind, &mut forms);
    if kind != PageKind::Settings {
        single_primary(&mut forms);
    }
    focus(kind, &mut forms);
    forms
}

/// Takes the methods that are sent together with what all share.
fn joint_parts(kind: PageKind, parts: &mut Vec<Part>) -> Vec<Part> {
    if !matches!(kind, PageKind::Login | PageKind::Registration) {
        return if parts.is_empty() {
            Vec::new()
        } else {
            vec![parts.remove(0)]
        };
    }
    let only_social = parts
        .iter()
        .all(|part| part.group == Group::Oidc || !part.visible());
    let (joint, apart) = std::mem::take(parts)
        .into_iter()
        .partition(|part| (part.group != Group::Oidc || only_social) && !part.names_method());
    *parts = apart;
    joint
}

fn form(
    kind: PageKind,
    ui: &Container,
    hidden: &[Hidden],
    shared: Vec<Field>,
    mut parts: Vec<Part>,
) -> Form {
    let group = parts.first().map(|part| part.group);
    if !shared.is_empty() {
        match parts.first_mut() {
            Some(first) => {
                first.fields.splice(0..0, shared);
            }
            None => parts.push(Part {
                group: Group::Default,
                fields: shared,
                divided: false,
            }),
        }
    }
    let fields = || parts.iter().flat_map(|part| &part.fields);
    let triggered =
        |field: &Field| matches!(field, Field::Button(button) if button.onclick_trigger.is_some());
    Form {
        action: safe_url(&ui.action).to_owned(),
        heading: group
            .filter(|_| kind == PageKind::Settings)
            .and_then(heading),
        hidden: hidden.to_vec(),
        needs_script: fields().any(triggered),
        username: None,
        framed: true,
        parts,
    }
}

/// The heading of a section of the settings page.
fn heading(group: Group) -> Option<&'static str> {
    match group {
        Group::Profile => Some("Your data"),
        Group::Password => Some("Password"),
        Group::Oidc => Some("Social accounts"),
        Group::Saml => Some("Company accounts"),
        Group::Totp => Some("Authenticator app"),
        Group::LookupSecret => Some("Backup codes"),
        Group::Webauthn => Some("Security keys"),
        Group::Passkey => Some("Passkeys"),
        Group::Code => Some("Codes by message"),
        Group::Link => Some("Links by message"),
        Group::Default | Group::IdentifierFirst | Group::Captcha | Group::Oauth2Consent => None,
    }
}

/// Puts an "or" between the ways to go on; buttons that follow each other need none.
fn divide(kind: PageKind, forms: &mut [Form]) {
    if kind == PageKind::Settings {
        return;
    }
    let mut previous: Option<bool> = None;
    for form in forms.iter_mut().filter(|form| form.visible()) {
        form.framed = previous.is_none() || !form.presses_only();
        let quiet = form.quiet();
        for part in form.parts.iter_mut().filter(|part| part.visible()) {
            let pressed = part.presses_only();
            part.divided = previous.is_some_and(|before| !(before && pressed)) && !quiet;
            previous = Some(pressed);
        }
    }
}

/// Lets buttons pass that don't need the required fields around them.
fn settle_buttons(form: &mut Form) {
    if let [social] = form.parts.as_mut_slice()
        && social.group == Group::Oidc
    {
        // A social account that lacks some traits: what is typed here is what the provider didn't tell.
        let types = social.types();
        social
            .buttons()
            .for_each(|button| button.skips_validation &= !types);
        return;
    }
    let needs: Vec<bool> = form
        .parts
        .iter_mut()
        .enumerate()
        .map(|(index, part)| index > 0 && part.typed().any(|typed| typed.required))
        .collect();
    let first_needs = form.parts.first_mut().is_some_and(|part| {
        // The shared fields stand in the first part and are needed by all; its own are not.
        let own = |typed: &Typed| typed.name != "identifier" && !typed.name.starts_with("traits.");
        part.typed().any(|typed| typed.required && own(typed))
    });
    for (index, part) in form.parts.iter_mut().enumerate() {
        let elsewhere = needs
            .iter()
            .enumerate()
            .any(|(other, needs)| *needs && other != index);
        let foreign = elsewhere || (index > 0 && first_needs);
        for button in part.buttons() {
            button.skips_validation |= foreign;
        }
    }
}

/// Keeps one button of the page at full weight.
fn single_primary(forms: &mut [Form]) {
    let parts = forms.iter_mut().flat_map(|form| &mut form.parts);
    let mut buttons: Vec<&mut Button> = parts.flat_map(Part::buttons).collect();
    let mut seen = false;
    for button in &mut buttons {
        if button.weight == Weight::Primary && std::mem::replace(&mut seen, true) {
            button.weight = Weight::Secondary;
        }
    }
    if !seen
        && let [only] = buttons.as_mut_slice()
        && only.weight == Weight::Secondary
    {
        only.weight = Weight::Primary;
    }
}

/// Puts the cursor where it is needed: at the first error, else at the first empty field.
fn focus(kind: PageKind, forms: &mut [Form]) {
    let parts = forms.iter_mut().flat_map(|form| &mut form.parts);
    let mut typed: Vec<&mut Typed> = parts.flat_map(Part::typed).collect();
    let wrong = typed.iter().position(|typed| typed.wrong());
    let empty = || {
        typed
            .iter()
            .position(|t| t.value.is_empty() && !t.disabled && t.kind != "checkbox")
    };
    let target = match kind {
        PageKind::Settings => wrong,
        _ => wrong.or_else(empty),
    };
    if let Some(target) = target {
        typed[target].focus = true;
    }
}
