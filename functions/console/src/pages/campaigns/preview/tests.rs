use shared::domain::{
    email::EmailAddress,
    gate::{
        Address, Approval, Assessment, Compliance, ContentFacts, Facts, FrequencyCaps, Method,
        RecipientFacts, gate,
    },
    ids::LeadId,
    lead::Platform,
    score::{Confidence, Score},
};

use super::*;

fn preview(country: Option<&str>, score: Option<i64>, settings: &Settings) -> Preview {
    let now = "2026-01-07T12:00:00Z".parse().unwrap();
    let score = score.map(|score| Score::new(score).unwrap());
    let country = country.map(|code| code.parse().unwrap());
    let facts = Facts {
        sending_enabled: true,
        postal_address: true,
        campaign: CampaignFacts {
            status: CampaignStatus::Active,
            ..settings.facts().unwrap()
        },
        recipient: RecipientFacts {
            country,
            ..RecipientFacts::default()
        },
        address: Address::Given(EmailAddress::parse("ana@example.org").unwrap()),
        assessment: Assessment {
            score: score.unwrap_or(Score::MAX),
            confidence: Confidence::MAX,
            compliance: Compliance::Ok,
            method: Method::Model,
            approval: Approval::Missing,
        },
        content: ContentFacts::Sound,
        frequency: FrequencyCaps::DEFAULT,
    };
    Preview {
        lead: LeadId(1),
        platform: Platform::X,
        username: "ana".to_owned(),
        name: None,
        country,
        score,
        draft: None,
        ruling: gate(&facts, now),
        facts,
        now,
    }
}

#[test]
fn gate_is_answered_in_a_sentence() {
    let any_hour = Settings {
        hours: None,
        ..Settings::new("o".to_owned(), "a".to_owned())
    };
    let by_day = Settings {
        hours: Some((22, 23)),
        ..any_hour.clone()
    };
    let reviewed = Settings {
        review_all: true,
        ..any_hour.clone()
    };
    for (country, score, settings, word, says) in [
        (
            Some("US"),
            Some(88),
            &any_hour,
            "would be sent",
            "Allowed in the United States, the score reaches 70",
        ),
        (
            Some("US"),
            Some(88),
            &by_day,
            "would be sent",
            "It would leave from",
        ),
        (
            Some("US"),
            Some(69),
            &any_hour,
            "refused",
            "It scores 69, and the campaign’s lowest score is 70.",
        ),
        (
            Some("DE"),
            Some(88),
            &any_hour,
            "refused",
            "Germany asks for consent, and none is recorded (UWG",
        ),
        (
            Some("IE"),
            Some(88),
            &any_hour,
            "waits for review",
            "Ireland needs a person’s judgement",
        ),
        (
            None,
            Some(88),
            &any_hour,
            "waits for review",
            "country is unknown",
        ),
        (
            Some("US"),
            Some(88),
            &reviewed,
            "waits for review",
            "must be approved",
        ),
        (
            Some("US"),
            None,
            &any_hour,
            "not assessed yet",
            "once the campaign is active",
        ),
        (
            Some("DE"),
            None,
            &any_hour,
            "refused",
            "Not assessed yet. Germany asks",
        ),
    ] {
        let (tag, sentence) = answer(&preview(country, score, settings));
        assert_eq!(tag.word, word, "{sentence}");
        assert!(sentence.contains(says), "{sentence}");
    }
}
