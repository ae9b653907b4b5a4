//! Flows and what is sent, paused, exchanged and counted on the way through them.

use ipse_model::{Channel, FlowName, FlowRecord, Json};
use serde_json::json;

use super::*;
use crate::{
    Allowance, Cleaned, Cleaning, CodePurpose, Entity, FlowErrorRecord, KeyHash, OneTimeCode,
    PausedSubmission, Store, StoreError, TokenExchange, Unique,
};

#[tokio::test]
async fn of_two_submissions_of_the_same_form_one_is_saved() {
    on_every_database(async |store| {
        let mut login = flow(6, FlowName::Login, None);
        let mut batch = store.batch();
        batch.insert_flow(&login);
        batch.commit().await.unwrap();
        assert_eq!(store.flow(login.id).await, Ok(Some(login.clone())));

        let alice = add(&store, 1, "alice").await;
        login.identity_id = Some(alice.id);
        login.public = json!({"state": "success"}).into();
        login.private = json!({"attempts": 1}).into();
        login.expires_at = at(9);
        let mut batch = store.batch();
        batch.update_flow(&login);
        let again = batch.clone();
        batch.commit().await.unwrap();
        let saved = FlowRecord {
            version: 2,
            ..login.clone()
        };
        assert_eq!(store.flow(login.id).await, Ok(Some(saved)));
        assert_eq!(
            again.commit().await,
            Err(StoreError::Conflict(Entity::Flow))
        );

        let mut batch = store.batch();
        batch.delete_flow(login.id).delete_flow(login.id);
        batch.commit().await.unwrap();
        assert_eq!(store.flow(login.id).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_written_whole_or_not_at_all() {
    on_every_database(async |store| {
        let stale = flow(6, FlowName::Settings, None);
        let mut batch = store.batch();
        batch
            .insert_identity(&identity(1, "alice"), &password("alice"))
            .enqueue(&message(8, "alice@example.org"))
            .update_flow(&stale);
        assert_eq!(
            batch.commit().await,
            Err(StoreError::Conflict(Entity::Flow))
        );
        assert_eq!(store.identity(id(1)).await, Ok(None));
        assert_eq!(store.message(id(8)).await, Ok(None));

        assert!(store.batch().is_empty());
        assert_eq!(store.batch().commit().await, Ok(()));
    })
    .await;
}

fn code(number: u128, hash: u8, issued: i64) -> OneTimeCode {
    OneTimeCode {
        id: id(number),
        flow_id: id(6),
        purpose: CodePurpose::Recovery,
        code_hash: [hash; 32],
        via: Channel::Email,
        address: "alice@example.org".into(),
        identity_id: None,
        used_at: None,
        issued_at: at(issued),
        expires_at: at(issued + 60),
    }
}

#[tokio::test]
async fn a_code_is_used_once() {
    on_every_database(async |store| {
        let (first, second) = (code(1, 1, 0), code(2, 2, 1));
        let mut batch = store.batch();
        batch.insert_code(&first).insert_code(&second);
        batch.commit().await.unwrap();
        let codes = store.codes_of_flow(id(6)).await.unwrap();
        assert_eq!(
            codes,
            [second.clone(), first.clone()],
            "the newest comes first"
        );

        let by_hash = async |purpose| store.code_by_hash(purpose, [2; 32]).await.unwrap();
        assert_eq!(by_hash(CodePurpose::Recovery).await, Some(second.clone()));
        assert_eq!(by_hash(CodePurpose::Login).await, None);

        let mut batch = store.batch();
        batch.use_code(second.id, at(5));
        let again = batch.clone();
        batch.commit().await.unwrap();
        assert_eq!(
            again.commit().await,
            Err(StoreError::Conflict(Entity::Code))
        );
        let used = by_hash(CodePurpose::Recovery).await.unwrap();
        assert_eq!(used.used_at, Some(at(5)));

        let allowance = Allowance {
            key: KeyHash([9; 32]),
            messages: 1,
            window_ends_at: at(60),
        };
        let replace = async || {
            let mut batch = store.batch();
            batch.count_message(&allowance, at(5));
            batch.replace_unused_codes(id(6), &allowance);
            batch.commit().await.unwrap();
            store.codes_of_flow(id(6)).await.unwrap()
        };
        assert_eq!(replace().await, std::slice::from_ref(&used));
        let third = code(3, 3, 2);
        let mut batch = store.batch();
        batch.insert_code(&third);
        batch.commit().await.unwrap();
        let left = replace().await;
        assert!(left.contains(&third), "nothing takes its place: {left:?}");
    })
    .await;
}

#[tokio::test]
async fn a_paused_submission_is_resumed_once() {
    on_every_database(async |store| {
        let alice = add(&store, 1, "alice").await;
        let paused = |number| PausedSubmission {
            id: id(number),
            name: "settings".into(),
            identity_id: Some(alice.id),
            // Sixteen bytes, like an id.
            sealed: vec![7; 16],
            expires_at: at(900),
        };
        let mut batch = store.batch();
        batch.pause(&paused(1)).pause(&paused(2));
        batch.commit().await.unwrap();

        assert_eq!(store.paused(id(1)).await, Ok(Some(paused(1))));
        assert_eq!(store.take_paused(id(1)).await, Ok(Some(paused(1))));
        assert_eq!(store.take_paused(id(1)).await, Ok(None));
        assert_eq!(store.paused(id(1)).await, Ok(None));

        let mut batch = store.batch();
        batch.take_paused(id(2));
        let again = batch.clone();
        batch.commit().await.unwrap();
        assert_eq!(
            again.commit().await,
            Err(StoreError::Conflict(Entity::Continuity))
        );
    })
    .await;
}

#[tokio::test]
async fn a_session_token_is_exchanged_once_and_for_both_codes_only() {
    on_every_database(async |store| {
        let exchange = TokenExchange {
            id: id(1),
            init_code_hash: [1; 32],
            return_to_code_hash: [2; 32],
            session_id: None,
            sealed_token: None,
            created_at: start(),
            expires_at: at(600),
        };
        let mut batch = store.batch();
        batch.insert_exchange(&exchange);
        batch.commit().await.unwrap();
        assert_eq!(store.exchange(id(1)).await, Ok(Some(exchange.clone())));
        let take = async |init, back| store.take_exchange([init; 32], [back; 32]).await.unwrap();
        assert_eq!(take(1, 2).await, None, "there is no session yet");

        let mut batch = store.batch();
        batch.complete_exchange(id(1), id(5), b"sealed");
        let again = batch.clone();
        batch.commit().await.unwrap();
        assert_eq!(
            again.commit().await,
            Err(StoreError::Conflict(Entity::Exchange))
        );
        assert_eq!(take(1, 3).await, None);
        let complete = TokenExchange {
            session_id: Some(id(5)),
            sealed_token: Some(b"sealed".to_vec()),
            ..exchange
        };
        assert_eq!(take(1, 2).await, Some(complete));
        assert_eq!(take(1, 2).await, None);
    })
    .await;
}

#[tokio::test]
async fn an_error_is_kept_to_be_shown() {
    on_every_database(async |store| {
        let error = FlowErrorRecord {
            id: id(1),
            body: json!({"code": 500}).into(),
            created_at: start(),
        };
        let mut batch = store.batch();
        batch.insert_flow_error(&error);
        batch.commit().await.unwrap();
        assert_eq!(store.flow_error(id(1)).await, Ok(Some(error)));
        assert_eq!(store.flow_error(id(2)).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn attempts_are_counted_per_window() {
    on_every_database(async |store| {
        let key = KeyHash([1; 32]);
        let count = async |now| {
            store
                .count_attempt(key, at(now), at(now + 60))
                .await
                .unwrap()
        };
        assert_eq!(count(0).await, 1);
        assert_eq!(count(1).await, 2);
        assert_eq!(count(59).await, 3, "the first window is still open");
        assert_eq!(count(60).await, 1, "a new one");
        assert_eq!(
            store.count_attempt(KeyHash([2; 32]), at(61), at(70)).await,
            Ok(1)
        );
        assert_eq!(count(61).await, 2);
        let mut batch = store.batch();
        batch.reset_attempts(key);
        batch.commit().await.unwrap();
        assert_eq!(count(62).await, 1);
    })
    .await;
}

#[tokio::test]
async fn however_many_try_at_once_each_attempt_has_its_own_number() {
    on_every_database(async |store| {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    store
                        .count_attempt(KeyHash([1; 32]), start(), at(60))
                        .await
                        .unwrap()
                })
            })
            .collect();
        let mut counts = Vec::new();
        for task in tasks {
            counts.push(task.await.unwrap());
        }
        counts.sort_unstable();
        assert_eq!(counts, (1..=50).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn something_for_a_single_use_is_used_once() {
    on_every_database(async |store| {
        let mut batch = store.batch();
        batch.use_once(KeyHash([1; 32]), at(90));
        let again = batch.clone();
        batch.commit().await.unwrap();
        assert_eq!(
            again.commit().await,
            Err(StoreError::Duplicate(Unique::SingleUse))
        );
    })
    .await;
}

/// Puts one of everything that expires at second 3600 or 60 into the store.
async fn fill(store: &Store, number: u8) {
    let alice = add(store, number.into(), &format!("user{number}")).await;
    let flow_id = 100 + u128::from(number);
    let mut batch = store.batch();
    batch
        .insert_session(&session(number.into(), &alice), &token(number))
        .insert_flow(&flow(flow_id, FlowName::Login, None))
        .insert_code(&code(number.into(), number, 3540))
        .pause(&PausedSubmission {
            id: id(number.into()),
            name: "settings".into(),
            identity_id: None,
            sealed: vec![1],
            expires_at: at(3600),
        })
        .insert_exchange(&TokenExchange {
            id: id(number.into()),
            init_code_hash: [number; 32],
            return_to_code_hash: [2; 32],
            session_id: None,
            sealed_token: None,
            created_at: start(),
            expires_at: at(3600),
        })
        .insert_flow_error(&FlowErrorRecord {
            id: id(number.into()),
            body: Json::empty_object(),
            created_at: at(3600),
        })
        .use_once(KeyHash([number; 32]), at(3600));
    batch.commit().await.unwrap();
    store
        .count_attempt(KeyHash([number; 32]), start(), at(3600))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_has_expired_is_removed_and_nothing_else() {
    on_every_database(async |store| {
        for number in 1..=5 {
            fill(&store, number).await;
        }
        let cleaning = |seconds| Cleaning {
            expired_before: at(seconds),
            sessions_expired_before: at(seconds),
            errors_created_before: at(seconds),
            batch_size: 2,
        };
        let nothing = store.clean_expired(&cleaning(3600)).await;
        assert_eq!(nothing, Ok(Cleaned::default()));

        let (a, b) = (cleaning(3601), cleaning(3601));
        let (a, b) = tokio::join!(store.clean_expired(&a), store.clean_expired(&b));
        let (a, b) = (a.unwrap(), b.unwrap());
        let sum = |part: fn(&Cleaned) -> u64| part(&a) + part(&b);
        assert_eq!(sum(|c| c.flows), 5);
        assert_eq!(sum(|c| c.sessions), 5);
        assert_eq!(sum(|c| c.codes), 5);
        assert_eq!(sum(|c| c.paused), 5);
        assert_eq!(sum(|c| c.exchanges), 5);
        assert_eq!(sum(|c| c.errors), 5);
        assert_eq!(sum(|c| c.limits), 10);
        assert_eq!(store.flow(id(101)).await, Ok(None));
        assert_eq!(store.authenticate(&token(1)).await, Ok(None));
        assert!(store.identity(id(1)).await.unwrap().is_some());
    })
    .await;
}
