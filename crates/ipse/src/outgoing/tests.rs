//! Servers that a client should not wait for, read to the end or follow, and addresses that it should not call.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

#[test]
fn private_addresses_are_known_in_every_guise() {
    for private in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "2002:0a00:0001::",
        "64:ff9b::a00:1",
    ] {
        assert!(is_private(private.parse().unwrap()), "{private}");
    }
    for public in [
        "1.1.1.1",
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
    ] {
        assert!(!is_private(public.parse().unwrap()), "{public}");
    }
}

#[test]
fn a_literal_private_address_is_refused_unless_excepted() {
    let rules = HttpClient {
        disallow_private_ip_ranges: true,
        private_ip_exception_urls: vec!["http://127.0.0.1:9/hook".to_owned()],
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::new(rules);
    let refused = |url: &str| client.pick(&Url::parse(url).unwrap()).is_err();
    assert!(refused("http://127.0.0.1:9/other"));
    assert!(refused("http://[::1]/"));
    assert!(!refused("http://127.0.0.1:9/hook"));
    assert!(!refused("https://example.org/"));
}

/// Answers every connection with what `answer` makes of the address of this server; its address, and how much was sent.
async fn serve(answer: fn(SocketAddr) -> Vec<u8>, times: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counter = Arc::clone(&counter);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                for part in 0..times {
                    let part = if part == 0 {
                        answer(address)
                    } else {
                        vec![b' '; 1 << 20]
                    };
                    if stream.write_all(&part).await.is_err() {
                        break;
                    }
                    counter.fetch_add(part.len(), Ordering::SeqCst);
                }
            });
        }
    });
    (address, sent)
}

async fn get(client: &Client, address: SocketAddr) -> Result<(), OutgoingError> {
    let request = http::Request::get(format!("http://{address}/userinfo"));
    client
        .send(request.body(Vec::new()).unwrap())
        .await
        .map(drop)
}

fn client(timeout: Duration) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client {
        timeout,
        ..Client::new(HttpClient::default())
    }
}

#[tokio::test]
async fn redirects_in_a_circle_are_followed_a_few_times_only() {
    let circle = |address: SocketAddr| {
        let head = "HTTP/1.1 302 Found\r\ncontent-length: 0\r\nconnection: close\r\n";
        format!("{head}location: http://{address}/userinfo\r\n\r\n").into_bytes()
    };
    let (address, sent) = serve(circle, 1).await;
    let outcome = get(&client(TIMEOUT), address).await;
    assert!(
        matches!(&outcome, Err(OutgoingError::Failed(cause)) if cause.contains("too many redirects")),
        "{outcome:?}"
    );
    let requests = sent.load(Ordering::SeqCst) / circle(address).len();
    assert!((2..=REDIRECTS + 1).contains(&requests), "{requests}");
}

#[tokio::test]
async fn an_answer_of_a_hundred_megabytes_is_not_read() {
    let giant = |_| {
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n"
            .to_vec()
    };
    let (address, sent) = serve(giant, 101).await;
    assert_eq!(
        get(&client(TIMEOUT), address).await,
        Err(OutgoingError::TooLarge)
    );
    assert!(sent.load(Ordering::SeqCst) < 100 << 20);
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_on() {
    // Connections come about, as the system has a queue for them, but nobody takes them out of it.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(Duration::from_millis(50));
    let outcome = get(&client, silent.local_addr().unwrap()).await;
    assert_eq!(outcome, Err(OutgoingError::TimedOut));
}
