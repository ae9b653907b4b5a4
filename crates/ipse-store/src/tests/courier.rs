//! The courier's queue.

use ipse_model::MessageStatus;
use serde_json::json;

use super::*;
use crate::{
    Allowance, Dispatch, DispatchStatus, Entity, KeyHash, Lease, MessageCursor, MessageFilter,
    Settlement, Store, StoreError,
};

async fn queue(store: &Store, messages: &[ipse_model::CourierMessage]) {
    let mut batch = store.batch();
    for message in messages {
        batch.enqueue(message);
    }
    batch.commit().await.unwrap();
}

fn lease(owner: u128, now: i64, limit: u32) -> Lease {
    Lease {
        owner: id(owner),
        now: at(now),
        until: at(now + 60),
        limit,
    }
}

async fn leased(store: &Store, lease: &Lease) -> Vec<u128> {
    let messages = store.lease_messages(lease).await.unwrap();
    for message in &messages {
        assert_eq!(message.status, MessageStatus::Processing);
    }
    messages.iter().map(|m| m.id.as_u128()).collect()
}

#[tokio::test]
async fn a_message_is_leased_to_one_worker_until_the_lease_ends() {
    on_every_database(async |store| {
        assert_eq!(store.next_message_due().await, Ok(None));
        let mut later = message(3, "c@example.org");
        later.next_attempt_at = at(10);
        queue(
            &store,
            &[
                message(1, "a@example.org"),
                message(2, "b@example.org"),
                later,
            ],
        )
        .await;
        assert_eq!(store.next_message_due().await, Ok(Some(at(0))));

        assert_eq!(leased(&store, &lease(1, 0, 1)).await.len(), 1);
        assert_eq!(leased(&store, &lease(2, 0, 9)).await.len(), 1);
        assert_eq!(leased(&store, &lease(3, 0, 9)).await, [0; 0]);
        assert_eq!(store.next_message_due().await, Ok(Some(at(10))));
        assert_eq!(leased(&store, &lease(3, 10, 9)).await, [3]);
        // Worker 1 and 2 have died.
        assert_eq!(leased(&store, &lease(4, 60, 9)).await, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn a_message_is_settled_by_the_worker_that_holds_it() {
    on_every_database(async |store| {
        queue(&store, &[message(1, "a@example.org")]).await;
        assert_eq!(leased(&store, &lease(1, 0, 9)).await, [1]);
        let settlement = |owner, status| Settlement {
            id: id(1),
            owner: id(owner),
            status,
            send_count: 1,
            next_attempt_at: at(30),
            now: at(1),
        };
        let settle = async |settlement: Settlement, dispatch: &Dispatch| {
            let mut batch = store.batch();
            batch.settle_message(&settlement).insert_dispatch(dispatch);
            batch.commit().await
        };
        let failed = Dispatch {
            id: id(1),
            message_id: id(1),
            status: DispatchStatus::Failed,
            error: Some(json!({"reason": "greylisted"}).into()),
            created_at: at(1),
        };
        let refused = settle(settlement(2, MessageStatus::Queued), &failed).await;
        assert_eq!(refused, Err(StoreError::Conflict(Entity::Message)));
        settle(settlement(1, MessageStatus::Queued), &failed)
            .await
            .unwrap();

        assert_eq!(leased(&store, &lease(2, 29, 9)).await, [0; 0]);
        assert_eq!(leased(&store, &lease(2, 30, 9)).await, [1]);
        let success = Dispatch {
            id: id(2),
            status: DispatchStatus::Success,
            error: None,
            created_at: at(31),
            ..failed.clone()
        };
        settle(settlement(2, MessageStatus::Sent), &success)
            .await
            .unwrap();
        let (sent, dispatches) = store.message(id(1)).await.unwrap().unwrap();
        assert_eq!((sent.status, sent.send_count), (MessageStatus::Sent, 1));
        assert_eq!(dispatches, [failed, success]);
        assert_eq!(store.next_message_due().await, Ok(None));
        assert_eq!(leased(&store, &lease(3, 1000, 9)).await, [0; 0]);
        assert_eq!(store.message(id(2)).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn many_workers_never_get_the_same_message() {
    on_every_database(async |store| {
        let messages: Vec<_> = (1..=60).map(|n| message(n, "a@example.org")).collect();
        queue(&store, &messages).await;
        let workers: Vec<_> = (1..=6)
            .map(|owner| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    loop {
                        let some = leased(&store, &lease(owner, 0, 7)).await;
                        if some.is_empty() {
                            return mine;
                        }
                        mine.extend(some);
                    }
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.await.unwrap());
        }
        // A worker that skipped what others had locked may have stopped early.
        all.extend(leased(&store, &lease(9, 0, 99)).await);
        all.sort_unstable();
        assert_eq!(all, (1..=60).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn messages_are_listed_newest_first() {
    on_every_database(async |store| {
        let messages: Vec<_> = (1..=4)
            .map(|number| {
                let mut message = message(number, if number == 2 { "b" } else { "a" });
                message.created_at = at(i64::try_from(number).unwrap() / 2);
                if number == 4 {
                    message.status = MessageStatus::Abandoned;
                }
                message
            })
            .collect();
        queue(&store, &messages).await;
        let list = async |status, recipient: Option<&str>, after, size| {
            let filter = MessageFilter {
                status,
                recipient: recipient.map(str::to_owned),
            };
            let page = store.messages(&filter, after, size).await.unwrap();
            let ids: Vec<_> = page.items.iter().map(|m| m.id.as_u128()).collect();
            (ids, page.more)
        };
        assert_eq!(list(None, None, None, 9).await, (vec![4, 3, 2, 1], false));
        assert_eq!(list(None, None, None, 2).await, (vec![4, 3], true));
        let after = Some(MessageCursor::of(&messages[2]));
        assert_eq!(list(None, None, after, 2).await, (vec![2, 1], false));
        let queued = Some(MessageStatus::Queued);
        assert_eq!(list(queued, None, None, 9).await, (vec![3, 2, 1], false));
        assert_eq!(list(queued, Some("a"), None, 9).await, (vec![3, 1], false));
        assert_eq!(list(None, Some("A"), None, 9).await, (vec![], false));
    })
    .await;
}

#[tokio::test]
async fn queueing_wakes_the_courier_even_if_it_was_not_waiting_yet() {
    on_every_database(async |store| {
        queue(&store, &[message(1, "a@example.org")]).await;
        store.message_queued().await;
        let woken = {
            let store = store.clone();
            tokio::spawn(async move { store.message_queued().await })
        };
        queue(&store, &[message(2, "a@example.org")]).await;
        woken.await.unwrap();
    })
    .await;
}

fn allowance(messages: u32) -> Allowance {
    Allowance {
        key: KeyHash([7; 32]),
        messages,
        window_ends_at: at(3600),
    }
}

async fn send(store: &Store, number: u128, now: i64) {
    let allowance = Allowance {
        window_ends_at: at(now + 3600),
        ..allowance(2)
    };
    let mut batch = store.batch();
    batch.count_message(&allowance, at(now));
    batch.enqueue_within(&message(number, "a@example.org"), &allowance);
    batch.commit().await.unwrap();
}

async fn statuses(store: &Store) -> Vec<MessageStatus> {
    let page = store.messages(&MessageFilter::default(), None, 100).await;
    let mut messages = page.unwrap().items;
    messages.sort_by_key(|message| message.id);
    messages.iter().map(|message| message.status).collect()
}

#[tokio::test]
async fn an_address_gets_no_more_messages_than_it_is_allowed() {
    on_every_database(async |store| {
        use MessageStatus::{Abandoned, Queued};
        for number in 1..=3 {
            send(&store, number, 0).await;
        }
        assert_eq!(statuses(&store).await, [Queued, Queued, Abandoned]);
        // The next stretch of time begins.
        send(&store, 4, 3600).await;
        assert_eq!(statuses(&store).await[3], Queued);
        assert_eq!(leased(&store, &lease(1, 0, 9)).await, [1, 2, 4]);
    })
    .await;
}

#[tokio::test]
async fn many_messages_to_one_address_at_once_are_counted_too() {
    on_every_database(async |store| {
        let sending = (0..40).map(|number| {
            let store = store.clone();
            tokio::spawn(async move { send(&store, number, 0).await })
        });
        for one in sending.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        let statuses = statuses(&store).await;
        let queued = statuses
            .iter()
            .filter(|status| **status == MessageStatus::Queued);
        assert_eq!((statuses.len(), queued.count()), (40, 2));
    })
    .await;
}

async fn rows(store: &Store) -> usize {
    let query = crate::driver::Query::new("SELECT id FROM courier_messages", []);
    store
        .all(query, crate::driver::Row::uuid)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn what_goes_nowhere_is_seen_by_nobody_and_removed() {
    on_every_database(async |store| {
        let mut batch = store.batch();
        batch
            .count_message(&allowance(0), at(0))
            .enqueue_nowhere(&message(1, "a@example.org"), &allowance(0));
        // As a process does that ends before it could remove it.
        let mut left = batch.clone();
        left.keep_decoys();
        left.commit().await.unwrap();
        assert_eq!(rows(&store).await, 1);
        assert_eq!(statuses(&store).await, []);
        assert_eq!(store.message(id(1)).await, Ok(None));
        assert_eq!(store.next_message_due().await, Ok(None));
        assert_eq!(leased(&store, &lease(1, 1_000_000, 9)).await, [0; 0]);

        assert_eq!(store.clean_decoys(at(0), 10).await, Ok(0), "too new");
        assert_eq!(store.clean_decoys(at(1), 10).await, Ok(1));
        assert_eq!(rows(&store).await, 0);

        batch.commit().await.unwrap();
        while rows(&store).await > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
