//! Places to listen at: TCP ports and Unix sockets.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ipse_config::Socket;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Where to listen.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// At a port of a host.
    Tcp {
        /// The host; empty means all addresses.
        host: String,
        /// The port.
        port: u16,
    },
    /// At a Unix socket.
    Unix {
        /// The path of the socket.
        path: PathBuf,
        /// Its owner and mode.
        socket: Socket,
    },
}

impl Place {
    /// What the configuration means by host and port.
    #[must_use]
    pub fn of(host: &str, port: u16, socket: &Socket) -> Self {
        match host.strip_prefix("unix:") {
            Some(path) => Self::Unix {
                path: path.into(),
                socket: socket.clone(),
            },
            None => Self::Tcp {
                host: host.to_owned(),
                port,
            },
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}

/// It is not possible to listen there.
#[derive(Debug, thiserror::Error)]
#[error("can't listen at {place}: {cause}")]
pub struct BindError {
    place: Place,
    #[source]
    cause: io::Error,
}

/// An open place.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// When somebody else listens there, or the system doesn't allow it.
    pub async fn bind(place: &Place) -> Result<Self, BindError> {
        let kind = match place {
            Place::Tcp { host, port } => tcp(host, *port).await.map(Kind::Tcp),
            Place::Unix { path, socket } => unix(path, socket).await.map(Kind::Unix),
        };
        kind.map(Self).map_err(|cause| BindError {
            place: place.clone(),
            cause,
        })
    }

    /// The address of a TCP listener.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Kind::Tcp(listener) => listener.local_addr().ok(),
            Kind::Unix(_) => None,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match &self.0 {
            Kind::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are small and sent whole; waiting for more only makes them late.
                stream.set_nodelay(true)?;
                Ok((Stream::Tcp(stream), Some(peer)))
            }
            Kind::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), None))
            }
        }
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpListener> {
    let host = match host.trim_start_matches('[').trim_end_matches(']') {
        "" => "::",
        host => host,
    };
    TcpListener::bind((host, port)).await
}

async fn unix(path: &Path, socket: &Socket) -> io::Result<UnixListener> {
    remove_stale(path).await?;
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(socket.mode))?;
    let user = id_of(&socket.owner, "/etc/passwd")?;
    let group = id_of(&socket.group, "/etc/group")?;
    if user.is_some() || group.is_some() {
        std::os::unix::fs::chown(path, user, group)?;
    }
    Ok(listener)
}

/// Removes the socket of a server that has ended without cleaning up, but not that of one that still answers.
async fn remove_stale(path: &Path) -> io::Result<()> {
    if UnixStream::connect(path).await.is_ok() {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another server listens there",
        ));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The number of a user or group. Nobody is named by an empty name.
fn id_of(name: &str, registry: &str) -> io::Result<Option<u32>> {
    if name.is_empty() {
        return Ok(None);
    }
    if let Ok(id) = name.parse() {
        return Ok(Some(id));
    }
    let entries = std::fs::read_to_string(registry)?;
    let id = entries.lines().find_map(|line| {
        let mut parts = line.split(':');
        (parts.next() == Some(name)).then(|| parts.nth(1)?.parse().ok())?
    });
    id.map(Some).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no {name} in {registry}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_ports_or_sockets() {
        let socket = Socket::default();
        let tcp = Place::of("127.0.0.1", 80, &socket);
        assert_eq!(
            tcp,
            Place::Tcp {
                host: "127.0.0.1".to_owned(),
                port: 80
            }
        );
        let unix = Place::of("unix:/run/ipse.sock", 80, &socket);
        assert_eq!(unix.to_string(), "unix:/run/ipse.sock");
    }

    #[tokio::test]
    async fn a_port_can_be_taken_once() {
        let first = Listener::bind(&Place::of("127.0.0.1", 0, &Socket::default()))
            .await
            .unwrap();
        let port = first.address().unwrap().port();
        let place = Place::of("127.0.0.1", port, &Socket::default());
        let error = Listener::bind(&place).await.unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("can't listen at 127.0.0.1:{port}")),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let directory = std::env::temp_dir().join(format!("ipse-listener-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let place = Place::Unix {
            path: directory.join("a.sock"),
            socket: Socket::default(),
        };
        drop(Listener::bind(&place).await.unwrap());
        let second = Listener::bind(&place).await.unwrap();
        assert!(Listener::bind(&place).await.is_err());
        let mode = std::fs::metadata(directory.join("a.sock"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, Socket::default().mode);
        drop(second);
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn users_are_numbers_or_names() {
        assert_eq!(id_of("", "/etc/passwd").unwrap(), None);
        assert_eq!(id_of("123", "/etc/passwd").unwrap(), Some(123));
        assert_eq!(id_of("root", "/etc/passwd").unwrap(), Some(0));
        assert!(id_of("nobody knows", "/etc/passwd").is_err());
    }
}
