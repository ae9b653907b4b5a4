//! Errors of self-service flows, kept for the page that shows them.

use ipse_model::{Json, Timestamp, Uuid};

use crate::driver::{Query, Row, Statement};
use crate::{Batch, Store, StoreError};

/// An error as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowErrorRecord {
    /// Its id, which the address of the page names.
    pub id: Uuid,
    /// What is shown.
    pub body: Json,
    /// When it happened.
    pub created_at: Timestamp,
}

fn flow_error(row: &mut Row) -> Result<FlowErrorRecord, StoreError> {
    Ok(FlowErrorRecord {
        id: row.uuid()?,
        body: row.json()?,
        created_at: row.time()?,
    })
}

impl Store {
    /// The error of that id.
    ///
    /// # Errors
    /// When the database can't answer.
    pub async fn flow_error(&self, id: Uuid) -> Result<Option<FlowErrorRecord>, StoreError> {
        let sql = "SELECT id, body, created_at FROM flow_errors WHERE id = $1";
        self.first(Query::new(sql, [id.into()]), flow_error).await
    }
}

impl Batch {
    /// Adds an error.
    pub fn insert_flow_error(&mut self, error: &FlowErrorRecord) -> &mut Self {
        let sql = "INSERT INTO flow_errors (id, body, created_at) VALUES ($1, $2, $3)";
        let params = [
            error.id.into(),
            (&error.body).into(),
            error.created_at.into(),
        ];
        self.push(Statement::new(sql, params))
    }
}
