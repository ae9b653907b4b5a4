//! Identities in the database, as an administrator works on them.

use ipse_model::{CredentialsType, PasswordConfig, Uuid};
use serde_json::{Value, json};

use super::{
    batch, create, delete, delete_credential, get, get_by_external_id, list, patch, update,
};
use crate::ApiError;
use crate::identity::tests::fixture::{Fixture, parsed};

const NOBODY: &str = "9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e";

async fn refused(fixture: &Fixture, body: Value) -> ApiError {
    fixture.create(&body).await.unwrap_err()
}

async fn patched(fixture: &Fixture, id: Uuid, operations: Value) -> Result<Value, ApiError> {
    let body = patch(
        &fixture.cx(),
        &id.to_string(),
        operations.to_string().as_bytes(),
    )
    .await?;
    Ok(parsed(&body))
}

async fn replaced(fixture: &Fixture, id: Uuid, body: Value) -> Result<Value, ApiError> {
    let body = update(&fixture.cx(), &id.to_string(), body.to_string().as_bytes()).await?;
    Ok(parsed(&body))
}

#[tokio::test]
async fn traits_are_all_it_takes() {
    let fixture = Fixture::new().await;
    let created = fixture
        .create(&json!({ "traits": { "email": "ADA@Example.org" } }))
        .await
        .unwrap();
    assert_eq!(created["traits"]["email"], "ADA@Example.org");
    assert_eq!(created["schema_id"], "default");
    assert_eq!(
        created["credentials"]["password"]["identifiers"],
        json!(["ada@example.org"])
    );
    assert_eq!(
        created["verifiable_addresses"][0]["value"],
        "ada@example.org"
    );
    assert_eq!(created["recovery_addresses"][0]["value"], "ada@example.org");
    assert_eq!(created["state_changed_at"], created["created_at"]);
    let shown = get(&fixture.cx(), created["id"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(parsed(&shown), created);
}

#[tokio::test]
async fn what_cannot_be_taken_is_a_bad_request() {
    let fixture = Fixture::new().await;
    for (body, has_reason) in [
        (json!({}), true),
        (json!({ "traits": null }), true),
        (json!({ "traits": "text" }), true),
        (json!({ "traits": { "email": "notanemail" } }), true),
        (
            json!({ "traits": { "email": "ada@example.org", "shoe_size": 43 } }),
            true,
        ),
        (json!({ "schema_id": "nothing", "traits": {} }), true),
        (
            json!({ "state": "asleep", "traits": { "email": "ada@example.org" } }),
            true,
        ),
        (json!({ "colour": "red" }), false),
        (json!([]), false),
    ] {
        let error = refused(&fixture, body.clone()).await;
        assert_eq!(
            (error.status, error.reason.is_some()),
            (400, has_reason),
            "{body}"
        );
    }
    let error = create(&fixture.cx(), b"{").await.unwrap_err();
    assert_eq!((error.status, error.reason), (400, None));
    assert_eq!(parsed(&list(&fixture.cx()).await.unwrap().body), json!([]));
}

#[tokio::test]
async fn identifiers_and_names_are_unique() {
    let fixture = Fixture::new().await;
    let ada = json!({ "traits": { "email": "ada@example.org" }, "external_id": "crm/7" });
    fixture.create(&ada).await.unwrap();
    for taken in [
        json!({ "traits": { "email": "ADA@example.org" } }),
        json!({ "traits": { "email": "bob@example.org" }, "external_id": "crm/7" }),
        json!({ "traits": { "login": "ada@example.org" }, "schema_id": "staff" }),
    ] {
        assert_eq!(
            refused(&fixture, taken.clone()).await.status,
            409,
            "{taken}"
        );
    }
}

#[tokio::test]
async fn a_password_comes_plain_hashed_or_by_the_migration_hook() {
    let fixture = Fixture::new().await;
    let import = async |address: &str, config: Value| {
        let body = json!({
            "traits": { "email": address }, "credentials": { "password": { "config": config } },
        });
        let created = fixture.create(&body).await?;
        let (_, credentials) = fixture
            .stored(created["id"].as_str().unwrap().parse().unwrap())
            .await;
        let password = credentials.get(CredentialsType::Password).unwrap();
        Ok::<_, ApiError>(password.config.parse::<PasswordConfig>().unwrap())
    };
    let plain = import("a@example.org", json!({ "password": "correct horse" }))
        .await
        .unwrap();
    assert!(
        plain.hashed_password.starts_with("$2a$04$"),
        "{}",
        plain.hashed_password
    );
    let hash = json!({ "hashed_password": "$md5$damaged" });
    assert_eq!(
        import("b@example.org", hash).await.unwrap().hashed_password,
        "$md5$damaged"
    );
    let hook = json!({ "use_password_migration_hook": true });
    assert!(
        import("c@example.org", hook)
            .await
            .unwrap()
            .use_password_migration_hook
    );
    for odd in [json!({}), json!({ "hashed_password": "$nonsense$abc" })] {
        let error = import("d@example.org", odd).await.unwrap_err();
        assert_eq!((error.status, error.reason.is_some()), (400, true));
    }
}

#[tokio::test]
async fn an_address_among_the_traits_can_come_verified() {
    let fixture = Fixture::new().await;
    let address = |value: &str, via: &str| json!({ "value": value, "via": via, "verified": true, "status": "completed" });
    let create = async |address: Value| {
        let mail = address["value"].as_str().unwrap().replace("other", "own");
        let body = json!({ "traits": { "email": mail }, "verifiable_addresses": [address] });
        fixture.create(&body).await.unwrap()["verifiable_addresses"].clone()
    };
    let known = create(address("ADA@example.org", "email")).await;
    assert_eq!(
        (&known[0]["verified"], &known[0]["status"]),
        (&json!(true), &json!("completed"))
    );
    assert_eq!(known[0]["verified_at"], "2026-01-02T03:04:05Z");
    for unknown in [
        address("other@example.org", "email"),
        address("bob@example.org", "pigeon"),
    ] {
        let addresses = create(unknown).await;
        assert_eq!(addresses.as_array().unwrap().len(), 1);
        assert_eq!(addresses[0]["verified"], false);
    }
}

#[tokio::test]
async fn the_configuration_of_credentials_is_shown_on_request() {
    let fixture = Fixture::new().await;
    let body = json!({
        "traits": { "email": "ada@example.org" }, "external_id": "crm/7",
        "credentials": { "password": { "config": { "hashed_password": "$md5$x" } } },
    });
    fixture.create(&body).await.unwrap();
    let shown = async |query: &str| get_by_external_id(&fixture.asked(query), "crm/7").await;
    let password = |body: &str| parsed(body)["credentials"]["password"].clone();
    assert_eq!(password(&shown("").await.unwrap()).get("config"), None);
    let with = password(
        &shown("include_credential=password&include_credential=oidc")
            .await
            .unwrap(),
    );
    assert_eq!(with["config"], json!({ "hashed_password": "$md5$x" }));
    assert_eq!(shown("include_credential=x").await.unwrap_err().status, 400);
    let unknown = get_by_external_id(&fixture.cx(), "nothing").await;
    assert_eq!(unknown.unwrap_err().status, 404);
}

#[tokio::test]
async fn a_list_is_walked_by_token_and_by_number() {
    let fixture = Fixture::new().await;
    let mut everybody = Vec::new();
    for n in 0..5 {
        everybody.push(json!(fixture.person(&format!("p{n}@example.org")).await));
    }
    everybody.sort_by_key(ToString::to_string);
    for start in ["page_size=2", "page=0&per_page=2"] {
        let (mut seen, mut query, mut pages) = (Vec::new(), start.to_owned(), 0);
        loop {
            let page = list(&fixture.asked(&query)).await.unwrap();
            let body = parsed(&page.body);
            seen.extend(
                body.as_array()
                    .unwrap()
                    .iter()
                    .map(|identity| identity["id"].clone()),
            );
            pages += 1;
            assert_eq!(page.total, start.starts_with("page=").then_some(5));
            let Some(next) = page
                .link
                .split(',')
                .find(|link| link.ends_with("rel=\"next\""))
            else {
                break;
            };
            query = next
                .split_once('?')
                .unwrap()
                .1
                .split_once('>')
                .unwrap()
                .0
                .to_owned();
        }
        seen.sort_by_key(ToString::to_string);
        assert_eq!((seen, pages), (everybody.clone(), 3), "{start}");
    }
}

#[tokio::test]
async fn identities_are_found_by_id_and_identifier() {
    let fixture = Fixture::new().await;
    let (ada, bob) = (
        fixture.person("ada@example.org").await,
        fixture.person("bob@example.org").await,
    );
    let found = async |query: String| {
        let body = parsed(&list(&fixture.asked(&query)).await.unwrap().body);
        let ids = body
            .as_array()
            .unwrap()
            .iter()
            .map(|identity| identity["id"].clone());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(
        found("credentials_identifier=ADA@example.org".into()).await,
        [json!(ada)]
    );
    assert_eq!(
        found("credentials_identifier=ada".into()).await,
        [] as [Value; 0]
    );
    assert_eq!(
        found("preview_credentials_identifier_similar=BO".into()).await,
        [json!(bob)]
    );
    assert_eq!(
        found(format!("ids={bob}&ids={bob}&ids={NOBODY}")).await,
        [json!(bob)]
    );
    assert_eq!(
        found(format!("organization_id={NOBODY}")).await,
        [] as [Value; 0]
    );
}

#[tokio::test]
async fn an_identity_is_replaced_but_for_its_credentials() {
    let fixture = Fixture::new().await;
    let body = json!({
        "traits": { "email": "ada@example.org" }, "external_id": "crm/7",
        "metadata_public": { "a": 1 }, "metadata_admin": { "b": 2 },
        "credentials": { "password": { "config": { "hashed_password": "$md5$x" } } },
    });
    let created = fixture.create(&body).await.unwrap();
    let id: Uuid = created["id"].as_str().unwrap().parse().unwrap();
    let body = json!({
        "traits": { "email": "countess@example.org" }, "state": "inactive", "colour": 1,
        "credentials": { "oidc": { "config": { "providers": [{ "provider": "one", "subject": "1" }] } } },
    });
    let after = replaced(&fixture, id, body.clone()).await.unwrap();
    assert_eq!(
        after["credentials"]["password"]["identifiers"],
        json!(["countess@example.org"])
    );
    assert_eq!(
        after["credentials"]["oidc"]["identifiers"],
        json!(["one:1"])
    );
    assert_eq!(
        (&after["state"], after.get("external_id")),
        (&json!("inactive"), None)
    );
    assert_eq!(
        (&after["metadata_public"], &after["metadata_admin"]),
        (&Value::Null, &Value::Null)
    );
    let (_, credentials) = fixture.stored(id).await;
    let password = credentials.get(CredentialsType::Password).unwrap();
    assert!(password.config.as_str().contains("$md5$x"));

    fixture.person("taken@example.org").await;
    let taken = replaced(
        &fixture,
        id,
        json!({ "traits": { "email": "taken@example.org" } }),
    )
    .await;
    let taken = taken.unwrap_err();
    assert_eq!((taken.status, taken.reason), (409, None));
    let nobody = update(&fixture.cx(), NOBODY, body.to_string().as_bytes()).await;
    assert_eq!(nobody.unwrap_err().status, 404);
    for odd in [
        "",
        "{",
        "[]",
        r#"{"traits": {}}"#,
        r#"{"schema_id": "nothing"}"#,
    ] {
        let error = update(&fixture.cx(), &id.to_string(), odd.as_bytes())
            .await
            .unwrap_err();
        assert_eq!((error.status, error.reason.is_some()), (400, true), "{odd}");
    }
}

#[tokio::test]
async fn a_patch_is_made_as_a_whole_or_not_at_all() {
    let fixture = Fixture::new().await;
    let id = fixture.person("ada@example.org").await;
    let address = fixture.stored(id).await.0.verifiable_addresses[0].id;
    let after = patched(
        &fixture,
        id,
        json!([
            { "op": "replace", "path": "/verifiable_addresses/0/verified", "value": true },
            { "op": "add", "path": "/metadata_public/list", "value": [1] },
            { "op": "add", "path": "/traits/plan", "value": "pro" },
        ]),
    )
    .await
    .unwrap();
    assert_eq!(after["verifiable_addresses"][0]["id"], json!(address));
    assert_eq!(after["verifiable_addresses"][0]["verified"], true);
    assert_eq!(
        after["traits"],
        json!({ "email": "ada@example.org", "plan": "pro" })
    );

    fixture.person("taken@example.org").await;
    for (operation, status) in [
        (
            json!({ "op": "replace", "path": "/traits/email", "value": "taken@example.org" }),
            409,
        ),
        (
            json!({ "op": "replace", "path": "/traits/plan", "value": "golden" }),
            400,
        ),
        (json!({ "op": "remove", "path": "/traits/email" }), 400),
        (json!({ "op": "remove", "path": "/traits/nothing" }), 400),
        (
            json!({ "op": "test", "path": "/traits/plan", "value": "pro" }),
            400,
        ),
        (
            json!({ "op": "replace", "path": "/schema_id", "value": "nothing" }),
            400,
        ),
        (
            json!({ "op": "replace", "path": "/id", "value": NOBODY }),
            400,
        ),
    ] {
        let first = json!({ "op": "replace", "path": "/state", "value": "inactive" });
        let error = patched(&fixture, id, json!([first, operation]))
            .await
            .unwrap_err();
        assert_eq!(error.status, status, "{operation}");
    }
    assert_eq!(
        patched(&fixture, id, json!([])).await.unwrap()["state"],
        "active"
    );
    for odd in ["", "[", "{}"] {
        let error = patch(&fixture.cx(), &id.to_string(), odd.as_bytes())
            .await
            .unwrap_err();
        assert_eq!((error.status, error.reason.is_some()), (400, true), "{odd}");
    }
    assert_eq!(
        patch(&fixture.cx(), NOBODY, b"[]")
            .await
            .unwrap_err()
            .status,
        404
    );
}

#[tokio::test]
async fn an_address_that_no_trait_names_is_put_right() {
    let fixture = Fixture::new().await;
    let id = fixture.person("ada@example.org").await;
    let recovery = fixture.stored(id).await.0.recovery_addresses[0].id;
    let change = |path: &str| json!([{ "op": "replace", "path": path, "value": "x" }]);
    let after = patched(&fixture, id, change("/recovery_addresses/0/value"))
        .await
        .unwrap();
    assert_eq!(after["recovery_addresses"][0]["id"], json!(recovery));
    let verified =
        json!([{ "op": "replace", "path": "/verifiable_addresses/0/verified", "value": true }]);
    let before = patched(&fixture, id, verified).await.unwrap();
    let after = patched(&fixture, id, change("/verifiable_addresses/0/value"))
        .await
        .unwrap();
    let of = |identity: &Value| identity["verifiable_addresses"][0].clone();
    assert_ne!(of(&after)["id"], of(&before)["id"]);
    assert_eq!(
        (&of(&after)["value"], &of(&after)["verified"]),
        (&json!("ada@example.org"), &json!(false))
    );
}

#[tokio::test]
async fn a_deleted_identity_leaves_nothing_behind() {
    let fixture = Fixture::new().await;
    let id = fixture.person("ada@example.org").await;
    let issued = fixture.sign_in(id).await;
    delete(&fixture.cx(), &id.to_string()).await.unwrap();
    for gone in [&*id.to_string(), "not-a-uuid"] {
        assert_eq!(delete(&fixture.cx(), gone).await.unwrap_err().status, 404);
        assert_eq!(get(&fixture.cx(), gone).await.unwrap_err().status, 404);
    }
    let token = fixture.asked_by(&issued.token, "");
    assert!(
        crate::session::authenticate(&token)
            .await
            .unwrap()
            .is_none()
    );
    fixture.person("ada@example.org").await;
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let fixture = Fixture::new().await;
    let body = json!({
        "traits": { "email": "ada@example.org" },
        "credentials": {
            "password": { "config": { "hashed_password": "$md5$x" } },
            "oidc": { "config": { "providers": [{ "provider": "one", "subject": "1" }] } },
        },
    });
    let created = fixture.create(&body).await.unwrap();
    let id = created["id"].as_str().unwrap();
    let remove = async |kind: &str, query: &str| {
        delete_credential(&fixture.asked(query), id, kind)
            .await
            .map_err(|error| error.status)
    };
    assert_eq!(remove("totp", "").await, Err(404));
    assert_eq!(remove("nonsense", "").await, Err(404));
    assert_eq!(remove("oidc", "").await, Err(400));
    assert_eq!(remove("password", "").await, Ok(()));
    assert_eq!(remove("oidc", "identifier=one:1").await, Err(400));
    let body = parsed(&get(&fixture.cx(), id).await.unwrap());
    assert_eq!(body["credentials"]["oidc"]["identifiers"], json!(["one:1"]));
    assert_eq!(
        body["credentials"]["password"]["identifiers"],
        json!(["ada@example.org"])
    );
}

#[tokio::test]
async fn many_identities_are_created_each_for_itself() {
    let fixture = Fixture::new().await;
    fixture.person("taken@example.org").await;
    let new =
        |address: &str| json!({ "create": { "traits": { "email": address } }, "patch_id": NOBODY });
    let run = async |identities: Value| {
        let body = json!({ "identities": identities }).to_string();
        let answer = parsed(&batch(&fixture.cx(), body.as_bytes()).await?);
        let answers = answer["identities"].as_array().unwrap().iter();
        let summary = answers.map(|answer| match answer["action"].as_str() {
            Some("error") => answer["error"]["code"].as_u64().unwrap_or_default(),
            Some(_) => 201,
            None => 0,
        });
        Ok::<_, ApiError>(summary.collect::<Vec<_>>())
    };
    let mixed = json!([
        new("one@example.org"), new("taken@example.org"), new("notanemail"), { "patch_id": NOBODY },
        { "create": { "schema_id": "nothing", "traits": {} } },
        { "create": {
            "traits": { "email": "two@example.org" },
            "credentials": { "password": { "config": { "password": "correct horse" } } },
        } },
    ]);
    assert_eq!(run(mixed).await.unwrap(), [201, 409, 400, 0, 400, 201]);
    let twins = json!([new("twin@example.org"), new("twin@example.org")]);
    assert_eq!(run(twins).await.unwrap(), [201, 409]);
    assert_eq!(run(json!([])).await.unwrap(), [] as [u64; 0]);
    for odd in [
        json!({ "state": "asleep" }),
        json!({ "credentials": { "password": { "config": {} } } }),
    ] {
        let error = run(json!([new("three@example.org"), { "create": odd }]))
            .await
            .unwrap_err();
        assert_eq!((error.status, error.reason.is_some()), (400, true));
    }
    let found = list(&fixture.asked("credentials_identifier=three@example.org"))
        .await
        .unwrap();
    assert_eq!(found.body, "[]");
}
