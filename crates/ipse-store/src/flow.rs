//! Flows: one table for all five kinds, versioned so that two submissions of the same form can't both win.

use ipse_model::{FlowName, FlowRecord, Uuid};

use crate::driver::{Param, Query, Row, Statement};
use crate::{Batch, Entity, Store, StoreError};

const NAMES: [FlowName; 5] = [
    FlowName::Login,
    FlowName::Registration,
    FlowName::Settings,
    FlowName::Recovery,
    FlowName::Verification,
];

pub(crate) const BY_ID: &str = "SELECT f.id, f.name, f.identity_id, f.issued_at, f.expires_at, f.public, f.private, f.version \
     FROM flows f WHERE f.id = $1";

pub(crate) fn flow(row: &mut Row) -> Result<FlowRecord, StoreError> {
    Ok(FlowRecord {
        id: row.uuid()?,
        name: row.variant(&NAMES, FlowName::as_str)?,
        identity_id: row.uuid_or_null()?,
        issued_at: row.time()?,
        expires_at: row.time()?,
        public: row.json()?,
        private: row.json()?,
        version: row.int()?,
    })
}

impl Store {
    /// The flow of that id.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn flow(&self, id: Uuid) -> Result<Option<FlowRecord>, StoreError> {
        self.first(Query::new(BY_ID, [id.into()]), flow).await
    }
}

impl Batch {
    /// Adds a flow.
    ///
    /// Fails with `Conflict(Identity)` when its identity is gone.
    pub fn insert_flow(&mut self, flow: &FlowRecord) -> &mut Self {
        let sql = "INSERT INTO flows \
             (id, identity_id, expires_at, public, private, version, name, issued_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let mut params = changing(flow);
        params.extend([Param::Name(flow.name.as_str()), flow.issued_at.into()]);
        self.push(Statement::new(sql, params))
    }

    /// Saves a flow as version `flow.version + 1`.
    ///
    /// Fails with `Conflict(Flow)` unless the stored version is `flow.version`.
    pub fn update_flow(&mut self, flow: &FlowRecord) -> &mut Self {
        let sql = "UPDATE flows SET identity_id = $2, expires_at = $3, public = $4, private = $5, \
             version = version + 1 WHERE id = $1 AND version = $6";
        self.push(Statement::new(sql, changing(flow)).one(Entity::Flow))
    }

    /// Removes a flow, if it is still there.
    pub fn delete_flow(&mut self, id: Uuid) -> &mut Self {
        self.push(Statement::new(
            "DELETE FROM flows WHERE id = $1",
            [id.into()],
        ))
    }
}

/// The id, the columns that can change, and the version.
fn changing(flow: &FlowRecord) -> Vec<Param> {
    vec![
        flow.id.into(),
        flow.identity_id.into(),
        flow.expires_at.into(),
        (&flow.public).into(),
        (&flow.private).into(),
        flow.version.into(),
    ]
}
