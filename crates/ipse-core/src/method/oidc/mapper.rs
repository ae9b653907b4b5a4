//! What the configured Jsonnet makes of a provider's claims.

use ipse_config::selfservice::oidc::OidcProvider;
use ipse_jsonnet::JsonnetError;
use ipse_model::{AddressStatus, Channel, Json, VerifiableAddress};
use ipse_oidc::Claims;
use serde_json::Value;

use crate::cx::Cx;
use crate::error::ApiError;
use crate::hook::web_hook;

/// What is known about somebody, in terms of an identity.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapped {
    pub(super) traits: Value,
    pub(super) metadata_public: Option<Json>,
    pub(super) metadata_admin: Option<Json>,
    pub(super) verified_addresses: Vec<(Channel, String)>,
}

/// Asks the mapper.
///
/// # Errors
/// When it can't be read, fails, or says nothing about an identity.
pub(super) async fn map(
    cx: &Cx,
    provider: &OidcProvider,
    claims: &Claims,
) -> Result<Mapped, ApiError> {
    let text = web_hook::read(&cx.app, &provider.mapper_url).await;
    let text = text.map_err(|error| ApiError::internal(&error))?;
    let claims = claims.to_value();
    match cx.app.jsonnet.evaluate(&text, &[("claims", &claims)]).await {
        Ok(value) => read(value),
        Err(error) => Err(failed(&provider.id, &error)),
    }
}

fn failed(provider: &str, error: &JsonnetError) -> ApiError {
    tracing::error!(provider, %error, "the mapper of a provider failed");
    ApiError::new(
        500,
        format!(
            "The data mapper of the provider \"{provider}\" failed; the log of the server says why"
        ),
    )
}

fn read(mut value: Value) -> Result<Mapped, ApiError> {
    let identity = value
        .get_mut("identity")
        .map(Value::take)
        .unwrap_or_default();
    let Some(traits) = identity.get("traits").filter(|traits| traits.is_object()) else {
        return Err(
            ApiError::new(500, "The account at the provider could not be understood")
                .reason("The data mapper of the provider gave no object at identity.traits."),
        );
    };
    let metadata = |name| {
        identity
            .get(name)
            .filter(|value| !value.is_null())
            .cloned()
            .map(Json::from)
    };
    let addresses = identity.get("verified_addresses").and_then(Value::as_array);
    let address = |entry: &Value| {
        let via = match entry.get("via")?.as_str()? {
            "email" => Channel::Email,
            "sms" => Channel::Sms,
            _ => return None,
        };
        Some((via, entry.get("value")?.as_str()?.to_owned()))
    };
    Ok(Mapped {
        traits: traits.clone(),
        metadata_public: metadata("metadata_public"),
        metadata_admin: metadata("metadata_admin"),
        verified_addresses: addresses
            .into_iter()
            .flatten()
            .filter_map(address)
            .collect(),
    })
}

impl Mapped {
    /// The addresses that the provider vouches for, as far as the traits name them.
    pub(super) fn proved(&self, cx: &Cx) -> Vec<VerifiableAddress> {
        let proved = |(via, value): &(Channel, String)| VerifiableAddress {
            id: cx.random().uuid(),
            value: crate::schema::normalise_identifier(value),
            verified: true,
            via: *via,
            status: AddressStatus::Completed,
            verified_at: Some(cx.now),
            created_at: cx.now,
            updated_at: cx.now,
        };
        self.verified_addresses.iter().map(proved).collect()
    }
}

/// What the person has filled in counts before what the provider says.
pub(super) fn merge(mapped: &mut Value, filled_in: Value) {
    match (mapped, filled_in) {
        (Value::Object(mapped), Value::Object(filled_in)) => {
            for (name, value) in filled_in {
                merge(mapped.entry(name).or_insert(Value::Null), value);
            }
        }
        (mapped, filled_in) => *mapped = filled_in,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mapper_says_what_an_identity_has() {
        let mapped = read(json!({ "identity": {
            "traits": { "email": "ada@example.org" },
            "metadata_public": { "a": 1 },
            "metadata_admin": null,
            "verified_addresses": [{ "via": "email", "value": "Ada@Example.org" }, { "via": "pigeon", "value": "x" }, 1],
        } }))
        .unwrap();
        assert_eq!(mapped.traits, json!({ "email": "ada@example.org" }));
        assert_eq!(mapped.metadata_public, Some(Json::from(json!({ "a": 1 }))));
        assert_eq!(mapped.metadata_admin, None);
        assert_eq!(
            mapped.verified_addresses,
            [(Channel::Email, "Ada@Example.org".to_owned())]
        );
    }

    #[test]
    fn a_mapper_has_to_give_traits() {
        for odd in [
            json!({}),
            json!(1),
            json!({ "identity": {} }),
            json!({ "identity": { "traits": [] } }),
        ] {
            assert_eq!(read(odd).unwrap_err().status, 500);
        }
    }

    #[test]
    fn what_was_filled_in_counts() {
        let mut traits = json!({ "email": "a", "name": { "first": "Ada", "last": "L" } });
        merge(
            &mut traits,
            json!({ "email": "b", "name": { "first": "Augusta" }, "age": 36 }),
        );
        assert_eq!(
            traits,
            json!({ "email": "b", "name": { "first": "Augusta", "last": "L" }, "age": 36 })
        );
    }
}
