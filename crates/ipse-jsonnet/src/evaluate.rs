//! One evaluation in this process, without any bounds on time and memory: what a worker does.

use rsjsonnet_lang::interner::InternedStr;
use rsjsonnet_lang::program::{
    Callbacks, EvalError, EvalStackTraceItem, ImportError, NativeError, Program, Thunk, Value,
};
use rsjsonnet_lang::span::SpanId;
use serde_json::value::RawValue;

use crate::JsonnetError;
use crate::frame::{MAX_LENGTH, Request};
use crate::message::Source;

/// Calls within calls; as many as other interpreters allow.
const MAX_STACK: usize = 500;

/// Evaluates `request` in a program that has not been used before.
pub(crate) fn evaluate(
    program: &mut Program<'_>,
    request: &Request,
) -> Result<Box<RawValue>, JsonnetError> {
    program.set_max_stack(MAX_STACK);
    let mut arguments = Vec::with_capacity(request.variables.len());
    for (name, value) in &request.variables {
        let name = program.intern_str(name);
        let value = convert(program, value);
        let thunk = program.value_to_thunk(&value);
        program.add_ext_var(name, &thunk);
        arguments.push((name, thunk));
    }
    let text = request.snippet.as_str();
    let (context, _) = program.span_manager_mut().insert_source_context(text.len());
    let source = Source { text, context };
    let thunk = program
        .load_source(context, text.as_bytes(), true, "snippet")
        .map_err(|error| source.load_error(program.span_manager(), &error))?;
    let json = run(program, &thunk, &arguments)
        .map_err(|error| source.evaluation_error(program.span_manager(), &error))?;
    if json.len() > MAX_LENGTH - 1024 {
        return Err(failed("the result is too long"));
    }
    RawValue::from_string(json).map_err(|_| failed("the result is not JSON"))
}

fn run<'p>(
    program: &mut Program<'p>,
    thunk: &Thunk<'p>,
    arguments: &[(InternedStr<'p>, Thunk<'p>)],
) -> Result<String, EvalError> {
    let mut value = program.eval_value(thunk, &mut Nothing)?;
    if value.is_function() {
        value = program.eval_call(thunk, &[], arguments, &mut Nothing)?;
    }
    program.manifest_json(&value, false)
}

fn failed(message: &str) -> JsonnetError {
    JsonnetError::Runtime {
        message: message.to_owned(),
        location: None,
    }
}

/// JSON as the interpreter's value. Numbers become doubles, as everywhere in Jsonnet.
fn convert<'p>(program: &mut Program<'p>, value: &serde_json::Value) -> Value<'p> {
    match value {
        serde_json::Value::Null => Value::null(),
        serde_json::Value::Bool(value) => Value::bool(*value),
        serde_json::Value::Number(number) => Value::number(number.as_f64().unwrap_or(f64::MAX)),
        serde_json::Value::String(text) => Value::string(text),
        serde_json::Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| convert(program, item)).collect();
            program.make_array(&items)
        }
        serde_json::Value::Object(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| {
                    let name = program.intern_str(name);
                    (name, convert(program, value))
                })
                .collect();
            program.make_object(&fields)
        }
    }
}

/// What a snippet can reach outside itself.
struct Nothing;

impl<'p> Callbacks<'p> for Nothing {
    fn import(
        &mut self,
        _program: &mut Program<'p>,
        _from: SpanId,
        _path: &str,
    ) -> Result<Thunk<'p>, ImportError> {
        Err(ImportError)
    }

    fn import_str(
        &mut self,
        _program: &mut Program<'p>,
        _from: SpanId,
        _path: &str,
    ) -> Result<String, ImportError> {
        Err(ImportError)
    }

    fn import_bin(
        &mut self,
        _program: &mut Program<'p>,
        _from: SpanId,
        _path: &str,
    ) -> Result<Vec<u8>, ImportError> {
        Err(ImportError)
    }

    fn trace(&mut self, _program: &mut Program<'p>, _message: &str, _stack: &[EvalStackTraceItem]) {
        // A snippet sees personal data; what it prints belongs nowhere.
    }

    fn native_call(
        &mut self,
        _program: &mut Program<'p>,
        _name: InternedStr<'p>,
        _arguments: &[Value<'p>],
    ) -> Result<Value<'p>, NativeError> {
        Err(NativeError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsjsonnet_lang::arena::Arena;
    use serde_json::{Value, json};

    use super::*;
    use crate::Location;

    fn evaluate_with(snippet: &str, variables: Value) -> Result<Value, JsonnetError> {
        let Value::Object(variables) = variables else {
            panic!("variables have names")
        };
        let arena = Arena::new();
        let request = Request {
            snippet: snippet.to_owned(),
            variables,
        };
        let value = evaluate(&mut Program::new(&arena), &request)?;
        Ok(serde_json::from_str(value.get()).unwrap())
    }

    fn error(snippet: &str) -> JsonnetError {
        evaluate_with(snippet, json!({ "claims": { "sub": "x" } })).unwrap_err()
    }

    fn runtime(message: &str, line: usize, column: usize) -> JsonnetError {
        JsonnetError::Runtime {
            message: message.to_owned(),
            location: Some(Location { line, column }),
        }
    }

    fn syntax(message: &str, line: usize, column: usize) -> JsonnetError {
        JsonnetError::Syntax {
            message: message.to_owned(),
            location: Location { line, column },
        }
    }

    #[test]
    fn a_mapper_sees_its_external_variables() {
        let snippet = "local claims = { email_verified: false } + std.extVar('claims');
            { identity: { traits: { email: claims.email },
              [if claims.email_verified then 'verified_addresses']: [{ via: 'email', value: claims.email }] } }";
        assert_eq!(
            evaluate_with(snippet, json!({ "claims": { "email": "a@example.org" } })),
            Ok(json!({ "identity": { "traits": { "email": "a@example.org" } } }))
        );
        assert_eq!(
            evaluate_with(
                snippet,
                json!({ "claims": { "email": "a@example.org", "email_verified": true } })
            ),
            Ok(
                json!({ "identity": { "traits": { "email": "a@example.org" },
                "verified_addresses": [{ "via": "email", "value": "a@example.org" }] } })
            )
        );
    }

    #[test]
    fn a_function_gets_the_variables_as_arguments() {
        let snippet = "function(ctx) { who: ctx.name, all: std.objectFields(ctx) }";
        assert_eq!(
            evaluate_with(snippet, json!({ "ctx": { "name": "x", "age": 1 } })),
            Ok(json!({ "who": "x", "all": ["age", "name"] }))
        );
        assert_eq!(
            evaluate_with("function(ctx, extra='none') extra", json!({ "ctx": 1 })),
            Ok(json!("none"))
        );
        assert!(matches!(
            evaluate_with("function(other) other", json!({ "ctx": 1 })),
            Err(JsonnetError::Runtime { .. })
        ));
        // A function that makes a function makes no JSON.
        assert!(matches!(
            evaluate_with("function(ctx) function(x) x", json!({ "ctx": 1 })),
            Err(JsonnetError::Runtime { .. })
        ));
    }

    #[test]
    fn error_texts_come_through_as_they_are() {
        assert_eq!(error("error 'cancel'"), runtime("cancel", 1, 1));
        assert_eq!(
            error(
                "local c = std.extVar('claims');\n{ x: if c.sub == 'x' then error 'no ' + c.sub }"
            ),
            runtime("no x", 2, 27)
        );
        assert_eq!(error("assert 1 > 2 : 'odd'; 1"), runtime("odd", 1, 1));
    }

    #[test]
    fn what_went_wrong_is_said_with_its_place() {
        assert_eq!(
            error("{\n  a: std.extVar('claims').nothing,\n}"),
            runtime("the object has no field \"nothing\"", 2, 6)
        );
        let unknown = error("std.extVar('nothing')");
        assert!(
            unknown
                .to_string()
                .contains("no external variable \"nothing\""),
            "{unknown}"
        );
        assert_eq!(
            error("{ x: y }"),
            syntax("there is no variable \"y\"", 1, 6)
        );
        assert_eq!(
            error("{ x: 'é' y }"),
            syntax("\"y\" was not expected here", 1, 10)
        );
        assert_eq!(
            error("{ x: "),
            syntax("the end of the snippet was not expected here", 1, 6)
        );
        assert_eq!(error("{ x: 'a"), syntax("unfinished string", 1, 6));
        assert_eq!(
            error("local a = 1, a = 2; a"),
            syntax("\"a\" is defined twice", 1, 14)
        );
        assert!(matches!(error(""), JsonnetError::Syntax { .. }));
    }

    #[test]
    fn imports_are_refused() {
        for snippet in [
            "import 'a.jsonnet'",
            "importstr '/etc/passwd'",
            "importbin '/etc/passwd'",
        ] {
            let error = error(snippet).to_string();
            assert!(error.contains("cannot be imported"), "{error}");
        }
        assert!(matches!(
            error("std.native('x')(1)"),
            JsonnetError::Runtime { .. }
        ));
    }

    #[test]
    fn endless_recursion_is_an_error() {
        let error = error("local f(x) = 1 + f(x + 1); f(0)");
        assert!(error.to_string().contains("stack overflow"), "{error}");
    }

    #[test]
    fn a_result_that_is_too_long_is_an_error() {
        let error = error("std.repeat('0123456789abcdef', 1048577)");
        assert!(error.to_string().contains("too long"), "{error}");
    }

    #[test]
    fn whole_numbers_stay_whole() {
        assert_eq!(
            evaluate_with(
                "std.extVar('n') + [1, 0.5, 1e3]",
                json!({ "n": [42, -7, 1.25] })
            ),
            Ok(json!([42, -7, 1.25, 1, 0.5, 1000]))
        );
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-1_000_000_000_i64..1_000_000_000).prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..4)
                    .prop_map(|fields| fields.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_value_passes_through(value in anything()) {
            prop_assert_eq!(
                evaluate_with("std.extVar('v')", json!({ "v": value })),
                Ok(value)
            );
        }

        #[test]
        fn any_text_can_be_a_snippet(snippet in "[-+*a-z0-9 {}()\\[\\],:;'\".=|\n]{0,40}") {
            // Whatever comes of it, the interpreter does not panic.
            let _ = evaluate_with(&snippet, json!({}));
        }
    }
}
