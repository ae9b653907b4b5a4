//! The client against servers on loopback, some of them hostile.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A server that does to each request what its path says, and remembers what it was sent.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let hears = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&hears)));
            }
        });
        Self { address, heard }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The requests so far, each as it was sent.
    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, hears: Arc<Mutex<Vec<String>>>) {
    let mut request = vec![0; 16 << 10];
    let length = stream.read(&mut request).await.unwrap_or_default();
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    hears.lock().unwrap().push(request);
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
    let _ = match path.trim_start_matches('/').split_once('?') {
        Some(("to", location)) => {
            let head = "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nConnection: close";
            let answer = format!("{head}\r\nLocation: {location}\r\n\r\n");
            stream.write_all(answer.as_bytes()).await
        }
        Some(("loop", _)) => {
            let head = "HTTP/1.1 303 See Other\r\nContent-Length: 0\r\nConnection: close";
            let answer = format!("{head}\r\nLocation: /loop?\r\n\r\n");
            stream.write_all(answer.as_bytes()).await
        }
        Some(("endless", _)) => {
            let _ = stream.write_all(format!("{head}\r\n").as_bytes()).await;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            Ok(())
        }
        Some(("broken", _)) => {
            let answer = format!("{head}Content-Length: 100\r\n\r\nhalf");
            stream.write_all(answer.as_bytes()).await
        }
        Some(("headers", _)) => {
            let header = format!("X-Long: {}\r\n", "x".repeat(1000));
            let answer = format!("{head}{}\r\n", header.repeat(2000));
            stream.write_all(answer.as_bytes()).await
        }
        Some(("nonsense", _)) => stream.write_all(b"220 smtp.example.org\r\n").await,
        Some(("hang", _)) => std::future::pending().await,
        Some(("close", _)) => Ok(()),
        _ => {
            stream
                .write_all(format!("{head}Content-Length: 2\r\n\r\nok").as_bytes())
                .await
        }
    };
}

fn client(rules: HttpClient) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new(rules)
}

fn guarded(except: &[&str]) -> HttpClient {
    HttpClient {
        disallow_private_ip_ranges: true,
        private_ip_exception_urls: except.iter().map(|&url| url.to_owned()).collect(),
    }
}

fn post(url: &str) -> http::Request<Vec<u8>> {
    let mut key = http::HeaderValue::from_static("swordfish");
    key.set_sensitive(true);
    let request = http::Request::post(url).header("x-key", key);
    request.body(b"body".to_vec()).unwrap()
}

async fn status(client: &Client, url: &str) -> Result<u16, OutgoingError> {
    let answer = client.send(post(url)).await?;
    Ok(answer.status().as_u16())
}

#[test]
fn a_literal_private_address_is_refused_unless_excepted() {
    let client = client(guarded(&["http://127.0.0.1:9/hook", "http://127.0.0.1:8"]));
    let refused = |url: &str| client.pick(&Url::parse(url).unwrap()).is_err();
    assert!(refused("http://127.0.0.1:9/other"));
    assert!(refused("http://127.0.0.1:9/hook/more"));
    assert!(refused("http://[::1]/"));
    assert!(refused("http://0x7f.1/"), "in other words 127.0.0.1");
    assert!(!refused("http://127.0.0.1:9/hook"));
    assert!(!refused("http://127.0.0.1:9/hook?a=b"));
    assert!(!refused("http://127.0.0.1:8/"));
    assert!(!refused("https://example.org/"));
}

#[tokio::test]
async fn names_of_private_addresses_are_refused_like_the_addresses() {
    let server = Server::start().await;
    let url = format!("http://localhost:{}/x", server.address.port());
    assert!(status(&client(guarded(&[])), &url).await.is_err());
    assert_eq!(status(&client(HttpClient::default()), &url).await, Ok(200));
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_redirect_does_not_get_around_the_guard() {
    let (trusted, other) = (Server::start().await, Server::start().await);
    let hook = trusted.url("to");
    let client = client(guarded(&[&hook]));
    for to in [other.url("x"), trusted.url("x")] {
        let outcome = status(&client, &format!("{hook}?{to}")).await;
        assert_eq!(
            outcome,
            Err(OutgoingError::Forbidden("127.0.0.1".to_owned()))
        );
    }
    assert!(other.heard().is_empty());
}

#[tokio::test]
async fn redirects_are_followed_and_secrets_stay_behind() {
    let (first, second) = (Server::start().await, Server::start().await);
    let url = first.url(&format!("to?{}", second.url("x")));
    assert_eq!(status(&client(HttpClient::default()), &url).await, Ok(200));
    let heard = [first.heard(), second.heard()].map(|heard| heard[0].to_lowercase());
    assert!(heard[0].contains("x-key: swordfish"));
    assert!(!heard[1].contains("swordfish") && !heard[1].contains("referer"));
    assert!(heard[1].starts_with("post /x") && heard[1].ends_with("body"));
}

#[tokio::test]
async fn nobody_is_led_around_for_ever() {
    let server = Server::start().await;
    let outcome = status(&client(HttpClient::default()), &server.url("loop?")).await;
    let expected = OutgoingError::Failed("too many redirects".to_owned());
    assert_eq!(outcome, Err(expected));
    assert_eq!(server.heard().len(), 1 + REDIRECTS);
}

#[tokio::test]
async fn servers_that_play_tricks_are_given_up() {
    let server = Server::start().await;
    let client = client(HttpClient::default());
    let endless = status(&client, &server.url("endless?")).await;
    assert_eq!(endless, Err(OutgoingError::TooLarge));
    for trick in ["broken?", "close?", "nonsense?", "headers?"] {
        let outcome = status(&client, &server.url(trick)).await;
        assert!(
            matches!(outcome, Err(OutgoingError::Failed(_))),
            "{trick}: {outcome:?}"
        );
        let text = outcome.unwrap_err().to_string();
        assert!(
            !text.contains("swordfish") && !text.contains(trick),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = Server::start().await;
    let client = Client {
        timeout: Duration::from_millis(50),
        ..client(HttpClient::default())
    };
    let outcome = status(&client, &server.url("hang?")).await;
    assert_eq!(outcome, Err(OutgoingError::TimedOut));
}
