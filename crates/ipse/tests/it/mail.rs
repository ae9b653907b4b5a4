//! A queue of mails that takes no mail.

use ipse_model::{Clock, CourierMessage, Json, MessageStatus};
use ipse_testkit::{Builder, Reply, TestServer};

/// Does the same on two servers that are alike to the last random number. The second one has a message with the id of the
/// one that the first has queued, so that it can't be queued there: what is to be stored along with it must not be, either.
pub(crate) async fn unable_to_queue(
    build: impl Fn() -> Builder,
    steps: impl AsyncFn(&TestServer) -> Reply,
) -> (TestServer, Reply) {
    let model = build().start().await;
    let reply = steps(&model).await;
    assert!(reply.status.is_success(), "{}", reply.text());
    let mails = model.mails().await;
    let [mail] = mails.as_slice() else {
        panic!("one mail: {mails:?}")
    };
    let now = model.clock.now();
    let in_the_way = CourierMessage {
        id: mail["id"].as_str().unwrap().parse().unwrap(),
        status: MessageStatus::Sent,
        channel: "email".to_owned(),
        recipient: "somebody@example.org".to_owned(),
        subject: String::new(),
        body: String::new(),
        body_html: None,
        template_type: "stub".to_owned(),
        template_data: Json::empty_object(),
        send_count: 1,
        next_attempt_at: now,
        created_at: now,
        updated_at: now,
    };
    let server = build().start().await;
    let mut batch = server.app.store.batch();
    batch.enqueue(&in_the_way);
    batch.commit().await.unwrap();
    let reply = steps(&server).await;
    assert!(
        !reply.status.is_success(),
        "without its mail it has succeeded: {}",
        reply.text()
    );
    assert_eq!(server.mails().await.len(), 1);
    (server, reply)
}
