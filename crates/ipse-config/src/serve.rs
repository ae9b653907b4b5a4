//! `serve`: the addresses the server listens on and is reached at.

use url::Url;

use crate::Secret;

section! {
    /// The two servers.
    pub struct Serve {
        /// The API for administrators. Must not be reachable for anybody else.
        pub admin: AdminServer,
        /// The API for everybody.
        pub public: PublicServer,
    }
}

section! {
    /// The API for administrators.
    pub struct AdminServer {
        /// What is logged about requests.
        pub request_log: RequestLog,
        /// The address it is reached at; without it, made from host and port.
        pub base_url: Option<Url>,
        /// The address it listens on, or `unix:` and the path of a socket.
        pub host: String = "0.0.0.0".to_owned(),
        /// The port it listens on.
        #[schemars(range(min = 1, max = 65535))]
        pub port: u16 = 4434,
        /// Owner and mode of the socket.
        pub socket: Socket,
        /// Certificate and key, for HTTPS.
        pub tls: Tls,
    }
}

section! {
    /// The API for everybody.
    pub struct PublicServer {
        /// What is logged about requests.
        pub request_log: RequestLog,
        /// Which other sites may call it from browsers.
        pub cors: Cors,
        /// The address it is reached at; without it, made from host and port.
        pub base_url: Option<Url>,
        /// The address it listens on, or `unix:` and the path of a socket.
        pub host: String = "0.0.0.0".to_owned(),
        /// The port it listens on.
        #[schemars(range(min = 1, max = 65535))]
        pub port: u16 = 4433,
        /// Owner and mode of the socket.
        pub socket: Socket,
        /// Certificate and key, for HTTPS.
        pub tls: Tls,
    }
}

section! {
    /// What is logged about requests.
    pub struct RequestLog {
        /// Leave out requests of `/health/alive` and `/health/ready`.
        pub disable_for_health: bool = false,
    }
}

section! {
    /// Which other sites may call the API from browsers.
    pub struct Cors {
        /// Whether any may.
        pub enabled: bool = false,
        /// The origins that may. `*` stands for all, or for the start of a host name.
        #[schemars(inner(length(min = 1)), extend("uniqueItems" = true))]
        pub allowed_origins: Vec<String> = texts(&["*"]),
        /// The HTTP methods that may be used.
        pub allowed_methods: Vec<CorsMethod> = vec![
            CorsMethod::Post, CorsMethod::Get, CorsMethod::Put, CorsMethod::Patch, CorsMethod::Delete,
        ],
        /// The request headers that may be sent.
        pub allowed_headers: Vec<String> = texts(&[
            "Authorization", "Content-Type", "Max-Age", "X-Session-Token", "X-XSRF-TOKEN", "X-CSRF-TOKEN",
        ]),
        /// The response headers that may be read.
        pub exposed_headers: Vec<String> = texts(&["Content-Type"]),
        /// Whether cookies may be sent.
        pub allow_credentials: bool = true,
        /// Pass preflight requests on to the API.
        pub options_passthrough: bool = false,
        /// Seconds a browser may remember the answer; with 0 nothing is said about it.
        pub max_age: u32 = 0,
        /// Log how requests are judged.
        pub debug: bool = false,
    }
}

choice! {
    /// An HTTP method in the answer to a preflight request.
    pub enum CorsMethod {
        /// POST.
        Post = "POST",
        /// GET.
        Get = "GET",
        /// PUT.
        Put = "PUT",
        /// PATCH.
        Patch = "PATCH",
        /// DELETE.
        Delete = "DELETE",
        /// CONNECT.
        Connect = "CONNECT",
        /// HEAD.
        Head = "HEAD",
        /// OPTIONS.
        Options = "OPTIONS",
        /// TRACE.
        Trace = "TRACE",
    }
}

section! {
    /// Owner and mode of a Unix socket.
    pub struct Socket {
        /// The user it belongs to; empty means whoever started the server.
        pub owner: String,
        /// The group it belongs to; empty means that of whoever started the server.
        pub group: String,
        /// Its mode, as a decimal number.
        #[schemars(range(max = 511))]
        pub mode: u32 = 0o755,
    }
}

section! {
    /// Certificate and key.
    pub struct Tls {
        /// The private key.
        pub key: TlsSource,
        /// The certificate, followed by the intermediate ones.
        pub cert: TlsSource,
    }
}

impl Tls {
    /// Whether both parts are there.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.key.is_configured() && self.cert.is_configured()
    }
}

section! {
    /// A PEM document.
    pub struct TlsSource {
        /// The path of its file.
        pub path: Option<std::path::PathBuf>,
        /// The document itself in Base64.
        pub base64: Option<Secret>,
    }
}

impl TlsSource {
    /// Whether a document is named.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.path
            .as_ref()
            .is_some_and(|path| !path.as_os_str().is_empty())
            || self
                .base64
                .as_ref()
                .is_some_and(|text| !text.expose().is_empty())
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().copied().map(str::to_owned).collect()
}
