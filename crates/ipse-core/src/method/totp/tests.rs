//! Secrets in the database.

use ipse_crypto::CipherAlgorithm;
use serde_json::json;

use super::*;
use crate::identity::tests::sample;

fn cipher(key: &str) -> Cipher {
    Cipher::new(CipherAlgorithm::XChaCha20Poly1305, [key]).unwrap()
}

fn url() -> String {
    Shared::from_secret(*b"12345678901234567890").url("Shop", "ada@example.org")
}

#[test]
fn a_stored_secret_is_sealed_and_comes_back() {
    let config = seal(&cipher("one"), &Random::seeded(1), &url());
    assert!(!config.as_str().contains("otpauth"));
    let kind = CredentialsType::Totp;
    let credentials: Credentials = [sample::credential(kind, "id", config.to_value())]
        .into_iter()
        .collect();
    assert_eq!(
        secret(&cipher("one"), &credentials),
        Shared::from_url(&url()).ok()
    );
    assert_eq!(secret(&cipher("other"), &credentials), None);
}

#[test]
fn an_administrator_sees_the_address() {
    let config = seal(&cipher("one"), &Random::seeded(1), &url());
    assert_eq!(
        reveal(&cipher("one"), &config).to_value(),
        json!({ "totp_url": url() })
    );
    assert_eq!(
        reveal(&cipher("other"), &config).to_value(),
        config.to_value()
    );
}

#[test]
fn odd_configurations_have_no_secret() {
    for odd in [
        json!({}),
        json!([]),
        json!({ "totp_url": 1 }),
        json!({ "totp_url": "otpauth://totp/a?secret=MZXW6YTB" }),
    ] {
        let kind = CredentialsType::Totp;
        let credentials: Credentials = [sample::credential(kind, "id", odd.clone())]
            .into_iter()
            .collect();
        assert_eq!(secret(&cipher("one"), &credentials), None, "{odd}");
        assert_eq!(
            reveal(&cipher("one"), &Json::from(odd.clone())).to_value(),
            odd
        );
    }
}
