//! The thread that writes: units that wait are committed together, each in a savepoint of its own.

use rusqlite::Connection;

use super::queue::Queue;
use super::{Job, Reply, Statements, reader};
use crate::StoreError;
use crate::driver::{Statement, Written};

/// So many units share a commit at most, which bounds how long the first of them waits.
const GROUP: usize = 256;

/// A unit of work and whom to tell.
struct Unit {
    statements: Vec<Statement>,
    reply: Reply<Vec<Written>>,
}

type Outcome = Result<Vec<Written>, StoreError>;

/// Works until the queue is closed, then empties the log.
pub(super) fn run(connection: &Connection, queue: &Queue<Job>) {
    let mut statements = Statements::new(connection);
    while let Some(job) = queue.pop() {
        match job {
            Job::Read(queries, reply) => {
                let _ = reply.send(reader::answer(&mut statements, &queries));
            }
            Job::Write(unit, reply) => {
                let first = Unit {
                    statements: unit,
                    reply,
                };
                group(&mut statements, queue, first);
            }
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
fn group(statements: &mut Statements<'_>, queue: &Queue<Job>, first: Unit) {
    let mut units = vec![first];
    while units.len() < GROUP
        && let Some(Job::Write(unit, reply)) = queue.pop_if(|job| matches!(job, Job::Write(..)))
    {
        units.push(Unit {
            statements: unit,
            reply,
        });
    }
    match attempt(statements, &units) {
        Ok(outcomes) => {
            for (unit, outcome) in units.into_iter().zip(outcomes) {
                tell(unit, outcome);
            }
        }
        // One unit that doesn't fit on the disk must not take the others with it.
        Err(error) => {
            tracing::error!(%error, units = units.len(), "can't write to the database");
            for unit in units {
                let outcome = alone(statements, &unit);
                tell(unit, outcome);
            }
        }
    }
}

fn tell(unit: Unit, outcome: Outcome) {
    // Nobody may be waiting any more; what was written stays written.
    let _ = unit.reply.send(outcome);
}

/// Carries out one unit in a transaction of its own.
fn alone(statements: &mut Statements<'_>, unit: &Unit) -> Outcome {
    let mut outcomes = attempt(statements, std::slice::from_ref(unit))?;
    outcomes.pop().unwrap_or_else(|| Ok(Vec::new()))
}

/// Carries out units in one transaction. `Err` means that none of them was written: the transaction as a whole failed.
fn attempt(statements: &mut Statements<'_>, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
    if let Err(error) = statements.control("BEGIN IMMEDIATE") {
        // Another process holds the file; to ask again for each unit would only take longer.
        return Ok(units.iter().map(|_| Err(error.clone())).collect());
    }
    let mut outcomes = Vec::with_capacity(units.len());
    for unit in units {
        let outcome = carry_out(statements, &unit.statements);
        if statements.is_autocommit() {
            // This failure has rolled back the whole transaction, not only the unit.
            let lost = StoreError::Unavailable("the transaction was undone".into());
            return Err(outcome.err().unwrap_or(lost));
        }
        outcomes.push(outcome);
    }
    match statements.control("COMMIT") {
        Ok(()) => Ok(outcomes),
        Err(error) => {
            if !statements.is_autocommit() {
                statements.control("ROLLBACK")?;
            }
            Err(error)
        }
    }
}

/// Carries out one unit, or leaves no trace of it.
fn carry_out(statements: &mut Statements<'_>, unit: &[Statement]) -> Outcome {
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

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::{self, Receiver};

    use super::*;
    use crate::Entity;
    use crate::driver::sqlite::connection::{Place, open_writer};

    type Answer = Receiver<Result<Vec<Written>, StoreError>>;

    /// A database with one table, and a queue to fill before the writer begins: so it works in one group.
    struct Bench {
        connection: Connection,
        queue: Queue<Job>,
    }

    impl Bench {
        fn new() -> Self {
            let connection = open_writer(&Place::Memory, true).unwrap();
            connection
                .execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
                .unwrap();
            Self {
                connection,
                queue: Queue::new(),
            }
        }

        /// Queues a unit that inserts these rows.
        fn insert(&self, rows: &[(i64, usize)]) -> Answer {
            self.push(rows.iter().map(|&(a, size)| insert(a, size)).collect())
        }

        fn push(&self, unit: Vec<Statement>) -> Answer {
            let (reply, answer) = oneshot::channel();
            self.queue.push(Job::Write(unit, reply)).unwrap();
            answer
        }

        fn run(&self) {
            self.queue.close();
            run(&self.connection, &self.queue);
        }

        fn rows(&self) -> Vec<i64> {
            let mut statement = self
                .connection
                .prepare("SELECT a FROM t ORDER BY a")
                .unwrap();
            let rows = statement.query_map((), |row| row.get(0)).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        }
    }

    fn insert(a: i64, size: usize) -> Statement {
        let params = [a.into(), vec![7; size].as_slice().into()];
        Statement::new("INSERT INTO t (a, b) VALUES ($1, $2)", params)
    }

    fn result(mut answer: Answer) -> Result<usize, StoreError> {
        answer.try_recv().unwrap().map(|written| written.len())
    }

    #[test]
    fn a_failing_unit_leaves_its_neighbours_alone() {
        let bench = Bench::new();
        let update = |a: i64| {
            Statement::new("UPDATE t SET b = NULL WHERE a = $1", [a.into()]).one(Entity::Flow)
        };
        let first = bench.insert(&[(1, 1), (2, 1)]);
        let duplicate = bench.insert(&[(3, 1), (1, 1)]);
        let conflict = bench.push(vec![insert(4, 1), update(1), update(9)]);
        let last = bench.insert(&[(5, 1)]);
        bench.run();
        assert_eq!(result(first), Ok(2));
        assert!(matches!(result(duplicate), Err(StoreError::Duplicate(_))));
        assert_eq!(result(conflict), Err(StoreError::Conflict(Entity::Flow)));
        assert_eq!(result(last), Ok(1));
        assert_eq!(bench.rows(), [1, 2, 5]);
        let untouched: bool = bench
            .connection
            .query_row("SELECT b IS NOT NULL FROM t WHERE a = 1", (), |row| {
                row.get(0)
            })
            .unwrap();
        assert!(untouched, "the change of the failed unit was undone");
    }

    #[test]
    fn units_that_wait_share_a_commit_and_reads_see_what_came_before() {
        let bench = Bench::new();
        let writes: Vec<_> = (0..1000).map(|a| bench.insert(&[(a, 1)])).collect();
        let (reply, mut answer) = oneshot::channel();
        let count = crate::driver::Query::new("SELECT count(*) FROM t", []);
        bench.queue.push(Job::Read(vec![count], reply)).unwrap();
        let after = bench.insert(&[(1000, 1)]);
        bench.run();
        let mut rows = answer.try_recv().unwrap().unwrap();
        assert_eq!(
            rows[0][0].int(),
            Ok(1000),
            "the read was answered in its turn"
        );
        for write in writes {
            assert_eq!(result(write), Ok(1));
        }
        assert_eq!(result(after), Ok(1));
    }

    #[test]
    fn a_full_disk_refuses_what_does_not_fit_and_tells_no_lies() {
        let bench = Bench::new();
        bench
            .connection
            .pragma_update_and_check(None, "max_page_count", 40, |_| Ok(()))
            .unwrap();
        let answers: Vec<_> = (0..60)
            .map(|a| {
                (
                    a,
                    bench.insert(&[(a, if a % 10 == 9 { 200_000 } else { 1000 })]),
                )
            })
            .collect();
        bench.run();
        let mut told = Vec::new();
        for (a, answer) in answers {
            match result(answer) {
                Ok(_) => told.push(a),
                Err(StoreError::Unwritable(reason)) => {
                    assert!(reason.contains("full"), "{reason}");
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(
            bench.rows(),
            told,
            "what was acknowledged is there, and nothing else"
        );
        assert!(
            told.len() > 10,
            "small units are written beside those that don't fit: {told:?}"
        );
        assert!(told.iter().all(|a| a % 10 != 9), "{told:?}");
    }

    #[test]
    fn a_statement_that_makes_no_sense_is_an_error_and_not_the_end() {
        let bench = Bench::new();
        let broken = bench.push(vec![Statement::new("INSERT INTO nowhere VALUES (1)", [])]);
        let fine = bench.insert(&[(1, 1)]);
        bench.run();
        assert!(matches!(result(broken), Err(StoreError::Unavailable(_))));
        assert_eq!(result(fine), Ok(1));
    }
}
