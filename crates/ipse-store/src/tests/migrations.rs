//! The two sets of migrations describe the same tables, and a database that doesn't fit the program is refused.

use std::collections::BTreeMap;

use super::*;
use crate::migrate::MIGRATIONS;
use crate::{OpenOptions, Store, StoreError};

/// Tables with their columns, as the text of a migration names them.
fn catalogue(sql: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut tables = BTreeMap::new();
    let mut table = None;
    for line in sql.lines() {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            let name = rest.split_whitespace().next().unwrap();
            table = Some(name);
            tables.insert(name, Vec::new());
        } else if line.starts_with(')') {
            table = None;
        } else if let (Some(table), Some(column)) = (table, line.split_whitespace().next())
            && column != "PRIMARY"
        {
            tables.get_mut(table).unwrap().push(column);
        }
    }
    tables
}

fn indexes(sql: &str) -> Vec<&str> {
    sql.lines()
        .filter(|line| line.starts_with("CREATE INDEX"))
        .collect()
}

#[test]
fn both_databases_have_the_same_tables_columns_and_indexes() {
    for migration in MIGRATIONS {
        let (sqlite, postgres) = (migration.sqlite, migration.postgres);
        assert_eq!(catalogue(sqlite), catalogue(postgres), "{}", migration.name);
        assert_eq!(indexes(sqlite), indexes(postgres), "{}", migration.name);
    }
    assert_eq!(
        catalogue(MIGRATIONS[0].sqlite)["flow_errors"],
        ["id", "body", "created_at"]
    );
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let versions: Vec<_> = MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .collect();
    assert_eq!(
        versions,
        (1..=i64::try_from(versions.len()).unwrap()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn tables_are_made_only_when_asked_for() {
    let directory = Directory::new();
    let pending = MIGRATIONS.len();
    let unasked = OpenOptions {
        migrate: false,
        ..directory.options()
    };
    assert!(matches!(
        Store::open(&unasked).await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(!directory.database().exists(), "no file is made by looking");

    std::fs::write(directory.database(), "").unwrap();
    assert_eq!(
        Store::open(&unasked).await.err(),
        Some(StoreError::NotMigrated { pending })
    );

    let store = Store::open(&directory.options()).await.unwrap();
    add(&store, 1, "alice").await;
    store.close().await.unwrap();
    let store = Store::open(&unasked).await.unwrap();
    assert!(store.identity(id(1)).await.unwrap().is_some());
    store.close().await.unwrap();
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused() {
    let directory = Directory::new();
    Store::open(&directory.options())
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    let connection = rusqlite::Connection::open(directory.database()).unwrap();
    connection
        .execute(
            "INSERT INTO schema_migrations (version, name) VALUES (99, 'future')",
            (),
        )
        .unwrap();
    drop(connection);
    let supported = MIGRATIONS.last().unwrap().version;
    assert_eq!(
        Store::open(&directory.options()).await.err(),
        Some(StoreError::TooNew {
            found: 99,
            supported
        })
    );
}

#[tokio::test]
async fn a_newer_program_may_leave_the_tables_usable_for_this_one() {
    let directory = Directory::new();
    let store = Store::open(&directory.options()).await.unwrap();
    add(&store, 1, "alice").await;
    store.close().await.unwrap();
    let connection = rusqlite::Connection::open(directory.database()).unwrap();
    let sql = "INSERT INTO schema_migrations (version, name, usable_from) VALUES (99, 'future', 1)";
    connection.execute(sql, ()).unwrap();
    drop(connection);
    let store = Store::open(&directory.options()).await.unwrap();
    assert!(store.identity(id(1)).await.unwrap().is_some());
    store.close().await.unwrap();
}

#[test]
fn steps_never_promise_more_than_those_before_them() {
    for steps in MIGRATIONS.windows(2) {
        assert!(steps[0].version < steps[1].version);
        assert!(steps[0].usable_from <= steps[1].usable_from);
    }
    for step in MIGRATIONS {
        assert!(step.usable_from <= step.version, "{}", step.name);
    }
}

#[tokio::test]
async fn several_processes_may_migrate_at_the_same_time() {
    let directory = Directory::new();
    let options = directory.options();
    let (a, b, c) = tokio::join!(
        Store::open(&options),
        Store::open(&options),
        Store::open(&options)
    );
    let stores = [a.unwrap(), b.unwrap(), c.unwrap()];
    add(&stores[0], 1, "alice").await;
    for store in stores {
        assert!(store.identity(id(1)).await.unwrap().is_some());
        store.close().await.unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_a_new_database() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    let store = Store::open(&directory.options()).await.unwrap();
    add(&store, 1, "alice").await;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_is_no_database_is_said_to_be_none() {
    let directory = Directory::new();
    let in_no_directory = directory.options_at(&directory.path().join("missing/ipse.db"));
    assert!(matches!(
        Store::open(&in_no_directory).await,
        Err(StoreError::Unavailable(_))
    ));

    let a_directory = directory.options_at(directory.path());
    assert!(matches!(
        Store::open(&a_directory).await,
        Err(StoreError::Unavailable(_))
    ));

    std::fs::write(directory.database(), "not a database, ".repeat(100)).unwrap();
    let error = Store::open(&directory.options()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt(_)), "{error}");
}

#[tokio::test]
async fn looking_at_what_is_pending_changes_nothing() {
    let directory = Directory::new();
    let options = directory.options();
    let before = Store::migrations(&options.dsn).await.unwrap();
    assert!(!directory.database().exists(), "no file is made by looking");
    assert!(before.applied.is_empty());
    assert_eq!(before.pending.len(), MIGRATIONS.len());
    let memory = Store::migrations(&ipse_config::Dsn::Memory).await.unwrap();
    assert_eq!(memory, before);

    let store = Store::open(&options).await.unwrap();
    let after = Store::migrations(&options.dsn).await.unwrap();
    assert!(after.pending.is_empty());
    assert_eq!(after.applied[0], (1, "initial"));
    store.close().await.unwrap();
}
