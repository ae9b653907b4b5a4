//! Plans of migrations that exist and of some that might come.

use super::*;

const LATER: &[Migration] = &[Migration {
    version: 2,
    usable_from: 1,
    name: "later",
    sqlite: "ALTER TABLE identities ADD COLUMN later TEXT;",
    postgres: "-- Says why; and how.\n\
        ALTER TABLE identities ADD COLUMN later text;\n\
        CREATE TABLE IF NOT EXISTS laters (\n id uuid REFERENCES identities (id)\n);\n\
        CREATE INDEX laters_by_id ON laters (id);\n\
        CREATE INDEX identities_by_later ON identities (later);\n\
        CREATE INDEX CONCURRENTLY sessions_by_aal ON sessions(aal);\n\
        ALTER TABLE sessions ALTER COLUMN aal TYPE varchar(8);\n\
        UPDATE identities SET later = '';\n\
        DELETE FROM sessions WHERE active = FALSE;\n\
        DROP TABLE sessions",
}];

fn rows() -> BTreeMap<String, u64> {
    [("identities".to_owned(), 7), ("sessions".to_owned(), 40)].into()
}

#[test]
fn every_change_tells_its_rows_and_locks() {
    let step = &plan(LATER, Dialect::Postgres, &rows())[0];
    let told: Vec<_> = step
        .changes
        .iter()
        .map(|change| {
            let locks = change
                .locks
                .iter()
                .map(|lock| (lock.table.as_str(), lock.mode));
            (change.what.as_str(), change.rows, locks.collect::<Vec<_>>())
        })
        .collect();
    use LockMode::{AccessExclusive, Definition, Rows, Writes};
    assert_eq!(
        told,
        [
            (
                "ALTER TABLE identities ADD COLUMN later text",
                0,
                vec![("identities", AccessExclusive)]
            ),
            (
                "CREATE TABLE IF NOT EXISTS laters",
                0,
                vec![("identities", Writes)]
            ),
            ("CREATE INDEX laters_by_id ON laters (id)", 0, vec![]),
            (
                "CREATE INDEX identities_by_later ON identities (later)",
                7,
                vec![("identities", Writes)]
            ),
            (
                "CREATE INDEX CONCURRENTLY sessions_by_aal ON sessions(aal)",
                40,
                vec![("sessions", Definition)]
            ),
            (
                "ALTER TABLE sessions ALTER COLUMN aal TYPE varchar(8)",
                40,
                vec![("sessions", AccessExclusive)]
            ),
            (
                "UPDATE identities SET later = ''",
                7,
                vec![("identities", Rows)]
            ),
            (
                "DELETE FROM sessions WHERE active = FALSE",
                40,
                vec![("sessions", Rows)]
            ),
            (
                "DROP TABLE sessions",
                40,
                vec![("sessions", AccessExclusive)]
            ),
        ]
    );
}

#[test]
fn sqlite_locks_as_a_whole() {
    let change = &plan(LATER, Dialect::Sqlite, &rows())[0].changes[0];
    assert_eq!(change.locks[0].table, "the whole database");
    assert_eq!(change.locks[0].mode, LockMode::Writes);
    let empty = &plan(LATER, Dialect::Sqlite, &BTreeMap::new())[0].changes[0];
    assert_eq!(empty.locks, []);
}

#[test]
fn every_statement_of_every_migration_is_understood() {
    for step in MIGRATIONS {
        for statement in [step.sqlite, step.postgres]
            .into_iter()
            .flat_map(statements)
        {
            let change = Change::of(&statement);
            let table = change
                .table
                .unwrap_or_else(|| panic!("no table in {statement}"));
            assert!(
                table
                    .bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_lowercase()),
                "{table}"
            );
        }
    }
    assert!(named_tables().contains("identities"));
}

#[test]
fn what_is_not_understood_counts_as_the_worst() {
    let change = Change::of("VACUUM FULL");
    assert_eq!(
        (change.mode, change.touches_rows),
        (LockMode::AccessExclusive, true)
    );
}
