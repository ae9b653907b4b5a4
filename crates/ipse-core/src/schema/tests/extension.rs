//! What the extension finds.

use ipse_model::{Channel, CredentialsType};
use serde_json::json;

use super::{reader, with_traits};

#[test]
fn identifiers_and_addresses_are_found_and_normalised() {
    let traits = json!({
        "phones": ["+49 151 12345678", "+49 (151) 12345678", "+1 212 456 7890"],
        "mail": " Ada@Example.ORG", "card": "AB12"
    });
    let found = reader().extract(&traits);
    assert_eq!(
        found.identifiers(CredentialsType::Password),
        ["ab12", "ada@example.org"]
    );
    assert_eq!(
        found.identifiers(CredentialsType::Webauthn),
        ["ada@example.org"]
    );
    assert_eq!(
        found.identifiers(CredentialsType::Code),
        ["ada@example.org", "+4915112345678", "+12124567890"]
    );
    assert_eq!(
        found.code_addresses[1],
        (Channel::Sms, "+4915112345678".to_owned())
    );
    assert_eq!(
        found.passkey_display_name.as_deref(),
        Some(" Ada@Example.ORG")
    );
    assert_eq!(found.totp_account_name.as_deref(), Some(" Ada@Example.ORG"));
    assert_eq!(
        found.recovery,
        [(Channel::Email, "ada@example.org".to_owned())]
    );
    assert_eq!(found.verifiable.len(), 3);
    assert!(found.identifiers(CredentialsType::Oidc).is_empty());
}

#[test]
fn what_can_not_identify_is_passed_over() {
    for traits in [
        json!(null),
        json!({}),
        json!({"mail": ""}),
        json!({"mail": ["a@b.c"]}),
        json!({"mail": {}}),
    ] {
        assert_eq!(reader().extract(&traits), Default::default(), "{traits}");
    }
}

#[test]
fn numbers_identify_too() {
    let schema = with_traits(json!({"properties": {"number": {
        "type": "integer", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}
    }}}));
    assert_eq!(
        schema
            .extract(&json!({"number": 17}))
            .identifiers(CredentialsType::Password),
        ["17"]
    );
}

#[test]
fn nested_objects_in_lists_are_searched() {
    let schema = with_traits(
        json!({"properties": {"contacts": {"type": "array", "items": {
            "type": "object",
            "properties": {"mail": {"type": "string", "format": "email", "ory.sh/kratos": {"verification": {"via": "email"}}}}
        }}}}),
    );
    let found = schema.extract(
        &json!({"contacts": [{"mail": "a@b.c"}, {}, {"mail": "D@e.f"}, {"mail": "a@b.c"}]}),
    );
    let addresses: Vec<&str> = found
        .verifiable
        .iter()
        .map(|(_, address)| address.as_str())
        .collect();
    assert_eq!(addresses, ["a@b.c", "d@e.f"]);
}

#[test]
fn only_the_alternative_that_fits_counts() {
    let schema = with_traits(json!({"properties": {"who": {"oneOf": [
        {"type": "string", "format": "email", "ory.sh/kratos": {"verification": {"via": "email"}}},
        {"type": "string", "format": "tel", "ory.sh/kratos": {"verification": {"via": "sms"}}}
    ]}}}));
    let mail = schema.extract(&json!({"who": "a@b.c"}));
    assert_eq!(mail.verifiable, [(Channel::Email, "a@b.c".to_owned())]);
    let phone = schema.extract(&json!({"who": "+49 151 12345678"}));
    assert_eq!(
        phone.verifiable,
        [(Channel::Sms, "+4915112345678".to_owned())]
    );
    assert!(schema.validate(&json!({"who": "+49 151 12345678"})).is_ok());
}

#[test]
fn conditions_decide_about_marks() {
    let schema = with_traits(json!({
        "properties": {"plan": {"type": "string"}, "mail": {"type": "string"}},
        "if": {"properties": {"plan": {"const": "pro"}}, "required": ["plan"]},
        "then": {"properties": {"mail": {"ory.sh/kratos": {"recovery": {"via": "email"}}}}},
        "else": {"properties": {"mail": {"ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}}}}
    }));
    let pro = schema.extract(&json!({"plan": "pro", "mail": "a@b.c"}));
    assert_eq!((pro.recovery.len(), pro.identifiers.len()), (1, 0));
    let free = schema.extract(&json!({"mail": "a@b.c"}));
    assert_eq!((free.recovery.len(), free.identifiers.len()), (0, 1));
}

#[test]
fn parts_of_a_schema_add_up() {
    let schema = with_traits(json!({"properties": {"mail": {"allOf": [
        {"type": "string", "format": "email"},
        {"ory.sh/kratos": {"credentials": {"code": {"identifier": true}}}},
        {"ory.sh/kratos": {"recovery": {"via": "email"}}}
    ]}}}));
    let found = schema.extract(&json!({"mail": "a@b.c"}));
    assert_eq!(found.code_addresses, [(Channel::Email, "a@b.c".to_owned())]);
    assert_eq!(found.recovery.len(), 1);
    assert_eq!(schema.fields[0].identifies, [CredentialsType::Code]);
}

#[test]
fn fields_say_what_they_are_for() {
    let schema = reader();
    let names: Vec<&str> = schema
        .identifying(CredentialsType::Password)
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(names, ["traits.card", "traits.mail"]);
    let phones = schema.fields.last().unwrap();
    assert_eq!(
        (phones.name.as_str(), phones.verified_by, phones.recovers_by),
        ("traits.phones", Some(Channel::Sms), None)
    );
}
