//! Sessions: found by their token, revoked for good, listed newest first.

use ipse_model::{Aal, FlowName, Session, Uuid};

use super::*;
use crate::{Entity, SessionCursor, SessionFilter, StoreError, Unique};

#[tokio::test]
async fn a_token_leads_to_its_session_identity_and_credentials() {
    on_every_database(async |store| {
        let alice = add(&store, 1, "alice").await;
        add(&store, 2, "bob").await;
        let session = session(5, &alice);
        let mut batch = store.batch();
        batch.insert_session(&session, &token(5)).insert_flow(&flow(
            6,
            FlowName::Settings,
            Some(&alice),
        ));
        batch.commit().await.unwrap();

        let found = store.authenticate(&token(5)).await.unwrap().unwrap();
        assert_eq!((&found.session, &found.identity), (&session, &alice));
        assert_eq!(
            store.session(session.id).await.unwrap().as_ref(),
            Some(&found)
        );
        let with_credentials = store.authenticate_with_credentials(&token(5)).await;
        assert_eq!(
            with_credentials,
            Ok(Some((found.clone(), password("alice"))))
        );
        let for_flow = store.authenticate_for_flow(&token(5), id(6)).await.unwrap();
        assert_eq!(for_flow.authenticated, Some(found));
        assert_eq!(for_flow.credentials, password("alice"));
        assert_eq!(
            for_flow.flow,
            Some(flow(6, FlowName::Settings, Some(&alice)))
        );

        assert_eq!(store.authenticate(&token(6)).await, Ok(None));
        assert_eq!(
            store.authenticate_with_credentials(&token(6)).await,
            Ok(None)
        );
        let for_flow = store.authenticate_for_flow(&token(6), id(6)).await.unwrap();
        assert!(for_flow.authenticated.is_none() && for_flow.credentials.is_empty());
        assert!(for_flow.flow.is_some(), "the flow doesn't need the session");
    })
    .await;
}

#[tokio::test]
async fn a_token_belongs_to_one_session() {
    on_every_database(async |store| {
        let alice = add(&store, 1, "alice").await;
        insert(&store, &session(5, &alice), 5).await;
        let mut batch = store.batch();
        batch.insert_session(&session(6, &alice), &token(5));
        assert_eq!(
            batch.commit().await,
            Err(StoreError::Duplicate(Unique::Token))
        );
    })
    .await;
}

async fn insert(store: &crate::Store, session: &Session, number: u8) {
    let mut batch = store.batch();
    batch.insert_session(session, &token(number));
    batch.commit().await.unwrap();
}

#[tokio::test]
async fn a_session_grows_until_it_is_revoked() {
    on_every_database(async |store| {
        let alice = add(&store, 1, "alice").await;
        let mut session = session(5, &alice);
        insert(&store, &session, 5).await;

        session.aal = Aal::Aal2;
        session.expires_at = at(7200);
        session.authenticated_at = at(10);
        session.devices.clear();
        let mut batch = store.batch();
        batch.update_session(&session);
        let again = batch.clone();
        batch.commit().await.unwrap();
        let found = store.session(session.id).await.unwrap().unwrap();
        assert_eq!(found.session, session);

        assert_eq!(store.revoke_session(session.id).await, Ok(true));
        assert_eq!(store.revoke_session(session.id).await, Ok(false));
        assert_eq!(
            again.commit().await,
            Err(StoreError::Conflict(Entity::Session))
        );
        let found = store.session(session.id).await.unwrap().unwrap();
        assert!(!found.session.active, "nothing brings it back");
    })
    .await;
}

#[tokio::test]
async fn sessions_are_revoked_by_owner_token_or_all_but_one() {
    on_every_database(async |store| {
        let alice = add(&store, 1, "alice").await;
        let bob = add(&store, 2, "bob").await;
        for number in 1..=4 {
            insert(&store, &session(u128::from(number) + 10, &alice), number).await;
        }
        insert(&store, &session(20, &bob), 20).await;

        assert_eq!(store.revoke_session_of(bob.id, id(11)).await, Ok(false));
        assert_eq!(store.revoke_session_of(alice.id, id(11)).await, Ok(true));
        assert_eq!(store.revoke_token(&token(2)).await, Ok(true));
        assert_eq!(store.revoke_token(&token(2)).await, Ok(false));
        assert_eq!(
            store.revoke_sessions_except(alice.id, Some(id(13))).await,
            Ok(1)
        );
        let counts = async |number: u8| {
            let found = store.authenticate(&token(number)).await.unwrap().unwrap();
            found.session.active
        };
        assert!(!counts(1).await && !counts(2).await && counts(3).await && !counts(4).await);
        assert!(counts(20).await, "somebody else's stays");
        assert_eq!(store.revoke_sessions_except(alice.id, None).await, Ok(1));
        assert_eq!(store.delete_sessions_of(alice.id).await, Ok(4));
        assert_eq!(store.delete_sessions_of(alice.id).await, Ok(0));
    })
    .await;
}

#[tokio::test]
async fn the_sessions_of_an_identity_are_listed_newest_first() {
    on_every_database(async |store| {
        let alice = add(&store, 1, "alice").await;
        let bob = add(&store, 2, "bob").await;
        for number in 1..=4_u8 {
            let mut session = session(10 + u128::from(number), &alice);
            session.issued_at = at(number.into());
            session.expires_at = at(100 * i64::from(number));
            session.active = number != 3;
            insert(&store, &session, number).await;
        }
        insert(&store, &session(20, &bob), 20).await;

        let list = async |active: Option<bool>, except: Option<Uuid>, page: (u32, u32)| {
            // At this time, 11 has expired.
            let filter = SessionFilter {
                active,
                now: at(100),
                except,
            };
            let page = store.sessions_of(alice.id, &filter, page).await.unwrap();
            let ids: Vec<_> = page.items.iter().map(|s| s.id.as_u128()).collect();
            (ids, page.more, page.total)
        };
        let all = (vec![14, 13, 12, 11], false, Some(4));
        assert_eq!(list(None, None, (0, 10)).await, all);
        assert_eq!(
            list(Some(true), None, (0, 10)).await,
            (vec![14, 12], false, Some(2))
        );
        assert_eq!(
            list(Some(false), None, (0, 10)).await,
            (vec![13, 11], false, Some(2))
        );
        assert_eq!(
            list(Some(true), Some(id(14)), (0, 10)).await,
            (vec![12], false, Some(1))
        );
        assert_eq!(
            list(None, None, (0, 3)).await,
            (vec![14, 13, 12], true, Some(4))
        );
        assert_eq!(list(None, None, (1, 3)).await, (vec![11], false, Some(4)));
    })
    .await;
}

#[tokio::test]
async fn all_sessions_are_walked_with_their_identities() {
    on_every_database(async |store| {
        let alice = add(&store, 1, "alice").await;
        let bob = add(&store, 2, "bob").await;
        for number in 1..=5_u8 {
            let owner = if number % 2 == 0 { &bob } else { &alice };
            let mut session = session(10 + u128::from(number), owner);
            // Two of them at the same instant.
            session.issued_at = at((number / 2).into());
            session.active = number != 5;
            insert(&store, &session, number).await;
        }
        let walk = async |active: Option<bool>| {
            let filter = SessionFilter {
                active,
                now: start(),
                except: None,
            };
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = store.sessions(&filter, after, 2).await.unwrap();
                for found in &page.items {
                    assert_eq!(found.session.identity_id, found.identity.id);
                    seen.push(found.session.id.as_u128());
                }
                after = page
                    .items
                    .last()
                    .map(|found| SessionCursor::of(&found.session));
                if !page.more {
                    return seen;
                }
            }
        };
        assert_eq!(walk(None).await, [15, 14, 13, 12, 11]);
        assert_eq!(walk(Some(true)).await, [14, 13, 12, 11]);
        assert_eq!(walk(Some(false)).await, [15]);
    })
    .await;
}

#[test]
fn a_token_hash_is_not_printed() {
    assert_eq!(format!("{:?}", token(7)), "TokenHash(…)");
}
