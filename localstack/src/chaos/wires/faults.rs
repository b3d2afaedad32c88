//! Which request of which function meets a fault, and which requests there are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;

/// One kind of request of one function: a statement, an HTTP request, a call of the Runtime API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) function: String,
    pub(crate) kind: Kind,
    /// The statement, or what the HTTP request asks for.
    pub(crate) request: String,
}

/// What a request can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A transaction begins.
    Begin,
    /// A statement inside a transaction: undone with it.
    Inside,
    /// A transaction is committed.
    Commit,
    /// A statement that commits itself.
    Alone,
    /// A request to SES, SQS or the model.
    Http,
    /// A call of the Lambda Runtime API.
    Runtime,
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Before the server gets the request.
    Before,
    /// After the server has done what was asked, before the function gets the answer.
    After,
}

/// What happens.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// The connection is lost.
    Cut,
    /// Request or answer is late.
    Delay,
    /// The answer is an error.
    Error,
    /// The function's process ends as by `kill -9`.
    Kill,
    /// The request or its answer stays on the wire until it is released.
    Hold(Held),
}

/// How long a delay is.
pub(crate) const DELAY: Duration = Duration::from_millis(400);

/// One thing that goes wrong.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) action: Action,
    pub(crate) side: Side,
}

/// The harness's end of a held request.
#[derive(Debug)]
pub(crate) struct Hold {
    reached: watch::Receiver<bool>,
    release: watch::Sender<bool>,
}

/// The wire's end of it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    reached: Arc<watch::Sender<bool>>,
    release: watch::Receiver<bool>,
}

impl Hold {
    pub(super) fn new() -> (Self, Held) {
        let (reached, is_reached) = watch::channel(false);
        let (release, is_released) = watch::channel(false);
        let hold = Self {
            reached: is_reached,
            release,
        };
        let held = Held {
            reached: Arc::new(reached),
            release: is_released,
        };
        (hold, held)
    }

    /// Waits until the request is on the wire.
    pub(crate) async fn reached(&self) {
        // Fails only when the wires are gone: then the point cannot be reached any more.
        let _ = self.reached.clone().wait_for(|reached| *reached).await;
    }

    /// Releases it; so does dropping this.
    pub(crate) fn release(self) {
        self.release.send_replace(true);
    }
}

impl Held {
    pub(super) async fn wait(mut self) {
        self.reached.send_replace(true);
        // An error means that the harness let go of it.
        let _ = self.release.wait_for(|released| *released).await;
    }
}

/// Which requests are meant.
#[derive(Debug)]
enum Wanted {
    These(String),
    Containing(&'static str),
}

impl Wanted {
    fn matches(&self, request: &str) -> bool {
        match self {
            Self::These(wanted) => wanted == request,
            Self::Containing(words) => request.contains(words),
        }
    }
}

#[derive(Debug)]
struct Planned {
    function: String,
    wanted: Wanted,
    /// Requests until it happens, this one included.
    passing: u64,
    fault: Fault,
}

/// The shares of all requests that meet each action.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Shares {
    pub(crate) cut: f64,
    pub(crate) delay: f64,
    pub(crate) error: f64,
    pub(crate) kill: f64,
}

/// The planned faults, and the requests that were seen.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    planned: Vec<Planned>,
    shares: Option<(Shares, ChaCha8Rng)>,
    seen: BTreeMap<Point, u64>,
    struck: u64,
}

impl Faults {
    /// The `passing`th time (from 1) that the function makes this request from now on.
    pub(crate) fn plan(&mut self, point: &Point, passing: u64, fault: Fault) {
        self.planned.push(Planned {
            function: point.function.clone(),
            wanted: Wanted::These(point.request.clone()),
            passing,
            fault,
        });
    }

    /// The next request of the function that contains these words stays on the wire.
    pub(crate) fn hold(&mut self, function: &str, words: &'static str, side: Side) -> Hold {
        let (hold, held) = Hold::new();
        self.planned.push(Planned {
            function: function.to_owned(),
            wanted: Wanted::Containing(words),
            passing: 1,
            fault: Fault {
                action: Action::Hold(held),
                side,
            },
        });
        hold
    }

    /// These shares of all requests, chosen by the seed.
    pub(crate) fn share(&mut self, shares: Shares, seed: u64) {
        self.shares = Some((shares, ChaCha8Rng::seed_from_u64(seed)));
    }

    /// Clears the faults.
    pub(crate) fn clear(&mut self) {
        self.planned.clear();
        self.shares = None;
    }

    /// Every request that was made, and how often.
    pub(crate) fn points(&self) -> &BTreeMap<Point, u64> {
        &self.seen
    }

    /// How many requests met a fault.
    pub(crate) fn struck(&self) -> u64 {
        self.struck
    }

    /// The fault that this request meets, if any.
    pub(super) fn meet(&mut self, point: Point) -> Option<Fault> {
        for planned in &mut self.planned {
            if planned.function == point.function && planned.wanted.matches(&point.request) {
                planned.passing = planned.passing.saturating_sub(1);
            }
        }
        let due = self.planned.iter().position(|planned| planned.passing == 0);
        let fault = match due {
            Some(due) => Some(self.planned.swap_remove(due).fault),
            None => self.draw(&point),
        };
        self.struck += u64::from(fault.is_some());
        *self.seen.entry(point).or_default() += 1;
        fault
    }

    fn draw(&mut self, point: &Point) -> Option<Fault> {
        let (shares, random) = self.shares.as_mut()?;
        let Shares {
            cut,
            delay,
            error,
            kill,
        } = *shares;
        let mut draw = random.random::<f64>();
        let side = if random.random_bool(0.5) {
            Side::Before
        } else {
            Side::After
        };
        let actions = [
            (Action::Cut, cut),
            (Action::Delay, delay),
            (Action::Error, error),
            (Action::Kill, kill),
        ];
        actions.into_iter().find_map(|(action, share)| {
            let met = draw < share;
            draw -= share;
            // A server that answers with an error has done nothing. An answer that is lost after the
            // work is a cut.
            let refused = matches!(action, Action::Error) && matches!(point.kind, Kind::Http);
            let side = if refused { Side::Before } else { side };
            met.then_some(Fault { action, side })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(function: &str, request: &str) -> Point {
        Point {
            function: function.to_owned(),
            kind: Kind::Commit,
            request: request.to_owned(),
        }
    }

    fn cut_after() -> Fault {
        Fault {
            action: Action::Cut,
            side: Side::After,
        }
    }

    #[test]
    fn planned_fault_strikes_at_its_passing_once() {
        let mut faults = Faults::default();
        faults.plan(&point("sender", "claim"), 2, cut_after());
        let mut met = |function| faults.meet(point(function, "claim")).is_some();
        let met = ["sender", "enricher", "sender", "sender"].map(&mut met);
        assert_eq!(met, [false, false, true, false]);
        assert_eq!(faults.struck(), 1);
        let seen: Vec<u64> = faults.points().values().copied().collect();
        assert_eq!(seen, [1, 3], "the enricher's and the sender's");
    }

    #[test]
    fn held_request_waits_for_its_release() {
        let mut faults = Faults::default();
        let hold = faults.hold("sender", "for share", Side::Before);
        assert!(faults.meet(point("sender", "select 1")).is_none());
        let fault = faults.meet(point("sender", "select 1 for share"));
        let Some(Fault {
            action: Action::Hold(held),
            side: Side::Before,
        }) = fault
        else {
            panic!("{fault:?}");
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let waiting = tokio::spawn(held.wait());
            hold.reached().await;
            assert!(!waiting.is_finished());
            hold.release();
            waiting.await.unwrap();
        });
    }

    #[test]
    fn shares_are_the_same_for_the_same_seed() {
        let met = |seed| -> Vec<String> {
            let mut faults = Faults::default();
            let shares = Shares {
                cut: 0.1,
                delay: 0.1,
                error: 0.05,
                kill: 0.05,
            };
            faults.share(shares, seed);
            let meet = |_| faults.meet(point("sender", "claim"));
            let met = (0..500).map(meet).map(|fault| match fault {
                Some(fault) => format!("{:?} {:?}", fault.action, fault.side),
                None => String::new(),
            });
            met.collect()
        };
        assert_eq!(met(1), met(1));
        assert_ne!(met(1), met(2));
        let count = |word: &str| met(1).iter().filter(|met| met.starts_with(word)).count();
        assert!((100..200).contains(&(500 - met(1).iter().filter(|m| m.is_empty()).count())));
        for word in ["Cut", "Delay", "Error", "Kill"] {
            assert!(count(word) > 5, "{word}: {}", count(word));
        }
    }
}
