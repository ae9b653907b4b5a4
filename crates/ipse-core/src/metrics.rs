//! Figures about what this process has done. Counting costs an addition and nothing else; they are read now and then.

use std::sync::atomic::{AtomicU64, Ordering};

use ipse_model::{FlowName, MethodId};

const FLOWS: [FlowName; 5] = [
    FlowName::Login,
    FlowName::Registration,
    FlowName::Settings,
    FlowName::Recovery,
    FlowName::Verification,
];

/// What came of a web hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookOutcome {
    /// It let the flow go on.
    Passed,
    /// It refused, and said why.
    Refused,
    /// It failed.
    Failed,
}

impl HookOutcome {
    const ALL: [Self; 3] = [Self::Passed, Self::Refused, Self::Failed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Requests by their route, a number that the door gives it, and the first digit of their status.
#[derive(Debug)]
pub struct Requests([[AtomicU64; CLASSES]; Self::ROUTES]);

/// 1xx to 5xx.
const CLASSES: usize = 5;

impl Default for Requests {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Default::default()))
    }
}

impl Requests {
    /// How many routes can be told apart.
    pub const ROUTES: usize = 40;

    /// A request was answered.
    pub fn answered(&self, route: usize, status: u16) {
        let class = usize::from(status / 100).clamp(1, CLASSES) - 1;
        if let Some(classes) = self.0.get(route) {
            classes[class].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often each route was answered in each way, where that was so at all.
    pub fn counts(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        self.0.iter().enumerate().flat_map(|(route, classes)| {
            let classes = classes.iter().enumerate();
            classes.filter_map(move |(class, count)| {
                let count = count.load(Ordering::Relaxed);
                (count > 0).then_some((route, class + 1, count))
            })
        })
    }
}

/// The figures.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests at the public port.
    pub public: Requests,
    /// Requests at the admin port.
    pub admin: Requests,
    completed: [[AtomicU64; MethodId::ALL.len()]; FLOWS.len()],
    hooks: [AtomicU64; HookOutcome::ALL.len()],
}

impl Metrics {
    /// A flow was completed with a method.
    pub fn completed(&self, flow: FlowName, method: MethodId) {
        let flow = FLOWS.iter().position(|known| *known == flow);
        let method = MethodId::ALL.iter().position(|known| *known == method);
        if let (Some(flow), Some(method)) = (flow, method) {
            self.completed[flow][method].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A web hook was called.
    pub fn hook(&self, outcome: HookOutcome) {
        self.hooks[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often each flow was completed with each method, where that was so at all.
    pub fn flows_completed(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        FLOWS
            .iter()
            .zip(&self.completed)
            .flat_map(|(flow, counts)| {
                let counts = MethodId::ALL.iter().zip(counts);
                counts.filter_map(|(method, count)| {
                    let count = count.load(Ordering::Relaxed);
                    (count > 0).then(|| (flow.as_str(), method.as_str(), count))
                })
            })
    }

    /// How often web hooks came to each outcome.
    pub fn hooks_called(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = HookOutcome::ALL.iter().zip(&self.hooks);
        counts.map(|(outcome, count)| (outcome.as_str(), count.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_their_kind() {
        let requests = Requests::default();
        for status in [200, 204, 303, 404, 503, 999, 0] {
            requests.answered(7, status);
        }
        requests.answered(Requests::ROUTES, 200);
        let counts: Vec<_> = requests.counts().collect();
        let expected = [(7, 1, 1), (7, 2, 2), (7, 3, 1), (7, 4, 1), (7, 5, 2)];
        assert_eq!(counts, expected);
    }

    #[test]
    fn what_happens_is_counted_where_it_belongs() {
        let metrics = Metrics::default();
        assert_eq!(metrics.flows_completed().count(), 0);
        metrics.completed(FlowName::Login, MethodId::Totp);
        metrics.completed(FlowName::Login, MethodId::Totp);
        metrics.completed(FlowName::Verification, MethodId::Code);
        let completed: Vec<_> = metrics.flows_completed().collect();
        assert_eq!(
            completed,
            [("login", "totp", 2), ("verification", "code", 1)]
        );
        for outcome in HookOutcome::ALL {
            metrics.hook(outcome);
        }
        metrics.hook(HookOutcome::Failed);
        let hooks: Vec<_> = metrics.hooks_called().collect();
        assert_eq!(hooks, [("passed", 1), ("refused", 1), ("failed", 2)]);
    }
}
