//! Values of any kind: defaults, choices, questions about their type.

use gotmpl::Value;

use super::Function;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("default", |args| {
        // Without a value there is only the default.
        let value = args.values.get(1).filter(|value| value.is_truthy());
        Ok(value.unwrap_or(args.at(0)?).clone())
    }),
    ("empty", |args| Ok(Value::Bool(!args.at(0)?.is_truthy()))),
    ("coalesce", |args| {
        let found = args.values.iter().find(|value| value.is_truthy());
        Ok(found.cloned().unwrap_or(Value::Nil))
    }),
    ("all", |args| {
        Ok(Value::Bool(args.values.iter().all(Value::is_truthy)))
    }),
    ("any", |args| {
        Ok(Value::Bool(args.values.iter().any(Value::is_truthy)))
    }),
    ("ternary", |args| {
        let chosen = if args.at(2)?.is_truthy() {
            args.at(0)?
        } else {
            args.at(1)?
        };
        Ok(chosen.clone())
    }),
    ("fail", |args| args.fail(args.text(0)?)),
    ("typeOf", |args| Ok(args.at(0)?.type_name().into())),
    ("typeIs", |args| {
        Ok(Value::Bool(args.at(1)?.type_name() == args.text(0)?))
    }),
    ("kindOf", |args| Ok(kind(args.at(0)?).into())),
    ("kindIs", |args| {
        Ok(Value::Bool(kind(args.at(1)?) == args.text(0)?))
    }),
    ("deepEqual", |args| {
        Ok(Value::Bool(args.at(0)? == args.at(1)?))
    }),
];

/// What Go's reflection calls it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Uint(_) => "uint",
        Value::Float(_) => "float64",
        Value::String(_) | Value::Safe { .. } => "string",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Function(_) => "func",
    }
}
