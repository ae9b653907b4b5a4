#![doc = include_str!("../README.md")]

mod account;
mod budget;
mod config;
mod error;
mod http;
mod load;
mod measure;
mod queue;
mod relay;
mod report;
mod routes;
mod runs;
mod seed;
mod server;
mod sink;
mod statistics;
mod timing;

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::error::Error;
use crate::measure::Effort;
use crate::report::Report;

/// Measures the release build of Ipse, or another server that speaks the same API.
#[derive(Parser)]
#[command(name = "ipse-bench")]
struct Arguments {
    /// A few seconds' worth: enough to see that everything works, too little for exact figures
    #[arg(long)]
    quick: bool,
    /// The program to measure; without it, `ipse` beside this one
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    server: Option<PathBuf>,
    /// A server that is running already, by its public and admin address and its process
    #[arg(long, num_args = 3, value_names = ["PUBLIC", "ADMIN", "PID"])]
    target: Option<Vec<String>>,
    /// An empty PostgreSQL database on this machine to measure with, in place of SQLite files
    #[arg(long, conflicts_with = "target")]
    dsn: Option<String>,
    /// The process of PostgreSQL, to count its CPU time too
    #[arg(long, value_name = "PID", requires = "dsn")]
    database_pid: Option<u32>,
    /// How many identities; can be repeated
    #[arg(long, value_name = "NUMBER", conflicts_with = "target", value_parser = clap::value_parser!(u32).range(1..))]
    identities: Vec<u32>,
    /// Write the figures as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure this route only, say to watch the server with a profiler
    #[arg(long, value_enum, value_name = "ROUTE")]
    only: Option<routes::Route>,
    /// Find out instead whether the time of an answer tells who has an account
    #[arg(long, conflicts_with_all = ["target", "only", "identities", "queue"])]
    timing: bool,
    /// Measure instead how fast a courier empties a queue of messages
    #[arg(long, conflicts_with_all = ["target", "only", "identities"])]
    queue: bool,
    /// How many connections ask at the same time
    #[arg(long, value_name = "NUMBER", default_value = "4", value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,
}

impl Arguments {
    fn effort(&self) -> Effort {
        let (connections, only) = (self.connections.into(), self.only);
        match self.quick {
            true => Effort {
                turns: 1,
                fraction: 20,
                connections,
                only,
            },
            false => Effort {
                turns: 5,
                fraction: 1,
                connections,
                only,
            },
        }
    }

    fn server(&self) -> Result<PathBuf, Error> {
        if let Some(server) = &self.server {
            return Ok(server.clone());
        }
        let beside = std::env::current_exe().map_err(Error::io("can't find out where this is"))?;
        Ok(beside.with_file_name("ipse"))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // When nothing can be printed any more, the exit code has to do.
    match run(&arguments) {
        Ok(report) => {
            let _ = writeln!(std::io::stdout(), "{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Report, Error> {
    let effort = arguments.effort();
    let mut report = match (&arguments.target, &arguments.dsn) {
        _ if arguments.timing => {
            runs::timing(&arguments.server()?, arguments.dsn.as_deref(), effort)?
        }
        _ if arguments.queue => {
            let place = (arguments.dsn.as_deref(), arguments.database_pid);
            runs::queue(&arguments.server()?, place, effort)?
        }
        (Some(target), _) => runs::running(target_of(target)?, effort)?,
        (None, Some(dsn)) => {
            let identities = *arguments.identities.first().unwrap_or(&1000) as usize;
            let database = runs::Database {
                dsn,
                pid: arguments.database_pid,
                identities,
            };
            runs::postgres(&arguments.server()?, &database, effort)?
        }
        (None, None) => {
            let usual: &[u32] = if arguments.quick {
                &[1000]
            } else {
                &[1000, 100_000]
            };
            let given = &arguments.identities[..];
            let sizes = if given.is_empty() { usual } else { given };
            let sizes: Vec<usize> = sizes.iter().map(|size| *size as usize).collect();
            runs::sqlite(&arguments.server()?, &sizes, effort)?
        }
    };
    report.processors = std::thread::available_parallelism().map_or(1, usize::from);
    report.budget = budget::check(&report);
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&report).map_err(std::io::Error::other);
        text.and_then(|text| fs::write(path, text))
            .map_err(Error::io("can't write the figures"))?;
    }
    Ok(report)
}

fn target_of(values: &[String]) -> Result<server::Target, Error> {
    let usage = || {
        Error::Usage("--target takes two addresses like 127.0.0.1:4433 and a process id".to_owned())
    };
    let [public, admin, pid] = values else {
        return Err(usage());
    };
    let address = |text: &str| text.parse::<SocketAddr>().map_err(|_| usage());
    let (public, admin) = (address(public)?, address(admin)?);
    if !public.ip().is_loopback() || !admin.ip().is_loopback() {
        return Err(Error::Usage(
            "--target: only servers on this machine are measured".to_owned(),
        ));
    }
    Ok(server::Target {
        public,
        admin,
        pid: pid.parse().map_err(|_| usage())?,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn only_a_server_on_this_machine_is_measured() {
        let of = |text: &str| target_of(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let target = of("127.0.0.1:4433 127.0.0.1:4434 77").unwrap();
        assert_eq!(
            (target.public.port(), target.admin.port(), target.pid),
            (4433, 4434, 77)
        );
        for wrong in [
            "127.0.0.1:4433 127.0.0.1:4434",
            "127.0.0.1 127.0.0.1:4434 77",
            "192.0.2.1:80 127.0.0.1:4434 77",
            "127.0.0.1:4433 127.0.0.1:4434 me",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
