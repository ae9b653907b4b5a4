//! Listening: over TCP, Unix sockets and TLS, with clients that behave and clients that don't, to an orderly end.

use std::sync::Arc;

use ipse_config::{Secret, Socket, Tls, TlsSource};
use ipse_http::serve::{Certificate, Listener, Place, Stop, serve, stop};
use ipse_testkit::TestServer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Valid for `localhost` and nobody's secret.
const CERTIFICATE: &str = include_str!("tls/cert.pem");
const KEY: &str = include_str!("tls/key.pem");

const ALIVE: &[u8] = b"GET /health/alive HTTP/1.1\r\nhost: localhost\r\n\r\n";
const LAST_ALIVE: &[u8] =
    b"GET /health/alive HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// A server that listens.
struct Running {
    stop: Stop,
    serving: JoinHandle<()>,
    address: Option<std::net::SocketAddr>,
}

async fn listen(place: &Place, certificate: Option<Certificate>) -> Running {
    let server = TestServer::new().await;
    let listener = Listener::bind(place).await.unwrap();
    let address = listener.address();
    let (stop, stopped) = stop();
    let door = ipse_http::public(server.app.clone());
    let serving = tokio::spawn(serve(listener, door, certificate, stopped));
    Running {
        stop,
        serving,
        address,
    }
}

async fn listen_tcp() -> (Running, TcpStream) {
    let running = listen(&Place::of("127.0.0.1", 0, &Socket::default()), None).await;
    let stream = TcpStream::connect(running.address.unwrap()).await.unwrap();
    (running, stream)
}

/// Sends a request and reads until the server closes the connection.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A server that refuses may close before everything is read.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let (_running, stream) = listen_tcp().await;
    let answer = exchange(stream, &[ALIVE, ALIVE, LAST_ALIVE].concat()).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
}

#[tokio::test]
async fn rubbish_ends_a_connection_and_nothing_else() {
    let (running, stream) = listen_tcp().await;
    for rubbish in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
        &[b'x'; 1_000_000],
    ] {
        let mut stream = TcpStream::connect(running.address.unwrap()).await.unwrap();
        let _ = stream.write_all(rubbish).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(
            !answer.starts_with(b"HTTP/1.1 2"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert!(
        exchange(stream, LAST_ALIVE)
            .await
            .starts_with("HTTP/1.1 200 OK")
    );
}

#[tokio::test]
async fn a_request_under_way_is_finished_when_the_server_stops() {
    let (running, mut stream) = listen_tcp().await;
    let head = b"POST /self-service/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\naccept: application/json\r\ncontent-length: 2\r\n\r\n{";
    // Once the first request is answered, the second one has begun.
    stream.write_all(&[ALIVE, head].concat()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 200 OK"));
    running.stop.now();
    let rest = exchange(stream, b"}").await;
    assert!(rest.starts_with("HTTP/1.1 400 Bad Request"), "{rest}");
    running.serving.await.unwrap();
    assert!(TcpStream::connect(running.address.unwrap()).await.is_err());
}

#[tokio::test]
async fn unix_sockets_are_served() {
    let path = std::env::temp_dir().join(format!("ipse-serving-{}.sock", std::process::id()));
    let place = Place::Unix {
        path: path.clone(),
        socket: Socket::default(),
    };
    let _running = listen(&place, None).await;
    let stream = UnixStream::connect(&path).await.unwrap();
    assert!(
        exchange(stream, LAST_ALIVE)
            .await
            .starts_with("HTTP/1.1 200 OK")
    );
    std::fs::remove_file(&path).unwrap();
}

fn encoded(pem: &str) -> TlsSource {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(pem);
    TlsSource {
        path: None,
        base64: Some(Secret::new(text)),
    }
}

fn trusting() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn https_is_served_and_plain_http_is_refused_there() {
    let tls = Tls {
        cert: encoded(CERTIFICATE),
        key: encoded(KEY),
    };
    let certificate = Certificate::load(&tls).unwrap();
    let running = listen(&Place::of("127.0.0.1", 0, &Socket::default()), certificate).await;
    let plain = TcpStream::connect(running.address.unwrap()).await.unwrap();
    assert!(!exchange(plain, LAST_ALIVE).await.contains("200 OK"));
    let stream = TcpStream::connect(running.address.unwrap()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = trusting().connect(name, stream).await.unwrap();
    assert!(
        exchange(stream, LAST_ALIVE)
            .await
            .starts_with("HTTP/1.1 200 OK")
    );
}

#[test]
fn a_key_that_belongs_to_another_certificate_is_refused() {
    let tls = Tls {
        cert: encoded(CERTIFICATE),
        key: encoded(CERTIFICATE),
    };
    let error = Certificate::load(&tls).err().unwrap().to_string();
    assert_eq!(
        error,
        "the key is not in PEM format, or there is none in it"
    );
}
