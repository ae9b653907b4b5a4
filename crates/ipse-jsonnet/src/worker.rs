//! The other side of the pipe: evaluates what it is given until there is nothing more.

use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::program::Program;
use serde_json::value::RawValue;

use crate::JsonnetError;
use crate::evaluate::evaluate;
use crate::frame::{self, GREETING, Reply, Request};

/// Deeply nested snippets recurse in the interpreter's parser.
const STACK: usize = 16 << 20;

/// What the program does when it was started as a worker: [`run_worker`] on its standard input and output. Return from `main` right
/// after, since a snippet may still be running when the server that wanted it is gone.
///
/// # Errors
/// When the pipe breaks.
pub fn worker_main() -> io::Result<()> {
    run_worker(io::stdin().lock(), io::stdout())
}

/// Evaluates the requests in `input` and writes the replies to `output`. Returns as soon as the input ends, without waiting for an
/// evaluation under way.
///
/// # Errors
/// When `input` or `output` breaks.
pub fn run_worker(mut input: impl Read, output: impl Write + Send + 'static) -> io::Result<()> {
    let (requests, queue) = mpsc::channel();
    thread::Builder::new()
        .name("jsonnet".to_owned())
        .stack_size(STACK)
        .spawn(move || answer(&queue, output))?;
    while let Some(document) = frame::read(&mut input)? {
        if requests.send(document).is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
    }
    Ok(())
}

/// Answers requests, each with a program of its own that was set up before the request came.
fn answer(queue: &Receiver<Vec<u8>>, mut output: impl Write) -> io::Result<()> {
    let mut greeted = false;
    loop {
        let arena = Arena::new();
        let mut program = Program::new(&arena);
        if !greeted {
            frame::write(&mut output, GREETING)?;
            greeted = true;
        }
        let Ok(document) = queue.recv() else {
            return Ok(());
        };
        frame::write(&mut output, &reply(&mut program, &document)?)?;
    }
}

fn reply(program: &mut Program<'_>, document: &[u8]) -> io::Result<Vec<u8>> {
    let request: Request = serde_json::from_slice(document)?;
    let reply: Reply<Box<RawValue>> = match evaluate(program, &request) {
        Ok(value) => Reply::Value(value),
        Err(error) => Reply::Error(shortened(error)),
    };
    Ok(serde_json::to_vec(&reply)?)
}

/// An error text is made by the snippet and may have any length.
fn shortened(mut error: JsonnetError) -> JsonnetError {
    const LIMIT: usize = 4096;
    if let JsonnetError::Runtime { message, .. } | JsonnetError::Syntax { message, .. } = &mut error
    {
        message.truncate(message.floor_char_boundary(LIMIT));
    }
    error
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::frame::{RequestRef, Variables};

    fn request(snippet: &str, name: &str, value: &Value) -> Vec<u8> {
        serde_json::to_vec(&RequestRef {
            snippet,
            variables: Variables(&[(name, value)]),
        })
        .unwrap()
    }

    #[test]
    fn a_worker_greets_and_answers_one_request_after_the_other() {
        let (input, mut to_worker) = io::pipe().unwrap();
        let (mut from_worker, output) = io::pipe().unwrap();
        let worker = thread::spawn(move || run_worker(input, output));
        let mut next = || frame::read(&mut from_worker).unwrap().unwrap();
        assert_eq!(next(), GREETING);
        for number in 0..3 {
            let document = request("{ n: std.extVar('n') + 1 }", "n", &number.into());
            frame::write(&mut to_worker, &document).unwrap();
            let reply: Reply<Value> = serde_json::from_slice(&next()).unwrap();
            assert!(matches!(reply, Reply::Value(value) if value == json!({ "n": number + 1 })));
        }
        let document = request("error std.repeat('é', 5000)", "n", &Value::Null);
        frame::write(&mut to_worker, &document).unwrap();
        let reply: Reply<Value> = serde_json::from_slice(&next()).unwrap();
        let Reply::Error(JsonnetError::Runtime { message, .. }) = reply else {
            panic!("{reply:?}")
        };
        assert_eq!(message.len(), 4096);
        drop(to_worker);
        worker.join().unwrap().unwrap();
    }

    #[test]
    fn a_worker_ends_with_its_input_though_a_snippet_still_runs() {
        let (input, mut to_worker) = io::pipe().unwrap();
        let worker = thread::spawn(move || run_worker(input, io::sink()));
        // Long enough to be running still, short enough not to disturb the other tests for long.
        let document = request("std.length(std.range(1, 300000))", "n", &Value::Null);
        frame::write(&mut to_worker, &document).unwrap();
        drop(to_worker);
        worker.join().unwrap().unwrap();
    }

    #[test]
    fn broken_input_is_an_error() {
        assert!(run_worker(&[0, 0, 0, 9, 1][..], io::sink()).is_err());
    }
}
