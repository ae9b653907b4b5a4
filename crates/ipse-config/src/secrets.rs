//! `secrets`: keys that can be rotated. The first one signs or encrypts, all of them are accepted.

use crate::Secret;

section! {
    /// Keys. To rotate one, put the new key in front and drop the old one when nothing it signed is
    /// still in use.
    pub struct Secrets {
        /// Used for everything that has no key of its own.
        #[schemars(inner(length(min = 16)), extend("uniqueItems" = true))]
        pub default: Vec<Secret>,
        /// Signs cookies; without it, `secrets.default` does.
        #[schemars(inner(length(min = 16)), extend("uniqueItems" = true))]
        pub cookie: Vec<Secret>,
        /// Seals page tokens; without it, `secrets.default` does.
        #[schemars(inner(length(min = 16)), extend("uniqueItems" = true))]
        pub pagination: Vec<Secret>,
        /// Encrypts what must be read back from the database. 32 characters each.
        #[schemars(inner(length(min = 32, max = 32)), extend("uniqueItems" = true))]
        pub cipher: Vec<Secret>,
    }
}

impl Secrets {
    /// Whether there is a key for everything.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.default.is_empty() || (!self.cookie.is_empty() && !self.cipher.is_empty())
    }

    /// Keys for what has none of its own.
    #[must_use]
    pub fn default_keys(&self) -> SecretKeys<'_> {
        SecretKeys(&self.default)
    }

    /// Keys for cookies.
    #[must_use]
    pub fn cookie_keys(&self) -> SecretKeys<'_> {
        self.own_or_default(&self.cookie)
    }

    /// Keys for page tokens.
    #[must_use]
    pub fn pagination_keys(&self) -> SecretKeys<'_> {
        self.own_or_default(&self.pagination)
    }

    /// Keys for encryption. Without `secrets.cipher` the default keys are used, so that what this
    /// server always seals (a paused form, for one) is sealed with any configuration.
    #[must_use]
    pub fn cipher_keys(&self) -> SecretKeys<'_> {
        self.own_or_default(&self.cipher)
    }

    fn own_or_default<'a>(&'a self, own: &'a [Secret]) -> SecretKeys<'a> {
        SecretKeys(if own.is_empty() { &self.default } else { own })
    }
}

/// Keys of which the first signs or encrypts, and all verify or decrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretKeys<'a>(&'a [Secret]);

impl<'a> SecretKeys<'a> {
    /// The key to sign or encrypt with. `None` only if no key was configured, which `serve` refuses.
    #[must_use]
    pub fn signing(&self) -> Option<&'a Secret> {
        self.0.first()
    }

    /// The keys to verify or decrypt with, the signing key first.
    pub fn verifying(&self) -> impl Iterator<Item = &'a Secret> + use<'a> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(texts: &[&str]) -> Vec<Secret> {
        texts.iter().copied().map(Secret::new).collect()
    }

    #[test]
    fn the_first_signs_and_all_verify() {
        let section = Secrets {
            cookie: secrets(&["new-new-new-new-1", "old-old-old-old-1"]),
            ..Secrets::default()
        };
        let keys = section.cookie_keys();
        assert_eq!(
            keys.signing().map(Secret::expose),
            Some("new-new-new-new-1")
        );
        assert_eq!(
            keys.verifying().map(Secret::expose).collect::<Vec<_>>(),
            ["new-new-new-new-1", "old-old-old-old-1"]
        );
    }

    #[test]
    fn the_default_stands_in() {
        let section = Secrets {
            default: secrets(&["default-default-1"]),
            ..Secrets::default()
        };
        assert_eq!(section.cookie_keys(), section.default_keys());
        assert_eq!(section.pagination_keys(), section.default_keys());
        assert_eq!(section.cipher_keys(), section.default_keys());
        assert!(section.is_complete());
        assert!(!Secrets::default().is_complete());
    }

    #[test]
    fn debug_shows_no_key() {
        let section = Secrets {
            default: secrets(&["swordfish-swordfish"]),
            cipher: secrets(&["swordfish-swordfish-swordfish-00"]),
            ..Secrets::default()
        };
        let shown = format!(
            "{section:?} {:?} {:?}",
            section.cookie_keys(),
            section.cipher_keys()
        );
        assert!(!shown.contains("swordfish"), "{shown}");
    }
}
