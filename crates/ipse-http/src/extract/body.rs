//! Reading bodies, but not more of them than is good.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// A client that needs longer than this for its body doesn't want an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many times the limit is read and thrown away, so that the client gets to read why.
const LEFTOVERS: usize = 4;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is larger than allowed.
    TooLarge,
    /// The connection broke, or the client took too long.
    Broken,
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Unreadable> {
    tokio::time::timeout(PATIENCE, collect(body, limit))
        .await
        .unwrap_or(Err(Unreadable::Broken))
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Unreadable> {
    let mut whole = BytesMut::new();
    let mut length = 0usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Unreadable::Broken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length <= limit {
            whole.extend_from_slice(&data);
        } else if length > limit.saturating_mul(LEFTOVERS) {
            break;
        } else {
            whole.clear();
        }
    }
    if length > limit {
        Err(Unreadable::TooLarge)
    } else {
        Ok(whole.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bodies_up_to_the_limit_are_read_whole() {
        assert_eq!(read(Body::from("12345"), 5).await.unwrap(), "12345");
        assert_eq!(read(Body::empty(), 5).await.unwrap(), "");
        assert_eq!(
            read(Body::from("123456"), 5).await,
            Err(Unreadable::TooLarge)
        );
        assert_eq!(
            read(Body::from(vec![0; 100]), 5).await,
            Err(Unreadable::TooLarge)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let body = Body::new(Endless);
        assert_eq!(read(body, 5).await, Err(Unreadable::Broken));
    }

    /// Sends nothing and doesn't end.
    struct Endless;

    impl http_body::Body for Endless {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }
}
