//! A thread that answers reads.

use rusqlite::Connection;

use super::queue::Queue;
use super::{Job, Statements};
use crate::StoreError;
use crate::driver::{Query, Row};

/// Answers until the queue is closed.
pub(super) fn run(connection: &Connection, queue: &Queue<Job>) {
    let mut statements = Statements::new(connection);
    while let Some(job) = queue.pop() {
        match job {
            Job::Read(queries, reply) => {
                // Nobody may be waiting any more; then there is nobody to tell.
                let _ = reply.send(answer(&mut statements, &queries));
            }
            Job::Write(_, reply) => {
                let misdirected = StoreError::Unavailable("a reader doesn't write".into());
                let _ = reply.send(Err(misdirected));
            }
        }
    }
}

/// Answers all queries from one snapshot. A single query is one by itself.
pub(super) fn answer(
    statements: &mut Statements<'_>,
    queries: &[Query],
) -> Result<Vec<Vec<Row>>, StoreError> {
    if let [query] = queries {
        return Ok(vec![statements.query(query)?]);
    }
    statements.control("BEGIN")?;
    let answers = queries
        .iter()
        .map(|query| statements.query(query))
        .collect();
    statements.control("COMMIT")?;
    answers
}
