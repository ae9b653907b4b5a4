//! Lists of identities, by page and by what an admin looks for.

use ipse_model::{Identity, Uuid};

use crate::driver::{Param, Query};
use crate::identity::{BY_ID, identity, identity_columns};
use crate::store::{all, count, first};
use crate::{Page, Store, StoreError};

/// Which identities to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityFilter {
    /// All of them.
    All,
    /// Those that have exactly this identifier, in credentials of any type.
    Identifier(String),
    /// Those with an identifier that begins like this.
    IdentifierPrefix(String),
    /// Those of an organization.
    Organization(Uuid),
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// So many rows after the one with the id `last`, or from the beginning. Costs the same on every page.
    After {
        /// The last row of the page before.
        last: Option<Uuid>,
        /// Rows per page.
        size: u32,
    },
    /// The page of that number, counted from 0, and the total. Costs more the further back the page is.
    Number {
        /// The number of the page.
        page: u32,
        /// Rows per page.
        size: u32,
    },
}

/// The texts of one filter. `$1` is the last id, then come the filter's own values, then rows and rows to skip.
struct Texts {
    page: &'static str,
    total: &'static str,
}

macro_rules! texts {
    ($condition:literal, $limit:literal, $offset:literal) => {
        Texts {
            page: concat!(
                "SELECT ",
                identity_columns!(),
                " FROM identities i WHERE i.id > $1 AND ",
                $condition,
                " ORDER BY i.id LIMIT ",
                $limit,
                " OFFSET ",
                $offset
            ),
            total: concat!(
                "SELECT count(*) FROM identities i WHERE i.id > $1 AND ",
                $condition
            ),
        }
    };
}

const ALL: Texts = texts!("TRUE", "$2", "$3");
const IDENTIFIER: Texts = texts!(
    "i.id IN (SELECT n.identity_id FROM credential_identifiers n WHERE n.identifier = $2)",
    "$3",
    "$4"
);
const PREFIX: Texts = texts!(
    "i.id IN (SELECT n.identity_id FROM credential_identifiers n \
     WHERE n.identifier >= $2 AND n.identifier < $3)",
    "$4",
    "$5"
);
const ORGANIZATION: Texts = texts!("i.organization_id = $2", "$3", "$4");

impl IdentityFilter {
    fn texts(&self) -> Texts {
        match self {
            Self::All => ALL,
            Self::Identifier(_) => IDENTIFIER,
            Self::IdentifierPrefix(_) => PREFIX,
            Self::Organization(_) => ORGANIZATION,
        }
    }

    fn params(&self) -> Vec<Param> {
        match self {
            Self::All => vec![],
            Self::Identifier(identifier) => vec![identifier.as_str().into()],
            Self::IdentifierPrefix(prefix) => {
                // Texts sort by bytes, so everything with the prefix lies below the prefix and the highest character.
                vec![
                    prefix.as_str().into(),
                    format!("{prefix}{}", char::MAX).as_str().into(),
                ]
            }
            Self::Organization(id) => vec![(*id).into()],
        }
    }
}

impl Store {
    /// The identities of these ids, in the order of the ids; unknown ones are left out.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn identities_by_id(&self, ids: &[Uuid]) -> Result<Vec<Identity>, StoreError> {
        let queries = ids
            .iter()
            .map(|id| Query::new(BY_ID, [(*id).into()]))
            .collect();
        let answers = self.driver.read(queries).await?;
        answers
            .into_iter()
            .filter_map(|rows| first(rows, identity).transpose())
            .collect()
    }

    /// A page of the identities that a filter lets through, ordered by id.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn identities(
        &self,
        filter: &IdentityFilter,
        paging: Paging,
    ) -> Result<Page<Identity>, StoreError> {
        let (last, size, skip) = match paging {
            Paging::After { last, size } => (last, size, 0),
            Paging::Number { page, size } => (None, size, i64::from(page) * i64::from(size)),
        };
        // No identity has the nil id.
        let mut params = vec![Param::from(last.unwrap_or(Uuid::nil()))];
        params.extend(filter.params());
        let texts = filter.texts();
        let total = Query::new(texts.total, params.clone());
        params.extend([(i64::from(size) + 1).into(), skip.into()]);
        let page = Query::new(texts.page, params);
        if let Paging::After { .. } = paging {
            return Ok(Page::cut(self.all(page, identity).await?, size));
        }
        let [rows, total] = self.together([page, total]).await?;
        let page = Page::cut(all(rows, identity)?, size);
        Ok(Page {
            total: Some(count(total)?),
            ..page
        })
    }
}
