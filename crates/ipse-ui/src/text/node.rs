//! Labels of nodes (1_070_xxx).

crate::message::messages! {
    /// The label of a password field.
    1_070_001 Info node_label_input_password() = "Password";
    /// The label of a field made from the identity schema.
    1_070_002 Info node_label_generated(title: &str, name: &str) = "{title}";
    /// The label of the button that saves a form.
    1_070_003 Info node_label_save() = "Save";
}
