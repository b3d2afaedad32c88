//! Overview: what was found, what came of it, how well and at what cost. The same figures as a file.

mod series;
mod sheet;
mod tiles;
mod write;

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use series::{Hour, Series};
use shared::{
    db::{
        PgConnection,
        console::{
            figures,
            overview::{self, Campaign, Choices, Source},
            shell,
            statements::{self, Statement},
        },
    },
    domain::{
        figures::{
            Counters, Scope,
            overview::{Elsewhere, Figures, Funnel, Volume},
            statistics::Share,
        },
        ids::{CampaignId, SourceId},
        reason::Reason,
        send_state::SendState,
    },
};
pub(crate) use sheet::Figure;
use tiles::Column;

use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    chart::{self, Drawing, Tone},
    csv, filters,
    form::Query,
    view::{Place, Shell},
};

/// Days that a reader may choose, and what is shown where nothing was chosen.
const PERIODS: [u64; 4] = [7, 14, 30, 90];
const PERIOD: u64 = 30;
/// Statements of the database that are shown, those first that took most of its time.
const STATEMENTS: i64 = 10;

/// The steps of the funnel: the word in the file, and on the page with what it means.
const STEPS: [(&str, &str, &str); 7] = [
    ("found", "Found", "By a source of the campaign"),
    ("assessed", "Assessed", "Scored by the model or the rules"),
    ("qualified", "Qualified", "Reached the campaign’s minimum"),
    ("planned", "Planned", "A mail was written"),
    ("mailed", "Mailed", "Accepted by Amazon SES"),
    (
        "delivered",
        "Delivered",
        "Accepted by the recipient’s server",
    ),
    ("replied", "Replied", "A person answered"),
];

/// The filters as the address has them: empty where nothing is asked.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) days: String,
    #[serde(default)]
    pub(crate) campaign: String,
    #[serde(default)]
    pub(crate) source: String,
}

impl Asked {
    /// None where a filter holds what is none of its own.
    fn scope(&self, today: NaiveDate) -> Option<Scope> {
        let id = |text: &str| match text.trim() {
            "" => Some(None),
            text => text.parse::<i64>().ok().map(Some),
        };
        Some(Scope {
            from: today.checked_sub_days(Days::new(self.period()? - 1))?,
            to: today,
            campaign: id(&self.campaign)?.map(CampaignId),
            source: id(&self.source)?.map(SourceId),
            platform: None,
        })
    }

    fn period(&self) -> Option<u64> {
        match self.days.trim() {
            "" => Some(PERIOD),
            text => text.parse().ok().filter(|days| PERIODS.contains(days)),
        }
    }

    /// The address with these filters over another number of days.
    fn address(&self, path: &str, days: u64) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("days", &days.to_string())
            .append_pair("campaign", self.campaign.trim())
            .append_pair("source", self.source.trim())
            .finish();
        format!("{path}?{query}")
    }
}

/// A period to choose.
#[derive(Debug)]
struct Period {
    days: u64,
    href: String,
    chosen: bool,
}

/// A step of the funnel.
#[derive(Debug)]
struct Step {
    title: &'static str,
    meaning: &'static str,
    leads: i64,
    /// Of the step before.
    share: String,
    bar: Drawing,
}

/// A campaign's leads of the period.
#[derive(Debug)]
struct CampaignLine {
    campaign: Campaign,
    counters: Counters,
    replied: Share,
    rate: String,
    interval: Option<Drawing>,
}

impl CampaignLine {
    fn status(&self) -> &'static str {
        self.campaign.status.into()
    }
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    shell: Shell,
    asked: Asked,
    campaigns: Vec<Campaign>,
    sources: Vec<Source>,
    periods: Vec<Period>,
    file: String,
    figures: Figures,
    columns: Vec<Column>,
    steps: Vec<Step>,
    elsewhere: Vec<(String, i64)>,
    volume: Vec<Series>,
    scores: [i64; 10],
    score_drawing: Drawing,
    weeks: Vec<(NaiveDate, Funnel)>,
    weekly: Vec<Series>,
    platforms: Vec<String>,
    hours: Vec<Hour>,
    hourly: Series,
    lines: Vec<CampaignLine>,
    statements: Option<Vec<Statement>>,
}

/// Shows it.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Overview).await?;
    let read = read(&mut conn, &asked).await?;
    drop(conn);
    let page = OverviewPage::new(&deps, shell, asked, read);
    Ok(answer::page(StatusCode::OK, &page))
}

/// All that the page shows as a file for a spreadsheet, a figure a line.
pub(crate) async fn export(
    State(deps): State<Arc<Deps>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let mut lines = csv::line(&["section", "of", "figure", "value"]);
    for row in rows(&deps, &asked).await? {
        lines += &csv::line(&[row.section, row.of, row.figure, row.value]);
    }
    Ok(csv::file("overview", lines))
}

/// All that the page shows, a figure a row.
pub(crate) async fn rows(deps: &Deps, asked: &Asked) -> Result<Vec<Figure>, Failure> {
    let mut conn = deps.connect().await?;
    let read = read(&mut conn, asked).await?;
    let to_review = shell::standing(&mut conn).await?.to_review;
    Ok(sheet::figures(&read, (deps.config.ramp, to_review)))
}

/// What page and file are made of.
struct Read {
    choices: Choices,
    figures: Figures,
    statements: Option<Vec<Statement>>,
}

async fn read(conn: &mut PgConnection, asked: &Asked) -> Result<Read, Failure> {
    let choices = overview::choices(conn).await?;
    let scope = asked.scope(choices.today);
    let scope = scope.ok_or(Failure::Unreadable("the address"))?;
    let figures = figures::figures(conn, &scope).await?;
    let statements = statements::longest(conn, STATEMENTS).await?;
    Ok(Read {
        choices,
        figures,
        statements,
    })
}

impl OverviewPage {
    fn new(deps: &Deps, shell: Shell, asked: Asked, read: Read) -> Self {
        let Read {
            choices,
            figures,
            statements,
        } = read;
        let chosen = asked.period();
        let periods = PERIODS.map(|days| Period {
            days,
            href: asked.address("/", days),
            chosen: chosen == Some(days),
        });
        let scores = figures.scores();
        let bound = chart::bound(scores);
        let weeks: Vec<(NaiveDate, Funnel)> = figures.weeks().into_iter().collect();
        let (platforms, hours) = series::hours(&figures);
        Self {
            file: asked.address("/overview.csv", chosen.unwrap_or(PERIOD)),
            periods: periods.into(),
            columns: tiles::columns(&figures, deps.config.ramp, shell.standing.to_review),
            steps: steps(figures.funnel()),
            elsewhere: figures.elsewhere().iter().map(stands).collect(),
            volume: series::volume(&figures),
            score_drawing: chart::columns(&scores, bound, Tone::Main, "score-text"),
            scores,
            weekly: series::weekly(&weeks),
            weeks,
            hourly: series::hourly(&hours),
            platforms,
            hours,
            lines: campaign_lines(&figures, &choices.campaigns),
            statements,
            figures,
            campaigns: choices.campaigns,
            sources: choices.sources,
            shell,
            asked,
        }
    }

    /// Assessments whose score is counted.
    fn scored(&self) -> i64 {
        self.scores.iter().sum()
    }

    fn score_rows(&self) -> Vec<(String, i64, String)> {
        let row = |(bin, leads): (usize, &i64)| {
            let share = Share {
                count: *leads,
                of: self.scored(),
            };
            (write::score_bin(bin), *leads, write::rate(share))
        };
        self.scores.iter().enumerate().map(row).collect()
    }

    fn newest_days(&self) -> Vec<Volume> {
        let mut days = self.figures.volume();
        days.reverse();
        days
    }

    /// Qualified leads without a mail that left.
    fn not_mailed(&self) -> i64 {
        let funnel = self.figures.funnel();
        funnel.qualified - funnel.mailed
    }

    fn is_chosen(&self, id: &i64, of: &str) -> bool {
        id.to_string() == of.trim()
    }
}

fn steps(funnel: Funnel) -> Vec<Step> {
    let amounts = funnel.steps();
    let before = std::iter::once(None).chain(amounts.map(Some));
    let steps = STEPS.iter().zip(amounts).zip(before);
    let steps = steps.map(|((&(_, title, meaning), leads), before)| Step {
        title,
        meaning,
        leads,
        share: before.map_or_else(String::new, |of| write::rate(Share { count: leads, of })),
        bar: chart::bar(leads, funnel.found),
    });
    steps.collect()
}

/// Where qualified leads are that no mail reached, in words, and how many.
fn stands(elsewhere: &Elsewhere) -> (String, i64) {
    let state = elsewhere.state.as_deref();
    let reason = elsewhere.reason.as_deref();
    let known = reason.and_then(Reason::from_word).map(Reason::explain);
    let state = state.and_then(|word| word.parse::<SendState>().ok());
    let words = known.or(state.map(SendState::explain));
    let words = words.or(reason).unwrap_or("Nothing was noted.");
    (words.to_owned(), elsewhere.leads)
}

/// Campaigns with a lead in the period, by name.
fn campaign_lines(figures: &Figures, campaigns: &[Campaign]) -> Vec<CampaignLine> {
    let counted: BTreeMap<i64, Counters> = figures.campaigns();
    let lines: Vec<(Campaign, Counters)> = campaigns
        .iter()
        .filter_map(|campaign| Some((campaign.clone(), *counted.get(&campaign.id.0)?)))
        .collect();
    let replied = |counters: &Counters| Share {
        count: counters.replied,
        of: counters.delivered,
    };
    let highs = lines
        .iter()
        .filter_map(|(_, counters)| replied(counters).interval());
    // One scale for all, so that intervals can be compared by eye.
    let top = highs.map(|(_, high)| high).fold(0.01, f64::max);
    let line = |(campaign, counters): (Campaign, Counters)| {
        let replied = replied(&counters);
        let bounds = replied.interval().zip(replied.rate());
        CampaignLine {
            campaign,
            counters,
            replied,
            rate: write::rate_and_interval(replied),
            interval: bounds.map(|(bounds, rate)| chart::interval(bounds, rate, top)),
        }
    };
    lines.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests;
