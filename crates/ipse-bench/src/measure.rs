//! Measurements: every route in turn, several times; and who is signed in while others sign in.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::account::now;
use crate::error::Error;
use crate::load::{Timing, Watched, percentile};
use crate::routes::{Crowd, Route};

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How often each route has its turn.
    pub(crate) turns: usize,
    /// A divisor of the usual number of requests.
    pub(crate) fraction: usize,
    /// How many connections ask.
    pub(crate) connections: usize,
    /// The route to measure beside the cheapest answer, if not all of them.
    pub(crate) only: Option<Route>,
}

/// The figures of one route.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RouteFigures {
    /// The route.
    pub(crate) route: Route,
    /// How many requests were sent.
    pub(crate) requests: usize,
    /// How many were not answered as they should be.
    pub(crate) failures: usize,
    /// Requests per second.
    pub(crate) per_second: f64,
    /// Half of the answers took no longer, in microseconds.
    pub(crate) p50: u32,
    /// 99 of 100 answers took no longer, in microseconds.
    pub(crate) p99: u32,
    /// CPU microseconds per request: the median of all turns.
    pub(crate) cpu: f64,
    /// The database server's share in addition.
    pub(crate) database_cpu: f64,
    /// CPU time as a multiple of that of the cheapest answer in the same turn: the median of all turns.
    pub(crate) multiple: Option<f64>,
}

/// Measures some routes.
pub(crate) fn routes(
    crowd: &Crowd,
    watched: Watched,
    (routes, effort): (&[Route], Effort),
) -> Result<Vec<RouteFigures>, Error> {
    let wanted =
        |route: &&Route| **route == Route::Alive || effort.only.is_none_or(|only| only == **route);
    let routes: Vec<Route> = routes.iter().filter(wanted).copied().collect();
    let mut timings: Vec<Vec<Timing>> = vec![Vec::new(); routes.len()];
    // Interleaved, so that a disturbance meets one turn of each rather than all turns of one. The first only warms up.
    for turn in 0..=effort.turns {
        for (route, timings) in routes.iter().zip(&mut timings) {
            let amount = (route.amount() / effort.fraction).max(8);
            let amount = if turn == 0 {
                amount.div_ceil(8)
            } else {
                amount
            };
            let load = crowd.load(*route, amount, effort.connections)?;
            let timing = load.drive(crowd.target.public, watched)?;
            if turn > 0 {
                timings.push(timing);
            }
        }
    }
    let alive = routes.iter().position(|route| *route == Route::Alive);
    let alive = alive
        .map(|index| timings[index].clone())
        .unwrap_or_default();
    let measured = routes.into_iter().zip(timings);
    Ok(measured
        .map(|(route, timings)| figures(route, timings, &alive))
        .collect())
}

/// How often the cost of an answer contains that of the cheapest one. Turn is compared with turn, as the machine may be
/// busier in one than in another.
fn multiple(timings: &[Timing], alive: &[Timing]) -> Option<f64> {
    let costs = timings.iter().zip(alive);
    let costs = costs.map(|(timing, alive)| (timing.cpu_per_request(), alive.cpu_per_request()));
    let ratios = costs
        .filter(|(_, alive)| *alive > 0.0)
        .map(|(cost, alive)| cost / alive);
    let ratios: Vec<f64> = ratios.collect();
    (!ratios.is_empty()).then(|| median(ratios))
}

fn figures(route: Route, timings: Vec<Timing>, alive: &[Timing]) -> RouteFigures {
    let multiple = multiple(&timings, alive);
    let cpu = median(timings.iter().map(Timing::cpu_per_request).collect());
    let database_cpu = median(
        timings
            .iter()
            .map(Timing::database_cpu_per_request)
            .collect(),
    );
    let mut all = timings.into_iter().fold(Timing::default(), Timing::and);
    all.latencies.sort_unstable();
    RouteFigures {
        route,
        requests: all.latencies.len(),
        failures: all.failures,
        per_second: all.per_second(),
        p50: percentile(&all.latencies, 50),
        p99: percentile(&all.latencies, 99),
        cpu,
        database_cpu,
        multiple,
    }
}

/// The middle one; of an even number the lower of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(0.0)
}

/// How whoami does while password hashing takes all processors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct UnderLogins {
    /// How many logins were answered meanwhile, per second.
    pub(crate) logins_per_second: f64,
    /// How many of them failed.
    pub(crate) failed_logins: usize,
    /// The share of the processors that the server used.
    pub(crate) load: f64,
    /// Whoami meanwhile.
    pub(crate) whoami: RouteFigures,
}

/// Keeps `clients` signing in all the time, and asks who is signed in.
pub(crate) fn whoami_under_logins(
    crowd: &Crowd,
    watched: Watched,
    (clients, duration): (usize, Duration),
) -> Result<UnderLogins, Error> {
    let (stop, done, failed) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let logins = || -> Result<(), Error> {
        while !stop.load(Ordering::Relaxed) {
            let timing = crowd
                .load(Route::Login, 1, 1)?
                .drive(crowd.target.public, watched)?;
            done.fetch_add(1, Ordering::Relaxed);
            failed.fetch_add(timing.failures, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(logins)).collect();
        // The hashing is under way once the first logins are through.
        while done.load(Ordering::Relaxed) < 2 && clients.iter().all(|client| !client.is_finished())
        {
            thread::sleep(Duration::from_millis(5));
        }
        let (start, before) = (now(), done.load(Ordering::Relaxed));
        let asked = ask_for(duration, crowd, watched);
        let logins = done.load(Ordering::Relaxed) - before;
        let elapsed = start.elapsed().as_secs_f64();
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().expect("a client's thread doesn't panic")?;
        }
        let timing = asked?;
        let cores = thread::available_parallelism().map_or(1, usize::from) as f64;
        Ok(UnderLogins {
            logins_per_second: logins as f64 / elapsed,
            failed_logins: failed.load(Ordering::Relaxed),
            load: timing.cpu.as_secs_f64() / timing.elapsed.as_secs_f64() / cores,
            whoami: figures(Route::Whoami, vec![timing], &[]),
        })
    })
}

/// Asks who is signed in for so long.
fn ask_for(duration: Duration, crowd: &Crowd, watched: Watched) -> Result<Timing, Error> {
    let (start, mut all) = (now(), Timing::default());
    while start.elapsed() < duration {
        all = all.and(
            crowd
                .load(Route::Whoami, 200, 2)?
                .drive(crowd.target.public, watched)?,
        );
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_what_sticks_out() {
        assert!((median(vec![5.0, 1.0, 900.0]) - 5.0).abs() < 1e-9);
        assert!((median(vec![2.0, 1.0]) - 1.0).abs() < 1e-9);
        assert!(median(Vec::new()).abs() < 1e-9);
    }

    #[test]
    fn figures_take_all_turns_together_and_the_median_of_their_cost() {
        let turn = |cpu: u64, latency: u32| Timing {
            latencies: vec![latency; 10],
            failures: 1,
            elapsed: Duration::from_millis(10),
            cpu: Duration::from_micros(cpu * 10),
            database_cpu: Duration::from_micros(cpu),
        };
        let turns = vec![turn(50, 7), turn(900, 80), turn(40, 9)];
        let alive = [turn(10, 1), turn(100, 1), turn(10, 1)];
        let figures = figures(Route::Whoami, turns, &alive);
        assert_eq!(figures.multiple, Some(5.0));
        assert_eq!((figures.requests, figures.failures), (30, 3));
        assert_eq!((figures.p50, figures.p99), (9, 80));
        assert!((figures.cpu - 50.0).abs() < 1e-9 && (figures.database_cpu - 5.0).abs() < 1e-9);
        assert!((figures.per_second - 1000.0).abs() < 1e-6);
    }
}
