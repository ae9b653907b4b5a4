//! The command line.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use ipse_config::{Purpose, Sources};

use crate::wiring::Tables;
use crate::{courier, dev, logging, migrate, serve, tools};

#[derive(Parser)]
#[command(
    name = "ipse",
    about = "A self-service identity server",
    disable_version_flag = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve for trying out: no configuration needed, data in ./ipse-data, mails are shown and not sent
    Dev(DevArgs),
    /// Serve
    Serve(ServeArgs),
    /// Make or update the tables of the database
    #[command(subcommand)]
    Migrate(Migrate),
    /// Send messages
    #[command(subcommand)]
    Courier(CourierCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show the version
    Version,
    /// Evaluate Jsonnet for a server
    #[command(hide = true)]
    JsonnetWorker,
}

#[derive(Args)]
struct DevArgs {
    /// A configuration file for what should differ from the defaults; can be repeated
    #[arg(short, long = "config", value_name = "FILE")]
    config: Vec<PathBuf>,
    /// Where the data is kept
    #[arg(long, value_name = "DIRECTORY", default_value = "ipse-data")]
    data: PathBuf,
}

#[derive(Args)]
struct Files {
    /// A configuration file in YAML, JSON or TOML; can be repeated, later ones win
    #[arg(short, long = "config", value_name = "FILE")]
    config: Vec<PathBuf>,
}

impl Files {
    fn sources(&self, purpose: Purpose) -> Sources {
        let sources = Sources::new().purpose(purpose).process_environment();
        self.config.iter().fold(sources, Sources::file)
    }
}

#[derive(Args)]
struct ServeArgs {
    #[command(flatten)]
    files: Files,
    /// Plain HTTP and cookies without Secure; what is missing is made up
    #[arg(long)]
    dev: bool,
    /// Bring the tables of a PostgreSQL database up to date first; those of SQLite always are
    #[arg(long)]
    migrate: bool,
    /// Send messages from this process
    #[arg(long, short_alias = 'w')]
    watch_courier: bool,
    /// No effect: nothing is ever reported to anybody
    #[arg(long)]
    sqa_opt_out: bool,
    /// Serve metrics on this port, too
    #[arg(long, value_name = "PORT")]
    expose_metrics_port: Option<u16>,
    /// What to serve; there is only one answer
    #[arg(hide = true, value_parser = ["all"])]
    what: Option<String>,
}

#[derive(Subcommand)]
enum Migrate {
    /// Bring the tables up to date
    #[command(alias = "sql")]
    Run(MigrateArgs),
    /// Show what bringing the tables up to date would do, with the rows it touches and the locks it takes; change nothing
    Plan(MigrateArgs),
    /// Tell whether the tables are up to date; the exit status tells it, too
    Status(MigrateArgs),
}

#[derive(Args)]
struct MigrateArgs {
    #[command(flatten)]
    files: Files,
    /// The database, unless the configuration names it
    dsn: Option<String>,
    /// Take the database from the environment variable DSN, as is done anyway
    #[arg(short = 'e', long)]
    read_from_env: bool,
    /// Don't ask, as is never done
    #[arg(short, long)]
    yes: bool,
}

impl MigrateArgs {
    fn sources(&self) -> Sources {
        let sources = self.files.sources(Purpose::Database);
        self.dsn
            .iter()
            .fold(sources, |sources, dsn| sources.set("dsn", dsn.as_str()))
    }
}

#[derive(Subcommand)]
enum CourierCommand {
    /// Send messages from a process of its own, beside servers that don't
    Watch(WatchArgs),
}

#[derive(Args)]
struct WatchArgs {
    #[command(flatten)]
    files: Files,
    /// Serve metrics on this port
    #[arg(long, value_name = "PORT")]
    expose_metrics_port: Option<u16>,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Tell what is wrong with the configuration
    Check(Files),
    /// Print the JSON Schema of the configuration
    Schema,
}

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When not even this can be written, the exit code has to do.
            let _ = writeln!(std::io::stderr(), "{}", logging::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Dev(args) => dev::run(&args.data, &args.config),
        Command::Serve(args) => {
            let tables = match args.migrate {
                true => Tables::UpToDate,
                false => Tables::Embedded,
            };
            serve::run(serve_sources(&args), tables, None)
        }
        Command::Migrate(Migrate::Run(args)) => migrate::run(&args.sources()),
        Command::Migrate(Migrate::Plan(args)) => migrate::plan(&args.sources()),
        Command::Migrate(Migrate::Status(args)) => migrate::status(&args.sources()),
        Command::Courier(CourierCommand::Watch(args)) => courier::watch(watch_sources(&args)),
        Command::Config(ConfigCommand::Check(files)) => {
            tools::check(&files.sources(Purpose::Serve))
        }
        Command::Config(ConfigCommand::Schema) => tools::print_schema(),
        Command::JsonnetWorker => ipse_jsonnet::worker_main().context("the server is gone"),
        Command::Version => say(concat!("ipse ", env!("CARGO_PKG_VERSION"))),
    }
}

fn serve_sources(args: &ServeArgs) -> Sources {
    let mut sources = args.files.sources(Purpose::Serve);
    if args.dev {
        sources = dev::made_up(sources).set("dev", true);
    }
    if args.watch_courier {
        sources = sources.set("watch-courier", true);
    }
    with_metrics(sources, args.expose_metrics_port)
}

fn watch_sources(args: &WatchArgs) -> Sources {
    with_metrics(args.files.sources(Purpose::Serve), args.expose_metrics_port)
}

fn with_metrics(sources: Sources, port: Option<u16>) -> Sources {
    match port {
        Some(port) => sources.set("expose-metrics-port", port),
        None => sources,
    }
}

/// Prints a line.
pub(crate) fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("can't print")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn calls_of_the_reference_are_understood() {
        for line in [
            "ipse serve -c a.yml --config b.yml --dev --watch-courier --sqa-opt-out",
            "ipse serve all --expose-metrics-port 4435",
            "ipse migrate sql -e --yes",
            "ipse migrate sql sqlite:///tmp/x.sqlite --yes",
            "ipse migrate run -c a.yml",
            "ipse migrate plan -e",
            "ipse migrate status",
            "ipse serve --migrate",
            "ipse config check -c a.yml",
            "ipse courier watch -c a.yml --expose-metrics-port 4435",
            "ipse version",
            "ipse dev",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        assert!(Cli::try_parse_from(["ipse", "serve", "some"]).is_err());
    }
}
