//! The server on PostgreSQL: migrations, many nodes, and what goes wrong with a database that is elsewhere.
//!
//! Each test has a PostgreSQL server of its own, to be stopped and overloaded; without PostgreSQL on the machine there is
//! nothing to see.

mod away;
mod courier;
mod load;
mod migrations;
mod nodes;

use std::process::{Command, Output};

use ipse_testkit::Cluster;

use crate::process::Directory;

/// A PostgreSQL server with an empty database.
struct Site {
    cluster: Cluster,
    database: String,
}

impl Site {
    /// A database without tables.
    fn bare(settings: &[&str]) -> Option<Self> {
        let cluster = Cluster::start(settings)?;
        let database = cluster.database();
        Some(Self { cluster, database })
    }

    /// A database with tables.
    fn migrated(settings: &[&str]) -> Option<Self> {
        let site = Self::bare(settings)?;
        let (done, told) = site.ipse(&["migrate", "run"]);
        assert!(done, "{told}");
        Some(site)
    }

    fn dsn(&self) -> String {
        self.cluster.dsn(&self.database)
    }

    /// A place for a server with its data in this database.
    fn directory(&self) -> Directory {
        Directory::with_data_at(self.dsn())
    }

    /// Runs a command on this database; whether it went well, and what it said.
    fn ipse(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ipse"));
        let output = command
            .args(arguments)
            .env_clear()
            .env("DSN", self.dsn())
            .output();
        let Output {
            status,
            stdout,
            stderr,
        } = output.unwrap();
        let told = [stdout, stderr].concat();
        (
            status.success(),
            String::from_utf8_lossy(&told).into_owned(),
        )
    }

    /// Runs SQL in this database; the first column of the answer.
    fn sql(&self, sql: &str) -> Vec<String> {
        self.cluster.session(&self.database).run(sql)
    }
}
