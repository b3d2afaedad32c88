//! The list of leads: every page against a list that was filtered row by row.

use std::collections::HashSet;

use shared::{
    db::{
        self, PgPool,
        console::leads::{self, Effort, LeadPage},
    },
    domain::{
        ids::{CampaignId, SourceId},
        lead::Platform,
        reason::Reason,
        score::Score,
        search::{Count, Cursor, InCountry, LeadFilter, LeadOrder, Standing, Words},
        send_state::SendState,
    },
    testing,
};
use strum::IntoEnumIterator;

use super::random::Random;

const PLATFORMS: [&str; 3] = ["x", "instagram", "linkedin"];
const COUNTRIES: [Option<&str>; 4] = [Some("US"), Some("DE"), Some("IS"), None];
const NAMES: [Option<&str>; 5] = [
    Some("Ana Ruiz"),
    Some("Rowan Achterberg"),
    Some("Åsa 100%"),
    Some("Run_Club"),
    None,
];
const NICHES: [&str; 4] = ["trail running", "Gear reviews", "vegan cooking", "music"];
const REASONS: [&str; 3] = ["no_email", "country_review", "quiet_hours"];
const WORDS: [&str; 9] = [
    "run",
    "RUIZ",
    "studio",
    "100%",
    "_club",
    "an",
    "gear",
    "ana trail",
    "nothing-like-it",
];

/// Little enough that every way through is taken with few leads.
const SMALL: Effort<'static> = Effort {
    first: &[3, 5],
    candidates: 12,
    then: &[11],
};

/// A lead with all that a condition may ask about.
struct Lead {
    id: i64,
    platform: &'static str,
    country: Option<&'static str>,
    text: String,
    has_address: bool,
    erased: bool,
    waiting: bool,
    campaigns: Vec<Standings>,
}

/// What one campaign made of it.
struct Standings {
    campaign: i64,
    /// Score and niche of each assessment, with the number in which it was stored.
    assessed: Vec<(usize, i16, &'static str)>,
    refused: Option<&'static str>,
    mail: Option<(SendState, Option<&'static str>)>,
}

async fn seed(pool: &PgPool, random: &mut Random, count: usize) -> Vec<Lead> {
    let mut sources = Vec::new();
    for n in 0..3 {
        let campaign = testing::campaign(pool, &format!("campaign {n}")).await;
        let params = serde_json::json!({"file": "list.csv"});
        let source = testing::source(pool, campaign, "list", "csv", params).await;
        sources.push((campaign.0, source.0));
    }
    let mut stored = 0;
    let mut leads = Vec::new();
    for n in 0..count {
        leads.push(lead(pool, random, n, &sources, &mut stored).await);
    }
    leads
}

async fn lead(
    pool: &PgPool,
    random: &mut Random,
    n: usize,
    sources: &[(i64, i64)],
    stored: &mut usize,
) -> Lead {
    let erased = random.one_in(15);
    let name = random.pick(&NAMES).filter(|_| !erased);
    let username = format!("user{n}");
    let domain = random.pick(&["studio.example", "gmail.com"]);
    let email = (!erased && !random.one_in(3)).then(|| format!("local{n}@{domain}"));
    let mut lead = Lead {
        id: 0,
        platform: random.pick(&PLATFORMS),
        country: random.pick(&COUNTRIES),
        text: format!(
            "{} {username} {}",
            name.unwrap_or_default().to_lowercase(),
            email.as_ref().map_or("", |_| domain)
        ),
        has_address: email.is_some(),
        erased,
        waiting: random.one_in(5),
        campaigns: Vec::new(),
    };
    let hash = [u8::try_from(n).unwrap(); 32];
    let insert = "insert into leads (source, external_id, username, name, email, email_hash, country,
                                     erased_at, enrich_requested_at)
                  values ($1, $2, $2, $3, $4, $5, $6, case when $7 then now() end, case when $8 then now() end)
                  returning id";
    lead.id = sqlx::query_scalar(insert)
        .bind(lead.platform)
        .bind(&username)
        .bind(name)
        .bind(&email)
        .bind(hash)
        .bind(lead.country)
        .bind(erased)
        .bind(lead.waiting)
        .fetch_one(pool)
        .await
        .unwrap();
    let mailbox = "insert into recipients (email_hash) values ($1)";
    sqlx::query(mailbox).bind(hash).execute(pool).await.unwrap();
    for (campaign, source) in sources {
        if random.one_in(2) {
            sqlx::query("insert into lead_sources (lead_id, source_id) values ($1, $2)")
                .bind(lead.id)
                .bind(source)
                .execute(pool)
                .await
                .unwrap();
            let standings = standings(pool, random, (lead.id, *campaign), &hash, stored).await;
            lead.campaigns.push(standings);
        }
    }
    lead
}

async fn standings(
    pool: &PgPool,
    random: &mut Random,
    (lead, campaign): (i64, i64),
    hash: &[u8],
    stored: &mut usize,
) -> Standings {
    let mut standings = Standings {
        campaign,
        assessed: Vec::new(),
        refused: None,
        mail: None,
    };
    let mut newest = 0_i64;
    for version in 1..=random.below(4) {
        let score = i16::try_from(random.below(6) * 20).unwrap();
        let niche = random.pick(&NICHES);
        standings.refused = random.one_in(3).then(|| random.pick(&REASONS));
        let insert = "insert into enriched_leads (lead_id, campaign_id, niche, score, notes, compliant,
                          enrichment_version, ai_confidence, method, input_hash, outcome, reason, decision)
                      values ($1, $2, $3, $4, '', true, $5, 0.9, 'model', '', $6, $7, '{}') returning id";
        newest = sqlx::query_scalar(insert)
            .bind(lead)
            .bind(campaign)
            .bind(niche)
            .bind(score)
            .bind(i32::try_from(version).unwrap())
            .bind(standings.refused.map_or("planned", |_| "refused"))
            .bind(standings.refused)
            .fetch_one(pool)
            .await
            .unwrap();
        *stored += 1;
        standings.assessed.push((*stored, score, niche));
    }
    if newest > 0 && !random.one_in(3) {
        let states: Vec<SendState> = SendState::ALL.to_vec();
        let state = random.pick(&states);
        let reason = random.pick(&REASONS);
        let insert =
            "insert into sends (campaign_id, email_hash, lead_id, enriched_lead_id, state, reason,
                          content_hash, decision, sent_at, lease_until)
                      values ($1, $2, $3, $4, $5::send_state, $6, '', '{}', now(),
                              case when $5 in ('claimed', 'calling') then now() end)";
        sqlx::query(insert)
            .bind(campaign)
            .bind(hash)
            .bind(lead)
            .bind(newest)
            .bind(state.as_str())
            .bind(reason)
            .execute(pool)
            .await
            .unwrap();
        standings.mail = Some((state, Some(reason)));
    }
    standings
}

impl Lead {
    fn in_campaigns(&self, campaign: Option<CampaignId>) -> impl Iterator<Item = &Standings> {
        let wanted = move |of: &&Standings| campaign.is_none_or(|id| id.0 == of.campaign);
        self.campaigns.iter().filter(wanted)
    }

    fn score(&self, campaign: Option<CampaignId>) -> Option<i16> {
        let assessed = self.in_campaigns(campaign).flat_map(|of| &of.assessed);
        assessed
            .max_by_key(|(stored, ..)| *stored)
            .map(|(_, score, _)| *score)
    }

    fn holds(&self, pattern: &str) -> bool {
        let plain = pattern.trim_matches('%').replace('\\', "");
        let of_campaigns = self.campaigns.iter().flat_map(|of| &of.assessed);
        let mut niches = of_campaigns.map(|(.., niche)| niche.to_lowercase());
        self.text.contains(&plain) || niches.any(|niche| niche.contains(&plain))
    }

    fn stands(&self, filter: &LeadFilter) -> bool {
        let reason = filter.reason.map(Reason::as_str);
        let has_reason = |given: Option<&str>| reason.is_none_or(|reason| given == Some(reason));
        let mut of_campaigns = self.in_campaigns(filter.campaign);
        let states = match filter.standing {
            None if reason.is_none() => return true,
            Some(Standing::Waiting) => return self.waiting,
            Some(Standing::Found) => {
                return !self.waiting && of_campaigns.all(|of| of.assessed.is_empty());
            }
            None => &SendState::ALL[..],
            Some(standing) => standing.states(),
        };
        of_campaigns.any(|of| match of.mail {
            Some((state, given)) => states.contains(&state) && has_reason(given),
            None => {
                of.refused.is_some()
                    && states.contains(&SendState::Refused)
                    && has_reason(of.refused)
            }
        })
    }

    fn meets(&self, filter: &LeadFilter) -> bool {
        let score = self.score(filter.campaign);
        let country = match filter.country {
            None => true,
            Some(InCountry::Unknown) => self.country.is_none(),
            Some(InCountry::Known(country)) => self.country == Some(country.as_str()),
        };
        let source = filter.source.map(|source| source.0);
        let number = |score: Score| i16::from(score.get());
        let words = filter
            .words
            .as_ref()
            .map(Words::patterns)
            .unwrap_or_default();
        !self.erased
            && country
            && filter.platform.is_none_or(|platform| platform.as_str() == self.platform)
            && filter.has_address.is_none_or(|has| has == self.has_address)
            && filter.min_score.is_none_or(|min| score.is_some_and(|score| score >= number(min)))
            && filter.max_score.is_none_or(|max| score.is_some_and(|score| score <= number(max)))
            && (filter.campaign.is_none() || self.in_campaigns(filter.campaign).next().is_some())
            // Each campaign has one source, and both are numbered from 1.
            && source.is_none_or(|id| self.in_campaigns(filter.campaign).any(|of| of.campaign == id))
            && words.iter().all(|word| self.holds(word))
            && self.stands(filter)
    }
}

fn expected(leads: &[Lead], filter: &LeadFilter, order: LeadOrder) -> Vec<i64> {
    let mut kept: Vec<(i16, i64)> = Vec::new();
    for lead in leads.iter().filter(|lead| lead.meets(filter)) {
        match (order, lead.score(filter.campaign)) {
            (LeadOrder::Newest, _) => kept.push((0, lead.id)),
            (LeadOrder::Score, Some(score)) => kept.push((score, lead.id)),
            (LeadOrder::Score, None) => {}
        }
    }
    kept.sort_unstable();
    kept.iter().rev().map(|(_, id)| *id).collect()
}

fn some_filter(random: &mut Random) -> LeadFilter {
    let standings: Vec<Standing> = Standing::iter().collect();
    let score = |n: usize| Score::new(i64::try_from(n * 20).unwrap());
    LeadFilter {
        words: random.maybe(&WORDS).and_then(Words::read),
        platform: random.maybe(&[Platform::X, Platform::Instagram, Platform::Facebook]),
        campaign: random.maybe(&[1, 2, 3]).map(CampaignId),
        source: random
            .maybe(&[1, 2, 3])
            .map(SourceId)
            .filter(|_| random.one_in(2)),
        standing: random.maybe(&standings),
        reason: random
            .maybe(&REASONS)
            .filter(|_| random.one_in(2))
            .and_then(Reason::from_word),
        country: random.maybe(&COUNTRIES).map(|code| {
            code.map_or(InCountry::Unknown, |code| {
                InCountry::Known(code.parse().unwrap())
            })
        }),
        min_score: random.maybe(&[1, 3, 5]).and_then(score),
        max_score: random.maybe(&[2, 4]).and_then(score),
        has_address: random.maybe(&[true, false]),
    }
}

struct List<'a> {
    pool: &'a PgPool,
    filter: &'a LeadFilter,
    order: LeadOrder,
    limit: usize,
    effort: Effort<'a>,
}

impl List<'_> {
    async fn page(&self, cursor: Option<Cursor>) -> LeadPage {
        let mut conn = db::acquire(self.pool).await.unwrap();
        let from = (self.order, cursor);
        let page = leads::page(&mut conn, self.filter, from, self.limit, self.effort).await;
        let page = page.unwrap();
        assert!(page.rows.len() <= self.limit);
        // A page that is not full is the last one in its direction, or says why.
        let on = match cursor {
            Some(Cursor::Before(_)) => page.newer,
            Some(Cursor::After(_)) | None => page.older,
        };
        let short = page.rows.len() < self.limit && on.is_some();
        assert_eq!(
            short,
            page.looked_to.is_some() && page.rows.len() < self.limit
        );
        page
    }

    /// Every row, from the first page to the last, and how the list is read backwards from there.
    async fn all(&self) -> (Vec<i64>, Option<Cursor>) {
        let (mut rows, mut cursor, mut back) = (Vec::new(), None, None);
        loop {
            let page = self.page(cursor).await;
            assert_eq!(
                page.newer.is_some(),
                cursor.is_some() && !page.rows.is_empty()
            );
            rows.extend(page.rows.iter().map(|row| row.id));
            back = page.newer.or(back);
            cursor = match page.older {
                None => return (rows, back.filter(|_| !page.rows.is_empty())),
                older => older,
            };
        }
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn pages_hold_what_meets_every_condition(pool: PgPool) {
    let mut random = Random(1);
    let leads = seed(&pool, &mut random, 90).await;
    let mut standings = HashSet::new();
    for _ in 0..200 {
        let filter = some_filter(&mut random);
        let order = random.pick(&[LeadOrder::Newest, LeadOrder::Score]);
        let effort = random.pick(&[SMALL, Effort::DEFAULT]);
        let limit = 1 + random.below(9);
        let list = List {
            pool: &pool,
            filter: &filter,
            order,
            limit,
            effort,
        };
        let expected = expected(&leads, &filter, order);
        let (rows, back) = list.all().await;
        assert_eq!(rows, expected, "{order:?} {filter:?} {effort:?}");
        standings.insert((filter.standing, expected.is_empty()));

        // The same rows backwards, from the last page on.
        let mut cursor = back;
        let mut before = Vec::new();
        while cursor.is_some() {
            let page = list.page(cursor).await;
            before.splice(0..0, page.rows.iter().map(|row| row.id));
            cursor = page.newer;
        }
        assert!(expected.starts_with(&before), "{before:?} of {expected:?}");

        match list.page(None).await.count.unwrap() {
            Count::Exactly(count) => assert_eq!(count, expected.len(), "{order:?} {filter:?}"),
            Count::AtLeast(count) => {
                let any_order = self::expected(&leads, &filter, LeadOrder::Newest).len();
                assert!(count <= any_order, "{filter:?}");
            }
        }
    }
    // Nearly every standing was asked for where some leads met the rest.
    let met = standings.iter().filter(|(_, none)| !none).count();
    assert!(met > 10, "{standings:?}");
}
