//! The configuration: typed sections, a loader that explains what is wrong, and reloading.
//!
//! Reading goes in one direction. Files, environment and command line are merged into one JSON
//! value that remembers where each key came from; that value is checked against the JSON Schema
//! generated from the types in this crate, so that all mistakes are reported together with file
//! and line; only then does it become a [`Config`]. Nothing later parses configuration again.

#[macro_use]
mod section;

mod byte_size;
pub mod clients;
pub mod config;
pub mod courier;
pub mod database;
pub mod dsn;
mod duration;
pub mod feature_flags;
pub mod hashers;
pub mod identity;
pub mod ipse;
mod load;
pub mod log;
pub mod oauth2_provider;
mod reload;
mod schema;
mod secret;
pub mod secrets;
pub mod security;
pub mod selfservice;
pub mod serve;
pub mod session;
mod source;
pub mod tracing;

pub use byte_size::{ByteSize, ByteSizeError};
pub use clients::{Clients, HttpClient, SmtpClient, WebHookClient};
pub use config::{Config, Enterprise, Preview, ReadConsistency};
pub use courier::{
    Channel, ChannelId, ChannelType, Courier, CourierHttp, CourierTemplates, DeliveryStrategy,
    EmailBody, EmailTemplate, RequestConfig, SmsBody, SmsTemplate, Smtp, Template, TemplateInvalid,
    TemplateOutcomes, TemplateValid, Worker,
};
pub use database::{Cleanup, CleanupSleep, Database};
pub use dsn::{Dsn, DsnError, Pool, SqliteDsn, SqliteLocation};
pub use duration::{DurationError, GoDuration, OptionalGoDuration};
pub use feature_flags::{FeatureFlags, ProfileNodeGroup};
pub use hashers::{Argon2, Bcrypt, CipherAlgorithm, Ciphers, HasherAlgorithm, Hashers};
pub use identity::{Identity, IdentitySchema};
pub use ipse::Ipse;
pub use load::{
    ConfigError, Loaded, Origin, Problem, ProblemKind, Purpose, Sources, Warning, load,
};
pub use log::{Log, LogFormat, LogLevel};
pub use oauth2_provider::OAuth2Provider;
pub use reload::{ConfigHandle, Reload, Reloader};
pub use schema::json_schema;
pub use secret::{Secret, SecretUrl};
pub use secrets::{SecretKeys, Secrets};
pub use security::{AccountEnumeration, Security};
pub use selfservice::Selfservice;
pub use serve::{
    AdminServer, Cors, CorsMethod, PublicServer, RequestLog, Serve, Socket, Tls, TlsSource,
};
pub use session::{
    CookieFlag, Cookies, RequiredAal, SameSite, Session, SessionCookie, SubjectSource, Tokenizer,
    TokenizerTemplate, Whoami,
};
pub use source::{Source, SourceError};
pub use tracing::{
    Jaeger, JaegerSampling, Otlp, RatioSampling, Tracing, TracingProvider, TracingProviders, Zipkin,
};
