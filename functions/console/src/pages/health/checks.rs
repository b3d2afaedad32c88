//! What a person may have to look at, as `outreach doctor` says it of the database.

use std::time::Duration;

use shared::{
    clients::checks::Status,
    db::{
        DbError, PgConnection, installation,
        schema::{self, SchemaState},
        waiting::{self, Waiting},
    },
    domain::installation::{KeyCheck, KeyFingerprint, check_key},
};

use crate::view::counted;

/// How long SES's events have to resolve a call.
const EVENT_TIMEOUT: Duration = Duration::from_mins(15);
/// As long as dead letters are kept.
const RECENT: Duration = Duration::from_hours(14 * 24);

/// One check, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    /// As `outreach doctor` calls it.
    pub(crate) name: &'static str,
    pub(crate) status: Status,
    pub(crate) sentence: String,
}

impl Check {
    pub(crate) fn is_good(&self) -> bool {
        self.status == Status::Ok
    }
}

/// Checks the database; of one with another schema nothing else is asked.
///
/// # Errors
/// When a statement fails.
pub(crate) async fn read(
    conn: &mut PgConnection,
    key: &KeyFingerprint,
) -> Result<Vec<Check>, DbError> {
    let state = schema::state(conn).await?;
    let (is_good, sentence) = super::schema_line(&state);
    let mut checks = vec![Check {
        name: "schema",
        status: good_or(Status::Fail, is_good),
        sentence,
    }];
    if state == SchemaState::Current {
        let stored = installation::stored_key(conn).await?;
        checks.push(of_key(check_key(stored.as_deref(), key)));
        checks.extend(of_waiting(
            &waiting::count(conn, EVENT_TIMEOUT, RECENT).await?,
        ));
    }
    Ok(checks)
}

fn of_key(check: KeyCheck) -> Check {
    let (is_good, sentence) = match check {
        KeyCheck::Same => (
            true,
            "The key of addresses is the one that this database was begun with.",
        ),
        KeyCheck::First => (true, "No function has worked on this database yet."),
        KeyCheck::Different => (
            false,
            "The console holds another key of addresses than this database was begun with. Restore the old one: opt-outs are stored under it.",
        ),
    };
    Check {
        name: "hash key",
        status: good_or(Status::Fail, is_good),
        sentence: sentence.to_owned(),
    }
}

fn good_or(bad: Status, is_good: bool) -> Status {
    if is_good { Status::Ok } else { bad }
}

/// What waits for a person, or that nothing does.
fn of_waiting(waiting: &Waiting) -> Vec<Check> {
    let kinds = [
        (
            waiting.unresolved_sends,
            ["mail", "mails"],
            "may or may not have left: resolve each under Sends.",
        ),
        (
            waiting.open_breakers,
            ["campaign", "campaigns"],
            "stopped for bounces or complaints: see Automatic stops.",
        ),
        (
            waiting.stopped_sources,
            ["source", "sources"],
            "cannot go on before a person acts: the report says why.",
        ),
        (
            waiting.quarantined_messages,
            ["message", "messages"],
            "of the last 14 days could not be read: see Quarantine.",
        ),
        (
            waiting.unmatched_opt_outs,
            ["opt-out", "opt-outs"],
            "by mail in the last 14 days, of no mail on record: record it with “outreach suppress”.",
        ),
    ];
    let found = kinds.into_iter().filter(|(count, _, _)| *count > 0);
    let checks: Vec<Check> = found
        .map(|(count, [one, many], what)| Check {
            name: "waiting",
            status: Status::Warn,
            sentence: format!("{} {what}", counted(count, one, many)),
        })
        .collect();
    match checks.is_empty() {
        true => vec![Check {
            name: "waiting",
            status: Status::Ok,
            sentence: "Nothing waits for a person but drafts.".to_owned(),
        }],
        false => checks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_that_waits_is_said() {
        let good = of_waiting(&Waiting::default());
        assert!(good.len() == 1 && good[0].is_good(), "{good:?}");
        let all = Waiting {
            unresolved_sends: 1_200,
            open_breakers: 1,
            stopped_sources: 2,
            quarantined_messages: 3,
            unmatched_opt_outs: 4,
        };
        let found = of_waiting(&all);
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|check| check.status == Status::Warn));
        assert!(found[0].sentence.starts_with("1,200 mails may or may not"));
    }

    #[test]
    fn another_key_is_no_good() {
        for (check, status) in [
            (KeyCheck::Same, Status::Ok),
            (KeyCheck::First, Status::Ok),
            (KeyCheck::Different, Status::Fail),
        ] {
            assert_eq!(of_key(check).status, status);
        }
    }
}
