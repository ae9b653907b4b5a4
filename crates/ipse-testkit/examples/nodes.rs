//! Stands where a single server would: starts several nodes on one database and shares the requests out among them.
//!
//!     nodes NUMBER CONFIG PROGRAM ARGUMENT…
//!
//! listens where the configuration says, and starts the program so often, each time on other ports.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use ipse_config::{Sources, load};
use ipse_testkit::round_robin;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [number, config, program, arguments @ ..] = &arguments[..] else {
        return Err(io::Error::other(
            "usage: nodes NUMBER CONFIG PROGRAM ARGUMENT…",
        ));
    };
    let number: usize = number.parse().map_err(io::Error::other)?;
    let serve = load(&Sources::new().file(config))
        .map_err(io::Error::other)?
        .config
        .serve;
    let public = TcpListener::bind((Ipv4Addr::LOCALHOST, serve.public.port)).await?;
    let admin = TcpListener::bind((Ipv4Addr::LOCALHOST, serve.admin.port)).await?;
    let mut nodes = Vec::new();
    for _ in 0..number {
        nodes.push(Node::start(program, arguments).await?);
    }
    tokio::spawn(round_robin(
        public,
        nodes.iter().map(|node| node.public).collect(),
    ));
    tokio::spawn(round_robin(
        admin,
        nodes.iter().map(|node| node.admin).collect(),
    ));
    let mut terminate = signal(SignalKind::terminate())?;
    let first = &mut nodes[0].child;
    // Without the first one the others are of no use to whoever waits.
    let ended = tokio::select! {
        status = first.wait() => !status?.success(),
        _ = terminate.recv() => false,
        _ = tokio::signal::ctrl_c() => false,
    };
    Ok(ExitCode::from(u8::from(ended)))
}

/// A node. It doesn't outlive this value.
struct Node {
    child: Child,
    public: SocketAddr,
    admin: SocketAddr,
}

impl Node {
    async fn start(program: &str, arguments: &[String]) -> io::Result<Self> {
        let (one, other) = (
            TcpListener::bind("127.0.0.1:0").await?,
            TcpListener::bind("127.0.0.1:0").await?,
        );
        let (public, admin) = (one.local_addr()?, other.local_addr()?);
        drop((one, other));
        let child = Command::new(program)
            .args(arguments)
            .env("SERVE_PUBLIC_PORT", public.port().to_string())
            .env("SERVE_ADMIN_PORT", admin.port().to_string())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self {
            child,
            public,
            admin,
        })
    }
}
