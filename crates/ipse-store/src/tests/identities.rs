//! Identities, their addresses and credentials, and lists of them.

use ipse_model::{Channel, CredentialsType, IdentityState, Uuid};
use serde_json::json;

use super::*;
use crate::{AddressPurpose, Entity, IdentityFilter, Paging, StoreError, Unique};

#[tokio::test]
async fn what_was_inserted_is_read_back_as_it_was() {
    on_every_database(async |store| {
        let mut alice = identity(1, "alice");
        alice.state = IdentityState::Inactive;
        alice.state_changed_at = Some(at(1));
        alice.metadata_public = Some(json!(["scalar lists", 1]).into());
        alice.external_id = Some("hr-17".into());
        alice.organization_id = Some(id(77));
        let mut batch = store.batch();
        batch.insert_identity(&alice, &password("alice"));
        batch.commit().await.unwrap();

        let (found, credentials) = store
            .identity_with_credentials(alice.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found, alice);
        assert_eq!(
            found.traits.as_str(),
            alice.traits.as_str(),
            "kept to the letter"
        );
        assert_eq!(credentials, password("alice"));
        assert_eq!(store.credentials(alice.id).await.unwrap(), credentials);
        assert_eq!(store.identity(alice.id).await.unwrap().unwrap(), alice);
        assert_eq!(
            store
                .identity_by_external_id("hr-17")
                .await
                .unwrap()
                .unwrap(),
            alice
        );
        assert_eq!(store.identity(id(2)).await, Ok(None));
        assert_eq!(store.identity_with_credentials(id(2)).await, Ok(None));
        add(&store, 3, "carol").await;
        assert_eq!(
            store.credentials_of(&[id(3), id(2), id(1)]).await,
            Ok(vec![
                password("carol"),
                ipse_model::Credentials::default(),
                password("alice")
            ])
        );
    })
    .await;
}

#[tokio::test]
async fn an_identity_is_saved_only_at_the_version_it_was_read_at() {
    on_every_database(async |store| {
        let mut alice = add(&store, 1, "alice").await;
        alice.traits = json!({"email": "alice@example.org", "name": "Alice"}).into();
        alice.updated_at = at(5);

        let mut batch = store.batch();
        batch.update_identity(&alice);
        let again = batch.clone();
        batch.commit().await.unwrap();
        let saved = store.identity(alice.id).await.unwrap().unwrap();
        assert_eq!((saved.version, &saved.traits), (2, &alice.traits));

        assert_eq!(
            again.commit().await,
            Err(StoreError::Conflict(Entity::Identity))
        );
        assert_eq!(store.identity(alice.id).await.unwrap().unwrap(), saved);
    })
    .await;
}

#[tokio::test]
async fn a_taken_address_identifier_or_external_id_is_named_and_nothing_is_written() {
    on_every_database(async |store| {
        let mut alice = add(&store, 1, "alice").await;
        alice.external_id = Some("17".into());
        let mut batch = store.batch();
        batch.update_identity(&alice);
        batch.commit().await.unwrap();

        let mut other = identity(2, "bob");
        other.external_id = Some("17".into());
        assert_duplicate(&store, &other, "bob", Unique::ExternalId).await;

        let mut other = identity(2, "bob");
        other.verifiable_addresses[0].value = "alice@example.org".into();
        let taken = Unique::Address(AddressPurpose::Verification);
        assert_duplicate(&store, &other, "bob", taken).await;

        let mut other = identity(2, "bob");
        other.recovery_addresses[0].value = "alice@example.org".into();
        let taken = Unique::Address(AddressPurpose::Recovery);
        assert_duplicate(&store, &other, "bob", taken).await;

        let taken = Unique::Identifier(CredentialsType::Password);
        assert_duplicate(&store, &identity(2, "bob"), "alice", taken).await;

        let mut same_id = identity(1, "bob");
        same_id.external_id = Some("18".into());
        let mut batch = store.batch();
        batch.insert_identity(&same_id, &password("bob"));
        assert_eq!(batch.commit().await, Err(StoreError::Duplicate(Unique::Id)));
    })
    .await;
}

async fn assert_duplicate(
    store: &crate::Store,
    identity: &ipse_model::Identity,
    name: &str,
    taken: Unique,
) {
    let mut batch = store.batch();
    batch.insert_identity(identity, &password(name));
    assert_eq!(batch.commit().await, Err(StoreError::Duplicate(taken)));
    assert_eq!(store.identity(identity.id).await, Ok(None));
    assert!(
        store.credentials(identity.id).await.unwrap().is_empty(),
        "nothing of it stays"
    );
}

#[tokio::test]
async fn an_address_that_was_given_up_is_free_again() {
    on_every_database(async |store| {
        let mut alice = add(&store, 1, "alice").await;
        alice.verifiable_addresses[0].value = "new@example.org".into();
        alice.recovery_addresses.clear();
        let mut batch = store.batch();
        batch
            .update_identity(&alice)
            .remove_credential(alice.id, CredentialsType::Password);
        batch.commit().await.unwrap();

        assert_eq!(add(&store, 2, "alice").await.id, id(2));
        let found = store
            .identities_by_address(AddressPurpose::Verification, "new@example.org")
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0, found[0].1.id), (Channel::Email, alice.id));
        let owner = |found: Vec<(Channel, ipse_model::Identity)>| found[0].1.id;
        let found = store
            .identities_by_address(AddressPurpose::Recovery, "alice@example.org")
            .await;
        assert_eq!(owner(found.unwrap()), id(2));
    })
    .await;
}

#[tokio::test]
async fn an_identifier_leads_to_the_identity_and_the_preferred_type_wins() {
    on_every_database(async |store| {
        add(&store, 1, "alice").await;
        let bob = add(&store, 2, "bob").await;
        let mut batch = store.batch();
        // The same text as an identifier of another type belongs to somebody else.
        batch.set_credential(
            bob.id,
            &credential(CredentialsType::Code, "alice@example.org"),
        );
        batch.commit().await.unwrap();

        let (password, code) = (CredentialsType::Password, CredentialsType::Code);
        let find = async |types: &[CredentialsType], identifier: &str| {
            let found = store.identity_by_identifier(types, identifier).await;
            found
                .unwrap()
                .map(|found| (found.kind, found.identity.id.as_u128()))
        };
        assert_eq!(
            find(&[password, code], "alice@example.org").await,
            Some((password, 1))
        );
        assert_eq!(
            find(&[code, password], "alice@example.org").await,
            Some((code, 2))
        );
        assert_eq!(
            find(&[CredentialsType::Oidc], "alice@example.org").await,
            None
        );
        assert_eq!(
            find(&[password], "Alice@example.org").await,
            None,
            "compared as it is"
        );

        let found = store
            .identity_by_identifier(&[code], "alice@example.org")
            .await
            .unwrap()
            .unwrap();
        let kinds: Vec<_> = found.credentials.iter().map(|c| c.kind).collect();
        assert_eq!(kinds, [password, code], "all credentials of that identity");
    })
    .await;
}

#[tokio::test]
async fn credentials_are_set_replaced_and_removed() {
    on_every_database(async |store| {
        let alice = add(&store, 1, "alice").await;
        let totp = credential(CredentialsType::Totp, "1");
        let lookup = credential(CredentialsType::LookupSecret, "1");
        let mut credentials = password("alice");
        credentials.set(totp.clone());
        credentials.set(lookup.clone());
        let mut batch = store.batch();
        batch.set_credentials(alice.id, &credentials);
        batch.commit().await.unwrap();
        assert_eq!(store.credentials(alice.id).await.unwrap(), credentials);

        // Of two callers that use the same lookup secret, one succeeds.
        let mut used = lookup.clone();
        used.config = json!({"secret": "used"}).into();
        used.identifiers = vec!["one".into(), "two".into()];
        let mut batch = store.batch();
        batch.replace_credential(alice.id, &lookup, &used);
        let again = batch.clone();
        batch.commit().await.unwrap();
        assert_eq!(
            again.commit().await,
            Err(StoreError::Conflict(Entity::Credential))
        );

        credentials.remove(CredentialsType::Totp);
        credentials.set(used);
        let mut batch = store.batch();
        batch.remove_credential(alice.id, CredentialsType::Totp);
        batch.commit().await.unwrap();
        assert_eq!(store.credentials(alice.id).await.unwrap(), credentials);
        for (kind, identifier, there) in [
            (CredentialsType::Totp, "1", false),
            (CredentialsType::LookupSecret, "1", false),
            (CredentialsType::LookupSecret, "two", true),
        ] {
            let found = store.identity_by_identifier(&[kind], identifier).await;
            assert_eq!(found.unwrap().is_some(), there, "{kind:?} {identifier}");
        }
    })
    .await;
}

#[tokio::test]
async fn with_an_identity_goes_all_that_belongs_to_it() {
    on_every_database(async |store| {
        let alice = add(&store, 1, "alice").await;
        let mut batch = store.batch();
        batch
            .insert_session(&session(5, &alice), &token(5))
            .insert_flow(&flow(6, ipse_model::FlowName::Settings, Some(&alice)));
        batch.commit().await.unwrap();

        let mut batch = store.batch();
        batch.delete_identity(alice.id);
        let again = batch.clone();
        batch.commit().await.unwrap();
        assert_eq!(
            again.commit().await,
            Err(StoreError::Conflict(Entity::Identity))
        );
        assert_eq!(store.authenticate(&token(5)).await, Ok(None));
        assert_eq!(store.flow(id(6)).await, Ok(None));
        assert!(store.credentials(alice.id).await.unwrap().is_empty());
        add(&store, 2, "alice").await;
    })
    .await;
}

#[tokio::test]
async fn what_belongs_to_nobody_is_refused() {
    on_every_database(async |store| {
        let nobody = identity(1, "nobody");
        let mut batch = store.batch();
        batch.insert_session(&session(5, &nobody), &token(5));
        // Where tables don't refer to each other it is kept until it expires, and found by nobody.
        let expected = match batch.dialect().cascades() {
            true => Err(StoreError::Conflict(Entity::Identity)),
            false => Ok(()),
        };
        assert_eq!(batch.commit().await, expected);
        assert_eq!(store.authenticate(&token(5)).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_text_that_no_database_holds_is_refused_everywhere() {
    on_every_database(async |store| {
        let found = store
            .identity_by_identifier(&[CredentialsType::Password], "a\0b")
            .await;
        assert_eq!(found, Err(StoreError::Unstorable));
        let mut batch = store.batch();
        batch.insert_identity(&identity(1, "alice"), &password("a\0b"));
        assert_eq!(batch.commit().await, Err(StoreError::Unstorable));
    })
    .await;
}

#[tokio::test]
async fn a_list_is_walked_by_its_last_id_or_by_page_numbers() {
    on_every_database(async |store| {
        for number in 1..=5 {
            add(&store, number, &format!("user{number}")).await;
        }
        let ids = |page: &crate::Page<ipse_model::Identity>| {
            page.items
                .iter()
                .map(|i| i.id.as_u128())
                .collect::<Vec<_>>()
        };
        let after = async |last: Option<Uuid>| {
            store
                .identities(&IdentityFilter::All, Paging::After { last, size: 2 })
                .await
                .unwrap()
        };
        let page = after(None).await;
        assert_eq!(
            (ids(&page), page.more, page.total),
            (vec![1, 2], true, None)
        );
        let page = after(Some(id(4))).await;
        assert_eq!((ids(&page), page.more), (vec![5], false));

        let numbered = async |page| {
            store
                .identities(&IdentityFilter::All, Paging::Number { page, size: 2 })
                .await
                .unwrap()
        };
        let page = numbered(1).await;
        assert_eq!(
            (ids(&page), page.more, page.total),
            (vec![3, 4], true, Some(5))
        );
        let page = numbered(9).await;
        assert_eq!(
            (ids(&page), page.more, page.total),
            (vec![], false, Some(5))
        );

        let some = store
            .identities_by_id(&[id(4), id(9), id(2)])
            .await
            .unwrap();
        assert_eq!(
            some.iter().map(|i| i.id.as_u128()).collect::<Vec<_>>(),
            [4, 2]
        );
    })
    .await;
}

#[tokio::test]
async fn a_list_is_filtered_by_identifier_prefix_and_organization() {
    on_every_database(async |store| {
        for (number, name) in [
            (1, "ann"),
            (2, "anna"),
            (3, "bert"),
            (4, "ann%"),
            (5, "änn"),
        ] {
            let mut identity = identity(number, name);
            identity.organization_id = (number > 2).then(|| id(77));
            let mut batch = store.batch();
            batch.insert_identity(&identity, &password(name));
            batch.commit().await.unwrap();
        }
        let list = async |filter: IdentityFilter| {
            let paging = Paging::Number { page: 0, size: 10 };
            let page = store.identities(&filter, paging).await.unwrap();
            assert_eq!(page.total, Some(page.items.len() as u64));
            page.items
                .iter()
                .map(|i| i.id.as_u128())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            list(IdentityFilter::Identifier("ann@example.org".into())).await,
            [1]
        );
        assert_eq!(
            list(IdentityFilter::IdentifierPrefix("ann".into())).await,
            [1, 2, 4]
        );
        assert_eq!(
            list(IdentityFilter::IdentifierPrefix("ann%".into())).await,
            [4]
        );
        assert_eq!(
            list(IdentityFilter::IdentifierPrefix("ä".into())).await,
            [5]
        );
        assert_eq!(
            list(IdentityFilter::IdentifierPrefix(String::new())).await,
            [1, 2, 3, 4, 5]
        );
        assert_eq!(list(IdentityFilter::Organization(id(77))).await, [3, 4, 5]);
        assert_eq!(
            list(IdentityFilter::Identifier("nobody".into())).await,
            [0; 0]
        );
    })
    .await;
}
