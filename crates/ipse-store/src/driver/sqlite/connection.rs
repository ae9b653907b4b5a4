//! One connection to SQLite: how it is set up, and its prepared statements.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::StoreError;
use crate::driver::{Param, Query, Row, Statement, Value, Written};

/// Where a database is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Nowhere else than in this process.
    Memory,
    /// In a file.
    File(PathBuf),
}

/// How long to wait for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How often, and how long after one another, it is tried to switch to write-ahead logging: for five seconds.
const SWITCH_ATTEMPTS: usize = 1000;
const SWITCH_PAUSE: Duration = Duration::from_millis(5);

/// `FULL` makes a commit last through a power failure; grouping makes that cheap. The file isn't mapped into memory: every
/// connection would count it as its own, and mapping it anew whenever it has grown costs more than the reads that are saved.
/// The limit of 16 MB keeps the log from staying large after a burst.
const SETTINGS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -4000;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA wal_autocheckpoint = 2000;
    PRAGMA journal_size_limit = 16777216;
";

/// The connection that writes. Switches the file to write-ahead logging.
pub(super) fn open_writer(place: &Place, create: bool) -> Result<Connection, StoreError> {
    let connection = match place {
        Place::Memory => Connection::open_in_memory().map_err(|error| unavailable(&error))?,
        Place::File(path) => {
            if create {
                create_private(path);
            }
            let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            refuse_read_only(&connection, path)?;
            connection
        }
    };
    prepare(&connection)?;
    if let Place::File(path) = place {
        log_ahead(&connection, path)?;
    }
    Ok(connection)
}

/// SQLite opens a file that may not be written to all the same. Better to say so now than with the first change.
fn refuse_read_only(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    match connection.is_readonly(rusqlite::MAIN_DB) {
        Ok(false) => Ok(()),
        Ok(true) => {
            let reason = "this user may not write to it";
            Err(StoreError::Unavailable(format!(
                "{}: {reason}",
                path.display()
            )))
        }
        Err(error) => Err(cannot_open(path, &error)),
    }
}

/// Switches to write-ahead logging, without which readers and the writer would wait for each other.
fn log_ahead(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let mut mode = String::new();
    let mut switch = || {
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| {
            mode = row.get(0)?;
            Ok(())
        })
    };
    // Of two that switch at the same time, SQLite refuses one at once, whatever its timeout is.
    let mut switched = switch();
    for _ in 0..SWITCH_ATTEMPTS {
        match &switched {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                thread::sleep(SWITCH_PAUSE);
                switched = switch();
            }
            _ => break,
        }
    }
    switched.map_err(|error| cannot_open(path, &error))?;
    if mode == "wal" {
        return Ok(());
    }
    let reason = "its file system can't share memory, which write-ahead logging needs";
    Err(StoreError::Unavailable(format!(
        "{}: {reason}",
        path.display()
    )))
}

/// A connection that only reads.
pub(super) fn open_reader(place: &Place) -> Result<Connection, StoreError> {
    let Place::File(path) = place else {
        return Err(StoreError::Location(
            "a database in memory has one connection only".into(),
        ));
    };
    // Not opened read-only: the last one to leave must be able to tidy up the log.
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    prepare(&connection)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|error| unavailable(&error))?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| cannot_open(path, &error))
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let set_up = || -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // Without this, statistics left by ANALYZE make SQLite plan anew whenever a value is bound.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch(SETTINGS)
    };
    set_up().map_err(|error| unavailable(&error))
}

/// Makes an empty file that only its owner can read: it will hold password hashes. The log files inherit that.
/// When it can't be made, opening it tells why.
fn create_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => tracing::info!(path = %path.display(), "created the database file"),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "can't create the database file");
        }
    }
}

fn cannot_open(path: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}

/// A failure that has nothing to do with what was asked.
pub(super) fn unavailable(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt(error.to_string())
        }
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            StoreError::Unwritable(error.to_string())
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// The prepared statements of a connection, found by the address of their text.
pub(crate) struct Statements<'a> {
    connection: &'a Connection,
    prepared: HashMap<(usize, usize), rusqlite::Statement<'a>>,
}

impl<'a> Statements<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            prepared: HashMap::new(),
        }
    }

    /// Answers a query.
    pub(crate) fn query(&mut self, query: &Query) -> Result<Vec<Row>, StoreError> {
        self.run(query.sql, &query.params)
            .map_err(|error| unavailable(&error))
    }

    /// Carries out a statement and checks what it was expected to do. Undoing is the caller's business.
    pub(crate) fn execute(&mut self, statement: &Statement) -> Result<Written, StoreError> {
        let rows = self
            .run(statement.sql, &statement.params)
            .map_err(|error| refused(statement, &error))?;
        let affected = self.connection.changes();
        statement.check(affected)?;
        Ok(Written { affected, rows })
    }

    /// Runs a statement of the transaction's own: `BEGIN`, `COMMIT`, `SAVEPOINT`…
    pub(crate) fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.run(sql, &[])
            .map(drop)
            .map_err(|error| unavailable(&error))
    }

    /// Whether no transaction is open (any more: some failures roll it back on their own).
    pub(crate) fn is_autocommit(&self) -> bool {
        self.connection.is_autocommit()
    }

    fn run(&mut self, sql: &'static str, params: &[Param]) -> rusqlite::Result<Vec<Row>> {
        let statement = match self.prepared.entry((sql.as_ptr().addr(), sql.len())) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.connection.prepare(&numbered(sql))?),
        };
        for (index, param) in params.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, param)?;
        }
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(columns);
            for index in 0..columns {
                values.push(owned(row.get_ref(index)?)?);
            }
            found.push(Row::new(values));
        }
        Ok(found)
    }
}

/// `$1` as `?1`: SQLite takes `$1` for a name and numbers it by where it stands first.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn owned(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(_) => Value::Text(value.as_str()?.to_owned()),
        ValueRef::Blob(bytes) => match <[u8; 16]>::try_from(bytes) {
            Ok(bytes) => Value::Uuid(ipse_model::Uuid::from_bytes(bytes)),
            Err(_) => Value::Bytes(bytes.to_vec()),
        },
        ValueRef::Real(number) => {
            let mut text = String::new();
            // Not reached: no column is of this type. Keeping the value lets the reader say what it expected.
            let _ = write!(text, "{number}");
            Value::Text(text)
        }
    })
}

impl rusqlite::ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Integer((*value).into()),
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Name(name) => ValueRef::Text(name.as_bytes()),
            Self::Json(json) => ValueRef::Text(json.as_str().as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Hash(bytes) => ValueRef::Blob(bytes),
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
            Self::Time(time) => ValueRef::Integer(time.as_microsecond()),
        }))
    }
}

/// What a failed statement means.
fn refused(statement: &Statement, error: &rusqlite::Error) -> StoreError {
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    match extended {
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY => statement.duplicate(true),
        ffi::SQLITE_CONSTRAINT_UNIQUE => statement.duplicate(false),
        // Every reference that can dangle points to an identity.
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => StoreError::Conflict(crate::Entity::Identity),
        _ => unavailable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_and_not_named() {
        let connection = open_writer(&Place::Memory, true).unwrap();
        let mut statements = Statements::new(&connection);
        let query = Query::new("SELECT $2, $1, $2", [1_i64.into(), "two".into()]);
        let mut rows = statements.query(&query).unwrap();
        assert_eq!(rows[0].text().as_deref(), Ok("two"));
        assert_eq!(rows[0].int(), Ok(1));
        assert_eq!(rows[0].text().as_deref(), Ok("two"));
    }

    #[test]
    fn a_database_that_cannot_log_ahead_is_refused() {
        let in_memory = open_writer(&Place::Memory, true).unwrap();
        let refused = log_ahead(&in_memory, Path::new("ipse.db"));
        assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    }

    #[test]
    fn statistics_do_not_make_binding_expensive() {
        let connection = open_writer(&Place::Memory, true).unwrap();
        let stable = connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG);
        assert!(stable.unwrap());
    }

    #[test]
    fn a_reader_cannot_write() {
        let directory = crate::tests::Directory::new();
        let place = Place::File(directory.database());
        open_writer(&place, true)
            .unwrap()
            .execute_batch("CREATE TABLE t (a)")
            .unwrap();
        let reader = open_reader(&place).unwrap();
        assert!(reader.execute("INSERT INTO t VALUES (1)", ()).is_err());
    }
}
