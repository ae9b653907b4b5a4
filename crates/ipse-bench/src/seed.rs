//! A database with many identities, written without asking a server: that way a hundred thousand take seconds.

use ipse_config::Dsn;
use ipse_crypto::password::{Algorithm, hash};
use ipse_crypto::token;
use ipse_model::{
    Aal, AddressStatus, AuthenticationMethod, Clock, Credential, Credentials, CredentialsType,
    Device, Identity, IdentityState, Json, Random, RecoveryAddress, Session, SignedDuration,
    SystemClock, Timestamp, VerifiableAddress,
};
use ipse_store::{IdentityFilter, OpenOptions, Paging, Store, TokenHash};
use serde_json::json;

use crate::config::TIMED;
use crate::error::Error;

/// The password of everybody.
pub(crate) const PASSWORD: &str = "kmq7-vw2x-tz9c";

/// Identities per batch: enough to make the waiting for the disk unimportant.
const BATCH: usize = 1000;

/// The address of one of the seeded identities.
pub(crate) fn email(number: usize) -> String {
    format!("person{number}@bench.example")
}

/// Fills an empty database with so many identities; each has a password and a session.
pub(crate) fn seed(dsn: &str, identities: usize) -> Result<(), Error> {
    seed_with(dsn, identities, false)
}

/// As [`seed`], with people whose address is verified and gets codes to sign in with.
pub(crate) fn seed_reachable(dsn: &str, identities: usize) -> Result<(), Error> {
    seed_with(dsn, identities, true)
}

fn seed_with(dsn: &str, identities: usize, reachable: bool) -> Result<(), Error> {
    let dsn: Dsn = dsn
        .parse()
        .map_err(|error| Error::Usage(format!("--dsn: {error}")))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Error::io("can't start the runtime"))?;
    runtime.block_on(async {
        let store = Store::open(&OpenOptions { dsn, migrate: true }).await?;
        let result = fill(&store, identities, reachable).await;
        store.close().await?;
        result
    })
}

async fn fill(store: &Store, identities: usize, reachable: bool) -> Result<(), Error> {
    if !store
        .identities(
            &IdentityFilter::All,
            Paging::After {
                last: None,
                size: 1,
            },
        )
        .await?
        .items
        .is_empty()
    {
        return Err(Error::Usage(
            "--dsn: the database has identities already".to_owned(),
        ));
    }
    let random = Random::system();
    let cost = if reachable { TIMED } else { 4 };
    let hashed = hash(&random, PASSWORD, &Algorithm::Bcrypt { cost });
    let hashed_password = hashed.map_err(|error| Error::Usage(error.to_string()))?;
    let password = Json::from(&json!({ "hashed_password": hashed_password }));
    let maker = Maker {
        random,
        now: SystemClock.now(),
        password,
        reachable,
    };
    for start in (0..identities).step_by(BATCH) {
        let mut batch = store.batch();
        for number in start..identities.min(start + BATCH) {
            let (identity, credentials) = maker.identity(number);
            let session = maker.session(&identity);
            let token = TokenHash(token::hash(&token::session_token(&maker.random)));
            batch
                .insert_identity(&identity, &credentials)
                .insert_session(&session, &token);
        }
        batch.commit().await?;
    }
    Ok(())
}

/// Makes what goes into the rows.
struct Maker {
    random: Random,
    now: Timestamp,
    password: Json,
    reachable: bool,
}

impl Maker {
    fn identity(&self, number: usize) -> (Identity, Credentials) {
        let (now, email) = (self.now, email(number));
        let traits =
            json!({ "email": email, "name": { "first": "Person", "last": number.to_string() } });
        let recovery = RecoveryAddress {
            id: self.random.uuid(),
            value: email.clone(),
            via: ipse_model::Channel::Email,
            created_at: now,
            updated_at: now,
        };
        let verified = VerifiableAddress {
            id: self.random.uuid(),
            value: email.clone(),
            via: ipse_model::Channel::Email,
            status: AddressStatus::Completed,
            verified: true,
            verified_at: Some(now),
            created_at: now,
            updated_at: now,
        };
        let verifiable_addresses = match self.reachable {
            true => vec![verified],
            false => Vec::new(),
        };
        let identity = Identity {
            id: self.random.uuid(),
            schema_id: "default".to_owned(),
            state: IdentityState::Active,
            state_changed_at: Some(now),
            traits: Json::from(&traits),
            metadata_public: None,
            metadata_admin: None,
            external_id: None,
            organization_id: None,
            verifiable_addresses,
            recovery_addresses: vec![recovery],
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let code = json!({ "addresses": [{ "channel": "email", "address": email }] });
        let credential = |kind, config| Credential {
            kind,
            identifiers: vec![email.clone()],
            config,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        let mut credentials = vec![credential(CredentialsType::Password, self.password.clone())];
        if self.reachable {
            credentials.push(credential(CredentialsType::Code, Json::from(&code)));
        }
        (identity, Credentials::from_iter(credentials))
    }

    fn session(&self, identity: &Identity) -> Session {
        let proof = AuthenticationMethod::new("password", Aal::Aal1, self.now);
        let device = Device {
            id: self.random.uuid(),
            ip_address: "127.0.0.1".to_owned(),
            user_agent: "bench".to_owned(),
            location: String::new(),
        };
        Session {
            id: self.random.uuid(),
            identity_id: identity.id,
            active: true,
            issued_at: self.now,
            expires_at: self.now + SignedDuration::from_hours(24),
            authenticated_at: self.now,
            aal: Aal::Aal1,
            authentication_methods: vec![proof],
            devices: vec![device],
        }
    }
}

#[cfg(test)]
mod tests {
    use ipse_model::PasswordConfig;

    use super::*;
    use crate::server::Directory;

    #[test]
    fn everybody_is_there_and_can_sign_in() {
        let directory = Directory::new().unwrap();
        let dsn = format!("sqlite://{}", directory.path().join("db.sqlite").display());
        seed(&dsn, 1001).unwrap();
        assert!(
            matches!(seed(&dsn, 1), Err(Error::Usage(_))),
            "only an empty database is filled"
        );

        let options = OpenOptions {
            dsn: dsn.parse().unwrap(),
            migrate: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = Store::open(&options).await.unwrap();
            let types = [CredentialsType::Password];
            for number in [0, 999, 1000] {
                let found = store
                    .identity_by_identifier(&types, &email(number))
                    .await
                    .unwrap()
                    .unwrap();
                let credential = found.credentials.get(CredentialsType::Password).unwrap();
                let config: PasswordConfig = credential.config.parse().unwrap();
                let verified = ipse_crypto::password::verify(PASSWORD, &config.hashed_password);
                assert_eq!(verified, Ok(true));
            }
            assert!(
                store
                    .identity_by_identifier(&types, &email(1001))
                    .await
                    .unwrap()
                    .is_none()
            );
            store.close().await.unwrap();
        });
    }
}
