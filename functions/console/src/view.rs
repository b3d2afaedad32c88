//! What every page has around its own content, and how times, numbers and states are written.

use std::fmt;

use chrono::{DateTime, Utc};
use shared::{
    db::{
        DbError, PgConnection,
        console::shell::{self, MOST_COUNTED, Standing},
    },
    domain::{
        person::{Person, Role},
        send_state::SendState,
    },
};

use url::Url;

use crate::{Deps, access::Caller};

/// The places that the menu names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Review,
    Leads,
    Campaigns,
    Sends,
    Health,
    Audit,
}

impl Place {
    const WORK: [Self; 5] = [
        Self::Overview,
        Self::Review,
        Self::Leads,
        Self::Campaigns,
        Self::Sends,
    ];
    const SYSTEM: [Self; 2] = [Self::Health, Self::Audit];

    fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Review => "Review",
            Self::Leads => "Leads",
            Self::Campaigns => "Campaigns",
            Self::Sends => "Sends",
            Self::Health => "Health",
            Self::Audit => "Audit",
        }
    }

    fn href(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Review => "/review",
            Self::Leads => "/leads",
            Self::Campaigns => "/campaigns",
            Self::Sends => "/sends",
            Self::Health => "/health",
            Self::Audit => "/audit",
        }
    }
}

/// An entry of the menu.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) title: &'static str,
    pub(crate) href: &'static str,
    pub(crate) current: bool,
    pub(crate) count: Option<String>,
    /// What is counted.
    pub(crate) unit: &'static str,
}

/// Who stopped sending, when and why.
#[derive(Debug)]
pub(crate) struct Stop<'a> {
    pub(crate) at: Moment,
    pub(crate) by: &'a str,
    pub(crate) reason: &'a str,
}

/// What stands around a page's own content.
#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) brand: String,
    pub(crate) person: Person,
    pub(crate) standing: Standing,
    /// What the last request did, in a sentence.
    pub(crate) said: Option<String>,
    place: Place,
}

impl Shell {
    /// Reads where the system stands.
    pub(crate) async fn load(
        conn: &mut PgConnection,
        deps: &Deps,
        caller: &Caller,
        place: Place,
    ) -> Result<Self, DbError> {
        Ok(Self {
            brand: deps.config.name.clone(),
            person: caller.person.clone(),
            standing: shell::standing(conn).await?,
            said: None,
            place,
        })
    }

    /// With a sentence about what was just done.
    pub(crate) fn saying(mut self, said: Option<impl Into<String>>) -> Self {
        self.said = said.map(Into::into);
        self
    }

    pub(crate) fn menu(&self) -> [Vec<Entry>; 2] {
        let entries = |places: &[Place]| places.iter().map(|place| self.entry(*place)).collect();
        [entries(&Place::WORK), entries(&Place::SYSTEM)]
    }

    fn entry(&self, place: Place) -> Entry {
        let (count, unit) = match place {
            Place::Review => (self.standing.to_review, "waiting"),
            Place::Health => (self.standing.open_breakers, "automatic stops"),
            Place::Overview | Place::Leads | Place::Campaigns | Place::Sends | Place::Audit => {
                (0, "")
            }
        };
        Entry {
            title: place.title(),
            href: place.href(),
            current: place == self.place,
            count: (count > 0).then(|| capped(count)),
            unit,
        }
    }

    pub(crate) fn stop(&self) -> Option<Stop<'_>> {
        Some(Stop {
            at: Moment(self.standing.stopped_at?),
            by: self.standing.stopped_by.as_deref()?,
            reason: self.standing.stop_reason.as_deref()?,
        })
    }

    /// To stop is for everybody who decides about mails; to begin again asks for more.
    pub(crate) fn may_stop(&self) -> bool {
        self.may(Role::Reviewer)
    }

    pub(crate) fn may(&self, least: Role) -> bool {
        self.person.role >= least
    }

    pub(crate) fn sent_today(&self) -> String {
        counted(self.standing.sent_today.into(), "mail", "mails")
    }
}

/// A moment, as a page writes it: `26 Nov, 14:02`, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%-d %b, %H:%M"))
    }
}

/// Millionths of a US dollar, as a page writes them: `$0.21`, and `0.13 ¢` below a cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Money(pub(crate) i64);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0 / 10_000;
        match self.0 {
            0 => f.write_str("$0"),
            micros if micros < 10_000 => write!(f, "0.{:02} ¢", micros / 100),
            _ => write!(f, "${}.{:02}", number(cents / 100), cents % 100),
        }
    }
}

/// A whole number, its digits in groups: `1,234`.
pub(crate) fn number(number: impl fmt::Display) -> String {
    let text = number.to_string();
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |digits| ("−", digits));
    let mut grouped = sign.to_owned();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 mail`, `1,234 mails`, `No mails`.
pub(crate) fn counted(count: i64, one: &str, many: &str) -> String {
    match count {
        0 => format!("No {many}"),
        1 => format!("1 {one}"),
        count => format!("{} {many}", number(count)),
    }
}

/// A count that was not taken to its end.
pub(crate) fn capped(count: i64) -> String {
    if count > MOST_COUNTED {
        format!("{}+", number(MOST_COUNTED))
    } else {
        number(count)
    }
}

/// How a state is shown: a word beside a mark whose shape says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateMark {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
}

/// A refusal by a rule is the system at work, and no fault.
pub(crate) fn state_mark(state: Option<SendState>) -> StateMark {
    let (class, word) = match state {
        None => ("state", "No mail planned"),
        Some(SendState::Review) => ("state state-warn", "In review"),
        Some(SendState::Queued) => ("state state-waiting", "Planned"),
        Some(SendState::Claimed | SendState::Calling) => ("state state-waiting", "Leaving now"),
        Some(SendState::Unknown) => ("state state-warn", "Outcome unknown"),
        Some(SendState::Sent) => ("state state-good", "Sent"),
        Some(SendState::Delivered) => ("state state-good", "Delivered"),
        Some(SendState::Opened) => ("state state-good", "Opened"),
        Some(SendState::Clicked) => ("state state-good", "Clicked"),
        Some(SendState::Replied) => ("state state-good", "Replied"),
        Some(SendState::Refused) => ("state", "Not sent"),
        Some(SendState::Rejected) => ("state state-bad", "Rejected by SES"),
        Some(SendState::Bounced) => ("state state-bad", "Bounced"),
        Some(SendState::Complained) => ("state state-bad", "Complained"),
    };
    StateMark { class, word }
}

/// The host of an address that a page may link to. Profiles hold addresses of every kind, also `javascript:`.
pub(crate) fn link_host(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let is_plain = url.scheme() == "https" && url.username().is_empty();
    url.host_str().filter(|_| is_plain).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_linked() {
        assert_eq!(
            link_host("https://miles.example.org/x").as_deref(),
            Some("miles.example.org")
        );
        for address in [
            "javascript:alert(1)",
            "http://a.example",
            "data:text/html,x",
            "https://bank.example@evil.example",
            "a.example",
            "",
        ] {
            assert_eq!(link_host(address), None, "{address}");
        }
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (given, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (-12_000, "−12,000"),
        ] {
            assert_eq!(number(given), expected);
        }
        assert_eq!(capped(1_001), "1,000+");
        assert_eq!(counted(0, "mail", "mails"), "No mails");
        assert_eq!(counted(1, "mail", "mails"), "1 mail");
    }
}
