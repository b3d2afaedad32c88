//! Overview: what left in two weeks, what came back, what it cost, and what waits for a person.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use shared::db::console::overview::{self, DAYS, Day, Overview};

use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    filters,
    view::{Place, Shell, number},
};

/// Below so many a rate says nothing, and only counts are shown.
const ENOUGH: i64 = 30;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    shell: Shell,
    figures: Overview,
    /// Sums over the days.
    sum: Day,
    bars: Vec<Bar>,
    most: i64,
}

/// A day's column, in parts of a chart that is [`CHART_HEIGHT`] high.
#[derive(Debug)]
struct Bar {
    x: usize,
    height: i64,
    y: i64,
}

const CHART_HEIGHT: i64 = 100;
/// Of a column and the gap behind it.
const STEP: usize = 10;

/// Shows it.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Overview).await?;
    let figures = overview::read(&mut conn).await?;
    drop(conn);
    let most = figures.days.iter().map(|day| day.sent).max().unwrap_or(0);
    let page = OverviewPage {
        shell,
        sum: sum(&figures.days),
        bars: bars(&figures.days, most),
        most,
        figures,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

fn sum(days: &[Day]) -> Day {
    let zero = Day {
        day: days.first().map_or_else(Default::default, |day| day.day),
        sent: 0,
        bounced: 0,
        complained: 0,
        model_micros: 0,
    };
    days.iter().fold(zero, |sum, day| Day {
        day: sum.day,
        sent: sum.sent + day.sent,
        bounced: sum.bounced + day.bounced,
        complained: sum.complained + day.complained,
        model_micros: sum.model_micros + day.model_micros,
    })
}

fn bars(days: &[Day], most: i64) -> Vec<Bar> {
    let bar = |(place, day): (usize, &Day)| {
        let height = day.sent * CHART_HEIGHT / most.max(1);
        Bar {
            x: place * STEP,
            height,
            y: CHART_HEIGHT - height,
        }
    };
    days.iter().enumerate().map(bar).collect()
}

/// A share with the number that it rests on; of few only the count.
fn share(part: i64, whole: i64) -> String {
    if whole < ENOUGH {
        return number(part);
    }
    // Tenths of a percent.
    let tenths = (part * 1_000 + whole / 2) / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

impl OverviewPage {
    fn width(&self) -> usize {
        self.bars.len() * STEP
    }

    fn decided(&self) -> i64 {
        let reviews = self.figures.reviews;
        reviews.approved + reviews.edited + reviews.rejected
    }

    /// Of a mail, in millionths of a dollar; none before the first.
    fn micros_per_mail(&self) -> Option<i64> {
        self.sum.model_micros.checked_div(self.sum.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_few_are_counts() {
        assert_eq!(share(1, 20), "1");
        assert_eq!(share(0, 0), "0");
        assert_eq!(share(19, 1_486), "1.3 %");
        assert_eq!(share(30, 30), "100.0 %");
        assert_eq!(share(0, 500), "0.0 %");
    }
}
