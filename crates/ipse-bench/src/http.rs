//! As little HTTP/1.1 as it takes to ask a server something many times: the client shares the processors with what it measures.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::error::Error;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A kept connection to a server.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

/// An answer; its body lies in the connection until the next request.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer<'a> {
    /// The status.
    pub(crate) status: u16,
    /// The body, without the frames of a chunked one.
    pub(crate) body: &'a [u8],
}

/// The bytes of a request.
pub(crate) fn request(line: &str, token: Option<&str>, body: Option<&Value>) -> Vec<u8> {
    let mut text = format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n");
    if let Some(token) = token {
        text.push_str(&format!("X-Session-Token: {token}\r\n"));
    }
    match body {
        Some(body) => {
            let body = body.to_string();
            let length = body.len();
            text.push_str("Content-Type: application/json\r\n");
            text.push_str(&format!("Content-Length: {length}\r\n\r\n{body}"));
        }
        None => text.push_str("\r\n"),
    }
    text.into_bytes()
}

impl Connection {
    /// Connects to a server.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            address,
            stream,
            buffer: vec![0; 64 << 10],
            filled: 0,
        })
    }

    /// Where it leads to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request)?;
        self.filled = 0;
        let (status, body, last) = loop {
            if self.filled == self.buffer.len() {
                self.buffer.resize(self.filled * 2, 0);
            }
            let read = self.stream.read(&mut self.buffer[self.filled..])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.filled += read;
            if let Some(found) = parse(&mut self.buffer[..self.filled])? {
                break found;
            }
        };
        if last {
            self.stream = Self::open(self.address)?.stream;
        }
        Ok(Answer {
            status,
            body: &self.buffer[body],
        })
    }

    /// Asks for JSON and says what was asked for when the status isn't the expected one.
    pub(crate) fn json(
        &mut self,
        line: &str,
        token: Option<&str>,
        body: Option<&Value>,
        expected: u16,
    ) -> Result<Value, Error> {
        let address = self.address;
        let answer = self
            .ask(&request(line, token, body))
            .map_err(|error| Error::Connection(address, error))?;
        let text = String::from_utf8_lossy(answer.body);
        match serde_json::from_str(&text) {
            Ok(value) if answer.status == expected => Ok(value),
            _ => Err(Error::Answer {
                what: line.to_owned(),
                status: answer.status,
                body: text.chars().take(2000).collect(),
            }),
        }
    }
}

/// Status, where the body lies, and whether the server closes the connection; nothing while bytes are missing.
type Parsed = (u16, std::ops::Range<usize>, bool);

fn parse(bytes: &mut [u8]) -> io::Result<Option<Parsed>> {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| malformed())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status: u16 = status
        .and_then(|status| status.parse().ok())
        .ok_or_else(malformed)?;
    let (mut length, mut chunked, mut last) = (0, false, false);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().map_err(|_| malformed())?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            last = value.eq_ignore_ascii_case("close");
        }
    }
    let start = end + 4;
    if chunked {
        let end = join_chunks(&mut bytes[start..])?;
        return Ok(end.map(|length| (status, start..start + length, last)));
    }
    Ok((bytes.len() >= start + length).then(|| (status, start..start + length, last)))
}

/// Moves the content of all chunks together and says how long it is; leaves everything alone while a chunk is missing.
fn join_chunks(bytes: &mut [u8]) -> io::Result<Option<usize>> {
    let mut chunks = Vec::new();
    let mut at = 0;
    loop {
        let Some(line) = find(&bytes[at..], b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(&bytes[at..at + line]).map_err(|_| malformed())?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| malformed())?;
        let from = at + line + 2;
        if bytes.len() < from.saturating_add(size).saturating_add(2) {
            return Ok(None);
        }
        if size == 0 {
            break;
        }
        chunks.push(from..from + size);
        at = from + size + 2;
    }
    let mut length = 0;
    for chunk in chunks {
        let size = chunk.len();
        bytes.copy_within(chunk, length);
        length += size;
    }
    Ok(Some(length))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(text: &str) -> Option<(u16, String, bool)> {
        let mut bytes = text.as_bytes().to_vec();
        let (status, body, last) = parse(&mut bytes).unwrap()?;
        Some((
            status,
            String::from_utf8(bytes[body].to_vec()).unwrap(),
            last,
        ))
    }

    #[test]
    fn an_answer_is_taken_once_it_is_there_as_a_whole() {
        let whole = "HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\nX: y\r\n\r\nhello";
        for end in 0..whole.len() {
            assert_eq!(parsed(&whole[..end]), None, "{end}");
        }
        assert_eq!(parsed(whole), Some((200, "hello".to_owned(), false)));
        let empty = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        assert_eq!(parsed(empty), Some((204, String::new(), true)));
    }

    #[test]
    fn chunks_are_joined_once_the_last_is_there() {
        let whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
             5;x=y\r\nhello\r\nB\r\n dear world\r\n0\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(parsed(&whole[..end]), None, "{end}");
        }
        assert_eq!(
            parsed(whole),
            Some((200, "hello dear world".to_owned(), false))
        );
    }

    #[test]
    fn what_is_no_http_is_refused() {
        for text in [
            "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        ] {
            assert!(parse(&mut text.as_bytes().to_vec()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_request_has_what_the_server_needs() {
        let text = request("POST /x", Some("secret"), Some(&json!({"a": 1})));
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("POST /x HTTP/1.1\r\nHost: "));
        assert!(text.contains("\r\nX-Session-Token: secret\r\n"));
        assert!(text.ends_with("\r\nContent-Length: 7\r\n\r\n{\"a\":1}"));
        let text = String::from_utf8(request("GET /x", None, None)).unwrap();
        assert!(text.ends_with("json\r\n\r\n") && !text.contains("Token"));
    }
}
