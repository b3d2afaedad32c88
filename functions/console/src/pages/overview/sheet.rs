//! The page as rows, one for each figure: for a file, and for the API.

use std::fmt;

use serde::Serialize;
use shared::{
    db::console::overview::Choices,
    domain::{
        figures::{
            overview::{Figures, Funnel},
            statistics::Share,
        },
        quota::Ramp,
    },
};

use utoipa::ToSchema;

use super::{Read, STEPS, write};

/// One figure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Figure {
    /// Which part of the page it is of.
    pub(crate) section: String,
    /// Which day, campaign, state or statement; empty where it is of all.
    pub(crate) of: String,
    pub(crate) figure: String,
    pub(crate) value: String,
}

/// Every figure. Rates are parts of 1, times are minutes, and money is millionths of a
/// US dollar; what rests on too little is left out, as on the page. Drafts that
/// wait for review are counted to a bound.
pub(super) fn figures(read: &Read, (ramp, to_review): (Ramp, i64)) -> Vec<Figure> {
    let Read {
        choices,
        figures,
        statements,
    } = read;
    let mut sheet = Sheet(Vec::new());
    sheet.scope(figures, choices);
    sheet.tiles(figures, ramp);
    sheet.add("tile", "", "drafts that wait for review", &to_review);
    sheet.funnel("funnel", "", figures.funnel());
    for elsewhere in figures.elsewhere() {
        let state = elsewhere.state.as_deref().unwrap_or("none planned");
        let reason = elsewhere.reason.as_deref().unwrap_or_default();
        sheet.add(
            "not mailed",
            &format!("{state} {reason}"),
            "leads",
            &elsewhere.leads,
        );
    }
    for day in figures.volume() {
        let of = day.day.to_string();
        sheet.add("day", &of, "leads", &day.stored);
        sheet.add("day", &of, "mails", &day.mails);
        sheet.add("day", &of, "replied mails", &day.replied);
    }
    for (bin, leads) in figures.scores().iter().enumerate() {
        sheet.add("score", &write::score_bin(bin), "leads", leads);
    }
    for (week, funnel) in figures.weeks() {
        sheet.funnel("week", &week.to_string(), funnel);
    }
    for ((hour, platform), leads) in &figures.last_hours {
        sheet.add(
            "hour",
            &hour.to_rfc3339(),
            &format!("leads {platform}"),
            leads,
        );
    }
    let counted = figures.campaigns();
    for campaign in &choices.campaigns {
        if let Some(counters) = counted.get(&campaign.id.0) {
            sheet.funnel("campaign", &campaign.name, Funnel::from(*counters));
            let replied = Share {
                count: counters.replied,
                of: counters.delivered,
            };
            sheet.rate("campaign", &campaign.name, "reply", replied);
        }
    }
    for statement in statements.iter().flatten() {
        let of = format!(
            "{}: {}",
            statement.function,
            write::one_line(&statement.text)
        );
        sheet.add("statement", &of, "runs", &statement.runs);
        sheet.add(
            "statement",
            &of,
            "mean milliseconds",
            &format!("{:.2}", statement.mean_millis),
        );
        sheet.add(
            "statement",
            &of,
            "longest milliseconds",
            &format!("{:.2}", statement.longest_millis),
        );
        sheet.add(
            "statement",
            &of,
            "share of time",
            &format!("{:.4}", statement.share),
        );
    }
    sheet.0
}

struct Sheet(Vec<Figure>);

impl Sheet {
    fn add(&mut self, section: &str, of: &str, figure: &str, value: &dyn fmt::Display) {
        self.0.push(Figure {
            section: section.to_owned(),
            of: of.trim_end().to_owned(),
            figure: figure.to_owned(),
            value: value.to_string(),
        });
    }

    fn some(&mut self, figure: &str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.add("tile", "", figure, &value);
        }
    }

    /// A rate and within which bounds it lies.
    fn rate(&mut self, section: &str, of: &str, figure: &str, share: Share) {
        let bounds = share.rate().zip(share.interval());
        if let Some((rate, (low, high))) = bounds {
            for (what, value) in [("rate", rate), ("from", low), ("to", high)] {
                self.add(
                    section,
                    of,
                    &format!("{figure} {what}"),
                    &format!("{value:.4}"),
                );
            }
        }
    }

    fn share(&mut self, figure: &str, share: Share) {
        self.add("tile", "", figure, &share.count);
        self.add("tile", "", &format!("{figure} of"), &share.of);
        self.rate("tile", "", figure, share);
    }

    fn scope(&mut self, figures: &Figures, choices: &Choices) {
        let scope = figures.scope;
        let campaign = choices
            .campaigns
            .iter()
            .find(|of| Some(of.id) == scope.campaign);
        let campaign = campaign.map_or("all", |campaign| campaign.name.as_str());
        let source = scope.source.map(|source| source.0);
        let source = choices.sources.iter().find(|of| Some(of.id) == source);
        let source = source.map_or("all", |source| source.name.as_str());
        self.add("scope", "", "from", &scope.from);
        self.add("scope", "", "to", &scope.to);
        self.add("scope", "", "campaign", &campaign);
        self.add("scope", "", "source", &source);
        self.add("scope", "", "as of", &figures.as_of.to_rfc3339());
    }

    fn tiles(&mut self, figures: &Figures, ramp: Ramp) {
        let tiles = figures.tiles();
        self.add("tile", "", "leads", &tiles.stored);
        self.add("tile", "", "days", &tiles.days);
        self.add("tile", "", "hours", &tiles.hours);
        for (platform, leads) in &tiles.stored_by_platform {
            self.add("tile", platform, "leads", leads);
        }
        self.share("assessed by the model", tiles.by_model);
        self.add(
            "tile",
            "",
            "answers of the model",
            &tiles.confidence.answers,
        );
        let confidence = tiles.confidence.enough();
        let average = confidence.average.map(|average| format!("{average:.1}"));
        self.some("confidence average in hundredths", average);
        self.some("confidence tenth in hundredths", confidence.tenth);
        self.some("confidence median in hundredths", confidence.median);
        self.share("delivered mails", tiles.delivered);
        self.add("tile", "", "open mails", &tiles.open);
        self.share("bounced mails", tiles.bounced);
        self.share("complained mails", tiles.complained);
        self.share("replied mails", tiles.replied);
        self.share("drafts approved unchanged", tiles.agreement);
        self.add("tile", "", "first mails", &tiles.wait.mails);
        self.add("tile", "", "mails that still wait", &tiles.wait.still);
        let wait = tiles.wait.enough();
        let minutes = |minutes: Option<f64>| minutes.map(|minutes| format!("{minutes:.0}"));
        self.some("minutes to mail, median", minutes(wait.median));
        self.some("minutes to mail, nine tenths", minutes(wait.nine_tenths));
        self.add("tile", "", "cost in micros", &tiles.cost.micros);
        self.some("cost in micros per lead", tiles.cost.per_lead);
        self.some(
            "cost in micros per qualified lead",
            tiles.cost.per_qualified,
        );
        self.some("cost in micros per mailed lead", tiles.cost.per_mail);
        let sending = figures.sending;
        self.add("tile", "", "mails today", &sending.today);
        self.add(
            "tile",
            "",
            "mails today by the ramp",
            &sending.allowed(ramp),
        );
        self.add("tile", "", "mails in 24 hours", &sending.last_day);
        self.some("mails in 24 hours by the quota", sending.max_per_day);
    }

    fn funnel(&mut self, section: &str, of: &str, funnel: Funnel) {
        for ((word, ..), leads) in STEPS.iter().zip(funnel.steps()) {
            self.add(section, of, word, &leads);
        }
    }
}
