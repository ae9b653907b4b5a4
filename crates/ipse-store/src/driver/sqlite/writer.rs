//! The thread that writes: units that wait are committed together, each in a savepoint of its own.

use rusqlite::Connection;

use super::queue::Queue;
use super::{Job, Reply, Statements, reader};
use crate::StoreError;
use crate::driver::{Statement, Written};

/// So many units share a commit at most, which bounds how long the first of them waits.
const GROUP: usize = 256;

/// A unit that has been carried out and waits for the commit.
struct Done {
    reply: Reply<Vec<Written>>,
    result: Result<Vec<Written>, StoreError>,
}

/// Works until the queue is closed, then empties the log.
pub(super) fn run(connection: &Connection, queue: &Queue<Job>) {
    let mut statements = Statements::new(connection);
    while let Some(job) = queue.pop() {
        match job {
            Job::Read(queries, reply) => {
                let _ = reply.send(reader::answer(&mut statements, &queries));
            }
            Job::Write(unit, reply) => group(&mut statements, queue, unit, reply),
        }
    }
    drop(statements);
    if let Err(error) =
        connection.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))
    {
        tracing::warn!(%error, "can't empty the log of the database; the next start will");
    }
}

/// Carries out a unit and those that have queued up behind it, commits them together, and only then tells the callers.
fn group(
    statements: &mut Statements<'_>,
    queue: &Queue<Job>,
    unit: Vec<Statement>,
    reply: Reply<Vec<Written>>,
) {
    if let Err(error) = statements.control("BEGIN IMMEDIATE") {
        let _ = reply.send(Err(error));
        return;
    }
    let mut group = vec![Done {
        result: carry_out(statements, &unit),
        reply,
    }];
    while group.len() < GROUP && !statements.is_autocommit() {
        let Some(Job::Write(unit, reply)) = queue.pop_if(|job| matches!(job, Job::Write(..)))
        else {
            break;
        };
        group.push(Done {
            result: carry_out(statements, &unit),
            reply,
        });
    }
    let committed = commit(statements, &group);
    for Done { reply, result } in group {
        let _ = reply.send(committed.clone().and(result));
    }
}

/// Commits the group. When that fails, or some failure has rolled back everything, no unit of it was written.
fn commit(statements: &mut Statements<'_>, group: &[Done]) -> Result<(), StoreError> {
    if statements.is_autocommit() {
        let cause = group
            .iter()
            .find_map(|done| done.result.as_ref().err().cloned());
        return Err(cause.unwrap_or_else(|| StoreError::Unavailable("the group was undone".into())));
    }
    statements.control("COMMIT").inspect_err(|error| {
        tracing::error!(%error, units = group.len(), "can't commit");
        if !statements.is_autocommit()
            && let Err(error) = statements.control("ROLLBACK")
        {
            tracing::error!(%error, "can't roll back");
        }
    })
}

/// Carries out one unit, or leaves no trace of it.
fn carry_out(
    statements: &mut Statements<'_>,
    unit: &[Statement],
) -> Result<Vec<Written>, StoreError> {
    statements.control("SAVEPOINT unit")?;
    let result = unit
        .iter()
        .map(|statement| statements.execute(statement))
        .collect();
    match result {
        Ok(written) => {
            statements.control("RELEASE unit")?;
            Ok(written)
        }
        Err(error) => {
            if !statements.is_autocommit() {
                statements.control("ROLLBACK TO unit")?;
                statements.control("RELEASE unit")?;
            }
            Err(error)
        }
    }
}
