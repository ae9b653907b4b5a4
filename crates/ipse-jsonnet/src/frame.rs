//! How server and worker talk: JSON documents, each with its length in front.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::JsonnetError;

/// No document is longer; a snippet that makes a longer one has failed.
pub(crate) const MAX_LENGTH: usize = 16 << 20;

/// What a worker says first, so that another program's output is not taken for answers.
pub(crate) const GREETING: &[u8] = b"ipse jsonnet 1";

/// What is to be evaluated, as the worker reads it.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    pub(crate) snippet: String,
    pub(crate) variables: serde_json::Map<String, Value>,
}

/// The same as the server writes it.
#[derive(Serialize)]
pub(crate) struct RequestRef<'a> {
    pub(crate) snippet: &'a str,
    pub(crate) variables: Variables<'a>,
}

/// External variables. If a name occurs twice, the last value counts.
pub(crate) struct Variables<'a>(pub(crate) &'a [(&'a str, &'a Value)]);

impl Serialize for Variables<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// What came of it. The worker writes the value as text, the server reads it as a tree.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply<V> {
    Value(V),
    Error(JsonnetError),
}

/// The next document, or `None` when the other side has closed.
pub(crate) fn read(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut document = vec![0; checked(length)?];
    input.read_exact(&mut document)?;
    Ok(Some(document))
}

pub(crate) fn write(output: &mut impl Write, document: &[u8]) -> io::Result<()> {
    output.write_all(&length_of(document)?)?;
    output.write_all(document)?;
    output.flush()
}

pub(crate) async fn read_async(input: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    input.read_exact(&mut length).await?;
    let mut document = vec![0; checked(length)?];
    input.read_exact(&mut document).await?;
    Ok(document)
}

pub(crate) async fn write_async(
    output: &mut (impl AsyncWrite + Unpin),
    document: &[u8],
) -> io::Result<()> {
    output.write_all(&length_of(document)?).await?;
    output.write_all(document).await?;
    output.flush().await
}

fn length_of(document: &[u8]) -> io::Result<[u8; 4]> {
    if document.len() > MAX_LENGTH {
        return Err(too_long());
    }
    u32::try_from(document.len())
        .map(u32::to_be_bytes)
        .map_err(|_| too_long())
}

fn checked(length: [u8; 4]) -> io::Result<usize> {
    match u32::from_be_bytes(length) as usize {
        length if length > MAX_LENGTH => Err(too_long()),
        length => Ok(length),
    }
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a document is too long")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[tokio::test]
    async fn both_ways_of_reading_and_writing_agree() {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for document in [&b"{}"[..], b"", b"[1,2]"] {
            write(&mut one, document).unwrap();
            write_async(&mut other, document).await.unwrap();
        }
        assert_eq!(one, other);
        let (mut input, mut stream) = (Cursor::new(&one), &other[..]);
        for document in [&b"{}"[..], b"", b"[1,2]"] {
            assert_eq!(read(&mut input).unwrap().unwrap(), document);
            assert_eq!(read_async(&mut stream).await.unwrap(), document);
        }
        assert!(read(&mut input).unwrap().is_none());
        assert!(read_async(&mut stream).await.is_err());
    }

    #[test]
    fn documents_that_are_cut_or_too_long_are_errors() {
        let cut = [0, 0, 0, 5, b'{'];
        assert!(read(&mut Cursor::new(cut)).is_err());
        assert!(read(&mut Cursor::new([0xff; 8])).is_err());
        assert!(write(&mut Vec::new(), &vec![0; MAX_LENGTH + 1]).is_err());
    }

    #[test]
    fn the_last_of_two_variables_of_a_name_counts() {
        let (one, two) = (Value::from(1), Value::from(2));
        let text = serde_json::to_string(&RequestRef {
            snippet: "x",
            variables: Variables(&[("a", &one), ("a", &two)]),
        })
        .unwrap();
        let request: Request = serde_json::from_str(&text).unwrap();
        assert_eq!(request.variables["a"], 2);
    }
}
