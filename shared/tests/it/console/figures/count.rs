//! The figures counted row by row, by other code than the product's and in other ways.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::Value;
use shared::{
    db::PgPool,
    domain::figures::{Changes, Counters, Group, Kind, statistics},
};
use sqlx::FromRow;

#[derive(FromRow)]
struct Link {
    lead_id: i64,
    campaign_id: i64,
    source_id: i64,
    found_at: DateTime<Utc>,
    platform: String,
}

#[derive(FromRow)]
struct Assessment {
    lead_id: i64,
    campaign_id: i64,
    method: String,
    score: i16,
    ai_confidence: f32,
    outcome: String,
    reason: Option<String>,
    decision: Value,
    cost_micros: i64,
    created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Mail {
    id: i64,
    lead_id: i64,
    campaign_id: i64,
    state: String,
    reason: Option<String>,
    sent_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Change {
    send: i64,
    at: DateTime<Utc>,
    actor: String,
    before: Option<Value>,
    after: Value,
}

const LEFT: [&str; 7] = [
    "sent",
    "delivered",
    "opened",
    "clicked",
    "replied",
    "bounced",
    "complained",
];
const ARRIVED: [&str; 5] = ["delivered", "opened", "clicked", "replied", "complained"];

fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap()
}

#[derive(Default)]
struct Counting(Changes);

impl Counting {
    fn counters(&mut self, at: DateTime<Utc>, group: &Group) -> &mut Counters {
        self.0.hours.entry((hour(at), group.clone())).or_default()
    }

    fn spread(&mut self, at: DateTime<Utc>, group: &Group, kind: Kind, detail: String) {
        let key = (at.date_naive(), group.clone(), kind, detail);
        *self.0.days.entry(key).or_default() += 1;
    }
}

pub(super) async fn count(pool: &PgPool) -> Changes {
    let links: Vec<Link> = sqlx::query_as(
        "select f.lead_id, s.campaign_id, f.source_id, f.found_at, l.source as platform
         from lead_sources f join sources s on s.id = f.source_id join leads l on l.id = f.lead_id
         order by f.found_at, f.source_id",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let assessments: Vec<Assessment> =
        sqlx::query_as("select * from enriched_leads order by enrichment_version")
            .fetch_all(pool)
            .await
            .unwrap();
    let mails: Vec<Mail> = sqlx::query_as(
        "select id, lead_id, campaign_id, state::text as state, reason, sent_at, created_at from sends",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let changes: Vec<Change> = sqlx::query_as(
        "select row_key::bigint as send, at, actor, before, after from audit_log
         where table_name = 'sends' order by id",
    )
    .fetch_all(pool)
    .await
    .unwrap();

    let mut counting = Counting::default();
    let mut pairs: BTreeMap<(i64, i64), (DateTime<Utc>, Group)> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for link in links {
        let group = Group {
            campaign_id: link.campaign_id,
            source_id: link.source_id,
            platform: link.platform,
        };
        if known.insert(link.lead_id) {
            counting.counters(link.found_at, &group).stored += 1;
        }
        let pair = (link.lead_id, link.campaign_id);
        pairs.entry(pair).or_insert_with(|| {
            counting.counters(link.found_at, &group).found += 1;
            (link.found_at, group)
        });
    }
    for (pair, (found_at, group)) in &pairs {
        let of_pair = |lead: i64, campaign: i64| (lead, campaign) == *pair;
        let assessments: Vec<&Assessment> = (assessments.iter())
            .filter(|a| of_pair(a.lead_id, a.campaign_id))
            .collect();
        let mails: Vec<&Mail> = mails
            .iter()
            .filter(|m| of_pair(m.lead_id, m.campaign_id))
            .collect();
        count_assessments(&mut counting, (*found_at, group), &assessments, &mails);
        count_mails(&mut counting, (*found_at, group), &mails, &changes);
    }
    counting
        .0
        .hours
        .retain(|_, counters| *counters != Counters::default());
    counting.0
}

fn qualifies(assessment: &Assessment) -> bool {
    let min = assessment.decision["min_score"]
        .as_i64()
        .unwrap_or_default();
    i64::from(assessment.score) >= min
}

fn count_assessments(
    counting: &mut Counting,
    (found_at, group): (DateTime<Utc>, &Group),
    assessments: &[&Assessment],
    mails: &[&Mail],
) {
    let Some(newest) = assessments.last() else {
        return;
    };
    let by_model = assessments.iter().rfind(|a| a.method == "model");
    let counters = counting.counters(found_at, group);
    counters.assessed += 1;
    counters.by_model += i64::from(by_model.is_some());
    counters.qualified += i64::from(assessments.iter().any(|a| qualifies(a)));
    counters.cost_micros += assessments.iter().map(|a| a.cost_micros).sum::<i64>();
    if let Some(answer) = by_model {
        #[expect(clippy::cast_possible_truncation, reason = "at most 100")]
        let hundredths = (answer.ai_confidence * 100.0).round() as i64;
        counters.confidence_micros += hundredths * 10_000;
        counting.spread(found_at, group, Kind::Confidence, hundredths.to_string());
    }
    let tens = if newest.score == 100 {
        9
    } else {
        newest.score / 10
    };
    counting.spread(found_at, group, Kind::Score, tens.to_string());
    let had_mail = mails.iter().any(|mail| mail.created_at < newest.created_at);
    if newest.outcome == "refused" && qualifies(newest) && !had_mail {
        let reason = newest.reason.clone().unwrap();
        counting.spread(found_at, group, Kind::Refused, reason);
    }
}

fn count_mails(
    counting: &mut Counting,
    (found_at, group): (DateTime<Utc>, &Group),
    mails: &[&Mail],
    changes: &[Change],
) {
    let ids: Vec<i64> = mails.iter().map(|mail| mail.id).collect();
    let of_pair = changes.iter().filter(|change| ids.contains(&change.send));
    let came_to: BTreeSet<&str> = of_pair.filter_map(|c| c.after["state"].as_str()).collect();
    let any = |states: &[&str]| i64::from(states.iter().any(|state| came_to.contains(state)));
    let counters = counting.counters(found_at, group);
    counters.planned += i64::from(!mails.is_empty());
    counters.mailed += any(&LEFT);
    counters.delivered += any(&ARRIVED);
    counters.replied += any(&["replied"]);
    for mail in mails {
        let state = mail.state.as_str();
        if let Some(sent_at) = mail.sent_at.filter(|_| LEFT.contains(&state)) {
            let counters = counting.counters(sent_at, group);
            counters.mails += 1;
            counters.mails_delivered += i64::from(ARRIVED.contains(&state));
            counters.mails_bounced += i64::from(state == "bounced");
            counters.mails_complained += i64::from(state == "complained");
            counters.mails_replied += i64::from(state == "replied");
        } else {
            let state = if state == "claimed" { "queued" } else { state };
            let reason = mail.reason.as_deref().unwrap_or_default();
            let detail = format!("{state} {reason}");
            counting.spread(found_at, group, Kind::Mail, detail.trim_end().to_owned());
        }
        count_reviews(
            counting,
            group,
            changes.iter().filter(|change| change.send == mail.id),
        );
    }
    // A mail that SES took and then refused has left as well: it is no mail of its hour any more.
    let left = changes.iter().find(|change| {
        let state = change.after["state"].as_str().unwrap();
        ids.contains(&change.send) && LEFT.contains(&state)
    });
    if let Some(change) = left {
        let mail = mails.iter().find(|mail| mail.id == change.send).unwrap();
        let sent_at = mail.sent_at.unwrap();
        let minutes = (sent_at - found_at).num_minutes();
        let bucket = statistics::bucket(minutes).to_string();
        counting.spread(sent_at, group, Kind::Wait, bucket);
    }
}

fn count_reviews<'a>(
    counting: &mut Counting,
    group: &Group,
    changes: impl Iterator<Item = &'a Change>,
) {
    let mut edited = false;
    let mut last = None;
    for change in changes.filter(|change| change.actor.starts_with("operator:")) {
        let before = change.before.as_ref().unwrap();
        let word = |values: &Value, column: &str| values[column].as_str().unwrap_or("").to_owned();
        let steps = (word(before, "state"), word(&change.after, "state"));
        edited |= before["content_hash"] != change.after["content_hash"]
            || word(&change.after, "reason") == "edited";
        match (steps.0.as_str(), steps.1.as_str()) {
            ("review", "queued") if edited => last = Some((change.at, "edited")),
            ("review", "queued") => last = Some((change.at, "approved")),
            (_, "refused") => last = Some((change.at, "rejected")),
            ("queued" | "refused", "review") => last = None,
            _ => {}
        }
    }
    if let Some((at, decision)) = last {
        let counters = counting.counters(at, group);
        match decision {
            "edited" => counters.edited += 1,
            "approved" => counters.approved += 1,
            _ => counters.rejected += 1,
        }
    }
}
