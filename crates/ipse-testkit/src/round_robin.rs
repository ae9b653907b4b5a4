//! A load balancer without any memory: every request goes to the next node.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// Longer heads aren't passed on.
const LONGEST_HEAD: usize = 64 * 1024;

/// Passes requests on to the nodes in turn, until it is dropped. Every request gets a connection of its own, so that
/// nobody stays with one node.
pub async fn round_robin(listener: TcpListener, nodes: Vec<SocketAddr>) {
    let (nodes, next) = (Arc::new(nodes), AtomicUsize::new(0));
    loop {
        // A client that is gone already is none of ours.
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let (nodes, first) = (Arc::clone(&nodes), next.fetch_add(1, Ordering::Relaxed));
        tokio::spawn(async move {
            // Whoever is left notices that the other one has gone.
            let _ = pass_on(client, &nodes, first).await;
        });
    }
}

async fn pass_on(mut client: TcpStream, nodes: &[SocketAddr], first: usize) -> io::Result<()> {
    let mut received = Vec::new();
    let end = loop {
        if let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut received).await? == 0 || received.len() > LONGEST_HEAD {
            return Ok(());
        }
    };
    let mut node = connect(nodes, first).await?;
    node.write_all(&head(&received[..end])).await?;
    node.write_all(&received[end + 4..]).await?;
    copy_bidirectional(&mut client, &mut node).await.map(drop)
}

/// The next node that takes a connection: one that is gone is left out, as load balancers do.
async fn connect(nodes: &[SocketAddr], first: usize) -> io::Result<TcpStream> {
    let mut failure = io::ErrorKind::NotConnected.into();
    for turn in 0..nodes.len() {
        match TcpStream::connect(nodes[(first + turn) % nodes.len()]).await {
            Ok(node) => return Ok(node),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The head of a request after which the node closes the connection.
fn head(received: &[u8]) -> Vec<u8> {
    let mut head = Vec::with_capacity(received.len() + 32);
    for line in received.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_connection = line
            .get(..11)
            .is_some_and(|name| name.eq_ignore_ascii_case(b"connection:"));
        if !is_connection {
            head.extend_from_slice(line);
            head.extend_from_slice(b"\r\n");
        }
    }
    head.extend_from_slice(b"connection: close\r\n\r\n");
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_is_for_one_request() {
        let head = head(b"GET / HTTP/1.1\r\nConnection: keep-alive\r\nHost: a");
        assert_eq!(
            head,
            b"GET / HTTP/1.1\r\nHost: a\r\nconnection: close\r\n\r\n"
        );
    }

    #[tokio::test]
    async fn nodes_take_turns_and_those_that_are_gone_are_left_out() {
        let (one, other) = (node('1').await, node('2').await);
        let gone = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(round_robin(listener, vec![one, other, gone]));
        let mut answers = String::new();
        for _ in 0..4 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            client.read_to_string(&mut answers).await.unwrap();
        }
        assert_eq!(answers, "1211");
    }

    /// A node that answers everything with its sign.
    async fn node(sign: char) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut request = [0; 256];
                let _ = client.read(&mut request).await.unwrap();
                client
                    .write_all(&[u8::try_from(sign).unwrap()])
                    .await
                    .unwrap();
            }
        });
        address
    }
}
