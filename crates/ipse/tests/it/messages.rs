//! The messages of the courier as administrators see them, and the mail catcher of the development mode.

use ipse_model::SignedDuration;
use ipse_testkit::{Reply, TestServer};
use serde_json::{Value, json};

/// A server that has written to seven people.
async fn server() -> TestServer {
    let server = TestServer::build()
        .set("dev", true)
        .set("selfservice.flows.recovery.enabled", true)
        .set("selfservice.methods.code.enabled", true)
        .start()
        .await;
    for number in 0..7 {
        server.clock.advance(SignedDuration::from_secs(1));
        let name = format!("person{number}");
        let person = server.identity(&name).password("a rather long password 31");
        let person = person.create().await;
        let mut client = server.native();
        let form = client.start("recovery").await;
        let fields = json!({ "method": "code", "email": person.email });
        assert_eq!(client.submit(&form, fields).await.status, 200);
    }
    server
}

async fn get(server: &TestServer, query: &str) -> Reply {
    let path = format!("/admin/courier/messages{query}");
    server.admin().get(&path).await
}

fn recipients(reply: &Reply) -> Vec<String> {
    let messages = reply.json();
    let name = |message: &Value| message["recipient"].as_str().unwrap().to_owned();
    messages.as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn messages_are_found_by_status_and_recipient() {
    let server = server().await;
    let of = async |query: &str| recipients(&get(&server, query).await).len();
    assert_eq!(of("").await, 7);
    assert_eq!(of("?status=queued").await, 7);
    assert_eq!(of("?status=sent").await, 0);
    assert_eq!(of("?recipient=person3@example.org").await, 1);
    assert_eq!(of("?recipient=Person3@example.org").await, 0);
    assert_eq!(
        of("?recipient=person3@example.org&status=abandoned").await,
        0
    );
    for wrong in ["?status=", "?status=lost", "?page_token=nonsense"] {
        assert_eq!(get(&server, wrong).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn pages_show_every_message_once_the_newest_first() {
    let server = server().await;
    let (mut path, mut seen) = ("?page_size=3".to_owned(), Vec::new());
    loop {
        let reply = get(&server, &path).await;
        seen.push(recipients(&reply));
        let next = reply
            .header("Link")
            .split(',')
            .find(|link| link.contains("rel=\"next\""));
        let Some(next) = next else { break };
        let next = next.split(['<', '>']).nth(1).unwrap();
        next[next.find('?').unwrap()..].clone_into(&mut path);
    }
    assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    let expected = (0..7)
        .rev()
        .map(|number| format!("person{number}@example.org"));
    assert_eq!(seen.concat(), expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn one_message_is_shown_with_its_attempts() {
    let server = server().await;
    let id = get(&server, "").await.json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let message = get(&server, &format!("/{id}")).await.json();
    assert_eq!(message["template_type"], "recovery_code_valid");
    assert_eq!(message["dispatches"], json!([]));
    let nobody = "/9f4ee5f2-0a3d-4ef0-9f6a-8a4f27ad1c0e";
    assert_eq!(get(&server, nobody).await.status, 404);
    assert_eq!(get(&server, "/nonsense").await.status, 400);
}

#[tokio::test]
async fn the_mail_catcher_shows_text_and_html() {
    let server = server().await;
    let list = server.browser().get("/dev/mails").await;
    assert!(
        list.text().contains("person6@example.org"),
        "{}",
        list.text()
    );
    let message = get(&server, "").await.json()[0].clone();
    let path = format!("/dev/mails/{}", message["id"].as_str().unwrap());
    let page = server.browser().get(&path).await;
    let body = message["body"].as_str().unwrap();
    let code = body
        .split(|c: char| !c.is_ascii_digit())
        .find(|word| word.len() == 6);
    let text = page.text();
    assert!(text.contains(code.unwrap()), "{text}");
    assert!(
        text.contains("<iframe") && text.contains("sandbox"),
        "{text}"
    );
    assert!(
        text.contains("srcdoc=\""),
        "the HTML is in the frame: {text}"
    );
}
