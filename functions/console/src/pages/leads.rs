//! Leads: a list that is searched while one types, and one lead's whole story.

mod lead;

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
pub(crate) use lead::{act, address, price, show_one};
use serde::Deserialize;
use shared::{
    db::console::{
        leads::{self, Effort, LeadPage, LeadRow, LookedTo},
        shell::{self, CampaignName},
    },
    domain::{
        ids::{CampaignId, LeadId},
        lead::Platform,
        score::Score,
        search::{
            Count, Cursor, InCountry, LeadFilter, LeadOrder, Place as Position, Standing, Words,
        },
    },
};

use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    filters,
    form::Query,
    view::{Moment, Place, Shell, StateMark, number, state_mark},
};

const ROWS: usize = 50;

/// Where a lead may stand: the word in the address, and on the page.
const STATES: [(&str, &str); 12] = [
    ("found", "Found"),
    ("waiting", "Waits for an assessment"),
    ("review", "In review"),
    ("queued", "Planned"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("replied", "Replied"),
    ("refused", "Not sent"),
    ("unknown", "Outcome unknown"),
    ("rejected", "Rejected by SES"),
    ("bounced", "Bounced"),
    ("complained", "Complained"),
];

/// The filters as the address has them: empty where nothing is asked.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    platform: String,
    #[serde(default)]
    campaign: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    score: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    before: String,
}

/// A filter in use, and the address without it.
#[derive(Debug)]
struct Chip {
    text: String,
    without: String,
}

#[derive(Debug)]
struct Row {
    lead: LeadRow,
    mark: StateMark,
}

#[derive(Template)]
#[template(path = "leads.html")]
struct LeadsPage {
    shell: Shell,
    asked: Asked,
    campaigns: Vec<CampaignName>,
    chips: Vec<Chip>,
    rows: Vec<Row>,
    count: String,
    by_score: bool,
    /// Addresses of the list in the other order, and of the pages beside this one.
    sorted_by_score: String,
    sorted_by_time: String,
    newer: Option<String>,
    older: Option<String>,
    looked_to: Option<String>,
}

/// Lists leads.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let filter = asked.filter().ok_or(Failure::Unreadable("the address"))?;
    let cursor = asked.cursor().ok_or(Failure::Unreadable("the address"))?;
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Leads).await?;
    let campaigns = shell::campaign_names(&mut conn).await?;
    let place = (asked.order(), cursor);
    let page = leads::page(&mut conn, &filter, place, ROWS, Effort::DEFAULT).await?;
    drop(conn);
    Ok(answer::page(
        StatusCode::OK,
        &asked.page(shell, campaigns, page),
    ))
}

impl Asked {
    /// None where a filter holds a word that is none of its own.
    fn filter(&self) -> Option<LeadFilter> {
        let score = |text: &str| text.parse::<i64>().ok().and_then(Score::new);
        Some(LeadFilter {
            words: Words::read(&self.q),
            platform: given(&self.platform, |word| word.parse::<Platform>().ok())?,
            campaign: given(&self.campaign, |id| Some(CampaignId(id.parse().ok()?)))?,
            standing: given(&self.state, |word| word.parse::<Standing>().ok())?,
            country: given(&self.country, |word| match word {
                "unknown" => Some(InCountry::Unknown),
                code => code.to_uppercase().parse().ok().map(InCountry::Known),
            })?,
            min_score: given(&self.score, score)?,
            ..LeadFilter::default()
        })
    }

    fn order(&self) -> LeadOrder {
        if self.sort == "score" {
            LeadOrder::Score
        } else {
            LeadOrder::Newest
        }
    }

    fn cursor(&self) -> Option<Option<Cursor>> {
        let after = given(&self.after, position)?.map(Cursor::After);
        let before = given(&self.before, position)?.map(Cursor::Before);
        Some(after.or(before))
    }

    /// The address of this list with one parameter changed.
    fn with(&self, name: &str, value: &str) -> String {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (known, own) in self.pairs() {
            let value = if known == name { value } else { own };
            if !value.is_empty() {
                pairs.append_pair(known, value);
            }
        }
        if ["after", "before"].contains(&name) {
            pairs.append_pair(name, value);
        }
        format!("/leads?{}", pairs.finish())
    }

    /// Without the place in the list: another filter begins at its top.
    fn pairs(&self) -> [(&'static str, &str); 7] {
        [
            ("q", &self.q),
            ("platform", &self.platform),
            ("campaign", &self.campaign),
            ("state", &self.state),
            ("country", &self.country),
            ("score", &self.score),
            ("sort", &self.sort),
        ]
    }

    fn chips(&self, campaigns: &[CampaignName]) -> Vec<Chip> {
        let chip = |(name, value): (&str, &str)| {
            let text = match name {
                _ if value.is_empty() => return None,
                "q" => format!("“{value}”"),
                "platform" => format!("Platform: {value}"),
                "campaign" => {
                    let named = campaigns
                        .iter()
                        .find(|campaign| campaign.id.to_string() == value);
                    format!(
                        "Campaign: {}",
                        named.map_or(value, |campaign| &campaign.name)
                    )
                }
                "state" => format!("State: {value}"),
                "country" => format!("Country: {value}"),
                "score" => format!("Score: {value} or more"),
                _ => return None,
            };
            Some(Chip {
                text,
                without: self.with(name, ""),
            })
        };
        self.pairs().into_iter().filter_map(chip).collect()
    }

    fn page(self, shell: Shell, campaigns: Vec<CampaignName>, page: LeadPage) -> LeadsPage {
        let beside = |cursor: Option<Cursor>| {
            Some(match cursor? {
                Cursor::After(at) => self.with("after", &written(at)),
                Cursor::Before(at) => self.with("before", &written(at)),
            })
        };
        LeadsPage {
            shell,
            chips: self.chips(&campaigns),
            count: match page.count {
                None => "More leads".to_owned(),
                Some(Count::Exactly(0)) => "No lead matches".to_owned(),
                Some(Count::Exactly(1)) => "1 lead matches".to_owned(),
                Some(Count::Exactly(count)) => format!("{} leads match", number(count)),
                Some(Count::AtLeast(count)) => format!("{}+ leads match", number(count)),
            },
            by_score: self.order() == LeadOrder::Score,
            sorted_by_score: self.with("sort", "score"),
            sorted_by_time: self.with("sort", ""),
            newer: beside(page.newer),
            older: beside(page.older),
            looked_to: page.looked_to.map(|looked_to| match looked_to {
                LookedTo::FoundAt(at) => {
                    format!("Looked back to {}. “Older” looks further.", Moment(at))
                }
                LookedTo::Score(score) => {
                    format!("Looked down to a score of {score}. “Older” looks further.")
                }
            }),
            rows: page.rows.into_iter().map(row).collect(),
            campaigns,
            asked: self,
        }
    }
}

fn row(lead: LeadRow) -> Row {
    let state = lead.status.as_ref().and_then(|status| status.state);
    Row {
        mark: state_mark(state),
        lead,
    }
}

/// None where something was given that cannot be read.
#[expect(
    clippy::option_option,
    reason = "nothing given is not a wrong thing given"
)]
fn given<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match text.trim() {
        "" => Some(None),
        text => read(text).map(Some),
    }
}

/// `score.id`.
fn position(text: &str) -> Option<Position> {
    let (score, id) = text.split_once('.')?;
    Some(Position {
        score: score.parse().ok()?,
        id: LeadId(id.parse().ok()?),
    })
}

fn written(at: Position) -> String {
    format!("{}.{}", at.score, at.id.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused_whole() {
        let asked = Asked {
            q: "trail".to_owned(),
            state: "review".to_owned(),
            score: "70".to_owned(),
            country: "de".to_owned(),
            ..Asked::default()
        };
        let filter = asked.filter().unwrap();
        assert_eq!(filter.standing, Some(Standing::Review));
        assert!(filter.words.is_some() && filter.min_score.is_some() && filter.country.is_some());
        for wrong in [
            Asked {
                state: "burnt".to_owned(),
                ..Asked::default()
            },
            Asked {
                score: "101".to_owned(),
                ..Asked::default()
            },
            Asked {
                country: "Germany".to_owned(),
                ..Asked::default()
            },
            Asked {
                campaign: "x".to_owned(),
                ..Asked::default()
            },
        ] {
            assert_eq!(wrong.filter(), None, "{wrong:?}");
        }
        assert_eq!(
            asked.with("after", "7.12"),
            "/leads?q=trail&state=review&country=de&score=70&after=7.12"
        );
        assert_eq!(
            asked.with("q", ""),
            "/leads?state=review&country=de&score=70"
        );
    }
}
