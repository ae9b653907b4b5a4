//! Workers as real processes: what they may not do, and what their end means to others.

use std::num::NonZeroUsize;
use std::time::Duration;

use ipse_jsonnet::{Jsonnet, JsonnetError, JsonnetOptions};
use serde_json::{Value, json};

const LOOP: &str = "local f(x) = if x < 0 then x else f(x + 1) tailstrict; f(0)";
const BOMB: &str =
    "local f(x) = if std.length(x) < 0 then x else f(x + x) tailstrict; f('0123456789abcdef')";

fn options() -> JsonnetOptions {
    let mut options = JsonnetOptions::new(env!("CARGO_BIN_EXE_jsonnet-worker"));
    options.args = Vec::new();
    // Generous, for machines that build and test at the same time.
    options.timeout = Duration::from_secs(30);
    options
}

fn jsonnet(workers: u8, timeout: Duration) -> Jsonnet {
    Jsonnet::new(JsonnetOptions {
        workers: NonZeroUsize::MIN.saturating_add(usize::from(workers) - 1),
        timeout,
        ..options()
    })
}

#[tokio::test]
async fn a_snippet_maps_its_variables() {
    let jsonnet = Jsonnet::new(options());
    let (claims, session) = (json!({ "sub": "x" }), json!({ "id": 7 }));
    let snippet = "{ s: std.extVar('claims').sub, i: std.extVar('session').id }";
    for _ in 0..3 {
        let value = jsonnet
            .evaluate(snippet, &[("claims", &claims), ("session", &session)])
            .await;
        assert_eq!(value, Ok(json!({ "s": "x", "i": 7 })));
    }
    let context = json!({ "email": "a@example.org" });
    let body = jsonnet
        .evaluate("function(ctx) { to: ctx.email }", &[("ctx", &context)])
        .await;
    assert_eq!(body, Ok(json!({ "to": "a@example.org" })));
}

#[tokio::test]
async fn errors_keep_their_kind_text_and_place() {
    let jsonnet = Jsonnet::new(options());
    let syntax = jsonnet.evaluate("{ x: ", &[]).await.unwrap_err();
    assert!(matches!(syntax, JsonnetError::Syntax { .. }), "{syntax:?}");
    let runtime = jsonnet
        .evaluate("{ x: error 'cancel' }", &[])
        .await
        .unwrap_err();
    assert!(
        matches!(&runtime, JsonnetError::Runtime { message, location: Some(_) } if message == "cancel"),
        "{runtime:?}"
    );
    assert_eq!(
        runtime.to_string(),
        "the snippet failed at line 1, column 6: cancel"
    );
}

#[tokio::test]
async fn a_loop_is_stopped_and_does_not_stop_others() {
    let jsonnet = jsonnet(2, Duration::from_secs(3));
    let (looping, others) = tokio::join!(jsonnet.evaluate(LOOP, &[]), async {
        let mut values = Vec::new();
        for _ in 0..5 {
            values.push(jsonnet.evaluate("1 + 1", &[]).await);
        }
        values
    });
    assert_eq!(looping, Err(JsonnetError::TimedOut));
    assert_eq!(others, vec![Ok(json!(2)); 5]);
    assert_eq!(jsonnet.evaluate("2 + 2", &[]).await, Ok(json!(4)));
}

#[tokio::test]
async fn an_abandoned_evaluation_frees_its_place() {
    let jsonnet = jsonnet(1, Duration::from_secs(600));
    let abandoned =
        tokio::time::timeout(Duration::from_millis(200), jsonnet.evaluate(LOOP, &[])).await;
    assert!(abandoned.is_err());
    assert_eq!(jsonnet.evaluate("1", &[]).await, Ok(json!(1)));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_memory_bomb_is_stopped_and_the_next_evaluation_works() {
    let jsonnet = jsonnet(1, Duration::from_secs(60));
    for snippet in [BOMB, "std.makeArray(100000000, function(i) [i, i])"] {
        assert_eq!(
            jsonnet.evaluate(snippet, &[]).await,
            Err(JsonnetError::Crashed),
            "{snippet}"
        );
        assert_eq!(jsonnet.evaluate("'fine'", &[]).await, Ok(json!("fine")));
    }
}

#[tokio::test]
async fn imports_and_the_environment_are_out_of_reach() {
    let jsonnet = Jsonnet::new(options());
    for snippet in ["import '/etc/hostname'", "importstr '/etc/hostname'"] {
        let error = jsonnet.evaluate(snippet, &[]).await.unwrap_err();
        assert!(matches!(error, JsonnetError::Runtime { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn many_evaluations_share_few_workers() {
    let jsonnet = Jsonnet::new(options());
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let jsonnet = jsonnet.clone();
            tokio::spawn(async move {
                let value = Value::from(number);
                jsonnet
                    .evaluate("std.extVar('n') * 2", &[("n", &value)])
                    .await
            })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), Ok(json!(number * 2)));
    }
}

#[tokio::test]
async fn a_worker_that_cannot_start_is_told_from_a_snippet_that_fails() {
    for program in ["/nonexistent/program", "/bin/true", "/bin/echo"] {
        let mut options = options();
        options.program = program.into();
        let error = Jsonnet::new(options).evaluate("1", &[]).await.unwrap_err();
        assert!(
            matches!(error, JsonnetError::Unavailable(_)),
            "{program}: {error:?}"
        );
    }
}

#[tokio::test]
async fn input_that_is_too_long_is_an_error() {
    let jsonnet = Jsonnet::new(options());
    let long = Value::from("x".repeat(17 << 20));
    let error = jsonnet.evaluate("1", &[("x", &long)]).await.unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}
