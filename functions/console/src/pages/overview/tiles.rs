//! The tiles: a figure, what it means and what it rests on.

use shared::domain::{
    figures::{
        overview::{Cost, Figures, Tiles},
        statistics::{ENOUGH, Share},
    },
    quota::Ramp,
};

use super::write;
use crate::view::{Money, capped, number};

/// Tiles that belong together.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) tiles: Vec<Tile>,
}

/// One figure.
#[derive(Debug)]
pub(super) struct Tile {
    /// Of its definition, in the page.
    pub(super) id: &'static str,
    pub(super) term: &'static str,
    pub(super) definition: &'static str,
    pub(super) value: String,
    /// A second figure beside it; may be empty.
    pub(super) beside: String,
    /// What it rests on.
    pub(super) basis: String,
}

/// All tiles. `to_review` is counted for the menu, to a bound.
pub(super) fn columns(figures: &Figures, ramp: Ramp, to_review: i64) -> Vec<Column> {
    let tiles = figures.tiles();
    vec![
        Column {
            title: "Finding",
            tiles: vec![leads(&tiles), assessed(&tiles), confidence(&tiles)],
        },
        Column {
            title: "Sending",
            tiles: vec![delivered(&tiles), bounced(&tiles), complained(&tiles)],
        },
        Column {
            title: "People",
            tiles: vec![replied(&tiles), agreement(&tiles), waiting(to_review)],
        },
        Column {
            title: "Time, cost and limits",
            tiles: vec![
                wait(&tiles),
                cost(tiles.cost, figures),
                today(figures, ramp),
            ],
        },
    ]
}

fn leads(tiles: &Tiles) -> Tile {
    let platforms = tiles.stored_by_platform.iter();
    let platforms: Vec<String> = platforms
        .map(|(word, leads)| {
            let per_day = write::per(*leads, tiles.days);
            format!("{} {per_day}", write::platform(word))
        })
        .collect();
    let mut basis = format!("{} in {} days", number(tiles.stored), tiles.days);
    if !platforms.is_empty() {
        basis = format!("{basis} · a day: {}", platforms.join(" · "));
    }
    Tile {
        id: "about-leads",
        term: "Leads a day",
        definition: "Profiles that were stored for the first time, by day in UTC. A profile that is found again is not counted again.",
        value: write::per(tiles.stored, tiles.days),
        beside: format!("{} an hour", write::per(tiles.stored, tiles.hours)),
        basis,
    }
}

fn assessed(tiles: &Tiles) -> Tile {
    let rules = tiles.confidence.by_rules.count;
    Tile {
        beside: match rules {
            0 => String::new(),
            rules => format!("{} by the rules alone", number(rules)),
        },
        ..rated(
            "about-assessed",
            "Assessed by the model",
            "Leads with a usable answer of the model, of all leads of this period that were assessed. Leads that wait for tomorrow’s budget are not failures and are left out.",
            (tiles.by_model, "leads"),
        )
    }
}

fn confidence(tiles: &Tiles) -> Tile {
    let confidence = tiles.confidence.enough();
    let average = confidence.average;
    let hundredths = |value: i64| format!("{}.{:02}", value / 100, value % 100);
    Tile {
        id: "about-confidence",
        term: "Model confidence",
        definition: "How sure the model says it is, from 0 to 1, averaged over its newest answer about each lead. It is the model’s own view: read it beside the agreement of reviewers.",
        value: average.map_or_else(
            || number(confidence.answers),
            |average| format!("{:.2}", average / 100.0),
        ),
        beside: match (average, confidence.median) {
            (Some(_), Some(median)) => format!("median {}", hundredths(median)),
            _ => "answers".to_owned(),
        },
        basis: match (average, confidence.tenth) {
            (Some(_), Some(tenth)) => format!(
                "n = {} · one in ten at {} or below",
                number(confidence.answers),
                hundredths(tenth)
            ),
            _ if confidence.answers == 0 => "none yet".to_owned(),
            _ => format!("fewer than {ENOUGH}, too few for an average"),
        },
    }
}

fn delivered(tiles: &Tiles) -> Tile {
    Tile {
        beside: match tiles.open {
            0 => String::new(),
            open => format!("{} still open", number(open)),
        },
        ..rated(
            "about-delivered",
            "Delivered",
            "Mails that the recipient’s server accepted, of all mails that Amazon SES accepted in this period.",
            (tiles.delivered, "mails"),
        )
    }
}

fn bounced(tiles: &Tiles) -> Tile {
    rated(
        "about-bounced",
        "Bounced",
        "Mails that came back, of all mails that Amazon SES accepted in this period. Too many of them stop a campaign by itself.",
        (tiles.bounced, "mails"),
    )
}

fn complained(tiles: &Tiles) -> Tile {
    rated(
        "about-complaints",
        "Complaints",
        "Recipients who marked a mail as spam, of the delivered mails of this period. Very few of them stop a campaign by itself.",
        (tiles.complained, "delivered mails"),
    )
}

fn replied(tiles: &Tiles) -> Tile {
    rated(
        "about-replies",
        "Reply rate",
        "Delivered mails of this period that a person answered. Absence notes and other automatic replies do not count.",
        (tiles.replied, "delivered mails"),
    )
}

fn agreement(tiles: &Tiles) -> Tile {
    rated(
        "about-agreement",
        "Reviewers agree",
        "Drafts that a reviewer approved as they were, of all that reviewers decided about in this period. Drafts that come to review are the doubtful ones, and no fair sample of all.",
        (tiles.agreement, "decided drafts"),
    )
}

fn waiting(to_review: i64) -> Tile {
    Tile {
        id: "about-waiting",
        term: "Waiting for review",
        definition: "Drafts that a rule or a campaign wants a person to see first. Of all campaigns, at this moment.",
        value: capped(to_review),
        beside: String::new(),
        basis: "all campaigns, now".to_owned(),
    }
}

fn wait(tiles: &Tiles) -> Tile {
    let wait = tiles.wait.enough();
    let still = format!("{} still wait", number(wait.still));
    Tile {
        id: "about-time",
        term: "Found to mailed",
        definition: "Median time from the moment a lead was stored to the moment its first mail left, of mails that left in this period. Leads that still wait are not in it, so the true figure is somewhat higher.",
        value: wait
            .median
            .map_or_else(|| number(wait.mails), write::duration),
        beside: wait.nine_tenths.map_or_else(
            || "mails".to_owned(),
            |minutes| format!("nine in ten within {}", write::duration(minutes)),
        ),
        basis: match wait.median {
            Some(_) => format!("n = {} · {still}", number(wait.mails)),
            None => format!("fewer than {ENOUGH}, too few for a median · {still}"),
        },
    }
}

fn cost(cost: Cost, figures: &Figures) -> Tile {
    let money = |micros: Option<i64>| micros.map_or_else(|| "–".to_owned(), write::price);
    Tile {
        id: "about-cost",
        term: "Cost per lead",
        definition: "What the model charged for leads of this period, whenever it did, divided by the leads found, by those that qualified and by those that were mailed. Reserved money counts only when it is spent; what sources and Amazon SES charge is not known here.",
        value: money(cost.per_lead),
        beside: format!(
            "{} qualified, {} mailed",
            money(cost.per_qualified),
            money(cost.per_mail)
        ),
        basis: format!(
            "{} ÷ {} leads",
            Money(cost.micros),
            number(figures.funnel().found)
        ),
    }
}

fn today(figures: &Figures, ramp: Ramp) -> Tile {
    let sending = figures.sending;
    let quota = sending.max_per_day.map_or_else(
        || "no limit".to_owned(),
        |most| format!("of {}", number(most)),
    );
    Tile {
        id: "about-today",
        term: "Mails today",
        definition: "Mails of today, in UTC, of those that the ramp of the domain allows on this day of sending; and mails of the last 24 hours, of those that Amazon SES allows the account. Of all campaigns.",
        value: number(sending.today),
        beside: format!("of {} by the ramp", number(sending.allowed(ramp))),
        basis: format!("SES: {} {quota} in 24 hours", number(sending.last_day)),
    }
}

/// A rate with its count and interval; of few the count alone.
fn rated(
    id: &'static str,
    term: &'static str,
    definition: &'static str,
    (share, unit): (Share, &str),
) -> Tile {
    Tile {
        id,
        term,
        definition,
        value: share
            .rate()
            .map_or_else(|| number(share.count), write::percent),
        beside: String::new(),
        basis: match share.of {
            0 => format!("no {unit} yet"),
            _ => format!(
                "{} · {}",
                write::count_of(share, unit),
                write::interval(share)
            ),
        },
    }
}
