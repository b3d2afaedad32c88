//! Every place where a function can be ended, once each.

use shared::faults::POINTS;

use super::cuts::When;

/// The first, a middle and the last of what a batch of the small run holds.
const PASSINGS: [u32; 3] = [1, 2, 3];

/// One thing that goes wrong, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Case {
    /// Something happens at a point.
    Point { entry: String },
    /// A connection is lost around a statement.
    Cut {
        actor: String,
        statement: String,
        when: When,
    },
}

impl Case {
    /// As a person reads it, and enough to run it again.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Point { entry } => entry.clone(),
            Self::Cut {
                actor,
                statement,
                when,
            } => format!("{actor}: cut {} `{}`", when.word(), label(statement)),
        }
    }

    /// For `FAULTS`.
    pub(crate) fn points(&self) -> &str {
        match self {
            Self::Point { entry } => entry,
            Self::Cut { .. } => "",
        }
    }

    /// Whether the case must have happened: each point is passed at least once in a run, but some
    /// only once.
    pub(crate) fn must_happen(&self) -> bool {
        match self {
            Self::Point { entry } => entry.ends_with("@1"),
            Self::Cut { .. } => true,
        }
    }
}

/// A process dies at every point, first, in the middle and last; and a panic, an error and a lost
/// connection at each.
pub(crate) fn points() -> impl Iterator<Item = Case> {
    let deaths = PASSINGS.map(|passing| format!("abort@{passing}"));
    let others = ["panic@1", "error@1", "drop-connection@1"].map(str::to_owned);
    let actions: Vec<String> = deaths.into_iter().chain(others).collect();
    POINTS.iter().flat_map(move |point| {
        let entries: Vec<Case> = actions
            .iter()
            .map(|action| Case::Point {
                entry: format!("{point}={action}"),
            })
            .collect();
        entries
    })
}

/// A connection is lost around each of these statements, before the commit and after it.
pub(crate) fn cuts<'a>(
    statements: impl Iterator<Item = (&'a str, &'a str)>,
) -> impl Iterator<Item = Case> {
    statements.flat_map(|(actor, statement)| {
        [When::Before, When::After].map(|when| Case::Cut {
            actor: actor.to_owned(),
            statement: statement.to_owned(),
            when,
        })
    })
}

/// The first words of a statement that are no comment.
fn label(statement: &str) -> String {
    let code = statement
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("--"));
    let line = code.take(3).collect::<Vec<_>>().join(" ");
    line.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_there_first_in_the_middle_and_last() {
        let names: Vec<String> = points().map(|case| case.name()).collect();
        for point in POINTS {
            for passing in PASSINGS {
                assert!(names.contains(&format!("{point}=abort@{passing}")));
            }
        }
        assert_eq!(names.len(), POINTS.len() * 6);
    }

    #[test]
    fn a_statement_is_known_by_its_first_words() {
        let statement = "-- Takes what is due.\n\nwith due as (\n    select 1\n)";
        let cases: Vec<Case> = cuts([("sender", statement)].into_iter()).collect();
        assert_eq!(
            cases[0].name(),
            "sender: cut before `with due as ( select 1 )`"
        );
        assert_eq!(cases.len(), 2);
    }
}
