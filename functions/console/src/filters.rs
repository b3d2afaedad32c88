//! How templates write numbers and times: `{{ count|number }}`, `{{ at|moment }}`, `{{ micros|money }}`.

#![expect(
    unreachable_pub,
    reason = "the macro that makes a filter of a function makes it public"
)]

use std::fmt::Display;

use askama::{Result, Values, filter_fn};
use chrono::{DateTime, Utc};
use shared::domain::lead::Platform;

use crate::view::{self, Moment, Money};

/// `1,234`.
#[filter_fn]
pub(crate) fn number(number: impl Display, _: &dyn Values) -> Result<String> {
    Ok(view::number(number))
}

/// `on X`, of a platform's word.
#[filter_fn]
pub(crate) fn place(word: &str, _: &dyn Values) -> Result<&'static str> {
    Ok(Platform::from_word(word).map_or("from a list", Platform::place))
}

/// `26 Nov, 14:02`.
#[filter_fn]
pub(crate) fn moment(at: &DateTime<Utc>, _: &dyn Values) -> Result<Moment> {
    Ok(Moment(*at))
}

/// `$0.21`, of millionths of a dollar.
#[filter_fn]
pub(crate) fn money(micros: &i64, _: &dyn Values) -> Result<Money> {
    Ok(Money(*micros))
}

/// `234`, and `1,000+` where nobody counted on.
#[filter_fn]
pub(crate) fn capped(count: &i64, _: &dyn Values) -> Result<String> {
    Ok(view::capped(*count))
}

/// `0.74`.
#[filter_fn]
pub(crate) fn hundredths(share: &f32, _: &dyn Values) -> Result<String> {
    Ok(format!("{share:.2}"))
}

/// With a capital letter, as a sentence begins.
#[filter_fn]
pub(crate) fn capitalised(text: &str, _: &dyn Values) -> Result<String> {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    Ok(first.unwrap_or_default() + letters.as_str())
}
