//! `dsn`: which database is used.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use url::{Url, form_urlencoded};

use crate::GoDuration;

/// A database.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Dsn {
    /// In memory, gone when the server stops.
    #[default]
    Memory,
    /// SQLite.
    Sqlite(SqliteDsn),
    /// PostgreSQL: its URL without the parameters of the pool.
    Postgres(Url, Pool),
    /// CockroachDB: its URL without the parameters of the pool, with the scheme `postgres`.
    Cockroach(Url, Pool),
    /// Aurora DSQL: its URL without the parameters of the pool, with the scheme `postgres`.
    Dsql(Url, Pool),
}

/// A SQLite database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteDsn {
    /// Where it is.
    pub location: SqliteLocation,
    /// What follows the question mark, decoded, without the parameters of the pool.
    pub parameters: Vec<(String, String)>,
    /// The parameters of the pool.
    pub pool: Pool,
}

/// Where a SQLite database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqliteLocation {
    /// In memory.
    Memory,
    /// In a file. A relative path counts from the directory the server was started in.
    File(PathBuf),
}

/// How many connections there are and how long they live. What is `None` is up to the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pool {
    /// The most connections.
    pub max_conns: Option<u32>,
    /// The most connections that are kept open unused.
    pub max_idle_conns: Option<u32>,
    /// How long a connection lives.
    pub max_conn_lifetime: Option<Duration>,
    /// How long an unused connection is kept open.
    pub max_conn_idle_time: Option<Duration>,
}

/// Why a text names no database. None of them quotes the text, which may hold a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DsnError {
    /// MySQL is known but not supported.
    #[error("MySQL is not supported; use sqlite:// or postgres://")]
    Mysql,
    /// There is no scheme, or an unknown one.
    #[error("expected memory, sqlite://, postgres://, postgresql://, cockroach:// or dsql://")]
    Scheme,
    /// `sqlite://` with nothing behind it.
    #[error("sqlite:// needs the path of a file")]
    NoPath,
    /// The address is no URL.
    #[error("not a URL: {0}")]
    Url(#[from] url::ParseError),
    /// A parameter of the pool has a wrong value.
    #[error("the parameter {0} has to be {1}")]
    Parameter(&'static str, &'static str),
}

impl FromStr for Dsn {
    type Err = DsnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        let (scheme, rest) = text.split_once("://").ok_or(DsnError::Scheme)?;
        match scheme {
            "sqlite" | "sqlite3" => sqlite(rest),
            "postgres" | "postgresql" => {
                postgres(rest).map(|(url, pool)| Self::Postgres(url, pool))
            }
            "cockroach" => postgres(rest).map(|(url, pool)| Self::Cockroach(url, pool)),
            "dsql" => postgres(rest).map(|(url, pool)| Self::Dsql(url, pool)),
            "mysql" => Err(DsnError::Mysql),
            _ => Err(DsnError::Scheme),
        }
    }
}

fn sqlite(rest: &str) -> Result<Dsn, DsnError> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (parameters, pool) = split_pool(query)?;
    let in_memory = path.starts_with(":memory:")
        || parameters
            .iter()
            .any(|(name, value)| name == "mode" && value == "memory");
    let location = if in_memory {
        SqliteLocation::Memory
    } else if path.is_empty() {
        return Err(DsnError::NoPath);
    } else {
        SqliteLocation::File(path.into())
    };
    Ok(Dsn::Sqlite(SqliteDsn {
        location,
        parameters,
        pool,
    }))
}

fn postgres(rest: &str) -> Result<(Url, Pool), DsnError> {
    let mut url = Url::parse(&format!("postgres://{rest}"))?;
    let (parameters, pool) = split_pool(url.query().unwrap_or_default())?;
    url.set_query(None);
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    Ok((url, pool))
}

/// Takes the parameters of the pool out of a query.
fn split_pool(query: &str) -> Result<(Vec<(String, String)>, Pool), DsnError> {
    let mut pool = Pool::default();
    let mut others = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "max_conns" => pool.max_conns = Some(count("max_conns", &value)?),
            "max_idle_conns" => pool.max_idle_conns = Some(count("max_idle_conns", &value)?),
            "max_conn_lifetime" => {
                pool.max_conn_lifetime = Some(duration("max_conn_lifetime", &value)?);
            }
            "max_conn_idle_time" => {
                pool.max_conn_idle_time = Some(duration("max_conn_idle_time", &value)?);
            }
            _ => others.push((name.into_owned(), value.into_owned())),
        }
    }
    Ok((others, pool))
}

fn count(name: &'static str, value: &str) -> Result<u32, DsnError> {
    value
        .parse()
        .map_err(|_| DsnError::Parameter(name, "a whole number"))
}

fn duration(name: &'static str, value: &str) -> Result<Duration, DsnError> {
    GoDuration::parse(value).map_err(|_| DsnError::Parameter(name, "a duration such as 30m"))
}

impl fmt::Debug for Dsn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => formatter.write_str("memory"),
            Self::Sqlite(sqlite) => sqlite.fmt(formatter),
            Self::Postgres(url, pool) | Self::Cockroach(url, pool) | Self::Dsql(url, pool) => {
                write!(
                    formatter,
                    "{} {pool:?}",
                    crate::secret::without_password(url)
                )
            }
        }
    }
}

impl<'de> Deserialize<'de> for Dsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl JsonSchema for Dsn {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Dsn".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "writeOnly": true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite_of(text: &str) -> SqliteDsn {
        match text.parse() {
            Ok(Dsn::Sqlite(sqlite)) => sqlite,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn sqlite_is_a_file_or_in_memory() {
        let file = sqlite_of("sqlite:///var/lib/ipse/db.sqlite?_fk=true&mode=rwc&max_conns=4");
        assert_eq!(
            file.location,
            SqliteLocation::File("/var/lib/ipse/db.sqlite".into())
        );
        assert_eq!(
            file.parameters,
            [
                ("_fk".to_owned(), "true".to_owned()),
                ("mode".to_owned(), "rwc".to_owned())
            ]
        );
        assert_eq!(file.pool.max_conns, Some(4));
        assert_eq!(
            sqlite_of("sqlite3://db.sqlite").location,
            SqliteLocation::File("db.sqlite".into())
        );
        assert_eq!(
            sqlite_of("sqlite://:memory:?_fk=true").location,
            SqliteLocation::Memory
        );
        assert_eq!(
            sqlite_of("sqlite://x?mode=memory").location,
            SqliteLocation::Memory
        );
        assert_eq!("memory".parse(), Ok(Dsn::Memory));
        assert_eq!("sqlite://?_fk=true".parse::<Dsn>(), Err(DsnError::NoPath));
    }

    #[test]
    fn postgres_keeps_its_own_parameters() {
        let parsed = "postgresql://u:p@db:5432/ipse?sslmode=disable&max_conns=20&max_idle_conns=4\
                      &max_conn_lifetime=1h&max_conn_idle_time=5m"
            .parse();
        let Ok(Dsn::Postgres(url, pool)) = parsed else {
            panic!("{parsed:?}")
        };
        assert_eq!(url.as_str(), "postgres://u:p@db:5432/ipse?sslmode=disable");
        assert_eq!(pool.max_conns, Some(20));
        assert_eq!(pool.max_idle_conns, Some(4));
        assert_eq!(pool.max_conn_lifetime, Some(Duration::from_secs(3600)));
        assert_eq!(pool.max_conn_idle_time, Some(Duration::from_secs(300)));
        assert!(matches!(
            "cockroach://u@db:26257/ipse".parse(),
            Ok(Dsn::Cockroach(..))
        ));
        assert!(matches!(
            "dsql://admin:token@cluster:5432/postgres".parse(),
            Ok(Dsn::Dsql(..))
        ));
    }

    #[test]
    fn says_what_is_wrong_without_quoting() {
        assert_eq!(
            "mysql://u:p@tcp(db:3306)/ipse".parse::<Dsn>(),
            Err(DsnError::Mysql)
        );
        assert_eq!("secret".parse::<Dsn>(), Err(DsnError::Scheme));
        assert_eq!(
            "postgres://db/ipse?max_conns=many".parse::<Dsn>(),
            Err(DsnError::Parameter("max_conns", "a whole number"))
        );
    }

    #[test]
    fn debug_hides_the_password() {
        let dsn: Dsn = "postgres://u:swordfish@db/ipse?password=swordfish"
            .parse()
            .unwrap();
        assert!(!format!("{dsn:?}").contains("swordfish"));
    }
}
