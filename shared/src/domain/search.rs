//! What a person looks for among the leads, and in which order.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::{
    country::Country,
    ids::{CampaignId, LeadId, SourceId},
    lead::Platform,
    reason::Reason,
    score::Score,
    send_state::SendState,
};

/// Words of which each must occur in a lead's name, username, niche or the domain of its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// More words, and longer ones, narrow nothing that a person would notice.
    const MOST: usize = 5;
    const LONGEST: usize = 60;
    /// Shorter words have no trigram, and so no index.
    const INDEXED: usize = 3;

    /// Reads what was typed; none where there is no word in it.
    ///
    /// Of a word with `@` in it only what follows counts: a username without its sign, or the domain of
    /// an address. Who may not see an address cannot find a lead by it.
    pub fn read(text: &str) -> Option<Self> {
        let words: Vec<String> = text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter_map(|word| word.rsplit('@').next())
            .filter(|word| !word.is_empty())
            .take(Self::MOST)
            .map(|word| word.to_lowercase().chars().take(Self::LONGEST).collect())
            .collect();
        (!words.is_empty()).then_some(Self(words))
    }

    /// As patterns of SQL's `like`.
    pub fn patterns(&self) -> Vec<String> {
        self.0.iter().map(|word| pattern(word)).collect()
    }

    /// A pattern that all leads with the words have and the fewest others, as far as lengths tell; none if an
    /// index cannot find it. Of a domain its first label: what comes after it many share, and an index looks for
    /// every three letters.
    pub fn rarest(&self) -> Option<String> {
        let length = |word: &str| word.chars().filter(|c| c.is_alphanumeric()).count();
        let longest = self.0.iter().max_by_key(|word| length(word))?;
        let label = longest.split_inclusive('.').next().unwrap_or(longest);
        [label, longest]
            .into_iter()
            .find(|part| length(part) >= Self::INDEXED)
            .map(pattern)
    }
}

fn pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for letter in word.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern + "%"
}

/// Where a lead stands, in the words of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Display, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Standing {
    /// No enrichment, and none is pending.
    Found,
    /// An enrichment is pending.
    Waiting,
    /// No mail leaves: a rule or a person refused it.
    Refused,
    /// A person decides.
    Review,
    Queued,
    /// It may have left.
    Unknown,
    Sent,
    Delivered,
    Replied,
    /// SES refused it.
    Rejected,
    Bounced,
    Complained,
}

impl Standing {
    /// The states of a mail that have this word.
    pub fn states(self) -> &'static [SendState] {
        use SendState as S;
        match self {
            Self::Found | Self::Waiting => &[],
            Self::Refused => &[S::Refused],
            Self::Review => &[S::Review],
            Self::Queued => &[S::Queued, S::Claimed, S::Calling],
            Self::Unknown => &[S::Unknown],
            Self::Sent => &[S::Sent],
            Self::Delivered => &[S::Delivered, S::Opened, S::Clicked],
            Self::Replied => &[S::Replied],
            Self::Rejected => &[S::Rejected],
            Self::Bounced => &[S::Bounced],
            Self::Complained => &[S::Complained],
        }
    }
}

/// Which country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InCountry {
    Known(Country),
    Unknown,
}

/// Which leads to list. Every condition that is given must hold; with a campaign, those about scores,
/// standing and reasons are meant in that campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadFilter {
    pub words: Option<Words>,
    pub platform: Option<Platform>,
    pub campaign: Option<CampaignId>,
    pub source: Option<SourceId>,
    pub standing: Option<Standing>,
    /// Why its mail waits or does not leave.
    pub reason: Option<Reason>,
    pub country: Option<InCountry>,
    /// Of the newest assessment.
    pub min_score: Option<Score>,
    pub max_score: Option<Score>,
    pub has_address: Option<bool>,
}

/// How leads are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadOrder {
    /// What was found last comes first.
    #[default]
    Newest,
    /// The best score first, and of equal ones what was found last. Leads without a score are not listed.
    Score,
}

/// A place between two rows of a list: the key of the row beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// 0 where the order is by time.
    pub score: i16,
    pub id: LeadId,
}

/// From where on to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cursor {
    /// What comes after this place: older, or of a lower score.
    After(Place),
    /// What comes before it.
    Before(Place),
}

/// How many rows there are, as far as it was worth finding out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    Exactly(usize),
    /// More were not looked for.
    AtLeast(usize),
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[track_caller]
    fn check(text: &str, patterns: &[&str], rarest: Option<&str>) {
        let words = Words::read(text);
        let read = words.as_ref().map(Words::patterns).unwrap_or_default();
        assert_eq!(read, patterns, "{text}");
        assert_eq!(words.and_then(|words| words.rarest()).as_deref(), rarest);
    }

    #[test]
    fn words_become_patterns_without_local_parts() {
        check("", &[], None);
        check(" \u{0} @ ", &[], None);
        check("Run", &["%run%"], Some("%run%"));
        check(" trail  RUNNER", &["%trail%", "%runner%"], Some("%runner%"));
        check("@rowan.runs", &["%rowan.runs%"], Some("%rowan.%"));
        check("ana@example.org", &["%example.org%"], Some("%example.%"));
        check("t.co", &["%t.co%"], Some("%t.co%"));
        check("100%_\\", &["%100\\%\\_\\\\%"], Some("%100\\%\\_\\\\%"));
        check("ab é", &["%ab%", "%é%"], None);
        check("...", &["%...%"], None);
        check("a b c d e f", &["%a%", "%b%", "%c%", "%d%", "%e%"], None);
        let long = "x".repeat(100);
        let kept = format!("%{}%", "x".repeat(60));
        check(&long, &[&kept], Some(&kept));
    }

    #[test]
    fn every_state_has_one_standing() {
        for state in SendState::ALL {
            let of_state = Standing::iter().filter(|standing| standing.states().contains(&state));
            assert_eq!(of_state.count(), 1, "{state}");
        }
        for standing in Standing::iter() {
            assert_eq!(standing.to_string().parse(), Ok(standing));
        }
    }
}
