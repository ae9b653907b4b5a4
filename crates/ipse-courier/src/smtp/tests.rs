use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::test_server::{MailServer, Security};
use crate::tests::message;

/// A mailer for a server that listens at this port.
fn mailer(port: u16, more: &Value) -> Mailer {
    let mut config = json!({
        "connection_uri": format!("smtp://127.0.0.1:{port}/?disable_starttls=true"),
        "from_address": "noreply@example.org",
    });
    config
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let config = serde_json::from_value(config).unwrap();
    Mailer::at(&config, None, &[]).unwrap()
}

async fn plain() -> MailServer {
    MailServer::start(Security::Plain).await
}

#[tokio::test]
async fn a_mail_has_a_plain_text_and_html_and_says_who_sent_it() {
    let server = plain().await;
    mailer(server.port, &json!({ "from_name": "Jürgen, the Sender" }))
        .send(&message())
        .await
        .unwrap();
    let mail = server.only_mail();
    assert!(mail.contains("To: ada@example.org\n"), "{mail}");
    assert!(mail.contains("<noreply@example.org>"), "{mail}");
    assert!(mail.contains("Subject: Your code\n"), "{mail}");
    assert!(mail.contains("multipart/alternative"), "{mail}");
    assert!(mail.find("text/plain").unwrap() < mail.find("text/html").unwrap());
    assert!(mail.contains("<p>It is 123456.</p>"), "{mail}");
}

#[tokio::test]
async fn an_attempt_makes_the_same_mail_as_the_one_before() {
    let server = plain().await;
    let mailer = mailer(server.port, &json!({}));
    mailer.send(&message()).await.unwrap();
    mailer.send(&message()).await.unwrap();
    let mails = server.mails();
    let of = |mail: &str, name: &str| {
        mail.lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    for name in ["Message-ID:", "Date:"] {
        assert_eq!(of(&mails[0].text, name), of(&mails[1].text, name));
    }
}

#[tokio::test]
async fn a_refusal_is_for_good_or_for_now() {
    let server = plain().await;
    let mailer = mailer(server.port, &json!({}));
    for (status, for_good) in [
        ("421", false),
        ("450", false),
        ("535", false),
        ("550", true),
    ] {
        let refused = CourierMessage {
            recipient: format!("{status}@example.org"),
            ..message()
        };
        let error = mailer.send(&refused).await.unwrap_err();
        assert_eq!(
            matches!(error, DeliveryError::Permanent(_)),
            for_good,
            "{status}: {error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_away_may_come_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = mailer(port, &json!({})).send(&message()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Temporary(_)), "{error}");
}

#[tokio::test]
async fn nothing_in_a_message_adds_headers() {
    let server = plain().await;
    let hostile = CourierMessage {
        subject: "Hello\r\nBcc: eve@example.org\r\n\r\nbody".to_owned(),
        body: "Bcc: mallory@example.org\r\n.\r\nQUIT\r\n".to_owned(),
        body_html: None,
        ..message()
    };
    mailer(server.port, &json!({}))
        .send(&hostile)
        .await
        .unwrap();
    let mail = server.only_mail();
    let (headers, _) = mail.split_once("\n\n").unwrap();
    assert!(
        !headers.lines().any(|line| line.starts_with("Bcc")),
        "{mail}"
    );
}

#[test]
fn a_recipient_that_is_no_address_is_given_up() {
    let config = json!({ "connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true" });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let mailer = Mailer::at(&serde_json::from_value(config).unwrap(), None, &[]).unwrap();
    for recipient in ["", "ada", "a@b\r\nRCPT TO:<eve@example.org>", "+491234"] {
        let message = CourierMessage {
            recipient: recipient.to_owned(),
            ..message()
        };
        assert!(
            matches!(mailer.compose(&message), Err(DeliveryError::Permanent(_))),
            "{recipient:?}"
        );
    }
}

#[tokio::test]
async fn configured_headers_are_sent_unless_they_would_be_two() {
    let server = plain().await;
    let headers =
        json!({ "headers": { "X-Campaign": "spring", "Reply-To": "answers@example.org" } });
    mailer(server.port, &headers)
        .send(&message())
        .await
        .unwrap();
    let mail = server.only_mail();
    assert!(
        mail.contains("X-Campaign: spring\n") && mail.contains("Reply-To: answers@example.org\n")
    );

    for (name, value) in [
        ("X-A", "b\r\nX-C: d"),
        ("X A", "b"),
        ("X-A:", "b"),
        ("", "b"),
    ] {
        let config = json!({
            "connection_uri": "smtp://127.0.0.1:1/", "headers": { name: value },
        });
        assert!(
            Mailer::at(&serde_json::from_value(config).unwrap(), None, &[]).is_err(),
            "{name:?}"
        );
    }
}

fn read(url: &str) -> crate::smtp::Server {
    crate::smtp::Server::read(&url.parse().unwrap()).unwrap()
}

#[test]
fn the_address_of_a_mail_server_says_how_to_connect() {
    let usual = read("smtp://user:p%40ss@mail.example.org");
    assert_eq!((usual.host.as_str(), usual.port), ("mail.example.org", 587));
    assert_eq!(
        usual.credentials,
        Some(("user".to_owned(), "p@ss".to_owned()))
    );
    assert!(!usual.implicit_tls && !usual.plain && !usual.any_certificate);

    let wrapped = read("smtps://10.0.0.1/?skip_ssl_verify=true&server_name=mail.example.org");
    assert!(wrapped.implicit_tls && wrapped.any_certificate);
    assert_eq!(
        (wrapped.port, wrapped.certificate_name.as_str()),
        (465, "mail.example.org")
    );

    assert!(read("smtp://localhost:25/?disable_starttls=true").plain);
    assert!(
        !read("smtps://localhost/?disable_starttls=true").plain,
        "smtps means TLS"
    );
    assert_eq!(read("smtp://[::1]:25").host, "::1");
}

/// A process for which only the addresses of one server are public.
struct Allowing(bool);

#[async_trait::async_trait]
impl Surroundings for Allowing {
    async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
        Err("no requests".to_owned())
    }

    fn is_private(&self, _: IpAddr) -> bool {
        !self.0
    }

    fn trusted(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    async fn jsonnet(&self, _: &ipse_config::Source, _: &Value) -> Result<String, String> {
        Err("no Jsonnet".to_owned())
    }
}

#[tokio::test]
async fn a_mail_server_in_a_private_network_can_be_forbidden() {
    let server = plain().await;
    let uri = format!("smtp://localhost:{}/?disable_starttls=true", server.port);
    let config: Smtp = serde_json::from_value(json!({ "connection_uri": uri })).unwrap();
    let refused = public_address(&config, &Allowing(false)).await.unwrap_err();
    assert!(refused.to_string().contains("private network"), "{refused}");
    let address = public_address(&config, &Allowing(true)).await.unwrap();
    assert!(address.is_loopback());
    Mailer::at(&config, Some(IpAddr::from([127, 0, 0, 1])), &[])
        .unwrap()
        .send(&message())
        .await
        .unwrap();
    assert!(server.only_mail().contains("To: ada@example.org"));
}
