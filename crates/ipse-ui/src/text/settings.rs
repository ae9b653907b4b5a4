//! Messages of the settings flow (1_050_xxx and 4_050_xxx).

crate::message::messages! {
    /// Shown when a settings flow has been completed.
    1_050_001 Success settings_update_success() = "Your changes have been saved!";
}
