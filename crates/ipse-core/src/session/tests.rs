//! Sessions in the database: asked for, listed, ended, exchanged.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ipse_config::{RequiredAal, Source, SubjectSource, TokenizerTemplate};
use ipse_model::{Aal, CredentialsType, IdentityState, SignedDuration, Uuid};
use serde_json::{Value, json};

use super::{Whoami, admin, exchange, list_mine, revoke_mine, revoke_others, whoami};
use crate::ApiError;
use crate::identity::tests::fixture::{Fixture, parsed};
use crate::identity::tests::sample;

async fn asked(fixture: &Fixture, token: &str) -> Result<Whoami, ApiError> {
    whoami(&fixture.asked_by(token, "")).await
}

async fn status(fixture: &Fixture, token: &str) -> u16 {
    asked(fixture, token)
        .await
        .map_or_else(|error| error.status, |_| 200)
}

async fn give_totp(fixture: &Fixture, id: Uuid) {
    let cx = fixture.cx();
    let totp = json!({ "totp_url": "otpauth://totp/x" });
    let mut batch = cx.store().batch();
    batch.set_credential(id, &sample::credential(CredentialsType::Totp, "ada", totp));
    batch.commit().await.unwrap();
}

#[tokio::test]
async fn whoami_tells_who_is_asking() {
    let fixture = Fixture::new().await;
    let id = fixture.person("ada@example.org").await;
    let issued = fixture.sign_in(id).await;
    let answer = asked(&fixture, &issued.token).await.unwrap();
    assert_eq!((answer.identity_id, answer.cache_for), (id, None));
    let body = parsed(&answer.body);
    assert_eq!(body["id"], json!(issued.session.id));
    assert_eq!(
        body["identity"]["traits"],
        json!({ "email": "ada@example.org" })
    );
    assert_eq!(body["devices"][0]["user_agent"], "browser/1");
    assert_eq!(body["expires_at"], "2026-01-03T03:04:05Z");
    assert_eq!(body.get("tokenized"), None);
}

#[tokio::test]
async fn nobody_is_asking_without_a_token_that_counts() {
    let fixture = Fixture::new().await;
    let issued = fixture
        .sign_in(fixture.person("ada@example.org").await)
        .await;
    assert_eq!(whoami(&fixture.cx()).await.unwrap_err().status, 401);
    assert_eq!(status(&fixture, "nonsense").await, 401);
    assert_eq!(status(&fixture, &issued.token).await, 200);
    fixture.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(status(&fixture, &issued.token).await, 401);
}

#[tokio::test]
async fn the_sessions_of_an_inactive_identity_come_back_with_it() {
    let fixture = Fixture::new().await;
    let id = fixture.person("ada@example.org").await;
    let issued = fixture.sign_in(id).await;
    for (state, expected) in [(IdentityState::Inactive, 401), (IdentityState::Active, 200)] {
        let (mut identity, _) = fixture.stored(id).await;
        identity.state = state;
        let cx = fixture.cx();
        let mut batch = cx.store().batch();
        batch.update_identity(&identity);
        batch.commit().await.unwrap();
        assert_eq!(
            status(&fixture, &issued.token).await,
            expected,
            "{}",
            state.as_str()
        );
        let cx = fixture.asked("expand=identity");
        let shown = admin::get(&cx, &issued.session.id.to_string())
            .await
            .unwrap();
        assert_eq!(parsed(&shown)["active"], json!(expected == 200));
    }
}

#[tokio::test]
async fn a_second_factor_that_is_there_has_to_be_shown() {
    let fixture = Fixture::with(|config| config.selfservice.methods.totp.enabled = true).await;
    let id = fixture.person("ada@example.org").await;
    let mut issued = fixture.sign_in(id).await;
    assert_eq!(status(&fixture, &issued.token).await, 200);
    give_totp(&fixture, id).await;
    let refused = asked(&fixture, &issued.token).await.unwrap_err();
    assert_eq!(
        (refused.status, refused.id),
        (403, Some("session_aal2_required"))
    );
    let login = json!("https://id.example.org/self-service/login/browser?aal=aal2");
    assert_eq!(refused.body()["redirect_browser_to"], login);
    assert_eq!(
        refused.body()["error"]["details"]["redirect_browser_to"],
        login
    );
    assert_eq!(
        list_mine(&fixture.asked_by(&issued.token, ""))
            .await
            .unwrap_err()
            .status,
        403
    );
    assert_eq!(
        revoke_others(&fixture.asked_by(&issued.token, ""))
            .await
            .unwrap(),
        0
    );

    let cx = fixture.cx();
    super::refresh(&cx, &mut issued.session, sample::proof("totp", Aal::Aal2));
    let mut batch = cx.store().batch();
    batch.update_session(&issued.session);
    batch.commit().await.unwrap();
    let body = parsed(&asked(&fixture, &issued.token).await.unwrap().body);
    assert_eq!(body["authenticator_assurance_level"], "aal2");
    assert_eq!(body["authentication_methods"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn one_factor_is_enough_where_the_configuration_says_so() {
    let fixture = Fixture::with(|config| {
        config.selfservice.methods.totp.enabled = true;
        config.session.whoami.required_aal = RequiredAal::Aal1;
    })
    .await;
    let id = fixture.person("ada@example.org").await;
    give_totp(&fixture, id).await;
    let issued = fixture.sign_in(id).await;
    assert_eq!(status(&fixture, &issued.token).await, 200);
}

#[tokio::test]
async fn caches_are_told_only_if_the_configuration_lets_them() {
    let fixture = Fixture::with(|config| config.feature_flags.cacheable_sessions = true).await;
    let issued = fixture
        .sign_in(fixture.person("ada@example.org").await)
        .await;
    assert_eq!(
        asked(&fixture, &issued.token).await.unwrap().cache_for,
        Some(86_400)
    );
}

#[tokio::test]
async fn an_unknown_tokenizer_template_is_a_bad_request() {
    let fixture = Fixture::new().await;
    let issued = fixture
        .sign_in(fixture.person("ada@example.org").await)
        .await;
    let refused = whoami(&fixture.asked_by(&issued.token, "tokenize_as=nothing")).await;
    assert_eq!(refused.unwrap_err().status, 400);
}

/// Ids of the sessions on a page.
fn ids(body: &str) -> Vec<Value> {
    parsed(body)
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["id"].clone())
        .collect()
}

#[tokio::test]
async fn somebody_lists_and_ends_their_other_sessions() {
    let fixture = Fixture::new().await;
    let id = fixture.person("ada@example.org").await;
    let other = fixture
        .sign_in(fixture.person("bob@example.org").await)
        .await;
    let mut mine = Vec::new();
    for _ in 0..4 {
        mine.push(fixture.sign_in(id).await);
        fixture.clock.advance(SignedDuration::from_secs(1));
    }
    let by = |query: &str| fixture.asked_by(&mine[0].token, query);
    let id_of = |place: usize| json!(mine[place].session.id);
    let page = list_mine(&by("per_page=2")).await.unwrap();
    assert_eq!(
        (ids(&page.body), page.total),
        (vec![id_of(3), id_of(2)], Some(3))
    );
    let page = list_mine(&by("per_page=2&page=2")).await.unwrap();
    assert_eq!(ids(&page.body), [id_of(1)]);
    assert_eq!(
        parsed(&page.body)[0]["identity"]["traits"]["email"],
        "ada@example.org"
    );

    revoke_mine(&by(""), &mine[1].session.id.to_string())
        .await
        .unwrap();
    revoke_mine(&by(""), &other.session.id.to_string())
        .await
        .unwrap();
    revoke_mine(&by(""), &Uuid::max().to_string())
        .await
        .unwrap();
    assert_eq!(status(&fixture, &mine[1].token).await, 401);
    assert_eq!(status(&fixture, &other.token).await, 200);
    for odd in [mine[0].session.id.to_string(), "x".to_owned()] {
        assert_eq!(
            revoke_mine(&by(""), &odd).await.unwrap_err().status,
            400,
            "{odd}"
        );
    }
    assert_eq!(revoke_others(&by("")).await.unwrap(), 2);
    assert_eq!(status(&fixture, &mine[2].token).await, 401);
    assert_eq!(status(&fixture, &mine[0].token).await, 200);
    assert_eq!(revoke_others(&fixture.cx()).await.unwrap_err().status, 401);
}

#[tokio::test]
async fn an_administrator_walks_through_all_sessions() {
    let fixture = Fixture::new().await;
    let id = fixture.person("ada@example.org").await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, json!(fixture.sign_in(id).await.session.id));
        fixture.clock.advance(SignedDuration::from_secs(1));
    }
    let (mut seen, mut query) = (Vec::new(), "page_size=2".to_owned());
    loop {
        let page = admin::list(&fixture.asked(&query)).await.unwrap();
        seen.extend(ids(&page.body));
        let Some(next) = page
            .link
            .split(',')
            .find(|link| link.ends_with("rel=\"next\""))
        else {
            break;
        };
        let address = next.strip_prefix("</admin/sessions?").unwrap();
        query = address.split_once('>').unwrap().0.to_owned();
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_list_shows_what_it_is_asked_for() {
    let fixture = Fixture::new().await;
    let id = fixture.person("ada@example.org").await;
    let (kept, ended) = (fixture.sign_in(id).await, fixture.sign_in(id).await);
    admin::revoke(&fixture.cx(), &ended.session.id.to_string())
        .await
        .unwrap();
    let list = async |query: &str| parsed(&admin::list(&fixture.asked(query)).await.unwrap().body);
    let active = list("active=true").await;
    assert_eq!(active.as_array().unwrap().len(), 1);
    assert_eq!(active[0]["id"], json!(kept.session.id));
    assert_eq!(
        (&active[0]["identity"], &active[0]["devices"]),
        (&Value::Null, &Value::Null)
    );
    let inactive = list("active=false&expand=identity&expand=devices").await;
    assert_eq!(
        (&inactive[0]["id"], &inactive[0]["active"]),
        (&json!(ended.session.id), &json!(false))
    );
    assert_eq!(inactive[0]["identity"]["id"], json!(id));
    assert_eq!(inactive[0]["identity"].get("verifiable_addresses"), None);
    assert_eq!(inactive[0]["devices"].as_array().unwrap().len(), 1);
    for odd in ["active=maybe", "expand=x", "page_size=x", "page_token=x"] {
        assert_eq!(
            admin::list(&fixture.asked(odd)).await.unwrap_err().status,
            400,
            "{odd}"
        );
    }
}

#[tokio::test]
async fn an_administrator_ends_sessions_for_good() {
    let fixture = Fixture::new().await;
    let id = fixture.person("ada@example.org").await;
    let issued = fixture.sign_in(id).await;
    let session_id = issued.session.id.to_string();
    let (cx, nobody) = (fixture.cx(), Uuid::max().to_string());
    admin::revoke(&cx, &session_id).await.unwrap();
    admin::revoke(&cx, &session_id).await.unwrap();
    assert_eq!(status(&fixture, &issued.token).await, 401);
    assert_eq!(admin::revoke(&cx, &nobody).await.unwrap_err().status, 404);

    let extended = admin::extend(&cx, &session_id).await.unwrap().unwrap();
    assert_eq!(parsed(&extended)["active"], false);
    assert_eq!(status(&fixture, &issued.token).await, 401);

    let id = id.to_string();
    let page = admin::list_of_identity(&cx, &id).await.unwrap();
    assert_eq!((ids(&page.body).len(), page.total), (1, Some(1)));
    admin::revoke_of_identity(&cx, &id).await.unwrap();
    assert_eq!(
        admin::revoke_of_identity(&cx, &id)
            .await
            .unwrap_err()
            .status,
        404
    );
    assert_eq!(admin::get(&cx, &session_id).await.unwrap_err().status, 404);
    let page = admin::list_of_identity(&cx, &nobody).await.unwrap();
    assert_eq!((page.body.as_str(), page.total), ("[]", Some(0)));
}

#[tokio::test]
async fn a_session_is_extended_by_a_whole_lifespan() {
    let fixture = Fixture::new().await;
    let issued = fixture
        .sign_in(fixture.person("ada@example.org").await)
        .await;
    fixture.clock.advance(SignedDuration::from_hours(1));
    let cx = fixture.cx();
    let body = admin::extend(&cx, &issued.session.id.to_string())
        .await
        .unwrap()
        .unwrap();
    let body = parsed(&body);
    assert_eq!(body["expires_at"], "2026-01-03T04:04:05Z");
    assert_eq!(body["authenticated_at"], "2026-01-02T03:04:05Z");
    assert_eq!(body["identity"]["traits"]["email"], "ada@example.org");
    assert_eq!(body["devices"], json!([]));
    fixture
        .clock
        .advance(SignedDuration::from_hours(23) + SignedDuration::from_mins(59));
    assert_eq!(status(&fixture, &issued.token).await, 200);
}

#[tokio::test]
async fn nothing_happens_to_a_session_that_is_extended_too_early() {
    let fixture = Fixture::with(|config| {
        config.session.earliest_possible_extend = Some(std::time::Duration::from_secs(60));
        config.feature_flags.faster_session_extend = true;
    })
    .await;
    let issued = fixture
        .sign_in(fixture.person("ada@example.org").await)
        .await;
    let session_id = issued.session.id.to_string();
    fixture.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(
        admin::extend(&fixture.cx(), &session_id).await.unwrap(),
        None
    );
    let body = parsed(&admin::get(&fixture.cx(), &session_id).await.unwrap());
    assert_eq!(body["expires_at"], "2026-01-03T03:04:05Z");
    let unknown = admin::extend(&fixture.cx(), &Uuid::max().to_string()).await;
    assert_eq!(unknown.unwrap_err().status, 404);
}

#[tokio::test]
async fn two_codes_are_worth_a_session_token_once() {
    let fixture = Fixture::new().await;
    let (id, cx) = (fixture.person("ada@example.org").await, fixture.cx());
    let begun = exchange::begin(&cx, cx.now + SignedDuration::from_hours(1));
    let mut batch = cx.store().batch();
    batch.insert_exchange(&begun.exchange);
    batch.commit().await.unwrap();
    let second = begun.pending.return_to_code.clone();
    let fetch = async |first: &str, second: &str| {
        let query = format!("init_code={first}&return_to_code={second}");
        exchange::exchange(&fixture.asked(&query))
            .await
            .map_err(|error| error.status)
    };
    assert_eq!(fetch(&begun.init_code, &second).await, Err(404));

    let (identity, _) = fixture.stored(id).await;
    let issued = super::issue(&cx, &identity, sample::proof("oidc", Aal::Aal1));
    let mut batch = cx.store().batch();
    batch.insert_session(&issued.session, &issued.hash);
    exchange::complete(&cx, &mut batch, &begun.pending, &issued);
    batch.commit().await.unwrap();

    assert_eq!(fetch("", &second).await, Err(400));
    assert_eq!(fetch(&begun.init_code, "wrong").await, Err(404));
    let body = parsed(&fetch(&begun.init_code, &second).await.unwrap());
    assert_eq!(body["session_token"], json!(issued.token));
    assert_eq!(body["session"]["id"], json!(issued.session.id));
    assert_eq!(body["session"]["devices"], json!([]));
    assert_eq!(fetch(&begun.init_code, &second).await, Err(404));
}

/// A key made for these tests.
const KEYS: &str = r#"{ "keys": [{
    "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "tests",
    "d": "1_GMFvYja56nONvXP03E9QTzBJWMuna8kJH7TxXtf9U",
    "x": "j37n0zXyOu2CG5daMvpoAIw_3fStI1I9Z-Uyse3GCsE",
    "y": "2ugyj2svfY7d8QfG69APRk4luspV18PuCHtupVT-9XA"
}] }"#;

fn template(subject_source: SubjectSource, mapper: Option<&str>) -> TokenizerTemplate {
    TokenizerTemplate {
        ttl: std::time::Duration::from_secs(600),
        claims_mapper_url: mapper.map(|text| Source::Inline(text.as_bytes().to_vec())),
        jwks_url: Source::Inline(KEYS.as_bytes().to_vec()),
        subject_source,
    }
}

#[tokio::test]
async fn a_session_becomes_a_signed_token() {
    let fixture = Fixture::with(|config| {
        config.session.whoami.tokenizer.templates = [
            ("plain".to_owned(), template(SubjectSource::Id, None)),
            (
                "by_external".to_owned(),
                template(SubjectSource::ExternalId, None),
            ),
            ("mapped".to_owned(), template(SubjectSource::Id, Some("{}"))),
        ]
        .into();
    })
    .await;
    let id = fixture.person("ada@example.org").await;
    let issued = fixture.sign_in(id).await;
    let tokenized = async |name: &str| {
        whoami(&fixture.asked_by(&issued.token, &format!("tokenize_as={name}"))).await
    };
    let body = parsed(&tokenized("plain").await.unwrap().body);
    assert_eq!(
        (&body["identity"], &body["devices"]),
        (&Value::Null, &Value::Null)
    );
    let parts: Vec<&str> = body["tokenized"].as_str().unwrap().split('.').collect();
    let part = |place: usize| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[place]).unwrap()).unwrap()
    };
    assert_eq!(
        (&part(0)["alg"], &part(0)["kid"]),
        (&json!("ES256"), &json!("tests"))
    );
    let claims = part(1);
    assert_eq!(claims["iss"], "https://id.example.org/");
    assert_eq!(
        (&claims["sub"], &claims["sid"]),
        (&json!(id), &json!(issued.session.id))
    );
    let now = sample::now().as_second();
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&json!(now), &json!(now + 600))
    );
    assert_eq!(tokenized("by_external").await.unwrap_err().status, 400);
    // There is no program to evaluate the mapper with, which is the server's fault.
    assert_eq!(tokenized("mapped").await.unwrap_err().status, 500);
}
