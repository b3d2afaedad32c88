//! Amounts over time, each with its drawing.

use chrono::{DateTime, NaiveDate, Utc};
use shared::domain::figures::overview::{Figures, Funnel};

use super::write;
use crate::chart::{self, Drawing, Tone};

/// One kind of amount over time.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) total: i64,
    pub(super) bound: i64,
    pub(super) drawing: Drawing,
}

/// The leads of an hour, by platform in the order of the table's columns.
#[derive(Debug)]
pub(super) struct Hour {
    pub(super) hour: DateTime<Utc>,
    pub(super) leads: Vec<i64>,
}

fn series(id: &'static str, title: &'static str, tone: Tone, amounts: &[i64]) -> Series {
    let bound = chart::bound(amounts.iter().copied());
    Series {
        id,
        title,
        total: amounts.iter().sum(),
        bound,
        drawing: chart::columns(amounts, bound, tone, id),
    }
}

/// Leads, mails and replies of each day of the period, the oldest first.
pub(super) fn volume(figures: &Figures) -> Vec<Series> {
    let volume = figures.volume();
    let stored: Vec<i64> = volume.iter().map(|day| day.stored).collect();
    let mails: Vec<i64> = volume.iter().map(|day| day.mails).collect();
    let replied: Vec<i64> = volume.iter().map(|day| day.replied).collect();
    vec![
        series("volume-leads", "leads found", Tone::Rest, &stored),
        series("volume-mails", "mails sent", Tone::Main, &mails),
        series("volume-replies", "replies", Tone::Second, &replied),
    ]
}

/// How far the leads of each week have come.
pub(super) fn weekly(weeks: &[(NaiveDate, Funnel)]) -> Vec<Series> {
    let of = |step: fn(&Funnel) -> i64| -> Vec<i64> {
        weeks.iter().map(|(_, funnel)| step(funnel)).collect()
    };
    vec![
        series("weeks-found", "found", Tone::Rest, &of(|week| week.found)),
        series(
            "weeks-qualified",
            "qualified",
            Tone::Rest,
            &of(|week| week.qualified),
        ),
        series(
            "weeks-mailed",
            "mailed",
            Tone::Main,
            &of(|week| week.mailed),
        ),
        series(
            "weeks-replied",
            "replied",
            Tone::Second,
            &of(|week| week.replied),
        ),
    ]
}

/// The platforms of the last hours, and each hour's leads in their order, the oldest first.
pub(super) fn hours(figures: &Figures) -> (Vec<String>, Vec<Hour>) {
    let mut platforms: Vec<&String> = figures.last_hours.keys().map(|(_, of)| of).collect();
    platforms.sort_unstable();
    platforms.dedup();
    let hours = figures.hours().map(|hour| Hour {
        hour,
        leads: platforms
            .iter()
            .map(|platform| {
                let stored = figures.last_hours.get(&(hour, (*platform).clone()));
                stored.copied().unwrap_or_default()
            })
            .collect(),
    });
    let hours = hours.collect();
    let platforms = platforms.into_iter().map(|word| write::platform(word));
    (platforms.collect(), hours)
}

/// The leads of all platforms.
pub(super) fn hourly(hours: &[Hour]) -> Series {
    let amounts: Vec<i64> = hours.iter().map(|hour| hour.leads.iter().sum()).collect();
    series("hours-leads", "leads found", Tone::Rest, &amounts)
}
