//! Messages about the service itself (5_000_xxx).

crate::message::messages! {
    /// Something failed that isn't the person's fault.
    5_000_001 Error system_generic(reason: &str) = "{reason}";
    /// No way to sign in or up is configured.
    5_000_002 Error no_authentication_methods_available() =
        "There is no way to sign in at the moment. Please contact whoever runs this site.";
}
