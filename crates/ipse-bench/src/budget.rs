//! What Ipse promises to need, and whether it keeps to that.
//!
//! Costs are multiples of what the same server needs for its cheapest answer in the same run, so that they mean the same on
//! any machine.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::report::{Report, mega};
use crate::routes::Route;

/// CPU time as multiples of the cheapest answer.
const MULTIPLES: [(Route, f64); 5] = [
    (Route::Whoami, 5.0),
    (Route::FetchSettings, 8.0),
    (Route::CreateSettings, 14.0),
    (Route::SubmitProfile, 24.0),
    (Route::CreateLogin, 12.0),
];

/// How much more a hundred times as many identities may cost.
const GROWTH: f64 = 1.2;

/// One promise.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    /// What about.
    pub(crate) what: String,
    /// What was measured.
    pub(crate) measured: f64,
    /// The most it may be.
    pub(crate) limit: f64,
    /// The unit of both.
    pub(crate) unit: &'static str,
    /// Whether it is kept.
    pub(crate) kept: bool,
}

impl Line {
    fn new(what: impl Into<String>, measured: f64, limit: f64, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            measured,
            limit,
            unit,
            kept: measured <= limit,
        }
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verdict = if self.kept { "kept  " } else { "MISSED" };
        let Self {
            what,
            measured,
            limit,
            unit,
            ..
        } = self;
        write!(f, "{verdict}  {what:<44}{measured:>8.1} of {limit} {unit}")
    }
}

/// Every promise that the report says something about.
pub(crate) fn check(report: &Report) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(first) = report.runs.first() {
        // With a database server of its own, a share of the work is done there and another one is added.
        let in_process = report.round_trips.is_empty();
        for (route, limit) in MULTIPLES.into_iter().filter(|_| in_process) {
            if let Some(multiple) = first.multiple(route) {
                lines.push(Line::new(
                    format!("CPU of {}", route.name()),
                    multiple,
                    limit,
                    "× alive",
                ));
            }
        }
        lines.extend(growth(report));
        let (idle, loaded) = (first.idle.resident, first.loaded.resident);
        lines.push(Line::new("memory, idle", mega(idle), 25.0, "MB"));
        lines.push(Line::new("memory, after load", mega(loaded), 60.0, "MB"));
    }
    if let Some(start) = report.start_empty {
        lines.push(Line::new("ready on an empty directory", start, 150.0, "ms"));
    }
    if let Some(under) = &report.under_logins {
        let p99 = f64::from(under.whoami.p99) / 1e3;
        lines.push(Line::new(
            "whoami, p99 while logins take all",
            p99,
            20.0,
            "ms",
        ));
    }
    if let Some(binary) = report.binary {
        lines.push(Line::new("program", mega(binary), 30.0, "MB"));
    }
    lines
}

/// What the largest database costs beside the smallest, on the routes that have a limit.
fn growth(report: &Report) -> Vec<Line> {
    let same_hash = |run: &&crate::report::Run| run.bcrypt_cost == report.runs[0].bcrypt_cost;
    let mut runs: Vec<_> = report.runs.iter().filter(same_hash).collect();
    runs.sort_by_key(|run| run.identities);
    let [small, .., large] = runs[..] else {
        return Vec::new();
    };
    let ratio = |route| {
        let (large, small) = (large.route(route)?, small.route(route)?);
        Some(large.cpu / small.cpu.max(f64::MIN_POSITIVE))
    };
    let of = |route: Route| {
        let what = format!("{} with many identities", route.name());
        ratio(route).map(|ratio| Line::new(what, ratio, GROWTH, "× few"))
    };
    MULTIPLES
        .into_iter()
        .filter_map(|(route, _)| of(route))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::run;

    fn line<'a>(lines: &'a [Line], what: &str) -> &'a Line {
        lines.iter().find(|line| line.what.contains(what)).unwrap()
    }

    #[test]
    fn a_promise_is_kept_up_to_its_limit() {
        let costs = [
            (Route::Alive, 10.0),
            (Route::Whoami, 50.0),
            (Route::CreateLogin, 121.0),
        ];
        let report = Report {
            runs: vec![run(1000, &costs)],
            start_empty: Some(151.0),
            binary: Some(30_000_000),
            ..Report::default()
        };
        let lines = check(&report);
        assert!(line(&lines, "CPU of whoami").kept);
        assert!(!line(&lines, "CPU of create login flow").kept);
        assert!(!line(&lines, "empty directory").kept);
        assert!(line(&lines, "program").kept && line(&lines, "idle").kept);
        assert!(
            lines.iter().all(|line| !line.what.contains("many")),
            "there is one run only"
        );
        assert!(line(&lines, "login").to_string().starts_with("MISSED"));
    }

    #[test]
    fn growth_compares_the_smallest_with_the_largest_database() {
        let report = Report {
            runs: vec![
                run(
                    1000,
                    &[
                        (Route::Alive, 10.0),
                        (Route::Whoami, 40.0),
                        (Route::CreateLogin, 40.0),
                    ],
                ),
                run(
                    100_000,
                    &[(Route::Whoami, 46.0), (Route::CreateLogin, 60.0)],
                ),
            ],
            ..Report::default()
        };
        let lines = check(&report);
        assert!(line(&lines, "whoami with many").kept);
        assert!(!line(&lines, "create login flow with many").kept);
    }

    #[test]
    fn nothing_measured_is_nothing_promised() {
        assert_eq!(check(&Report::default()), []);
    }
}
