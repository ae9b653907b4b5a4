//! What clients send, well-formed or not.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use ipse_core::flow::form::{Encoding, Form, FormProblem};
use proptest::prelude::*;
use serde_json::{Value, json};

fn decode(content_type: &str, body: impl AsRef<[u8]>) -> Result<Form, FormProblem> {
    let mut headers = HeaderMap::new();
    if !content_type.is_empty() {
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
    }
    super::decode(&Method::POST, &headers, body.as_ref())
}

fn fields(content_type: &str, body: &str) -> Value {
    Value::Object(decode(content_type, body).unwrap().fields)
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=b";

fn part(name: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

#[test]
fn the_same_fields_come_out_of_all_three_encodings() {
    let wanted = json!({
        "method": "profile",
        "traits": { "email": "a+b@example.org", "name": { "first": "Zoë & Söhne" } }
    });
    let json = decode(JSON, wanted.to_string()).unwrap();
    assert_eq!(
        (Value::Object(json.fields), json.encoding),
        (wanted.clone(), Encoding::Json)
    );
    let form = decode(
        FORM,
        "method=profile&traits.email=a%2Bb%40example.org&traits.name.first=Zo%C3%AB+%26+S%C3%B6hne",
    );
    let form = form.unwrap();
    assert_eq!(
        (Value::Object(form.fields), form.encoding),
        (wanted.clone(), Encoding::Form)
    );
    let body = part("method", "profile")
        + &part("traits.email", "a+b@example.org")
        + &part("traits.name.first", "Zoë & Söhne")
        + "--b--\r\n";
    assert_eq!(fields(PARTS, &body), wanted);
}

#[test]
fn dotted_keys_of_json_are_paths_too() {
    let body = r#"{"traits.name.first":"Ada","traits":{"age":3},"traits.email":"x"}"#;
    let wanted = json!({ "traits": { "name": { "first": "Ada" }, "age": 3, "email": "x" } });
    assert_eq!(fields(JSON, body), wanted);
    // Only the topmost ones are: deeper keys may have dots of their own.
    assert_eq!(
        fields(JSON, r#"{"a":{"b.c":1}}"#),
        json!({ "a": { "b.c": 1 } })
    );
    assert_eq!(
        fields(JSON, r#"{"a..b":1,".":2}"#),
        json!({ "a..b": 1, ".": 2 })
    );
}

#[test]
fn a_value_can_not_be_a_group_as_well() {
    for body in [r#"{"a":1,"a.b":2}"#, r#"{"a.b":1,"a":2}"#] {
        assert!(
            matches!(decode(JSON, body), Err(FormProblem::NotAForm(_))),
            "{body}"
        );
    }
    assert!(matches!(
        decode(FORM, "a=1&a.b=2"),
        Err(FormProblem::NotAForm(_))
    ));
}

#[test]
fn repeated_names_are_accepted() {
    assert_eq!(
        fields(FORM, "method=password&x=1&method=profile")["method"],
        "password"
    );
    assert_eq!(fields(FORM, "news=false&news=true")["news"], "true");
    assert_eq!(fields(FORM, "news=false")["news"], "false");
    assert_eq!(
        fields(JSON, r#"{"method":"a","method":"b"}"#)["method"],
        "b"
    );
}

#[test]
fn json_is_taken_generously() {
    assert_eq!(fields(JSON, "\u{feff}{\"a\":1}"), json!({ "a": 1 }));
    assert_eq!(fields(JSON, "{\"a\":1}rubbish"), json!({ "a": 1 }));
    assert_eq!(fields("application/json; charset=utf-8", "{}"), json!({}));
}

#[test]
fn what_is_no_json_object_is_named() {
    for (body, kind) in [
        ("[]", "JSON"),
        ("null", "Null"),
        ("\"text\"", "String"),
        ("12", "Number"),
        ("true", "True"),
        ("false", "False"),
    ] {
        assert_eq!(
            decode(JSON, body),
            Err(FormProblem::NotAnObject(kind)),
            "{body}"
        );
    }
    for body in ["{\"a\":1", "{a:1}", " ", "\u{feff}"] {
        assert_eq!(decode(JSON, body), Err(FormProblem::NotJson), "{body}");
    }
    assert_eq!(decode(JSON, b"\xff\xfe{}"), Err(FormProblem::NotJson));
}

#[test]
fn a_content_type_is_needed() {
    assert_eq!(decode(JSON, ""), Err(FormProblem::Empty));
    for sent in ["", "application/xml", "text/plain; charset=utf-8"] {
        let expected = FormProblem::UnknownContentType {
            method: "POST".to_owned(),
            content_type: sent.to_owned(),
        };
        assert_eq!(decode(sent, "{}"), Err(expected));
    }
}

#[test]
fn text_no_database_can_hold_is_refused() {
    let expected = Err(FormProblem::NotAForm("it has a NUL character in it"));
    assert_eq!(decode(JSON, r#"{"a":{"b":["x\u0000"]}}"#), expected);
    assert_eq!(decode(JSON, r#"{"a\u0000":1}"#), expected);
    assert_eq!(decode(FORM, "a=%00"), expected);
    assert_eq!(decode(FORM, "a%00=1"), expected);
    assert_eq!(
        decode(FORM, "a=%ff"),
        Err(FormProblem::NotAForm("it is not valid UTF-8"))
    );
}

#[test]
fn too_much_and_too_deep_is_refused() {
    let many: Vec<_> = (0..10_000).map(|number| format!("f{number}=x")).collect();
    assert_eq!(decode(FORM, many.join("&")), Err(FormProblem::TooComplex));
    let list = format!("{{\"a\":[{}1]}}", "1,".repeat(10_000));
    assert_eq!(decode(JSON, list), Err(FormProblem::TooComplex));
    let deep = format!("{}1{}", "{\"a\":".repeat(60), "}".repeat(60));
    assert_eq!(decode(JSON, deep), Err(FormProblem::TooComplex));
    let abyss = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    assert_eq!(decode(JSON, abyss), Err(FormProblem::NotJson));
    assert_eq!(
        decode(FORM, vec!["a"; 100].join(".")),
        Err(FormProblem::TooComplex)
    );
}

#[test]
fn multipart_has_its_odd_corners() {
    let file = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nx\r\n";
    let body = format!("preamble\r\n{file}{}--b--", part("a", "1\r\n2"));
    assert_eq!(fields(PARTS, &body), json!({ "a": "1\r\n2" }));
    let quoted = "multipart/form-data; charset=utf-8; boundary=\"b\"";
    assert_eq!(
        fields(quoted, &(part("a\\\"b", "") + "--b--")),
        json!({ "a\"b": "" })
    );
    assert_eq!(fields(PARTS, "x"), json!({}));
    for broken in [
        "--b",
        "--b\r\n",
        "--b\r\n\r\nx\r\n--b--",
        "--b\r\nX: y\r\n\r\nx\r\n--b--",
    ] {
        assert!(
            matches!(decode(PARTS, broken), Err(FormProblem::NotAForm(_))),
            "{broken:?}"
        );
    }
    assert!(matches!(
        decode("multipart/form-data", "x"),
        Err(FormProblem::NotAForm(_))
    ));
}

proptest! {
    #[test]
    fn nothing_makes_the_decoders_panic(
        content_type in prop::sample::select(vec![JSON, FORM, PARTS]),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(content_type, body);
    }

    #[test]
    fn nothing_that_looks_like_a_form_makes_them_panic(
        content_type in prop::sample::select(vec![JSON, FORM, PARTS]),
        body in "[-b\r\n:;=\"\\\\.&%0-9a-f{}\\[\\],]{0,80}",
    ) {
        let _ = decode(content_type, body);
    }

    #[test]
    fn every_text_survives_a_form(name in "[a-z_]{1,10}", value in "[^\0]{0,40}") {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
        prop_assert_eq!(&fields(FORM, &body)[&name], &value);
    }

    #[test]
    fn every_text_survives_multipart(name in "[^\0\r\n.]{1,10}", value in "[^\0\r]{0,40}") {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        let body = part(&escaped, &value) + "--b--";
        prop_assert_eq!(&fields(PARTS, &body)[&name], &value);
    }

    #[test]
    fn json_objects_without_dots_come_out_as_they_are(
        entries in prop::collection::btree_map("[a-z]{1,6}", any::<i64>(), 0..20)
    ) {
        let body = serde_json::to_value(&entries).unwrap();
        prop_assert_eq!(fields(JSON, &body.to_string()), body);
    }
}
