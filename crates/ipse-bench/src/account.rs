//! What a process has used: CPU time and memory, as the kernel counts them.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde::Serialize;

/// What the clock shows.
#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures time as it passes for everybody"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The clock tick of `/proc/<pid>/stat`, which Linux has fixed at 100 Hz for programs.
const TICK: Duration = Duration::from_millis(10);

/// CPU time used so far by some processes and their descendants.
///
/// The scheduler's own figure counts nanoseconds, but only of threads that still exist; the other one also has those that
/// have ended, but counts in ticks. The difference of two of these takes whichever tells more.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cpu {
    threads: BTreeMap<u32, Duration>,
    ticks: Duration,
}

impl Cpu {
    /// Of the processes `roots` and all they have started.
    pub(crate) fn of(roots: &[u32]) -> Self {
        let mut cpu = Self::default();
        for pid in with_descendants(roots) {
            cpu.ticks += ticks(pid).unwrap_or_default();
            let tasks = fs::read_dir(format!("/proc/{pid}/task"));
            for task in tasks.into_iter().flatten().flatten() {
                let on_cpu = fs::read_to_string(task.path().join("schedstat"));
                let thread = task.file_name().to_str().and_then(|name| name.parse().ok());
                let on_cpu = on_cpu.ok().as_deref().and_then(first_number);
                if let (Some(thread), Some(nanoseconds)) = (thread, on_cpu) {
                    cpu.threads
                        .insert(thread, Duration::from_nanos(nanoseconds));
                }
            }
        }
        cpu
    }

    /// What was used since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let used_since = |(thread, used): (&u32, &Duration)| {
            let before = earlier.threads.get(thread).copied().unwrap_or_default();
            used.saturating_sub(before)
        };
        let threads: Duration = self.threads.iter().map(used_since).sum();
        let ticks = self.ticks.saturating_sub(earlier.ticks);
        // Counting in ticks is wrong by one at either end, for user and system time each.
        threads.max(ticks.saturating_sub(4 * TICK))
    }
}

/// User and system time of a process, threads that have ended included, and of children that were waited for.
fn ticks(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_ticks(&stat)
}

fn parse_ticks(stat: &str) -> Option<Duration> {
    let fields: Vec<&str> = after_name(stat)?.split_ascii_whitespace().collect();
    // utime, stime, cutime and cstime are the fields 14 to 17; what follows the name begins with field 3.
    let sum: u32 = fields
        .get(11..15)?
        .iter()
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    Some(sum * TICK)
}

/// What follows the name of the program, which may itself contain spaces and parentheses.
fn after_name(stat: &str) -> Option<&str> {
    stat.rsplit_once(") ").map(|(_, rest)| rest)
}

fn first_number(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// These processes and all that descend from them.
fn with_descendants(roots: &[u32]) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent = after_name(&stat)?
                .split_ascii_whitespace()
                .nth(1)?
                .parse()
                .ok()?;
            Some((pid, parent))
        })
        .collect();
    descend(roots, &parents)
}

fn descend(roots: &[u32], parents: &[(u32, u32)]) -> Vec<u32> {
    let mut found = roots.to_vec();
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let children = parents
            .iter()
            .filter(|(_, of)| *of == parent)
            .map(|(pid, _)| *pid);
        let children: Vec<u32> = children.filter(|pid| !found.contains(pid)).collect();
        found.extend(children);
        next += 1;
    }
    found
}

/// Resident memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident: u64,
    /// The most so far.
    pub(crate) peak: u64,
}

impl Memory {
    /// Of a process and all it has started.
    pub(crate) fn of(root: u32) -> Self {
        let statuses = with_descendants(&[root])
            .into_iter()
            .filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
        statuses.fold(Self::default(), |sum, status| Self {
            resident: sum.resident + kibibytes(&status, "VmRSS:"),
            peak: sum.peak + kibibytes(&status, "VmHWM:"),
        })
    }
}

fn kibibytes(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(first_number).unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_fields_that_follow_it() {
        let stat = "7 (a) R 1) S 3 7 7 0 -1 0 0 0 0 0 10 20 3 4 20 0 5";
        assert_eq!(parse_ticks(stat), Some(Duration::from_millis(370)));
        assert_eq!(parse_ticks("7 (a) S 3"), None);
        assert_eq!(parse_ticks("nothing"), None);
    }

    #[test]
    fn descendants_are_found_at_any_depth_and_once() {
        let parents = [(2, 1), (3, 2), (4, 3), (5, 1), (6, 9), (1, 0)];
        assert_eq!(descend(&[1], &parents), [1, 2, 5, 3, 4]);
        assert_eq!(descend(&[2, 3], &parents), [2, 3, 4]);
        assert_eq!(descend(&[8], &parents), [8]);
    }

    #[test]
    fn memory_is_read_from_the_lines_of_the_status() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(kibibytes(status, "VmRSS:"), 1 << 20);
        assert_eq!(kibibytes(status, "VmHWM:"), 2 << 20);
        assert_eq!(kibibytes(status, "VmSwap:"), 0);
    }

    fn cpu(threads: &[(u32, u64)], ticks: u64) -> Cpu {
        let threads = threads
            .iter()
            .map(|(id, millis)| (*id, Duration::from_millis(*millis)));
        Cpu {
            threads: threads.collect(),
            ticks: Duration::from_millis(ticks),
        }
    }

    #[test]
    fn threads_that_come_count_whole_and_those_that_end_count_by_ticks() {
        let before = cpu(&[(1, 100), (2, 50)], 150);
        assert_eq!(
            cpu(&[(1, 130), (3, 5)], 160).since(&before),
            Duration::from_millis(35)
        );
        // Thread 2 has used 500 ms more and ended.
        assert_eq!(
            cpu(&[(1, 130)], 680).since(&before),
            Duration::from_millis(490)
        );
    }

    #[test]
    fn work_done_here_is_seen() {
        let me = [std::process::id()];
        let (before, start) = (Cpu::of(&me), now());
        let mut number = 1_u64;
        while start.elapsed() < Duration::from_millis(30) {
            number = std::hint::black_box(number.wrapping_mul(3));
        }
        assert!(Cpu::of(&me).since(&before) > Duration::from_millis(1));
        let memory = Memory::of(me[0]);
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
    }
}
