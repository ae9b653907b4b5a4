//! Names of the programs and devices that keep passkeys, by the number each model has (AAGUID).

use ipse_model::Uuid;

/// What a passkey is called that nobody knows a better name for.
const UNNAMED: &str = "unnamed";

/// Those that people have most.
const MODELS: &[(&str, &str)] = &[
    (
        "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
        "Google Password Manager",
    ),
    ("adce0002-35bc-c60a-648b-0b25f1f05503", "Chrome on Mac"),
    ("08987058-cadc-4b81-b6e1-30de50dcbe96", "Windows Hello"),
    ("9ddd1817-af5a-4672-a2b9-3e3dd95000a9", "Windows Hello"),
    ("6028b017-b1d4-4c02-b4b3-afcdafc96bb2", "Windows Hello"),
    (
        "dd4ec289-e01d-41c9-bb89-70fa845d4bf2",
        "iCloud Keychain (Managed)",
    ),
    ("fbfc3007-154e-4ecc-8c0b-6e020557d7bd", "iCloud Keychain"),
    ("531126d6-e717-415c-9320-3d9aa6981239", "Dashlane"),
    ("bada5566-a7aa-401f-bd96-45619a55120d", "1Password"),
    ("b84e4048-15dc-4dd0-8640-f4f60813c8af", "NordPass"),
    ("0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6", "Keeper"),
    ("891494da-2c90-4d31-a9cd-4eab0aed1309", "Sésame"),
    ("f3809540-7f14-49c1-a8b3-8f813b225541", "Enpass"),
    ("b5397666-4885-aa6b-cebf-e52262a439a2", "Chromium Browser"),
    ("771b48fd-d3d4-4f74-9232-fc157ab0507a", "Edge on Mac"),
    ("39a5647e-1853-446c-a1f6-a79bae9f5bc7", "IDmelon"),
    ("d548826e-79b4-db40-a3d8-11116f7e8349", "Bitwarden"),
    ("53414d53-554e-4700-0000-000000000000", "Samsung Pass"),
    ("66a0ccb3-bd6a-191f-ee06-e375c50b9846", "Thales Bio iOS SDK"),
    (
        "8836336a-f590-0921-301d-46427531eee6",
        "Thales Bio Android SDK",
    ),
    (
        "cd69adb5-3c7a-deb9-3177-6800ea6cb72a",
        "Thales PIN Android SDK",
    ),
    ("17290f1e-c212-34d0-1423-365d729f09d9", "Thales PIN iOS SDK"),
    ("50726f74-6f6e-5061-7373-50726f746f6e", "Proton Pass"),
    ("fdb141b2-5d84-443e-8a35-4698c205a502", "KeePassXC"),
    ("eaecdef2-1c31-5634-8639-f1cbd9c00a08", "KeePassDX"),
    (
        "cc45f64e-52a2-451b-831a-4edd8022a202",
        "ToothPic Passkey Provider",
    ),
    ("bfc748bb-3429-4faa-b9f9-7cfa9f3b76d0", "iPasswords"),
    ("b35a26b2-8f6e-4697-ab1d-d44db4da28c6", "Zoho Vault"),
    ("b78a0a55-6ef8-d246-a042-ba0f6d55050c", "LastPass"),
    (
        "d3452668-01fd-4c12-926c-83a4204853aa",
        "Microsoft Password Manager",
    ),
    (
        "d9be9d39-e6a6-4c28-a581-32b044d986e4",
        "Sticky Password Manager",
    ),
    ("a11a5faa-9f32-4b8c-8c5d-2f7d13e8c942", "AliasVault"),
    (
        "a10c6dd9-465e-4226-8198-c7c44b91c555",
        "Kaspersky Password Manager",
    ),
];

/// The name of a model.
pub(super) fn name(aaguid: &[u8; 16]) -> &'static str {
    let number = Uuid::from_bytes(*aaguid).to_string();
    let known = MODELS.iter().find(|(model, _)| *model == number);
    known.map_or(UNNAMED, |(_, name)| name)
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
        assert_eq!(name(b"ProtonPassProton"), "Proton Pass");
        assert_eq!((name(&[0; 16]), name(&[1; 16])), ("unnamed", "unnamed"));
    }

    #[test]
    fn every_model_is_a_number_of_its_own() {
        for (index, (model, _)) in MODELS.iter().enumerate() {
            let parsed: Uuid = model.parse().unwrap();
            assert_eq!(parsed.to_string(), *model);
            assert!(
                !MODELS[..index].iter().any(|(other, _)| other == model),
                "{model}"
            );
        }
    }
}
