//! `security`: switches against attacks that cost some convenience.

section! {
    /// Protections.
    pub struct Security {
        /// Whether strangers can find out who has an account.
        pub account_enumeration: AccountEnumeration,
        /// Identity schemas may not refer to files or servers with `$ref`.
        pub disallow_ref_in_identity_schemas: bool = false,
    }
}

section! {
    /// Protection against finding out who has an account.
    pub struct AccountEnumeration {
        /// Answer alike for known and unknown identifiers.
        pub mitigate: bool = false,
    }
}
