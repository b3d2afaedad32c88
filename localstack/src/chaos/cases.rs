//! One fault each, at every request of every function.

use std::collections::BTreeMap;

use super::wires::{Action, Fault, Kind, Point, Side};

/// Requests by point, and how they were seen in runs without a fault.
pub(crate) type Points = BTreeMap<Point, Seen>;

/// How often a request was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// In the run that made it most often.
    pub(crate) times: u64,
    /// Whether every run made it. Which events come in one batch, for example, is for a race to decide.
    pub(crate) in_every_run: bool,
}

/// One thing that goes wrong, once.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) point: Point,
    /// Whether every run without a fault makes the request.
    in_every_run: bool,
    /// At which of the function's requests of this kind, from 1.
    pub(crate) passing: u64,
    pub(crate) fault: Fault,
}

impl Case {
    /// For a person to read, and enough to run it again.
    pub(crate) fn name(&self) -> String {
        let side = match self.fault.side {
            Side::Before => "before",
            Side::After => "after",
        };
        let passing = match self.passing {
            1 => String::new(),
            passing => format!(" (no. {passing})"),
        };
        format!(
            "{}: {} {side} `{}`{passing}",
            self.point.function,
            word(&self.fault.action),
            label(&self.point.request)
        )
    }

    /// Whether it is worth another run when the case did not happen: a later request of the same
    /// kind may not come when the run continues differently.
    pub(crate) fn can_be_tried_again(&self) -> bool {
        self.passing == 1
    }

    /// Whether the case must have happened.
    pub(crate) fn must_happen(&self) -> bool {
        self.passing == 1 && self.in_every_run
    }

    /// Whether a model call may be made again: only where the enricher is hit.
    pub(crate) fn hits_enricher(&self) -> bool {
        self.point.function == "enricher"
    }
}

fn word(action: &Action) -> &'static str {
    match action {
        Action::Cut => "cut",
        Action::Delay => "delay",
        Action::Error => "error",
        Action::Kill => "kill",
        Action::Hold(_) => "hold",
    }
}

/// What several runs without a fault requested.
pub(crate) fn seen(runs: &[BTreeMap<Point, u64>]) -> Points {
    let mut points = Points::new();
    for (point, times) in runs.iter().flatten() {
        let in_every_run = runs.iter().all(|run| run.contains_key(point));
        let seen = points.entry(point.clone()).or_insert(Seen {
            times: *times,
            in_every_run,
        });
        seen.times = seen.times.max(*times);
    }
    points
}

/// Every case for requests that were made so often.
///
/// What leaves the same behind is tried once. Inside a transaction a killed process, a lost
/// connection and an error all undo it: the process is killed around the commit only, the connection
/// is lost after the statement, and the error is one that has the transaction run again. Killed
/// before a request is killed after the one before it.
pub(crate) fn all(points: &Points) -> Vec<Case> {
    points
        .iter()
        .flat_map(|(point, seen)| of_point(point, *seen))
        .collect()
}

fn of_point(point: &Point, seen: Seen) -> Vec<Case> {
    let once: &[(Action, Side)] = match point.kind {
        Kind::Begin => &[(Action::Cut, Side::Before)],
        Kind::Inside if point.request.eq_ignore_ascii_case("rollback") => &[],
        Kind::Inside => &[(Action::Cut, Side::After), (Action::Error, Side::Before)],
        // The answer to it is awaited for ever.
        Kind::Runtime if point.request.starts_with("extension") => &[],
        Kind::Alone => &[
            (Action::Cut, Side::Before),
            (Action::Cut, Side::After),
            (Action::Error, Side::Before),
            (Action::Delay, Side::After),
            (Action::Kill, Side::After),
        ],
        Kind::Commit | Kind::Http | Kind::Runtime => &[
            (Action::Cut, Side::Before),
            (Action::Cut, Side::After),
            (Action::Error, Side::Before),
            (Action::Error, Side::After),
            (Action::Delay, Side::Before),
            (Action::Delay, Side::After),
            (Action::Kill, Side::Before),
            (Action::Kill, Side::After),
        ],
    };
    let case = |passing, action: &Action, side| Case {
        point: point.clone(),
        in_every_run: seen.in_every_run,
        passing,
        fault: Fault {
            action: action.clone(),
            side,
        },
    };
    let mut cases: Vec<Case> = once
        .iter()
        .map(|(action, side)| case(1, action, *side))
        .collect();
    // Where something stays behind, also in the middle of a run and at its end.
    if matches!(point.kind, Kind::Commit | Kind::Http) {
        let mut later = vec![seen.times.div_ceil(2), seen.times];
        later.dedup();
        later.retain(|passing| *passing > 1);
        let later = later.into_iter();
        cases.extend(later.map(|passing| case(passing, &Action::Kill, Side::After)));
    }
    cases
}

/// The first words of a statement that are no comment.
fn label(request: &str) -> String {
    let code = request
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("--"));
    let line = code.take(3).collect::<Vec<_>>().join(" ");
    line.chars().take(70).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(kind: Kind, request: &str) -> Point {
        Point {
            function: "sender".to_owned(),
            kind,
            request: request.to_owned(),
        }
    }

    fn names(kind: Kind, request: &str, times: u64) -> Vec<String> {
        let points = seen(&[BTreeMap::from([(point(kind, request), times)])]);
        let cases = all(&points).into_iter();
        cases.map(|case| case.name()).collect()
    }

    #[test]
    fn point_that_one_run_missed_may_stay_unreached() {
        let (always, once) = (point(Kind::Begin, "BEGIN"), point(Kind::Alone, "select 1"));
        let runs = [
            BTreeMap::from([(always.clone(), 2), (once.clone(), 1)]),
            BTreeMap::from([(always.clone(), 4)]),
        ];
        let points = seen(&runs);
        let expected = |times, in_every_run| {
            Some(Seen {
                times,
                in_every_run,
            })
        };
        assert_eq!(points.get(&always).copied(), expected(4, true));
        assert_eq!(points.get(&once).copied(), expected(1, false));
        for case in all(&points) {
            assert_eq!(case.must_happen(), case.point == always);
        }
    }

    #[test]
    fn statement_is_labelled_by_its_first_words() {
        let statement = "-- Locks what is due.\n\nselect id\nfrom sends\nfor update\nof sends";
        let expected = [
            "sender: cut after `select id from sends for update`",
            "sender: error before `select id from sends for update`",
        ];
        assert_eq!(names(Kind::Inside, statement, 4), expected);
    }

    #[test]
    fn commit_is_tried_on_both_sides_and_later() {
        let names = names(Kind::Commit, "COMMIT", 5);
        for action in ["cut", "delay", "error", "kill"] {
            for side in ["before", "after"] {
                assert!(names.contains(&format!("sender: {action} {side} `COMMIT`")));
            }
        }
        assert_eq!(
            names[8..],
            [
                "sender: kill after `COMMIT` (no. 3)",
                "sender: kill after `COMMIT` (no. 5)"
            ]
        );
        assert_eq!(super::tests::names(Kind::Http, "SendRawEmail", 1).len(), 8);
    }
}
