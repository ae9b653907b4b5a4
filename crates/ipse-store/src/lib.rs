#![doc = include_str!("../README.md")]

mod batch;
mod clean;
mod code;
mod continuity;
mod courier;
mod credential;
mod driver;
mod error;
mod exchange;
mod flow;
mod flow_error;
mod identity;
mod identity_list;
mod limit;
mod migrate;
mod migration_plan;
mod session;
mod session_list;
mod store;

pub use batch::Batch;
pub use clean::{Cleaned, Cleaning};
pub use code::{CodePurpose, OneTimeCode};
pub use continuity::PausedSubmission;
pub use courier::{
    Allowance, Dispatch, DispatchStatus, Lease, MessageCursor, MessageFilter, Settlement,
};
pub use error::{Entity, StoreError, Unique};
pub use exchange::TokenExchange;
pub use flow_error::FlowErrorRecord;
pub use identity::{AddressPurpose, Found};
pub use identity_list::{IdentityFilter, Paging};
pub use limit::KeyHash;
pub use migration_plan::{Lock, LockMode, Migrations, PlannedChange, PlannedStep};
pub use session::{Authenticated, AuthenticatedForFlow, TokenHash};
pub use session_list::{SessionCursor, SessionFilter};
pub use store::{OpenOptions, Page, Store};

#[cfg(test)]
mod tests;
