//! A made-up history. Every step is done by the functions that do it in life, and is then moved to its time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use shared::{
    db::{
        self, PgPool,
        enrichment::{self, LeadResult},
        feedback::{self, NewEvent},
        leads, operator,
        sends::{self, Outcome},
        sources::Run,
    },
    domain::{
        content::Draft,
        feedback::{BounceReport, Report, effect},
        gate::Method,
        ids::{CampaignId, LeadId, SendId, SourceId},
        lead::{NewLead, Platform},
        quota::Throttling,
        reason::Reason,
        review::Review,
        score::{Confidence, Score},
        send_state::SendState,
    },
    testing::{self, arm, outcome},
};
use sqlx::FromRow;

use super::super::random::Random;
use crate::ledger::end_leases;

/// People there are to be found.
const PEOPLE: usize = 120;

pub(super) struct History {
    pool: PgPool,
    pub(super) begun: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
    pub(super) campaigns: Vec<i64>,
    pub(super) sources: Vec<i64>,
    /// When the test began in truth.
    truly: DateTime<Utc>,
    events: u8,
}

#[derive(FromRow)]
struct Pending {
    lead_id: i64,
    campaign_id: i64,
    enrich_requested_at: Option<DateTime<Utc>>,
    username: String,
}

impl History {
    pub(super) async fn begin(pool: &PgPool) -> Self {
        let truly: DateTime<Utc> = sqlx::query_scalar("select now()")
            .fetch_one(pool)
            .await
            .unwrap();
        let (mut campaigns, mut sources) = (Vec::new(), Vec::new());
        for name in ["spring", "autumn"] {
            let campaign = testing::campaign(pool, name).await;
            campaigns.push(campaign.0);
            for list in ["first", "second"] {
                let params = json!({"file": "list.csv"});
                sources.push(testing::source(pool, campaign, list, "csv", params).await.0);
            }
        }
        let begun = truly - TimeDelta::days(200);
        sqlx::query("update figures_state set folded_until = $1")
            .bind(begun)
            .execute(pool)
            .await
            .unwrap();
        Self {
            pool: pool.clone(),
            begun,
            now: begun,
            campaigns,
            sources,
            truly,
            events: 0,
        }
    }

    /// One more step, some time later.
    pub(super) async fn go_on(&mut self, random: &mut Random) {
        self.now += TimeDelta::seconds(1 + i64::try_from(random.below(30_000)).unwrap());
        match random.below(9) {
            0 | 1 => self.find(random).await,
            2 | 3 => self.assess(random).await,
            4 => self.request_again(random).await,
            5 | 6 => self.send(random).await,
            7 => self.report(random).await,
            _ => self.review(random).await,
        }
        self.move_to_now().await;
    }

    async fn move_to_now(&self) {
        for statement in [
            "update leads set created_at = $1 where created_at >= $2",
            "update lead_sources set found_at = $1 where found_at >= $2",
            "update enriched_leads set created_at = $1 where created_at >= $2",
            "update sends set created_at = $1 where created_at >= $2",
            "update sends set sent_at = $1 where sent_at >= $2",
            "update audit_log set at = $1 where at >= $2",
        ] {
            sqlx::query(statement)
                .bind(self.now)
                .bind(self.truly)
                .execute(&self.pool)
                .await
                .unwrap();
        }
        // The mailboxes' days pass too, and what waits is due.
        sqlx::query(
            "update sends set slot_day = null, not_before = now() - interval '1 second'
             where state not in ('claimed', 'calling')",
        )
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// A page of a source: people that nobody found before, and some that others did.
    async fn find(&self, random: &mut Random) {
        let n = random.below(self.sources.len());
        let run = Run {
            source: SourceId(self.sources[n]),
            campaign: CampaignId(self.campaigns[n / 2]),
            name: "list".to_owned(),
            kind: "csv".to_owned(),
            params: json!({}),
            cursor: json!({}),
            number: 0,
            cut_short: false,
        };
        let first = random.below(PEOPLE);
        let people = first..(first + 1 + random.below(12)).min(PEOPLE);
        let page: Vec<NewLead> = people.map(person).collect();
        let mut conn = db::acquire(&self.pool).await.unwrap();
        let lease = Duration::from_secs(60);
        let stored = leads::store_page(&mut conn, &run, &page, &json!({}), lease).await;
        assert!(stored.unwrap().is_some(), "the run is ours");
    }

    async fn pending(&self) -> Vec<Pending> {
        sqlx::query_as(
            "select distinct l.id as lead_id, s.campaign_id, l.enrich_requested_at, l.username
             from leads l join lead_sources f on f.lead_id = l.id join sources s on s.id = f.source_id
             where l.enrich_requested_at is not null
             order by 1, 2",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    async fn assess(&self, random: &mut Random) {
        let mut results: Vec<LeadResult> = Vec::new();
        for pending in self.pending().await {
            let number: usize = pending.username[6..].parse().unwrap();
            let new = person(number);
            let request = (LeadId(pending.lead_id), pending.enrich_requested_at);
            let mut result = testing::result(CampaignId(pending.campaign_id), request, &new);
            let enrichment = &mut result.enrichments[0];
            let score = i64::try_from(random.below(101)).unwrap();
            let min_score = random.pick(&[0, 30, 50]);
            enrichment.score = Score::new(score).unwrap();
            enrichment.decision = json!({"outcome": "send", "min_score": min_score});
            enrichment.input_hash = [u8::try_from(random.below(256)).unwrap(); 32];
            enrichment.cost_micros = i64::try_from(random.below(2_000)).unwrap();
            let hundredths = f32::from(u8::try_from(random.below(101)).unwrap());
            enrichment.confidence = Confidence::new(hundredths / 100.0).unwrap();
            if random.one_in(5) {
                enrichment.method = Method::Rules;
                enrichment.model = None;
            }
            let refused = match random.below(4) {
                _ if score < min_score => Some(Reason::LowScore),
                0 => Some(random.pick(&[Reason::NoEmail, Reason::ConsentNeeded])),
                _ => None,
            };
            enrichment.reason = refused;
            if refused.is_some() {
                enrichment.plan = None;
            } else if random.one_in(3) {
                enrichment.reason = Some(Reason::CountryReview);
                enrichment.plan.as_mut().unwrap().review = true;
            }
            match results.iter_mut().find(|of| of.lead == result.lead) {
                Some(of_lead) => of_lead.enrichments.append(&mut result.enrichments),
                None => results.push(result),
            }
        }
        let mut conn = db::acquire(&self.pool).await.unwrap();
        enrichment::record(&mut conn, &results).await.unwrap();
    }

    async fn request_again(&self, random: &mut Random) {
        sqlx::query("update leads set enrich_requested_at = now() where id % 5 = $1")
            .bind(i64::try_from(random.below(5)).unwrap())
            .execute(&self.pool)
            .await
            .unwrap();
    }

    async fn ids(&self, states: &[&str]) -> Vec<i64> {
        sqlx::query_scalar("select id from sends where state::text = any($1) order by id")
            .bind(states.iter().map(ToString::to_string).collect::<Vec<_>>())
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// Claims and arms what is queued; SES answers this or that, or never.
    async fn send(&self, random: &mut Random) {
        if random.one_in(4) {
            end_leases(&self.pool).await;
            let mut conn = db::acquire(&self.pool).await.unwrap();
            sends::reap(&mut conn, 100).await.unwrap();
            return;
        }
        let mut queued = self.ids(&["queued"]).await;
        queued.truncate(1 + random.below(15));
        let mut conn = db::acquire(&self.pool).await.unwrap();
        let armed = arm(&mut conn, &queued).await.unwrap();
        let mut outcomes: Vec<Outcome> = Vec::new();
        for armed in &armed {
            let answer = match random.below(12) {
                0 => outcome(armed, SendState::Rejected, Some(Reason::MailRejected)),
                1 => outcome(armed, SendState::Unknown, Some(Reason::NoAnswer)),
                2 => outcome(armed, SendState::Queued, Some(Reason::Throttled)),
                // Its sender is gone.
                3 => continue,
                _ => outcome(armed, SendState::Sent, None),
            };
            outcomes.push(answer);
        }
        let settled = sends::settle(&mut conn, &outcomes, Throttling::default());
        settled.await.unwrap();
    }

    /// Events of mails that left or may have, some of them hours late.
    async fn report(&mut self, random: &mut Random) {
        let left = ["sent", "delivered", "unknown", "calling", "bounced"];
        let mut events = Vec::new();
        for id in self.ids(&left).await {
            if events.len() > 9 || random.one_in(2) {
                continue;
            }
            let bounce = BounceReport {
                kind: "Permanent",
                subtype: "General",
                action: None,
                status: None,
                diagnostic: None,
            };
            let report = match random.below(10) {
                0 | 1 => Report::Bounce(bounce),
                2 => Report::Complaint {
                    subtype: None,
                    feedback: None,
                },
                3 => Report::Reject,
                4 => Report::Open,
                _ => Report::Delivery,
            };
            let late = TimeDelta::minutes(i64::try_from(random.below(600)).unwrap());
            let at = (self.now - late).max(self.begun);
            self.events = self.events.wrapping_add(1);
            let mut key = [self.events; 32];
            key[..8].copy_from_slice(&id.to_be_bytes());
            events.push(NewEvent {
                key,
                send: Some(SendId(id)),
                message_id: format!("ses-{id}"),
                kind: "event".to_owned(),
                detail: None,
                mailbox: None,
                at,
                mailed_at: Some(at),
                effect: effect(&report),
            });
        }
        let mut conn = db::acquire(&self.pool).await.unwrap();
        feedback::ingest(&mut conn, &events).await.unwrap();
    }

    /// A person approves, edits, rejects and takes back.
    async fn review(&self, random: &mut Random) {
        let url = testing::database_url(&self.pool);
        let person = db::connect_lazily(&url, "operator:mara").unwrap();
        let mut conn = db::acquire(&person).await.unwrap();
        for id in self.ids(&["review", "refused", "queued"]).await {
            let decision = match random.below(8) {
                0 | 1 => Review::Approve,
                2 => Review::Reject,
                3 => Review::Reopen,
                4 => Review::Edit(Draft {
                    subject: "Running".to_owned(),
                    message: format!("Shall we talk about {id}?"),
                }),
                _ => continue,
            };
            // Refused where it does not fit: that is a step too.
            operator::review(&mut conn, SendId(id), &decision, None)
                .await
                .unwrap();
        }
    }
}

fn person(number: usize) -> NewLead {
    let mut lead = testing::new_lead(&format!("person{number}"));
    if number.is_multiple_of(3) {
        lead.platform = Platform::Instagram;
    }
    lead
}
