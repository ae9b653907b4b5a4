//! The order of nodes on a form. Clients draw them as they come, so the order is part of the interface.

use ipse_ui::{Container, Group, InputType, Node};

/// By group; within a group as they were added, the buttons that choose a method last.
pub fn by_group(ui: &mut Container, groups: &[Group]) {
    let rank = |node: &Node| {
        let group = groups
            .iter()
            .position(|group| *group == node.group)
            .unwrap_or(groups.len());
        (group, chooses_method(node))
    };
    ui.nodes.sort_by_key(rank);
}

/// A sign-up form that asks for nothing but a password has it right behind the first trait, which usually is the
/// identifier.
pub fn password_behind_identifier(ui: &mut Container) {
    let others = [Group::Code, Group::Webauthn, Group::Passkey];
    if ui.nodes.iter().any(|node| others.contains(&node.group)) {
        return;
    }
    let password = ui.nodes.iter().position(|node| node.name() == "password");
    let first_trait = ui
        .nodes
        .iter()
        .position(|node| node.name().starts_with("traits."));
    if let (Some(password), Some(first_trait)) = (password, first_trait)
        && first_trait < password
    {
        let node = ui.nodes.remove(password);
        ui.nodes.insert(first_trait + 1, node);
    }
}

/// Puts a node right before another one that comes earlier.
pub fn before(ui: &mut Container, name: &str, other: &str) {
    let place = |wanted| ui.nodes.iter().position(|node| node.name() == wanted);
    if let (Some(from), Some(to)) = (place(name), place(other))
        && to < from
    {
        let node = ui.nodes.remove(from);
        ui.nodes.insert(to, node);
    }
}

/// Adds an input for something the form has no node for. It comes after what all methods share: the last such node, or the
/// password that stands among them.
pub fn add_unknown<'a>(ui: &'a mut Container, name: &str) -> &'a mut Node {
    let shared = ui
        .nodes
        .iter()
        .rposition(|node| node.group == Group::Default);
    let mut place = shared.map_or(ui.nodes.len(), |last| last + 1);
    if ui
        .nodes
        .get(place)
        .is_some_and(|node| node.name() == "password")
    {
        place += 1;
    }
    ui.nodes
        .insert(place, Node::input(name, Group::Default, InputType::Text));
    &mut ui.nodes[place]
}

fn chooses_method(node: &Node) -> bool {
    node.as_input()
        .is_some_and(|input| input.input_type == InputType::Submit && input.name == "method")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(nodes: &[(&'static str, Group)], unknown: &str) -> Vec<String> {
        let mut ui = Container::new("/");
        for (name, group) in nodes {
            ui.push(Node::input(*name, *group, InputType::Text));
        }
        assert_eq!(add_unknown(&mut ui, unknown).name(), unknown);
        ui.nodes.iter().map(|node| node.name().to_owned()).collect()
    }

    #[test]
    fn what_is_unknown_comes_after_what_all_methods_share() {
        let (csrf, identifier) = (
            ("csrf_token", Group::Default),
            ("identifier", Group::Default),
        );
        let (password, method) = (("password", Group::Password), ("method", Group::Password));
        assert_eq!(
            names(&[csrf, identifier, password, method], "x"),
            ["csrf_token", "identifier", "password", "x", "method"]
        );
        let key = ("webauthn_login", Group::Webauthn);
        assert_eq!(
            names(&[csrf, key, password, method], "x"),
            ["csrf_token", "x", "webauthn_login", "password", "method"]
        );
        assert_eq!(names(&[("code", Group::Code)], "x"), ["code", "x"]);
        assert_eq!(names(&[], "x"), ["x"]);
    }
}
