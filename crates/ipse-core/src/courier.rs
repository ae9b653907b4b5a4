//! The courier's messages as administrators see them.

use ipse_model::{CourierMessage, MessageStatus, Timestamp};
use ipse_store::{Dispatch, MessageCursor, MessageFilter};
use serde_json::{Value, json};

use crate::identity::ListPage;
use crate::identity::page;
use crate::{ApiError, Cx, Request};

/// Where the list is.
const PATH: &str = "/admin/courier/messages";
/// What the token of the first page says.
const START: &str = "start";
/// Messages on a page unless asked otherwise.
const PAGE_SIZE: u32 = 10;
/// The most messages on a page.
const LARGEST_PAGE: u32 = 500;

/// Lists messages, the newest first.
///
/// # Errors
/// 400 when the status or the page asked for make no sense.
pub async fn list(cx: &Cx) -> Result<ListPage, ApiError> {
    let request = &cx.request;
    let filter = MessageFilter {
        status: request.query("status").map(status).transpose()?,
        recipient: request
            .query("recipient")
            .filter(|to| !to.is_empty())
            .map(str::to_owned),
    };
    let size = request
        .query("page_size")
        .and_then(|size| size.parse().ok());
    let size = size
        .filter(|size| *size > 0)
        .unwrap_or(PAGE_SIZE)
        .min(LARGEST_PAGE);
    let found = cx.store().messages(&filter, after(request)?, size).await?;
    let next = found
        .items
        .last()
        .filter(|_| found.more)
        .map(|last| token(MessageCursor::of(last)));
    let messages: Vec<Value> = found.items.iter().map(shown).collect();
    let first = page::sealed(START);
    Ok(ListPage {
        body: Value::Array(messages).to_string(),
        link: page::token_links(PATH, request, size, (&first, next.as_deref())),
        total: None,
    })
}

/// Shows a message and the attempts to deliver it.
///
/// # Errors
/// 400 when the id is none, 404 when there is no such message.
pub async fn get(cx: &Cx, id: &str) -> Result<Value, ApiError> {
    let id = id
        .parse()
        .map_err(|_| ApiError::new(400, "The id of the message is not a UUID"))?;
    let (message, dispatches) = cx
        .store()
        .message(id)
        .await?
        .ok_or_else(ApiError::no_such_row)?;
    let mut shown = shown(&message);
    shown["dispatches"] = dispatches.iter().map(attempt).collect();
    Ok(shown)
}

/// The newest messages themselves, for the mail catcher.
///
/// # Errors
/// When the database can't answer.
pub async fn newest(cx: &Cx, count: u32) -> Result<Vec<CourierMessage>, ApiError> {
    Ok(cx
        .store()
        .messages(&MessageFilter::default(), None, count)
        .await?
        .items)
}

/// A message itself, for the mail catcher.
///
/// # Errors
/// 404 when there is no such message.
pub async fn one(cx: &Cx, id: &str) -> Result<CourierMessage, ApiError> {
    let id = id.parse().map_err(|_| ApiError::no_such_row())?;
    let (message, _) = cx
        .store()
        .message(id)
        .await?
        .ok_or_else(ApiError::no_such_row)?;
    Ok(message)
}

fn status(text: &str) -> Result<MessageStatus, ApiError> {
    use MessageStatus::{Abandoned, Processing, Queued, Sent};
    [Queued, Sent, Processing, Abandoned]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| ApiError::bad_request("There is no such message status."))
}

fn shown(message: &CourierMessage) -> Value {
    json!({
        "id": message.id,
        "status": message.status,
        "type": if message.channel == "email" { "email" } else { "phone" },
        "channel": message.channel,
        "recipient": message.recipient,
        "subject": message.subject,
        "body": message.body,
        "template_type": message.template_type,
        "send_count": message.send_count,
        "created_at": message.created_at,
        "updated_at": message.updated_at,
    })
}

fn attempt(dispatch: &Dispatch) -> Value {
    json!({
        "id": dispatch.id,
        "message_id": dispatch.message_id,
        "status": dispatch.status.as_str(),
        "error": dispatch.error,
        "created_at": dispatch.created_at,
        "updated_at": dispatch.created_at,
    })
}

fn token(place: MessageCursor) -> String {
    page::sealed(&format!(
        "{}/{}",
        place.created_at.as_microsecond(),
        place.id
    ))
}

fn after(request: &Request) -> Result<Option<MessageCursor>, ApiError> {
    let Some(token) = request
        .query("page_token")
        .filter(|token| !token.is_empty())
    else {
        return Ok(None);
    };
    if page::unsealed(token).as_deref() == Some(START) {
        return Ok(None);
    }
    opened(token)
        .map(Some)
        .ok_or_else(|| ApiError::bad_request("The page_token is not one of ours."))
}

fn opened(token: &str) -> Option<MessageCursor> {
    let text = page::unsealed(token)?;
    let (created_at, id) = text.split_once('/')?;
    Some(MessageCursor {
        created_at: Timestamp::from_microsecond(created_at.parse().ok()?).ok()?,
        id: id.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use ipse_model::Uuid;

    use super::*;

    #[test]
    fn a_place_in_the_list_survives_its_token() {
        let place = MessageCursor {
            created_at: "2026-01-02T03:04:05.678901Z".parse().unwrap(),
            id: Uuid::from_u128(7),
        };
        assert_eq!(opened(&token(place)), Some(place));
        assert_eq!(opened("nonsense"), None);
    }

    #[test]
    fn only_the_four_states_are_known() {
        assert_eq!(status("sent").unwrap(), MessageStatus::Sent);
        for text in ["", "lost", "Sent"] {
            assert_eq!(status(text).unwrap_err().status, 400, "{text}");
        }
    }
}
