//! Three leads of a campaign with the gate's answer for each, in sentences. Nothing is written by it.

use shared::{
    db::{
        DbError, PgConnection,
        console::preview::{self, Preview},
    },
    domain::{
        basis::{Basis, default_rule},
        campaign::Settings,
        content::Draft,
        country::Country,
        gate::{CampaignFacts, CampaignStatus, Decision},
        ids::CampaignId,
        place,
        reason::Reason,
    },
};

use crate::view::Moment;

/// A lead as the preview shows it.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) lead: i64,
    pub(crate) name: String,
    /// Who it is and how well it fits, in a line.
    pub(crate) about: String,
    pub(crate) tag: Tag,
    pub(crate) sentence: String,
    pub(crate) mail: Option<Draft>,
}

/// The gate's answer in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
}

/// The cards of a campaign under these settings, as if it were active: what is asked is what would happen then.
pub(super) async fn cards(
    conn: &mut PgConnection,
    campaign: CampaignId,
    settings: &Settings,
    skipped: i64,
) -> Result<Vec<Card>, DbError> {
    let status = match settings.status {
        CampaignStatus::Ended => CampaignStatus::Ended,
        CampaignStatus::Draft | CampaignStatus::Active | CampaignStatus::Paused => {
            CampaignStatus::Active
        }
    };
    let Some(rules) = settings.facts() else {
        return Ok(Vec::new());
    };
    let rules = CampaignFacts { status, ..rules };
    let found = preview::previews(conn, campaign, &rules, skipped).await?;
    Ok(found.into_iter().map(card).collect())
}

fn card(preview: Preview) -> Card {
    let (tag, sentence) = answer(&preview);
    let score = match preview.score {
        Some(score) => format!("score {}", score.get()),
        None => "not assessed yet".to_owned(),
    };
    let country = match &preview.country {
        Some(country) => place::english_name(country),
        None => "country unknown",
    };
    let found = preview.platform.place();
    Card {
        lead: preview.lead.0,
        about: format!("@{} {found} · {country} · {score}", preview.username),
        name: preview.name.unwrap_or(preview.username),
        tag,
        sentence,
        mail: preview.draft,
    }
}

fn answer(preview: &Preview) -> (Tag, String) {
    let tag = |class, word| Tag { class, word };
    let (tag, sentence) = match preview.ruling.decision {
        Decision::Send => (
            tag("tag tag-good", "would be sent"),
            format!(
                "{} It would leave at once, as far as the day’s limits go.",
                passed(preview)
            ),
        ),
        Decision::Defer {
            until,
            reason: Reason::QuietHours,
        } => (
            tag("tag tag-good", "would be sent"),
            format!(
                "{} It would leave from {} UTC on, when the campaign’s hours begin where they live.",
                passed(preview),
                Moment(until)
            ),
        ),
        Decision::Defer { reason, .. } => (tag("tag", "would wait"), reason.explain().to_owned()),
        Decision::Review { reason } => (
            tag("tag tag-warn", "waits for review"),
            format!(
                "{} Nothing leaves before a reviewer approves.",
                stopped(preview, reason)
            ),
        ),
        Decision::Refuse { reason } => (tag("tag", "refused"), stopped(preview, reason)),
    };
    match preview.score {
        Some(_) => (tag, sentence),
        None if preview.ruling.decision == Decision::Send => (
            Tag {
                class: "tag",
                word: "not assessed yet",
            },
            format!(
                "{} The model assesses it once the campaign is active.",
                passed(preview)
            ),
        ),
        None => (tag, format!("Not assessed yet. {sentence}")),
    }
}

/// What the gate had no objection to.
fn passed(preview: &Preview) -> String {
    let recipient = &preview.facts.recipient;
    let basis = match (recipient.basis, &preview.country) {
        (Some(Basis::Consent), _) => "Consent is recorded".to_owned(),
        (Some(Basis::Contract), _) => "A contract with them is recorded".to_owned(),
        (Some(Basis::LegitimateInterest), _) => "A legitimate interest is recorded".to_owned(),
        (None, Some(country)) => format!("Allowed in {}", with_article(country)),
        (None, None) => "Allowed".to_owned(),
    };
    let min = preview.facts.campaign.min_score.get();
    let score = match preview.score {
        Some(_) => format!(", the score reaches {min}"),
        None => String::new(),
    };
    let approved = if preview.facts.assessment.approval.is_given() {
        ", a reviewer approved the text"
    } else {
        ""
    };
    let past = match recipient.past.count {
        0 => ", mailbox not written to before",
        _ => ", long enough since the last mail",
    };
    format!("{basis}{score}{approved}{past}.")
}

/// Why the gate objects, with what it hangs on.
fn stopped(preview: &Preview, reason: Reason) -> String {
    let own = |country: &Country| preview.facts.campaign.basis_rules.contains_key(country);
    let why = |country: &Country| match default_rule(*country) {
        _ if own(country) => " (this campaign’s own rule)".to_owned(),
        Some((_, why)) => format!(" ({why})"),
        None => String::new(),
    };
    match (reason, &preview.country) {
        (Reason::ConsentNeeded, Some(country)) => format!(
            "{} asks for consent, and none is recorded{}. The score does not change this, and neither can a reviewer.",
            place::english_name(country),
            why(country)
        ),
        (Reason::CountryReview, Some(country)) => format!(
            "{} needs a person’s judgement{}.",
            place::english_name(country),
            why(country)
        ),
        (Reason::LowScore, _) => format!(
            "It scores {}, and the campaign’s lowest score is {}.",
            preview.facts.assessment.score.get(),
            preview.facts.campaign.min_score.get()
        ),
        (Reason::ContentFault, _) => {
            let fault = preview.draft.as_ref().and_then(Draft::fault);
            fault.map_or_else(
                || reason.explain().to_owned(),
                |fault| format!("The text cannot be sent: {fault}."),
            )
        }
        _ => reason.explain().to_owned(),
    }
}

/// “the United States”, and countries that need no article.
fn with_article(country: &Country) -> String {
    let article = ["US", "GB", "NL", "AE", "PH", "CZ"].contains(&country.as_str());
    let name = place::english_name(country);
    if article {
        format!("the {name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests;
