//! Sending a request, more than once if need be, and not for ever.

use std::time::Duration;

use http::{Request, Response, StatusCode};

use super::HookError;
use crate::outgoing::{Outgoing, OutgoingError};

/// How long to wait before trying again; one more try than there are pauses.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// How long all tries together may take.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// The answer of a server, whatever its status below 500.
///
/// A server that can't be reached, answers with 429, or with 5xx is tried three times; one that answers too slowly isn't
/// asked again beyond the time limit.
pub(crate) async fn send(
    outgoing: &dyn Outgoing,
    request: &Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, HookError> {
    let answer = tokio::time::timeout(LIMIT, try_repeatedly(outgoing, request)).await;
    answer.unwrap_or(Err(HookError::TimedOut))
}

async fn try_repeatedly(
    outgoing: &dyn Outgoing,
    request: &Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, HookError> {
    for pause in PAUSES {
        let outcome = outgoing.send(request.clone()).await;
        if !worth_another_try(&outcome) {
            return settle(outcome);
        }
        tokio::time::sleep(pause).await;
    }
    settle(outgoing.send(request.clone()).await)
}

type Outcome = Result<Response<Vec<u8>>, OutgoingError>;

fn worth_another_try(outcome: &Outcome) -> bool {
    match outcome {
        Ok(response) => failing(response.status()),
        Err(OutgoingError::TimedOut | OutgoingError::Failed(_)) => true,
        Err(OutgoingError::Forbidden(_) | OutgoingError::TooLarge) => false,
    }
}

/// Whether a server may do better the next time. It won't learn to understand the request.
fn failing(status: StatusCode) -> bool {
    let overtaxed = status == StatusCode::TOO_MANY_REQUESTS;
    overtaxed || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

fn settle(outcome: Outcome) -> Result<Response<Vec<u8>>, HookError> {
    match outcome {
        Ok(response) if failing(response.status()) => Err(HookError::GivenUp(response.status())),
        Ok(response) => Ok(response),
        Err(OutgoingError::TimedOut) => Err(HookError::TimedOut),
        Err(error) => Err(HookError::NoAnswer(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use tokio::time::Instant;

    use super::*;

    /// Answers one after the other; the last one for ever. `None` never comes.
    struct Script {
        answers: Vec<Option<Outcome>>,
        asked: AtomicUsize,
    }

    impl Script {
        fn new(answers: impl IntoIterator<Item = Option<Outcome>>) -> Self {
            Self {
                answers: answers.into_iter().collect(),
                asked: AtomicUsize::new(0),
            }
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::Relaxed)
        }
    }

    #[async_trait]
    impl Outgoing for Script {
        async fn send(&self, _: Request<Vec<u8>>) -> Outcome {
            let turn = self
                .asked
                .fetch_add(1, Ordering::Relaxed)
                .min(self.answers.len() - 1);
            match &self.answers[turn] {
                Some(Ok(response)) => Ok(response.clone()),
                Some(Err(error)) => Err(error.clone()),
                None => std::future::pending().await,
            }
        }
    }

    fn status(status: u16) -> Option<Outcome> {
        Some(Ok(Response::builder()
            .status(status)
            .body(Vec::new())
            .unwrap()))
    }

    fn failed(error: OutgoingError) -> Option<Outcome> {
        Some(Err(error))
    }

    async fn run(script: &Script) -> (Result<u16, HookError>, Duration) {
        let begin = Instant::now();
        let request = Request::post("https://hook.example.org/")
            .body(Vec::new())
            .unwrap();
        let outcome = send(script, &request).await;
        (
            outcome.map(|response| response.status().as_u16()),
            begin.elapsed(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_taken_as_it_is() {
        for code in [200, 204, 301, 400, 404, 422, 501] {
            let script = Script::new([status(code)]);
            assert_eq!(run(&script).await.0.unwrap(), code);
            assert_eq!(script.asked(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_recovers_is_forgiven() {
        let broken = failed(OutgoingError::Failed("no connection".to_owned()));
        let script = Script::new([broken, status(503), status(200)]);
        let (outcome, elapsed) = run(&script).await;
        assert_eq!(outcome.unwrap(), 200);
        assert_eq!((script.asked(), elapsed), (3, Duration::from_secs(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_keeps_failing_is_given_up() {
        let script = Script::new([status(500)]);
        let (outcome, elapsed) = run(&script).await;
        assert!(matches!(
            outcome,
            Err(HookError::GivenUp(StatusCode::INTERNAL_SERVER_ERROR))
        ));
        assert_eq!((script.asked(), elapsed), (3, Duration::from_secs(3)));

        let script = Script::new([status(429)]);
        assert!(matches!(run(&script).await.0, Err(HookError::GivenUp(_))));
        let script = Script::new([failed(OutgoingError::Failed("no connection".to_owned()))]);
        assert!(matches!(run(&script).await.0, Err(HookError::NoAnswer(_))));
        assert_eq!(script.asked(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_no_try_can_change_is_not_tried_again() {
        for error in [
            OutgoingError::TooLarge,
            OutgoingError::Forbidden("10.0.0.1".to_owned()),
        ] {
            let script = Script::new([failed(error)]);
            assert!(matches!(run(&script).await.0, Err(HookError::NoAnswer(_))));
            assert_eq!(script.asked(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_the_limit() {
        let script = Script::new([status(503), None]);
        let (outcome, elapsed) = run(&script).await;
        assert!(matches!(outcome, Err(HookError::TimedOut)));
        assert_eq!(elapsed, LIMIT);
    }
}
