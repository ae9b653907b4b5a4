//! The functions as templates call them.

use gotmpl::{Template, Value};
use proptest::prelude::*;
use serde_json::json;

use super::{ALSO_MUST, all};
use crate::template::value::from_json;

fn run(source: &str) -> Result<String, String> {
    let data = from_json(&json!({
        "name": "ada lovelace", "age": 36, "tags": ["b", "a", "b", ""],
        "deep": {"one": {"two": "found"}}, "nothing": null,
    }));
    let template = Template::new("t")
        .funcs(all())
        .parse(source)
        .map_err(|e| e.to_string())?;
    template.execute_to_string(&data).map_err(|e| e.to_string())
}

#[track_caller]
fn check(rows: &[(&str, &str)]) {
    for (source, expected) in rows {
        assert_eq!(
            run(&format!("{{{{ {source} }}}}")).as_deref(),
            Ok(*expected),
            "{source}"
        );
    }
}

#[test]
fn texts() {
    check(&[
        (r#"trim "  a ""#, "a"),
        (r#"trimAll "$" "$5.00$""#, "5.00"),
        (r#""-a-" | trimPrefix "-" | trimSuffix "-""#, "a"),
        (".name | upper | trunc 3", "ADA"),
        (".name | trunc -8", "lovelace"),
        (r#"lower "ÄB""#, "äb"),
        (r#"nospace " a b ""#, "ab"),
        (r#"repeat 3 "ab""#, "ababab"),
        (r#"substr 1 3 "häuser""#, "äu"),
        (r#"substr 3 -1 "häuser""#, "ser"),
        (r#"abbrev 6 "abcdefgh""#, "abc..."),
        ("initials .name", "al"),
        (r#"wrap 5 "aa bb cc""#, "aa bb\ncc"),
        (r#"wrapWith 2 "|" "aa b""#, "aa|b"),
        (r#"contains "love" .name"#, "true"),
        (r#"hasPrefix "ada" .name"#, "true"),
        (r#"hasSuffix "ada" .name"#, "false"),
        (r#"replace "a" "o" .name"#, "odo loveloce"),
        (r#"quote "a\"b" 1"#, r#""a\"b" "1""#),
        (r#"squote "a""#, "'a'"),
        (r#"cat "a" 1 .nothing "b""#, "a 1 b"),
        (r#""a\nb" | indent 2"#, "  a\n  b"),
        (r#""a" | nindent 1"#, "\n a"),
        (r#"plural "code" "codes" 1"#, "code"),
        (r#"plural "code" "codes" 2"#, "codes"),
        ("toString .age", "36"),
    ]);
}

#[test]
fn cases() {
    check(&[
        ("title .name", "Ada Lovelace"),
        (r#"untitle "Ada Lovelace""#, "ada lovelace"),
        (r#"swapcase "aB""#, "Ab"),
        (r#"snakecase "FirstName""#, "first_name"),
        (r#"kebabcase "first_name""#, "first-name"),
        (r#"camelcase "http_server name""#, "HttpServerName"),
    ]);
}

#[test]
fn numbers() {
    check(&[
        ("add 1 2 3", "6"),
        (".age | add1", "37"),
        ("sub 5 2", "3"),
        ("mul 2 3", "6"),
        ("div 7 2", "3"),
        ("mod 7 2", "1"),
        ("max 1 5 3", "5"),
        ("min 4 2", "2"),
        ("floor 1.7", "1"),
        ("ceil 1.2", "2"),
        ("round 3.14159 2", "3.14"),
        (r#"int "12""#, "12"),
        (r#"float64 "1.5""#, "1.5"),
        (r#"int "x""#, "0"),
        ("biggest 1 5 3", "5"),
        ("addf 1.5 2 1", "4.5"),
        ("subf 5 1.5", "3.5"),
        ("mulf 1.5 4", "6"),
        ("divf 3 2", "1.5"),
        ("maxf 1.5 2.5", "2.5"),
        ("minf 1.5 2.5", "1.5"),
        ("add1f 1.5", "2.5"),
        ("until 3", "[0 1 2]"),
        ("untilStep 6 0 -2", "[6 4 2]"),
        ("untilStep 0 6 0", "[]"),
        ("untilStep 0 5 2", "[0 2 4]"),
        ("untilStep 0 5 -1", "[]"),
        ("until -2", "[0 -1]"),
    ]);
    assert!(
        run("{{ div 1 0 }}")
            .unwrap_err()
            .contains("division by zero")
    );
}

#[test]
fn lists() {
    check(&[
        ("list 1 2 | first", "1"),
        ("last .tags | quote", "\"\""),
        ("rest (list 1 2 3)", "[2 3]"),
        ("initial (list 1 2 3)", "[1 2]"),
        ("append (list 1) 2", "[1 2]"),
        ("prepend (list 1) 2", "[2 1]"),
        ("concat (list 1) (list 2 3)", "[1 2 3]"),
        ("reverse (list 1 2)", "[2 1]"),
        (".tags | uniq | compact | join \"+\"", "b+a"),
        ("without .tags \"b\" \"\"", "[a]"),
        ("has \"a\" .tags", "true"),
        ("sortAlpha (list \"b\" \"a\")", "[a b]"),
        (r#"splitList "," "a,b" | last"#, "b"),
        (r#"(split "," "a,b")._1"#, "b"),
        ("first (list)", "<no value>"),
    ]);
}

#[test]
fn dictionaries() {
    check(&[
        (r#"get (dict "a" 1) "a""#, "1"),
        (r#"get (dict "a" 1) "b" | quote"#, "\"\""),
        (r#"hasKey .deep "one""#, "true"),
        (r#"get (set (dict "a" 1) "b" 2) "b""#, "2"),
        (r#"keys (unset (dict "a" 1 "b" 2) "a")"#, "[b]"),
        (r#"values (dict "a" 1 "b" 2)"#, "[1 2]"),
        (r#"keys (pick (dict "a" 1 "b" 2) "a")"#, "[a]"),
        (r#"keys (omit (dict "a" 1 "b" 2) "a")"#, "[b]"),
        (r#"get (merge (dict "a" 1) (dict "a" 2 "b" 3)) "a""#, "1"),
        (
            r#"pluck "a" (dict "a" 1) (dict "b" 2) (dict "a" 3)"#,
            "[1 3]",
        ),
        (r#"dig "one" "two" "none" .deep"#, "found"),
        (r#"dig "one" "three" "none" .deep"#, "none"),
        (r#"dig "one" "two" "three" "none" .deep"#, "none"),
    ]);
}

#[test]
fn values() {
    check(&[
        (r#"default "none" .nothing"#, "none"),
        (r#".name | default "none""#, "ada lovelace"),
        ("empty .nothing", "true"),
        (r#"coalesce .nothing "" "x""#, "x"),
        ("all .name .nothing", "false"),
        ("any .name .nothing", "true"),
        (r#"true | ternary "yes" "no""#, "yes"),
        ("typeOf .age", "float64"),
        ("kindOf .tags", "slice"),
        (r#"kindIs "map" .deep"#, "true"),
        ("deepEqual (list 1) (list 1)", "true"),
    ]);
    assert!(
        run("{{ fail \"no such plan\" }}")
            .unwrap_err()
            .contains("no such plan")
    );
}

#[test]
fn encodings() {
    check(&[
        (r#"b64enc "hi""#, "aGk="),
        (r#"b64dec "aGk=""#, "hi"),
        (
            r#"sha256sum """#,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        ("toJson .age", "36"),
        ("toJson .deep", r#"{"one":{"two":"found"}}"#),
        (r#"(fromJson "{\"a\": [1]}").a"#, "[1]"),
    ]);
    assert!(run("{{ fromJson \"{\" }}").is_err());
}

#[test]
fn patterns() {
    check(&[
        (r#"regexMatch "^a.a" .name"#, "true"),
        (r#"regexFind "l\\w+" .name"#, "lovelace"),
        (r#"regexFindAll "a." .name -1"#, "[ad a  ac]"),
        (
            r#"regexReplaceAll "(\\w+) (\\w+)" .name "${2} ${1}""#,
            "lovelace ada",
        ),
        (r#"regexReplaceAllLiteral "a" "aba" "$1""#, "$1b$1"),
        (r#"regexSplit ",+" "a,,b" -1"#, "[a b]"),
    ]);
    assert!(run("{{ regexMatch \"(\" .name }}").is_err());
}

#[test]
fn wrong_arguments_are_named() {
    assert!(
        run("{{ upper 1 }}")
            .unwrap_err()
            .contains("upper: expected a string, got int")
    );
    assert!(run("{{ join \",\" }}").unwrap_err().contains("join"));
    assert!(
        run("{{ first \"x\" }}")
            .unwrap_err()
            .contains("expected a list")
    );
    assert!(
        run("{{ keys 1 }}")
            .unwrap_err()
            .contains("expected a dictionary")
    );
}

#[test]
fn nothing_fills_the_memory() {
    for source in [
        "{{ repeat 100000000 \"ab\" }}",
        "{{ until 100000000 }}",
        "{{ indent 100000000 \"a\" }}",
        "{{ repeat 1000000 \"a\" | replace \"a\" \"aaaa\" }}",
    ] {
        assert!(run(source).unwrap_err().contains("too long"), "{source}");
    }
}

#[test]
fn what_must_succeed_has_a_name_of_its_own() {
    check(&[
        ("mustAppend (list 1 2) 3", "[1 2 3]"),
        ("mustUniq (list 1 1 2)", "[1 2]"),
        (r#"mustRegexMatch "^a" "abc""#, "true"),
        ("chunk 2 (list 1 2 3)", "[[1 2] [3]]"),
        (r#"trimall "-" "-a-""#, "a"),
        (r#"regexQuoteMeta "1.5""#, r"1\.5"),
        (r#"(mergeOverwrite (dict "a" 1) (dict "a" 2)).a"#, "2"),
        (r#"(deepCopy (dict "a" 1)).a"#, "1"),
    ]);
    assert!(
        ALSO_MUST.iter().all(|name| all().contains_key(*name)),
        "each is an alias"
    );
    assert!(run(r#"{{ mustRegexMatch "(" "a" }}"#).is_err());
}

#[test]
fn the_documentation_names_every_function() {
    let page = include_str!("../../../../../docs/templates.md");
    let known: Vec<&str> = page.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    for name in all().keys() {
        assert!(known.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn there_are_plenty_of_functions() {
    assert!(all().len() >= 100, "{}", all().len());
}

proptest! {
    // Every case calls every function some fifty times.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_function_panics(text in ".{0,12}", number in any::<i64>(), float in any::<f64>()) {
        let values = [
            Value::from(text.as_str()),
            Value::Int(number),
            Value::Float(float),
            Value::Nil,
            vec![Value::from(text.as_str()), Value::Nil].into(),
        ];
        for (_, function) in all() {
            for first in &values {
                let _ = function(&[]);
                let _ = function(std::slice::from_ref(first));
                for second in &values {
                    let _ = function(&[first.clone(), second.clone()]);
                    let _ = function(&[first.clone(), second.clone(), first.clone()]);
                }
            }
        }
    }
}
