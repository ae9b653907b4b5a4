//! What was found out: as a table for people, as JSON for programs.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::account::Memory;
use crate::budget::Line;
use crate::measure::{RouteFigures, UnderLogins};
use crate::queue::Drained;
use crate::relay::RoundTrips;
use crate::routes::Route;
use crate::timing::Comparison;

/// Everything that was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// What was measured.
    pub(crate) server: String,
    /// Processors of the machine.
    pub(crate) processors: usize,
    /// The size of the program in bytes.
    pub(crate) binary: Option<u64>,
    /// Start-up with an empty directory: milliseconds until ready.
    pub(crate) start_empty: Option<f64>,
    /// The runs.
    pub(crate) runs: Vec<Run>,
    /// Whoami while logins take all processors.
    pub(crate) under_logins: Option<UnderLogins>,
    /// Round trips to the database server.
    pub(crate) round_trips: Vec<RoundTrips>,
    /// How fast a courier empties a queue.
    pub(crate) queue: Option<Drained>,
    /// Whether the time of an answer tells who has an account.
    pub(crate) timing: Vec<Comparison>,
    /// How that compares with what was promised.
    pub(crate) budget: Vec<Line>,
}

/// One server with one database.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    /// Identities in the database at the start.
    pub(crate) identities: Option<usize>,
    /// The cost of bcrypt, if it was set.
    pub(crate) bcrypt_cost: Option<u32>,
    /// Milliseconds from the start of the process until it was ready.
    pub(crate) start: Option<f64>,
    /// Memory before any request but those to find out whether it is ready.
    pub(crate) idle: Memory,
    /// Memory after the load.
    pub(crate) loaded: Memory,
    /// The figures.
    pub(crate) routes: Vec<RouteFigures>,
}

impl Run {
    /// The figures of a route.
    pub(crate) fn route(&self, route: Route) -> Option<&RouteFigures> {
        self.routes.iter().find(|figures| figures.route == route)
    }

    /// The CPU time of a route as a multiple of that of the cheapest answer.
    pub(crate) fn multiple(&self, route: Route) -> Option<f64> {
        self.route(route)?.multiple
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {} processors", self.server, self.processors)?;
        if let Some(binary) = self.binary {
            writeln!(f, "program: {:.1} MB", mega(binary))?;
        }
        if let Some(start) = self.start_empty {
            writeln!(f, "ready on an empty directory after {start:.0} ms")?;
        }
        for run in &self.runs {
            write!(f, "\n{run}")?;
        }
        if let Some(under) = &self.under_logins {
            let whoami = &under.whoami;
            writeln!(
                f,
                "\nwhoami while {:.1} logins/s (bcrypt, default cost) use {:.0} % of the processors: \
                 {:.0}/s, p50 {:.1} ms, p99 {:.1} ms; {} logins failed",
                under.logins_per_second,
                under.load * 100.0,
                whoami.per_second,
                f64::from(whoami.p50) / 1e3,
                f64::from(whoami.p99) / 1e3,
                under.failed_logins,
            )?;
        }
        if !self.round_trips.is_empty() {
            writeln!(f, "\nround trips to the database per request")?;
        }
        for trips in &self.round_trips {
            writeln!(f, "  {:<24}{:>6.1}", trips.route.name(), trips.per_request)?;
        }
        if let Some(queue) = &self.queue {
            writeln!(f, "\n{queue}")?;
        }
        if !self.timing.is_empty() {
            writeln!(
                f,
                "\nknown and unknown addresses, in random order (median µs; Kolmogorov–Smirnov, Mann–Whitney)"
            )?;
            write!(
                f,
                "  {:<20}{:>8}{:>10}{:>10}",
                "", "samples", "known", "unknown"
            )?;
            writeln!(f, "{:>8}{:>8}{:>8}{:>8}", "D", "p", "P(k>u)", "p")?;
        }
        for comparison in &self.timing {
            writeln!(f, "  {comparison}")?;
        }
        if !self.budget.is_empty() {
            writeln!(f, "\nbudget")?;
        }
        for line in &self.budget {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

impl Display for Run {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.identities {
            Some(identities) => write!(f, "{identities} identities")?,
            None => write!(f, "a server that was running already")?,
        }
        if let Some(cost) = self.bcrypt_cost {
            write!(f, ", bcrypt cost {cost}")?;
        }
        if let Some(start) = self.start {
            write!(f, ", ready after {start:.0} ms")?;
        }
        let (idle, loaded) = (mega(self.idle.resident), mega(self.loaded.resident));
        writeln!(
            f,
            ", {idle:.1} MB resident before and {loaded:.1} MB after the load"
        )?;
        let with_database = self.routes.iter().any(|figures| figures.database_cpu > 0.0);
        write!(f, "  {:<24}{:>8}{:>10}", "", "requests", "per s")?;
        write!(
            f,
            "{:>10}{:>10}{:>10}{:>10}",
            "p50 µs", "p99 µs", "CPU µs", "× alive"
        )?;
        writeln!(
            f,
            "{}",
            if with_database {
                "    CPU µs of the database"
            } else {
                ""
            }
        )?;
        for route in &self.routes {
            write!(f, "  {:<24}{:>8}", route.route.name(), route.requests)?;
            write!(
                f,
                "{:>10.0}{:>10}{:>10}",
                route.per_second, route.p50, route.p99
            )?;
            write!(f, "{:>10.0}", route.cpu)?;
            match self.multiple(route.route) {
                Some(multiple) => write!(f, "{multiple:>10.1}")?,
                None => write!(f, "{:>10}", "")?,
            }
            if with_database {
                write!(f, "{:>10.0}", route.database_cpu)?;
            }
            if route.failures > 0 {
                write!(f, "  {} FAILED", route.failures)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Megabytes.
pub(crate) fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run in which the routes cost so much.
    pub(crate) fn run(identities: usize, costs: &[(Route, f64)]) -> Run {
        let alive = costs
            .iter()
            .find(|(route, _)| *route == Route::Alive)
            .map(|(_, cpu)| *cpu);
        let routes = costs.iter().map(|(route, cpu)| RouteFigures {
            route: *route,
            requests: 100,
            failures: 0,
            per_second: 1000.0,
            p50: 80,
            p99: 120,
            cpu: *cpu,
            database_cpu: 0.0,
            multiple: alive.map(|alive| cpu / alive),
        });
        Run {
            identities: Some(identities),
            bcrypt_cost: Some(4),
            start: Some(31.4),
            idle: Memory {
                resident: 20_000_000,
                peak: 21_000_000,
            },
            loaded: Memory {
                resident: 40_000_000,
                peak: 44_000_000,
            },
            routes: routes.collect(),
        }
    }

    #[test]
    fn costs_are_compared_with_the_cheapest_answer() {
        let run = run(10, &[(Route::Alive, 20.0), (Route::Whoami, 70.0)]);
        assert_eq!(run.multiple(Route::Whoami), Some(3.5));
        assert_eq!(run.multiple(Route::Login), None);
        assert_eq!(
            super::tests::run(10, &[(Route::Whoami, 70.0)]).multiple(Route::Whoami),
            None
        );
    }

    #[test]
    fn the_table_shows_every_route_and_every_failure() {
        let mut run = run(1000, &[(Route::Alive, 20.0), (Route::Whoami, 70.0)]);
        run.routes[1].failures = 3;
        let report = Report {
            server: "server".to_owned(),
            processors: 2,
            binary: Some(12_345_678),
            runs: vec![run],
            ..Report::default()
        };
        let text = report.to_string();
        assert!(text.contains("program: 12.3 MB"), "{text}");
        assert!(
            text.contains("1000 identities, bcrypt cost 4, ready after 31 ms"),
            "{text}"
        );
        let whoami = text.lines().find(|line| line.contains("whoami")).unwrap();
        let cells: Vec<_> = whoami.split_whitespace().collect();
        assert_eq!(
            cells,
            [
                "whoami", "100", "1000", "80", "120", "70", "3.5", "3", "FAILED"
            ]
        );
        assert!(
            !text.contains("database") && !text.contains("budget"),
            "{text}"
        );
    }

    #[test]
    fn programs_get_the_same_in_json() {
        let report = Report {
            runs: vec![run(10, &[(Route::Alive, 20.0)])],
            ..Report::default()
        };
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["runs"][0]["routes"][0]["route"], "alive");
        assert_eq!(json["runs"][0]["idle"]["resident"], 20_000_000);
    }
}
