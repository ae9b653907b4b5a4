//! Counting and calculating.

use gotmpl::Value;

use super::args::{Args, float, integer};
use super::{Function, Result};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("int", |args| Ok(Value::Int(args.integer(0)?))),
    ("int64", |args| Ok(Value::Int(args.integer(0)?))),
    ("float64", |args| Ok(Value::Float(args.float(0)?))),
    ("atoi", |args| Ok(Value::Int(args.integer(0)?))),
    ("add", |args| {
        Ok(Value::Int(
            args.values.iter().map(integer).fold(0, i64::wrapping_add),
        ))
    }),
    ("add1", |args| {
        Ok(Value::Int(args.integer(0)?.wrapping_add(1)))
    }),
    ("sub", |args| {
        Ok(Value::Int(args.integer(0)?.wrapping_sub(args.integer(1)?)))
    }),
    ("mul", |args| {
        Ok(Value::Int(
            args.values.iter().map(integer).fold(1, i64::wrapping_mul),
        ))
    }),
    ("div", |args| {
        match args.integer(0)?.checked_div(args.integer(1)?) {
            Some(quotient) => Ok(Value::Int(quotient)),
            None => args.fail("division by zero"),
        }
    }),
    ("mod", |args| {
        match args.integer(0)?.checked_rem(args.integer(1)?) {
            Some(rest) => Ok(Value::Int(rest)),
            None => args.fail("division by zero"),
        }
    }),
    ("max", |args| extreme(args, i64::max)),
    ("min", |args| extreme(args, i64::min)),
    ("floor", |args| Ok(Value::Float(args.float(0)?.floor()))),
    ("ceil", |args| Ok(Value::Float(args.float(0)?.ceil()))),
    ("round", |args| {
        let places = i32::try_from(args.integer(1)?.clamp(0, 15)).unwrap_or(0);
        let scale = 10_f64.powi(places);
        Ok(Value::Float((args.float(0)? * scale).round() / scale))
    }),
    ("biggest", |args| extreme(args, i64::max)),
    ("add1f", |args| Ok(Value::Float(args.float(0)? + 1.0))),
    ("addf", |args| calculated(args, |a, b| a + b)),
    ("subf", |args| calculated(args, |a, b| a - b)),
    ("mulf", |args| calculated(args, |a, b| a * b)),
    ("divf", |args| calculated(args, |a, b| a / b)),
    ("maxf", |args| calculated(args, f64::max)),
    ("minf", |args| calculated(args, f64::min)),
    ("until", |args| sequence(args, 0, args.integer(0)?, 1)),
    ("untilStep", |args| {
        sequence(args, args.integer(0)?, args.integer(1)?, args.integer(2)?)
    }),
];

fn extreme(args: &Args<'_>, choose: fn(i64, i64) -> i64) -> Result {
    args.at(0)?;
    let numbers = args.values.iter().map(integer);
    Ok(numbers.reduce(choose).map_or(Value::Nil, Value::Int))
}

/// The first number and each other one in turn.
fn calculated(args: &Args<'_>, with: fn(f64, f64) -> f64) -> Result {
    args.at(0)?;
    let numbers = args.values.iter().map(float);
    Ok(numbers.reduce(with).map_or(Value::Nil, Value::Float))
}

/// The numbers from `start` to before `end`; counts down if `end` lies below.
fn sequence(args: &Args<'_>, start: i64, end: i64, step: i64) -> Result {
    let step = if step == 1 && end < start { -1 } else { step };
    if step == 0 || (end > start) != (step > 0) {
        return Ok(Vec::new().into());
    }
    let count = end.abs_diff(start).div_ceil(step.unsigned_abs());
    let count = args.within_limit(usize::try_from(count).unwrap_or(usize::MAX))?;
    // Saturation is never seen: a number beyond the range would lie behind the end.
    let numbers = std::iter::successors(Some(start), |last| Some(last.saturating_add(step)));
    Ok(numbers
        .take(count)
        .map(Value::Int)
        .collect::<Vec<_>>()
        .into())
}
