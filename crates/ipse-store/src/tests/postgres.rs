//! What only happens with a server: connections break, nodes start together, others are in the way.
//!
//! Without a server (see [`PostgresDatabase::create`]) these tests have nothing to look at.

use super::*;
use crate::{OpenOptions, Store, StoreError};

#[tokio::test]
async fn tables_are_made_only_when_asked_for_and_once() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let pending = crate::migrate::MIGRATIONS.len();
    let unasked = Store::open(&database.options(false)).await;
    assert_eq!(unasked.err(), Some(StoreError::NotMigrated { pending }));
    let dsn = database.options(false).dsn;
    let before = Store::migrations(&dsn).await.unwrap();
    assert_eq!((before.applied.len(), before.pending.len()), (0, pending));
    let harmless = |change: &crate::PlannedChange| change.locks.is_empty() && change.rows == 0;
    assert!(
        before
            .pending
            .iter()
            .all(|step| step.changes.iter().all(harmless))
    );

    let options = database.options(true);
    let (a, b, c) = tokio::join!(
        Store::open(&options),
        Store::open(&options),
        Store::open(&options)
    );
    for store in [a.unwrap(), b.unwrap(), c.unwrap()] {
        store.health().await.unwrap();
        store.close().await.unwrap();
        let closed = store.health().await;
        assert!(matches!(closed, Err(StoreError::Unavailable(_))));
    }
    let after = Store::migrations(&dsn).await.unwrap();
    assert_eq!((after.applied.len(), after.pending.len()), (pending, 0));
    let store = Store::open(&database.options(false)).await.unwrap();
    store.close().await.unwrap();

    database
        .run("INSERT INTO schema_migrations (version, name) VALUES (99, 'future')")
        .await;
    let newer = Store::open(&database.options(true)).await;
    assert!(matches!(
        newer.err(),
        Some(StoreError::TooNew { found: 99, .. })
    ));
    database.drop().await;
}

#[tokio::test]
async fn a_broken_connection_is_replaced() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let store = Store::open(&database.options(true)).await.unwrap();
    for number in 1..=3 {
        add(&store, number, &format!("user{number}")).await;
        database
            .run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        for seen in 1..=number {
            assert!(store.identity(id(seen)).await.unwrap().is_some());
        }
    }
    store.close().await.unwrap();
    database.drop().await;
}

#[tokio::test]
async fn prepared_statements_survive_a_change_of_the_tables() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let store = Store::open(&database.options(true)).await.unwrap();
    let mut alice = add(&store, 1, "alice").await;
    for _ in 0..4 {
        store.identity(alice.id).await.unwrap();
    }
    database
        .run(
            "ALTER TABLE identities ALTER COLUMN external_id TYPE varchar(200); \
             ALTER TABLE identities ADD COLUMN later text",
        )
        .await;
    for _ in 0..4 {
        assert_eq!(store.identity(alice.id).await.unwrap().unwrap(), alice);
    }
    let mut batch = store.batch();
    batch.update_identity(&alice);
    batch.commit().await.unwrap();
    alice.version += 1;
    assert_eq!(store.identity(alice.id).await.unwrap().unwrap(), alice);
    store.close().await.unwrap();
    database.drop().await;
}

/// Units that lock the same rows in opposite orders: the server gives one of them up, and it is tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_in_each_others_way_all_come_through() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let store = Store::open(&database.options(true)).await.unwrap();
    let alice = add(&store, 1, "alice").await;
    let sessions = [session(10, &alice), session(11, &alice)];
    let mut batch = store.batch();
    batch
        .insert_session(&sessions[0], &token(10))
        .insert_session(&sessions[1], &token(11));
    batch.commit().await.unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|number| {
            let mut batch = store.batch();
            batch
                .update_session(&sessions[number % 2])
                .update_session(&sessions[1 - number % 2]);
            tokio::spawn(batch.commit())
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    store.close().await.unwrap();
    database.drop().await;
}

#[tokio::test]
async fn a_unit_larger_than_a_packet_keeps_its_order() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let store = Store::open(&database.options(true)).await.unwrap();
    let mut batch = store.batch();
    for number in 1..=100 {
        let name = format!("user{number}");
        batch.insert_identity(&identity(number, &name), &password(&name));
    }
    batch.commit().await.unwrap();
    assert!(store.identity(id(100)).await.unwrap().is_some());
    store.close().await.unwrap();
    database.drop().await;
}

#[tokio::test]
async fn closing_waits_for_what_is_under_way() {
    let Some(database) = PostgresDatabase::create().await else {
        return;
    };
    let store = Store::open(&database.options(true)).await.unwrap();
    let waiting: Vec<_> = (1..=20)
        .map(|number| {
            let name = format!("user{number}");
            let mut batch = store.batch();
            batch.insert_identity(&identity(number, &name), &password(&name));
            tokio::spawn(batch.commit())
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await.unwrap();
    let mut accepted = 0;
    for task in waiting {
        match task.await.unwrap() {
            Ok(()) => accepted += 1,
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error}"),
        }
    }
    let store = Store::open(&database.options(false)).await.unwrap();
    let paging = crate::Paging::Number { page: 0, size: 1 };
    let page = store
        .identities(&crate::IdentityFilter::All, paging)
        .await
        .unwrap();
    assert_eq!(page.total, Some(accepted));
    store.close().await.unwrap();
    database.drop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    // Port 9 ("discard") of the loopback interface: nobody listens.
    let options = OpenOptions {
        dsn: "postgres://nobody:hunter2@127.0.0.1:9/none"
            .parse()
            .unwrap(),
        migrate: true,
    };
    let error = Store::open(&options).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(!error.to_string().contains("hunter2"));
}
