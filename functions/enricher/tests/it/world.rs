//! The whole stand-in world, and above all the people in it who talk to the model.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    domain::{
        email::EmailAddress,
        lead::{NewLead, Platform},
    },
    testing,
};
use simulated::{Population, Profile, ProfileKind, Verified};
use sqlx::PgPool;

use crate::stage::{Enriched, Stage, come_again, deliver, paid};

/// The profile as a source would give it and the collector would store it.
fn lead(profile: &Profile) -> NewLead {
    // PostgreSQL takes no NUL, and the collector none of the others.
    let text = |text: &str, limit: usize| -> Option<String> {
        let kept = text.chars().filter(|c| !c.is_control() || *c == '\n');
        let text: String = kept.take(limit).collect();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let email = match profile.kind {
        // Only in the bio, in disguise: it is not read.
        ProfileKind::Disguised => None,
        _ => profile.email.as_deref(),
    };
    NewLead {
        platform: Platform::from_word(profile.platform.name()).unwrap(),
        external_id: profile.id.clone(),
        username: profile.username.clone(),
        name: text(&profile.name, 200),
        email: email.map(|email| {
            let address = EmailAddress::parse(email).unwrap();
            let hash = testing::hash_key().hash(&address);
            (address, hash)
        }),
        profile_url: Some(profile.url()),
        follower_count: i64::try_from(profile.followers).ok(),
        bio: text(&profile.bio, 4_000),
        verified: Some(profile.verified != Verified::None),
        location: profile.location.as_deref().and_then(|l| text(l, 200)),
        website: profile.website.clone(),
        country: profile.country.and_then(|code| code.parse().ok()),
        language: Some(profile.language.code().to_owned()),
        raw: None,
    }
}

/// Each part's rows, by what it plays.
type Cast = BTreeMap<ProfileKind, Vec<Enriched>>;

async fn play(stage: &Stage, world: &Population) -> Cast {
    let new: Vec<_> = world.profiles().iter().map(lead).collect();
    let ids = stage.store(&new).await;
    assert_eq!(ids.len(), new.len());
    let deps = stage.deps(&[("OPENAI_TIMEOUT_SECONDS", "20")]);
    for batch in ids.chunks(10) {
        assert_eq!(come_again(&deliver(&deps, batch).await.unwrap()), [0; 0]);
    }
    let names: Vec<(String, String, i64)> =
        sqlx::query_as("select source, external_id, id from leads")
            .fetch_all(&stage.pool)
            .await
            .unwrap();
    let mut rows = stage.enriched().await;
    assert_eq!(rows.len(), new.len(), "each once");
    let mut cast = Cast::new();
    for profile in world.profiles() {
        let of = |(source, id, _): &&(String, String, i64)| {
            source == profile.platform.name() && *id == profile.id
        };
        let lead = names.iter().find(of).unwrap().2;
        let place = rows.iter().position(|row| row.lead_id == lead).unwrap();
        cast.entry(profile.kind)
            .or_default()
            .push(rows.remove(place));
    }
    cast
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_demo_person_gets_the_expected_result(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let world = Population::new(1, 80);
    let cast = play(&stage, &world).await;

    let mut refused = BTreeSet::new();
    let mut review = BTreeSet::new();
    for (part, rows) in &cast {
        for row in rows {
            let reason = row.reason.as_deref().unwrap_or_default().to_owned();
            match row.outcome.as_str() {
                "refused" => _ = refused.insert(reason),
                "review" => _ = review.insert(reason),
                _ => {}
            }
            let outcome = (row.outcome.as_str(), row.reason.as_deref());
            let right = match part {
                ProfileKind::Fitting => {
                    matches!(outcome, ("planned", None) | ("refused", Some("low_score")))
                }
                ProfileKind::Twin => {
                    outcome == ("refused", Some("duplicate_recipient"))
                    // The twin came first: then it has the mail.
                    || outcome == ("planned", None)
                }
                ProfileKind::Disguised
                | ProfileKind::Unreachable
                | ProfileKind::AbroadUnreachable => {
                    matches!(outcome, ("refused", Some("no_email" | "low_score")))
                }
                ProfileKind::Small => outcome == ("refused", Some("low_score")),
                ProfileKind::Prohibited => outcome == ("refused", Some("not_compliant")),
                ProfileKind::Consent => {
                    matches!(outcome, ("refused", Some("consent_needed" | "low_score")))
                }
                ProfileKind::Abroad => matches!(
                    outcome,
                    ("review", Some("country_review")) | ("refused", Some("low_score"))
                ),
                ProfileKind::Nowhere => matches!(
                    outcome,
                    ("review", Some("country_unknown")) | ("refused", Some("low_score"))
                ),
                ProfileKind::Role => {
                    matches!(outcome, ("refused", Some("role_address" | "low_score")))
                }
                ProfileKind::Injection | ProfileKind::Odd => {
                    outcome.0 != "planned" || *part == ProfileKind::Odd
                }
            };
            assert!(right, "{part:?}: {row:?}");
            let state = match row.outcome.as_str() {
                "planned" => Some("queued"),
                "review" => Some("review"),
                _ => None,
            };
            assert_eq!(row.state.as_deref(), state, "{part:?}: {row:?}");
        }
    }
    let refusals = [
        "consent_needed",
        "duplicate_recipient",
        "low_score",
        "no_email",
        "not_compliant",
        "role_address",
    ];
    assert_eq!(
        refused.iter().map(String::as_str).collect::<Vec<_>>(),
        refusals
    );
    for reason in ["country_review", "country_unknown", "scored_by_rules"] {
        assert!(review.contains(reason), "{reason}: {review:?}");
    }
    let planned = |part| {
        cast[&part]
            .iter()
            .filter(|row| row.outcome == "planned")
            .count()
    };
    let fitting = cast[&ProfileKind::Fitting].len();
    let written_to = planned(ProfileKind::Fitting) + planned(ProfileKind::Twin);
    assert!(
        written_to * 10 >= fitting * 8,
        "{written_to} of {fitting} who fit are written to"
    );

    let stats = stage.stand_ins.stats().model;
    assert_eq!(stats.emails_seen, 0);
    assert_eq!(stats.disguised_emails_seen, 0);
    let calls = stage.calls("gpt-4.1-mini").await;
    assert_eq!(
        paid(&calls),
        i64::try_from(stats.paid_calls).unwrap(),
        "{calls:?}"
    );
    let published = stage.outreach.published().await.len();
    let queued = stage
        .number("select count(*) from sends where state = 'queued'")
        .await;
    assert_eq!(i64::try_from(published).unwrap(), queued);
}

/// Several worlds: no bio, however it commands, gets a mail planned, and the model's inventions
/// are nowhere in what is stored.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn injected_instructions_never_get_a_mail(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut seen = 0;
    for seed in 2..5 {
        let world = Population::new(seed, 160);
        let of = |profile: &&Profile| profile.kind == ProfileKind::Injection;
        let new: Vec<_> = world.profiles().iter().filter(of).map(lead).collect();
        let ids = stage.store(&new).await;
        seen += ids.len();
        let deps = stage.deps(&[]);
        assert_eq!(come_again(&deliver(&deps, &ids).await.unwrap()), [0; 0]);
    }
    let rows = stage.enriched().await;
    assert_eq!(rows.len(), seen);
    assert!(seen >= 20, "{seen}");
    assert!(rows.iter().all(|row| row.outcome != "planned"), "{rows:?}");
    assert!(
        rows.iter()
            .all(|row| row.state.as_deref() != Some("queued"))
    );
    let reasons: Vec<_> = rows.iter().map(|row| row.reason.as_deref()).collect();
    assert!(
        reasons.contains(&Some("compliance_review")),
        "what looks bad is for a person: {reasons:?}"
    );
    let invented = "select count(*) from enriched_leads e
        where concat_ws(' ', e.subject, e.message, e.notes, e.evidence::text)
              ~* 'https?://|prize|phone last week|since 2019|two million|as discussed'
          and not (e.evidence::text ~ '\"quote\": \"https?://' and e.message !~ 'https?://')";
    assert_eq!(stage.number(invented).await, 0);
    let full_marks = "select count(*) from enriched_leads where method = 'model' and score >= 96";
    assert_eq!(stage.number(full_marks).await, 0);
    assert_eq!(stage.stand_ins.stats().model.emails_seen, 0);
}

/// Addresses as people write them, to keep machines from reading them too.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn the_model_never_sees_how_to_reach_anybody(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let world = Population::new(3, 400);
    let (hidden, open): (Vec<_>, Vec<_>) = world
        .profiles()
        .iter()
        .partition(|profile| profile.kind == ProfileKind::Disguised);
    let deps = stage.deps(&[("OPENAI_TIMEOUT_SECONDS", "20")]);
    // First those who hide theirs: a website behind "say hi at" looks like a hidden address, too.
    for profiles in [hidden, open] {
        let new: Vec<_> = profiles.into_iter().map(lead).collect();
        let ids = stage.store(&new).await;
        for batch in ids.chunks(100) {
            deliver(&deps, batch).await.unwrap();
        }
        let stats = stage.stand_ins.stats().model;
        assert!(stats.requests >= 10);
        assert_eq!(stats.emails_seen, 0);
        if new.len() < 100 {
            assert_eq!(stats.disguised_emails_seen, 0);
        }
    }
}
