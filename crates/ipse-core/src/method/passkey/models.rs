//! Names of the programs and devices that keep passkeys, by the number each model has (AAGUID).

/// Those that people have most.
const MODELS: &[(&str, &str)] = &[
    ("00000000000000000000000000000000", "unnamed"),
    (
        "ea9b8d664d011d213ce4b6b48cb575d4",
        "Google Password Manager",
    ),
    ("adce000235bcc60a648b0b25f1f05503", "Chrome on Mac"),
    ("08987058cadc4b81b6e130de50dcbe96", "Windows Hello"),
    ("9ddd1817af5a4672a2b93e3dd95000a9", "Windows Hello"),
    ("6028b017b1d44c02b4b3afcdafc96bb2", "Windows Hello"),
    (
        "dd4ec289e01d41c9bb8970fa845d4bf2",
        "iCloud Keychain (Managed)",
    ),
    ("531126d6e717415c93203d9aa6981239", "Dashlane"),
    ("bada5566a7aa401fbd9645619a55120d", "1Password"),
    ("b84e40485dc841afa1b89ac39ba7f5d5", "NordPass"),
    ("0ea242b443c44a1b8b17dd6d0b6baec6", "Keeper"),
    ("f3809540702f4cf083b80a2e1b3e9b2b", "Enpass"),
    ("b5397666488540f3a5d4e6ccf4d4b6f4", "Enpass"),
    ("fbfc3007154e4ecc8c0b6e020557d7bd", "iCloud Keychain"),
    ("53414d53554e47000000000000000000", "Samsung Pass"),
    ("66a0ccb3bd6a191fee06e375c50b9846", "Thales Bio iOS SDK"),
    ("d548826e79b4db40a3d811116f7e8349", "Bitwarden"),
    ("50726f746f6e5061737350726f746f6e", "Proton Pass"),
];

/// The name of a model.
pub(super) fn name(aaguid: &[u8]) -> &'static str {
    let number: String = aaguid.iter().map(|byte| format!("{byte:02x}")).collect();
    let known = MODELS.iter().find(|(model, _)| *model == number);
    known.map_or("unnamed", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_models_have_names() {
        let icloud = [
            0xfb, 0xfc, 0x30, 0x07, 0x15, 0x4e, 0x4e, 0xcc, 0x8c, 0x0b, 0x6e, 0x02, 0x05, 0x57,
            0xd7, 0xbd,
        ];
        assert_eq!(name(&icloud), "iCloud Keychain");
        assert_eq!(
            (name(&[0; 16]), name(&[1; 16]), name(&[])),
            ("unnamed", "unnamed", "unnamed")
        );
    }

    #[test]
    fn every_model_is_a_number_of_its_own() {
        for (index, (model, _)) in MODELS.iter().enumerate() {
            assert_eq!(model.len(), 32);
            assert!(
                !MODELS[..index].iter().any(|(other, _)| other == model),
                "{model}"
            );
        }
    }
}
