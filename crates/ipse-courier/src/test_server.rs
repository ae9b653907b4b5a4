//! A mail server for tests that does with each mail what the name of its recipient says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How connections are secured.
#[derive(Clone)]
pub(crate) enum Security {
    /// Not at all.
    Plain,
    /// After the client has asked for it.
    StartTls(TlsAcceptor),
    /// From the first byte on.
    Wrapped(TlsAcceptor),
}

/// A mail that came in as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) recipient: String,
    pub(crate) text: String,
    /// Whether its sender was told that it is here.
    pub(crate) acknowledged: bool,
}

#[derive(Default)]
struct Kept {
    mails: Vec<Mail>,
    attempts: HashMap<String, u32>,
    greetings: Vec<String>,
    client_certificates: usize,
}

/// The server. It goes with the runtime of its test.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    kept: Arc<Mutex<Kept>>,
}

impl MailServer {
    pub(crate) async fn start(security: Security) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let of_task = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that breaks off is no concern of the server's.
                tokio::spawn(welcome(stream, security.clone(), Arc::clone(&of_task)));
            }
        });
        Self { port, kept }
    }

    /// The mails that came in, oldest first.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.kept.lock().unwrap().mails.clone()
    }

    /// The text of the only mail.
    pub(crate) fn only_mail(&self) -> String {
        let mails = self.mails();
        assert_eq!(mails.len(), 1);
        mails[0].text.clone()
    }

    /// The names that clients gave themselves.
    pub(crate) fn greetings(&self) -> Vec<String> {
        self.kept.lock().unwrap().greetings.clone()
    }

    /// How many connections came with a client certificate.
    pub(crate) fn client_certificates(&self) -> usize {
        self.kept.lock().unwrap().client_certificates
    }
}

async fn welcome(stream: TcpStream, security: Security, kept: Arc<Mutex<Kept>>) -> Option<()> {
    match security {
        Security::Plain => serve(stream, &kept, (true, false)).await.map(drop),
        Security::StartTls(acceptor) => {
            let stream = serve(stream, &kept, (true, true)).await?;
            let stream = secured(acceptor, stream, &kept).await?;
            serve(stream, &kept, (false, false)).await.map(drop)
        }
        Security::Wrapped(acceptor) => {
            let stream = secured(acceptor, stream, &kept).await?;
            serve(stream, &kept, (true, false)).await.map(drop)
        }
    }
}

async fn secured<S: AsyncRead + AsyncWrite + Unpin>(
    acceptor: TlsAcceptor,
    stream: S,
    kept: &Mutex<Kept>,
) -> Option<tokio_rustls::server::TlsStream<S>> {
    let stream = acceptor.accept(stream).await.ok()?;
    let with_certificate = stream.get_ref().1.peer_certificates().is_some();
    kept.lock().unwrap().client_certificates += usize::from(with_certificate);
    Some(stream)
}

/// Talks until the client goes or wants TLS; then gives its stream back.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    kept: &Mutex<Kept>,
    (greets, offers_tls): (bool, bool),
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 test\r\n").await.ok()?;
    }
    let mut recipient = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let answer = match line.split([' ', ':', '\r']).next()? {
            "EHLO" => {
                let name = line.trim_end().trim_start_matches("EHLO ").to_owned();
                kept.lock().unwrap().greetings.push(name);
                match offers_tls {
                    true => "250-test\r\n250 STARTTLS\r\n".to_owned(),
                    false => "250 test\r\n".to_owned(),
                }
            }
            "STARTTLS" => {
                stream.write_all(b"220 go\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
            "RCPT" => {
                line.split(['<', '>']).nth(1)?.clone_into(&mut recipient);
                to(&recipient, &mut stream).await?
            }
            "DATA" => {
                stream.write_all(b"354 go\r\n").await.ok()?;
                take(&mut stream, &recipient, kept).await?
            }
            _ => "250 ok\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// What is said to a recipient; nothing where the conversation ends.
async fn to<S: AsyncWrite + Unpin>(recipient: &str, stream: &mut S) -> Option<String> {
    let name = recipient.split(['@', '+']).next()?;
    match name {
        "hangs-up" => None,
        "breaks-off" => {
            // Half an answer.
            stream.write_all(b"25").await.ok()?;
            None
        }
        "says-nothing" => std::future::pending().await,
        "rubbish" => Some("\u{1}\u{2} no mail server says this\r\n".to_owned()),
        _ if name.parse::<u16>().is_ok() => Some(format!("{name} no\r\n")),
        _ => Some("250 ok\r\n".to_owned()),
    }
}

/// Takes a mail in; says what its sender is told.
async fn take<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    recipient: &str,
    kept: &Mutex<Kept>,
) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end_matches(['\r', '\n']) {
            "." => break,
            line => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    let mut kept = kept.lock().unwrap();
    let attempt = kept.attempts.entry(recipient.to_owned()).or_default();
    *attempt += 1;
    let (keeps, answer) = match (recipient.split(['@', '+']).next()?, *attempt) {
        ("later", 1) => (false, Some("451 not now")),
        ("refused-in-the-end", _) => (false, Some("554 not this one")),
        ("kept-without-a-word", 1) => (true, None),
        ("dropped-after-data", _) => (false, None),
        _ => (true, Some("250 kept")),
    };
    if keeps {
        kept.mails.push(Mail {
            recipient: recipient.to_owned(),
            text,
            acknowledged: answer.is_some(),
        });
    }
    answer.map(|answer| format!("{answer}\r\n"))
}
