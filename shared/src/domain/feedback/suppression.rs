//! When a recipient is suppressed, and for which of several reasons.

use std::str::FromStr;

use chrono::{DateTime, Utc};

/// Soft bounces in a row after which a mailbox is suppressed.
pub const SOFT_BOUNCES: usize = 5;

/// Why a mailbox is suppressed, weakest first. Only an operator clears one; soft bounces alone are
/// taken back when a delivery turns out to have come between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suppression {
    SoftBounces,
    /// Bounced for good.
    Bounced,
    /// Asked for no more.
    Unsubscribed,
    /// Called our mail spam.
    Complained,
}

impl Suppression {
    pub const ALL: [Self; 4] = [
        Self::SoftBounces,
        Self::Bounced,
        Self::Unsubscribed,
        Self::Complained,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SoftBounces => "soft_bounces",
            Self::Bounced => "bounced",
            Self::Unsubscribed => "unsubscribed",
            Self::Complained => "complained",
        }
    }

    fn strength(self) -> u8 {
        match self {
            Self::SoftBounces => 1,
            Self::Bounced => 2,
            Self::Unsubscribed => 4,
            Self::Complained => 5,
        }
    }
}

/// Whether a person of the team may have a mailbox written to again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifting {
    Allowed,
    NotSuppressed,
    /// Its owner opted out, complained, or had their data erased.
    OwnWords,
}

/// Only what servers said of a mailbox can be wrong or pass; what its owner said stands.
pub fn lifting(reason: Option<&str>, own_words: bool) -> Lifting {
    let of_servers = [Suppression::SoftBounces, Suppression::Bounced].map(Suppression::as_str);
    match reason {
        _ if own_words => Lifting::OwnWords,
        None => Lifting::NotSuppressed,
        Some(reason) if of_servers.contains(&reason) => Lifting::Allowed,
        Some(_) => Lifting::OwnWords,
    }
}

/// How a person's own opt-out came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutWay {
    /// The button of our page.
    Button,
    /// The mailbox provider's one click (RFC 8058).
    OneClick,
    /// A mail to the unsubscribe mailbox.
    Mail,
    /// Said to one of the team, who recorded it.
    Person,
}

impl OptOutWay {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Button => "button",
            Self::OneClick => "one_click",
            Self::Mail => "mail",
            Self::Person => "person",
        }
    }
}

/// What an operator typed as a reason: stronger than a bounce, weaker than what the recipient said.
const OPERATOR_STRENGTH: u8 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reason for a suppression that this program gives")]
pub struct UnknownSuppression;

impl FromStr for Suppression {
    type Err = UnknownSuppression;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == word)
            .ok_or(UnknownSuppression)
    }
}

/// A mailbox's suppression as its row holds it. The reason may be an operator's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    pub at: DateTime<Utc>,
    pub reason: String,
}

impl Suppressed {
    pub fn new(at: DateTime<Utc>, reason: Suppression) -> Self {
        Self {
            at,
            reason: reason.as_str().to_owned(),
        }
    }

    fn strength(&self) -> u8 {
        self.reason
            .parse()
            .map_or(OPERATOR_STRENGTH, Suppression::strength)
    }

    fn is_by_soft_bounces(&self) -> bool {
        self.reason == Suppression::SoftBounces.as_str()
    }
}

/// A bounce or a delivery of a mailbox, as far as it counts for soft bounces in a row. Ordered by
/// time; the key only makes the order of two at one instant the same for every worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PastEvent {
    pub at: DateTime<Utc>,
    pub delivered: bool,
    pub key: [u8; 32],
}

/// When the mailbox had so many soft bounces in a row for the first time, by SES's clock. A function of
/// the events alone, whatever the order in which they came.
pub fn soft_bounces_in_a_row(history: &[PastEvent]) -> Option<DateTime<Utc>> {
    let mut history = history.to_vec();
    history.sort_unstable();
    let mut in_a_row = 0;
    for event in history {
        in_a_row = if event.delivered { 0 } else { in_a_row + 1 };
        if in_a_row == SOFT_BOUNCES {
            return Some(event.at);
        }
    }
    None
}

/// Whether the history of a mailbox matters for its suppression.
pub fn needs_history(current: Option<&Suppressed>, bounced_softly: bool) -> bool {
    bounced_softly || current.is_some_and(Suppressed::is_by_soft_bounces)
}

/// The suppression that holds after these reasons: the strongest reason, since the earliest time.
/// `in_a_row` is [`soft_bounces_in_a_row`], which counts where no stronger reason does.
pub fn suppress(
    current: Option<&Suppressed>,
    reasons: &[Suppressed],
    in_a_row: Option<DateTime<Utc>>,
) -> Option<Suppressed> {
    let lasting = current.filter(|current| !current.is_by_soft_bounces());
    // Of two that are as strong the first stands.
    let strongest = lasting
        .into_iter()
        .chain(reasons)
        .reduce(|a, b| if b.strength() > a.strength() { b } else { a });
    let earliest = lasting.into_iter().chain(reasons).map(|r| r.at).min();
    match strongest.zip(earliest) {
        Some((strongest, at)) => Some(Suppressed {
            at,
            reason: strongest.reason.clone(),
        }),
        None => in_a_row.map(|at| Suppressed::new(at, Suppression::SoftBounces)),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_bounces_are_lifted() {
        for (reason, own_words, expected) in [
            (None, false, Lifting::NotSuppressed),
            (Some("bounced"), false, Lifting::Allowed),
            (Some("soft_bounces"), false, Lifting::Allowed),
            (Some("bounced"), true, Lifting::OwnWords),
            (Some("unsubscribed"), false, Lifting::OwnWords),
            (Some("complained"), false, Lifting::OwnWords),
            // In a person's own words.
            (Some("told us at the fair"), false, Lifting::OwnWords),
            (None, true, Lifting::OwnWords),
        ] {
            assert_eq!(lifting(reason, own_words), expected, "{reason:?}");
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// `s` bounces softly, `d` is delivered, one a second.
    fn history(pattern: &str) -> Vec<PastEvent> {
        let event = |(n, c): (usize, char)| PastEvent {
            at: at(i64::try_from(n).unwrap()),
            delivered: c == 'd',
            key: [u8::try_from(n).unwrap(); 32],
        };
        pattern.chars().enumerate().map(event).collect()
    }

    #[test]
    fn fifth_soft_bounce_in_a_row_suppresses() {
        for (pattern, fifth) in [
            ("", None),
            ("ssss", None),
            ("sssss", Some(4)),
            ("ssssss", Some(4)),
            ("sssdss", None),
            ("ssdsssss", Some(7)),
            ("sssssd", Some(4)),
            ("ssssdssssd", None),
        ] {
            let found = soft_bounces_in_a_row(&history(pattern));
            assert_eq!(found, fifth.map(at), "{pattern}");
        }
    }

    #[test]
    fn reasons_rank_from_soft_bounces_to_complaint() {
        let words = [
            "soft_bounces",
            "bounced",
            "by hand",
            "unsubscribed",
            "complained",
        ];
        let since = |n: usize| at(i64::try_from(n).unwrap());
        for (was, current) in words.iter().enumerate() {
            let row = Suppressed {
                at: since(was),
                reason: (*current).to_owned(),
            };
            assert_eq!(
                suppress(Some(&row), &[], Some(row.at)).as_ref(),
                Some(&row),
                "{current} stands"
            );
            for (is, new) in words.iter().enumerate() {
                let Ok(reason) = new.parse::<Suppression>() else {
                    continue;
                };
                if reason == Suppression::SoftBounces {
                    continue;
                }
                let after =
                    suppress(Some(&row), &[Suppressed::new(since(is), reason)], None).unwrap();
                assert_eq!(after.reason, words[was.max(is)], "{current}, then {new}");
                let earliest = if was == 0 { is } else { was.min(is) };
                assert_eq!(after.at, since(earliest), "{current}, then {new}");
            }
        }
    }

    #[test]
    fn history_is_read_where_it_matters() {
        let by = |reason| Some(Suppressed::new(at(0), reason));
        let soft = by(Suppression::SoftBounces);
        let hard = by(Suppression::Bounced);
        for (current, bounced_softly, needed) in [
            (&None, false, false),
            (&None, true, true),
            (&soft, false, true),
            (&hard, false, false),
        ] {
            let found = needs_history(current.as_ref(), bounced_softly);
            assert_eq!(found, needed, "{current:?}");
        }
    }

    #[test]
    fn interrupted_soft_bounces_lift_the_suppression() {
        let row = Suppressed::new(at(4), Suppression::SoftBounces);
        assert_eq!(suppress(Some(&row), &[], None), None);
        let moved = suppress(Some(&row), &[], Some(at(9))).unwrap();
        assert_eq!((moved.at, moved.reason.as_str()), (at(9), "soft_bounces"));
    }

    fn reasons() -> impl Strategy<Value = Vec<(i64, usize)>> {
        prop::collection::vec((0_i64..50, 1_usize..4), 0..6)
    }

    proptest! {
        #[test]
        fn reasons_suppress_alike_in_every_order_and_split(
            reasons in reasons(), cut in 0_usize..6, repeated in any::<bool>()
        ) {
            let reasons: Vec<_> = reasons
                .into_iter()
                .map(|(seconds, n)| Suppressed::new(at(seconds), Suppression::ALL[n]))
                .collect();
            let at_once = suppress(None, &reasons, None);
            let (first, second) = reasons.split_at(cut.min(reasons.len()));
            let mut later = suppress(None, second, None);
            if repeated {
                later = suppress(later.as_ref(), second, None);
            }
            prop_assert_eq!(suppress(later.as_ref(), first, None), at_once);
        }

        #[test]
        fn soft_bounces_count_alike_in_every_order(pattern in "[sd]{0,12}", turn in 0_usize..12) {
            let events = history(&pattern);
            let mut turned = events.clone();
            turned.rotate_left(turn.min(events.len()));
            prop_assert_eq!(soft_bounces_in_a_row(&turned), soft_bounces_in_a_row(&events));
        }
    }
}
