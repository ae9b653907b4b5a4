//! `GET /admin/identities`.

use ipse_model::{Credentials, CredentialsType, Identity, Uuid};
use ipse_store::{IdentityFilter, Page, Paging};

use super::{printed, reveal};
use crate::identity::page::{self, BadSize, ListPage, Numbered};
use crate::identity::view::Admin;
use crate::schema::normalise_identifier;
use crate::{ApiError, Cx, Request};

/// Where the list is found, for its links.
const PATH: &str = "/admin/identities";
/// What the token of the first page says.
const START: &str = "start";
/// The most ids that can be asked for at once.
const MOST_IDS: usize = 500;

/// Lists identities by id: all of them, or those that the query asks for.
///
/// # Errors
/// 400 when the query makes no sense.
pub async fn list(cx: &Cx) -> Result<ListPage, ApiError> {
    let included = reveal::included(&cx.request)?;
    let wanted = Wanted::asked(&cx.request)?;
    let paging = Mode::asked(&cx.request)?;
    let found = wanted.find(cx, paging.paging()).await?;
    let next = found
        .items
        .last()
        .filter(|_| found.more)
        .map(|last| page::sealed(&last.id.to_string()));
    let link = match paging {
        Mode::Number(page) => page.links(PATH, &cx.request, found.total.unwrap_or(0)),
        Mode::Token { size, .. } => {
            let first = page::sealed(START);
            page::token_links(PATH, &cx.request, size, (&first, next.as_deref()))
        }
    };
    let total = matches!(paging, Mode::Number(_)).then_some(found.total.unwrap_or(0));
    Ok(ListPage {
        body: body(cx, found.items, &included).await?,
        link,
        total,
    })
}

async fn body(
    cx: &Cx,
    identities: Vec<Identity>,
    included: &[CredentialsType],
) -> Result<String, ApiError> {
    let ids: Vec<Uuid> = identities.iter().map(|identity| identity.id).collect();
    let credentials = cx.store().credentials_of(&ids).await?;
    let rows: Vec<(Identity, Credentials)> = identities.into_iter().zip(credentials).collect();
    let views: Vec<Admin<'_>> = rows
        .iter()
        .map(|(identity, credentials)| {
            let mut view = Admin::new(identity, credentials, &cx.snapshot);
            reveal::reveal(cx, &mut view, credentials, included);
            view
        })
        .collect();
    printed(&views)
}

/// Which identities are asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// These.
    Ids(Vec<Uuid>),
    /// The one with this identifier, as it is or in its normal form.
    Identifier(String),
    /// Those that a filter lets through.
    Filtered(IdentityFilter),
}

impl Wanted {
    fn asked(request: &Request) -> Result<Self, ApiError> {
        let text = |name| request.query(name).filter(|text| !text.is_empty());
        let ids = ids(request)?;
        let exact = text("credentials_identifier");
        let similar = text("preview_credentials_identifier_similar");
        let organization = text("organization_id");
        match (exact, similar) {
            (Some(_), Some(_)) => Err(ApiError::bad_request(
                "Either credentials_identifier or preview_credentials_identifier_similar can be given.",
            )),
            _ if !ids.is_empty() && (exact.is_some() || similar.is_some()) => Err(
                ApiError::bad_request("Either ids or an identifier can be given."),
            ),
            _ if !ids.is_empty() => Ok(Self::Ids(ids)),
            (Some(exact), None) => Ok(Self::Identifier(exact.to_owned())),
            (None, Some(similar)) => {
                let prefix = normalise_identifier(similar);
                Ok(Self::Filtered(IdentityFilter::IdentifierPrefix(prefix)))
            }
            (None, None) => Ok(Self::Filtered(match organization {
                Some(id) => IdentityFilter::Organization(id.parse().map_err(|_| {
                    ApiError::bad_request("The query parameter organization_id is not a UUID.")
                })?),
                None => IdentityFilter::All,
            })),
        }
    }

    async fn find(self, cx: &Cx, paging: Paging) -> Result<Page<Identity>, ApiError> {
        match self {
            Self::Ids(ids) => {
                let items = cx.store().identities_by_id(&ids).await?;
                let total = u64::try_from(items.len()).ok();
                Ok(Page {
                    items,
                    more: false,
                    total,
                })
            }
            Self::Identifier(text) => {
                // Subjects at providers are told apart by case, what people type is not.
                let normal = normalise_identifier(&text);
                let as_it_is = IdentityFilter::Identifier(text.clone());
                let found = cx.store().identities(&as_it_is, paging).await?;
                if !found.items.is_empty() || normal == text {
                    return Ok(found);
                }
                Ok(cx
                    .store()
                    .identities(&IdentityFilter::Identifier(normal), paging)
                    .await?)
            }
            Self::Filtered(filter) => Ok(cx.store().identities(&filter, paging).await?),
        }
    }
}

/// The ids that are asked for, each once.
fn ids(request: &Request) -> Result<Vec<Uuid>, ApiError> {
    let mut ids = Vec::new();
    for (_, text) in request.query.iter().filter(|(key, _)| key == "ids") {
        for text in text.split(',').filter(|text| !text.is_empty()) {
            let id = text.parse().map_err(|_| {
                ApiError::bad_request(format!("{text:?} among the ids is not a UUID."))
            })?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    if ids.len() > MOST_IDS {
        return Err(ApiError::bad_request(format!(
            "No more than {MOST_IDS} ids can be asked for at once."
        )));
    }
    Ok(ids)
}

/// How to page: by number when the query names one, else by token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Number(Numbered),
    Token { last: Option<Uuid>, size: u32 },
}

impl Mode {
    fn asked(request: &Request) -> Result<Self, ApiError> {
        if request.query("page").is_some_and(|page| !page.is_empty()) {
            return Ok(Self::Number(Numbered::from_zero(request)));
        }
        let size = page::size_or_per_page(request).map_err(|BadSize| {
            ApiError::bad_request("The query parameter page_size is not a number.")
        })?;
        Ok(Self::Token {
            last: last(request)?,
            size,
        })
    }

    fn paging(self) -> Paging {
        match self {
            Self::Number(page) => Paging::Number {
                page: page.rows,
                size: page.size,
            },
            Self::Token { last, size } => Paging::After { last, size },
        }
    }
}

fn last(request: &Request) -> Result<Option<Uuid>, ApiError> {
    let Some(token) = request
        .query("page_token")
        .filter(|token| !token.is_empty())
    else {
        return Ok(None);
    };
    match page::unsealed(token).as_deref() {
        Some(START) => Ok(None),
        content => content
            .and_then(|id| id.parse().ok())
            .map(Some)
            .ok_or_else(|| {
                ApiError::bad_request(
                    "The page token is not one of this list. Take it from a Link header.",
                )
            }),
    }
}

#[cfg(test)]
mod tests {
    use url::form_urlencoded;

    use super::*;
    use crate::Accept;

    fn asked(query: &str) -> Request {
        Request {
            method: http::Method::GET,
            url: String::new(),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: http::HeaderMap::new(),
            accept: Accept::Json,
            session_token: None,
            continuity: None,
        }
    }

    const ID: Uuid = Uuid::from_u128(0xada);

    #[test]
    fn one_way_to_ask_at_a_time() {
        let of = |query: &str| Wanted::asked(&asked(query));
        assert_eq!(of("").unwrap(), Wanted::Filtered(IdentityFilter::All));
        assert_eq!(
            of(&format!("ids={ID}&ids={ID}")).unwrap(),
            Wanted::Ids(vec![ID])
        );
        assert_eq!(
            of("credentials_identifier=ADA@example.org").unwrap(),
            Wanted::Identifier("ADA@example.org".to_owned())
        );
        assert_eq!(
            of("preview_credentials_identifier_similar=ADA").unwrap(),
            Wanted::Filtered(IdentityFilter::IdentifierPrefix("ada".to_owned()))
        );
        assert_eq!(
            of(&format!("organization_id={ID}")).unwrap(),
            Wanted::Filtered(IdentityFilter::Organization(ID))
        );
        for odd in [
            "credentials_identifier=a&preview_credentials_identifier_similar=b".to_owned(),
            format!("credentials_identifier=a&ids={ID}"),
            "ids=x".to_owned(),
            "organization_id=x".to_owned(),
        ] {
            assert_eq!(of(&odd).unwrap_err().status, 400, "{odd}");
        }
    }

    #[test]
    fn the_number_of_ids_is_limited() {
        let query = |count: u128| {
            let ids = (0..count).map(|n| format!("ids={}", Uuid::from_u128(n)));
            asked(&ids.collect::<Vec<_>>().join("&"))
        };
        assert_eq!(ids(&query(500)).unwrap().len(), 500);
        assert_eq!(ids(&query(501)).unwrap_err().status, 400);
    }

    #[test]
    fn a_page_number_counts_before_a_token() {
        assert_eq!(
            Mode::asked(&asked("page=1&per_page=2&page_token=x")).unwrap(),
            Mode::Number(Numbered {
                number: 1,
                size: 2,
                rows: 1
            })
        );
        assert_eq!(
            Mode::asked(&asked("per_page=2")).unwrap(),
            Mode::Token {
                last: None,
                size: 2
            }
        );
        let token = page::sealed(&ID.to_string());
        assert_eq!(
            Mode::asked(&asked(&format!("page_size=2&page_token={token}"))).unwrap(),
            Mode::Token {
                last: Some(ID),
                size: 2
            }
        );
        let start = page::sealed(START);
        assert_eq!(
            Mode::asked(&asked(&format!("page_token={start}"))).unwrap(),
            Mode::Token {
                last: None,
                size: 250
            }
        );
        assert_eq!(Mode::asked(&asked("page_token=x")).unwrap_err().status, 400);
        assert_eq!(Mode::asked(&asked("page_size=x")).unwrap_err().status, 400);
    }
}
