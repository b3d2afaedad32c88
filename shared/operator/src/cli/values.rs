//! How what is typed becomes a value, and what is said of one that does not.

use shared::domain::{feedback::Suppression, gate::CampaignStatus, send_state::SendState};

/// PostgreSQL cuts an application's name at 63 bytes.
pub(super) fn name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Ok("operator".to_owned()),
        name if name.len() <= 50 && !name.contains(char::is_control) => Ok(name.to_owned()),
        _ => Err("a name has at most 50 bytes".to_owned()),
    }
}

pub(super) fn column(text: &str) -> Result<(String, String), String> {
    let parts = text
        .rsplit_once('=')
        .map(|(name, field)| (name.trim(), field.trim()));
    match parts {
        Some((name, field)) if !name.is_empty() && !field.is_empty() => {
            Ok((name.to_owned(), field.to_owned()))
        }
        _ => Err("a column is given as NAME=FIELD".to_owned()),
    }
}

pub(super) fn state(word: &str) -> Result<SendState, String> {
    let known = SendState::ALL.map(SendState::as_str).join(", ");
    word.parse().map_err(|_| format!("the states are {known}"))
}

pub(super) fn status(word: &str) -> Result<CampaignStatus, String> {
    CampaignStatus::from_word(word)
        .ok_or_else(|| "the statuses are draft, active, paused and ended".to_owned())
}

/// As long as a model need read.
pub(super) fn long_text(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text if text.len() <= 4_000 => Ok(text.to_owned()),
        _ => Err("at most 4,000 bytes are taken".to_owned()),
    }
}

pub(super) fn text(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text if text.len() <= 500 => Ok(text.to_owned()),
        _ => Err("at most 500 bytes are kept".to_owned()),
    }
}

/// A reason that feedback does not take back: `soft_bounces` is a function of the events.
pub(super) fn reason(typed: &str) -> Result<String, String> {
    let reason = text(typed)?;
    if reason.contains('@') {
        return Err("it names an address, and reasons are kept for good".to_owned());
    }
    if ["soft_bounces", Suppression::Bounced.as_str()].contains(&&*reason) {
        return Err("only SES's events say that".to_owned());
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opt_out_reason_survives_later_events() {
        assert_eq!(
            reason(" asked by telephone "),
            Ok("asked by telephone".to_owned())
        );
        assert_eq!(reason("unsubscribed"), Ok("unsubscribed".to_owned()));
        for refused in ["", "  ", "ana@example.org asked", "soft_bounces", "bounced"] {
            assert!(reason(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_name_fits_into_the_connection() {
        assert_eq!(name("mara"), Ok("mara".to_owned()));
        assert_eq!(name(""), Ok("operator".to_owned()));
        assert!(name(&"x".repeat(51)).is_err() && name("a\nb").is_err());
    }
}
