//! `clients`: what outgoing connections may reach and what they pass on.

section! {
    /// Outgoing connections.
    pub struct Clients {
        /// HTTP requests to web hooks, upstream providers and for documents.
        pub http: HttpClient,
        /// Connections to the mail server.
        pub smtp: SmtpClient,
        /// Requests of web hooks in particular.
        pub web_hook: WebHookClient,
    }
}

section! {
    /// What outgoing HTTP requests may reach.
    pub struct HttpClient {
        /// Refuse to connect to private, loopback and link-local addresses.
        pub disallow_private_ip_ranges: bool = false,
        /// URLs that may be called although they are private. They must match exactly.
        pub private_ip_exception_urls: Vec<String>,
    }
}

section! {
    /// What connections to the mail server may reach.
    pub struct SmtpClient {
        /// Refuse to connect to private, loopback and link-local addresses.
        pub disallow_private_ip_ranges: bool = false,
    }
}

section! {
    /// What web hooks are told about the request that caused them.
    pub struct WebHookClient {
        /// Headers of the user's request that are passed on in the hook's context.
        pub header_allowlist: Vec<String> = HEADERS.iter().copied().map(str::to_owned).collect(),
    }
}

/// Headers that carry no credentials and are passed on unless configured otherwise.
const HEADERS: [&str; 17] = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Content-Length",
    "Content-Type",
    "Origin",
    "Priority",
    "Referer",
    "Sec-Ch-Ua",
    "Sec-Ch-Ua-Mobile",
    "Sec-Ch-Ua-Platform",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Sec-Fetch-User",
    "True-Client-Ip",
    "User-Agent",
];
