//! What holds for a SQLite file whatever happens: acknowledged writes last, units are whole, nobody meets a lock.

use std::path::Path;

use ipse_model::Random;

use super::*;
use crate::{Batch, OpenOptions, Store, StoreError};

/// A unit that is easy to recognise: an identity with two sessions.
fn unit(store: &Store, number: u8) -> Batch {
    let name = format!("user{number}");
    let identity = identity(number.into(), &name);
    let mut batch = store.batch();
    batch
        .insert_identity(&identity, &password(&name))
        .insert_session(&session(u128::from(number) * 2, &identity), &token(number))
        .insert_session(
            &session(u128::from(number) * 2 + 1, &identity),
            &token(255 - number),
        );
    batch
}

/// How many units are there; each must be whole.
async fn whole_units(store: &Store, up_to: u8) -> u8 {
    let mut found = 0;
    for number in 1..=up_to {
        let there = [
            store.identity(id(number.into())).await.unwrap().is_some(),
            !store
                .credentials(id(number.into()))
                .await
                .unwrap()
                .is_empty(),
            store.authenticate(&token(number)).await.unwrap().is_some(),
            store
                .authenticate(&token(255 - number))
                .await
                .unwrap()
                .is_some(),
        ];
        assert!(
            there == [true; 4] || there == [false; 4],
            "unit {number} is torn: {there:?}"
        );
        if there[0] {
            assert_eq!(found + 1, number, "a later unit survived an earlier one");
            found = number;
        }
    }
    found
}

/// What a machine that loses power leaves behind: the file and as much of its log as had reached the disk.
fn crash(from: &Path, to: &Path, log: &[u8]) {
    std::fs::copy(from, to).unwrap();
    std::fs::write(to.with_extension("db-wal"), log).unwrap();
}

#[tokio::test]
async fn acknowledged_units_survive_a_crash_and_a_torn_log_holds_whole_units_only() {
    let directory = Directory::new();
    let store = Store::open(&directory.options()).await.unwrap();
    let random = Random::seeded(1);
    let copy = directory.path().join("copy.db");
    for number in 1..=30 {
        unit(&store, number).commit().await.unwrap();
        let log = std::fs::read(directory.path().join("ipse.db-wal")).unwrap();

        crash(&directory.database(), &copy, &log);
        let survivor = Store::open(&directory.options_at(&copy)).await.unwrap();
        assert_eq!(whole_units(&survivor, 30).await, number);
        survivor.close().await.unwrap();

        let [a, b] = random.bytes::<2>().map(usize::from);
        let torn = log.len() * (a * 256 + b) / 65_536;
        crash(&directory.database(), &copy, &log[..torn]);
        // With too little of the log, even the tables are missing.
        if let Ok(survivor) = Store::open(&OpenOptions {
            migrate: false,
            ..directory.options_at(&copy)
        })
        .await
        {
            assert!(whole_units(&survivor, 30).await <= number);
            survivor.close().await.unwrap();
        }
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn closing_carries_out_what_was_accepted_and_leaves_one_file() {
    let directory = Directory::new();
    let store = Store::open(&directory.options()).await.unwrap();
    let waiting: Vec<_> = (1..=20)
        .map(|number| tokio::spawn(unit(&store, number).commit()))
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
    let refused = store.identity(id(1)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    assert!(matches!(
        store.health().await,
        Err(StoreError::Unavailable(_))
    ));
    let files: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");

    let store = Store::open(&directory.options()).await.unwrap();
    assert_eq!(store.health().await, Ok(()));
    assert_eq!(whole_units(&store, 20).await, accepted);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_unit_is_carried_out_even_if_nobody_waits_for_it() {
    on_every_database(async |store| {
        {
            let commit = unit(&store, 1).commit();
            let mut commit = std::pin::pin!(commit);
            // Asked once, then given up.
            std::future::poll_fn(|context| {
                let _ = commit.as_mut().poll(context);
                std::task::Poll::Ready(())
            })
            .await;
        }
        while store.identity(id(1)).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(whole_units(&store, 1).await, 1);
    })
    .await;
}

/// Many tasks that read and write through several stores on one file, as several processes would.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_meets_a_lock() {
    let directory = Directory::new();
    let mut stores = Vec::new();
    for _ in 0..3 {
        stores.push(Store::open(&directory.options()).await.unwrap());
    }
    let tasks: Vec<_> = (1..=120_u8)
        .map(|number| {
            let store = stores[usize::from(number) % stores.len()].clone();
            tokio::spawn(async move {
                unit(&store, number).commit().await.unwrap();
                for _ in 0..5 {
                    let found = store.authenticate(&token(number)).await.unwrap().unwrap();
                    let mut session = found.session;
                    session.expires_at = at(7200);
                    let mut batch = store.batch();
                    batch.update_session(&session);
                    batch.commit().await.unwrap();
                    let found = store.authenticate(&token(number)).await.unwrap().unwrap();
                    assert_eq!(
                        found.session.expires_at,
                        at(7200),
                        "one reads what one wrote"
                    );
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(whole_units(&stores[0], 120).await, 120);
    for store in stores {
        store.close().await.unwrap();
    }
}

/// Of many that change the same identity, one wins per version, and every change that was acknowledged is there.
#[tokio::test]
async fn no_change_is_lost() {
    on_every_database(async |store| {
        add(&store, 1, "alice").await;
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    loop {
                        let mut alice = store.identity(id(1)).await.unwrap().unwrap();
                        let version = alice.version;
                        alice.metadata_public = Some(serde_json::json!(version).into());
                        let mut batch = store.batch();
                        batch.update_identity(&alice);
                        match batch.commit().await {
                            Ok(()) => return,
                            Err(error) => {
                                assert_eq!(error, StoreError::Conflict(crate::Entity::Identity));
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let alice = store.identity(id(1)).await.unwrap().unwrap();
        assert_eq!(alice.version, 21);
        assert_eq!(alice.metadata_public, Some(serde_json::json!(20).into()));
    })
    .await;
}
