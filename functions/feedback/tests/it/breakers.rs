//! When a campaign is stopped.

use serde_json::json;
use shared::{
    db::PgPool,
    domain::breaker::{DAYS, Figures, trips},
    testing,
};

use crate::{
    fixture::{Fixture, runners},
    notices::{complaint, hard, mail, send},
};

/// Figures that an event meets, and whether they open the breaker in the rules' own words. The event
/// itself counts as one mail sent.
async fn agree(f: &Fixture, ids: &[i64], figures: &[Figures]) {
    for (id, figures) in ids.iter().zip(figures) {
        sqlx::query(
            "insert into campaign_days (campaign_id, day, sent, bounced, complained, forgiven_sent, forgiven_bounced)
             select campaign_id, (now() at time zone 'utc')::date - 1, $2, $3, $4, 7, 3 from sends where id = $1",
        )
        .bind(id)
        .bind(i32::try_from(figures.sent + 6).unwrap())
        .bind(i32::try_from(figures.bounced + 3).unwrap())
        .bind(i32::try_from(figures.complained).unwrap())
        .execute(&f.pool)
        .await
        .unwrap();
    }
    let bodies: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(n, id)| send(&mail(*id, n)).to_string())
        .collect();
    f.deliver(&bodies).await;
    for (id, figures) in ids.iter().zip(figures) {
        let reason: Option<String> = sqlx::query_scalar(
            "select b.reason from sends s left join breakers b on b.campaign_id = s.campaign_id where s.id = $1",
        )
        .bind(id)
        .fetch_one(&f.pool)
        .await
        .unwrap();
        let expected = trips(*figures).map(|trip| trip.as_str().to_owned());
        assert_eq!(reason, expected, "{figures:?}");
    }
}

/// Around every threshold, and a spread of everything else.
fn cases() -> Vec<Figures> {
    let sent = [0, 1, 199, 200, 201, 1_249, 1_250, 1_251, 9_999, 123_456];
    let mut cases = Vec::new();
    for sent in sent {
        let (bounces, complaints) = (sent * 4 / 100, sent * 8 / 10_000);
        for (bounced, complained) in [
            (0, 0),
            (bounces, 0),
            (bounces + 1, 0),
            ((bounces - 1).max(0), complaints),
            (0, complaints + 1),
            (sent, sent),
        ] {
            cases.push(Figures {
                sent,
                bounced,
                complained,
            });
        }
    }
    cases
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn the_database_and_the_rule_agree(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let cases: Vec<_> = cases()
        .into_iter()
        .filter(|figures| figures.sent > 0)
        .collect();
    let mut ids = Vec::new();
    for (n, lead) in runners(cases.len()).into_iter().enumerate() {
        let campaign = testing::campaign(&pool, &format!("campaign {n}")).await;
        ids.extend(testing::plan(&pool, campaign, &[lead]).await);
    }
    for (ids, cases) in ids.chunks(30).zip(cases.chunks(30)) {
        agree(&f, ids, cases).await;
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn only_the_days_that_count_are_looked_at(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(2).await;
    let day = |days: i32| {
        sqlx::query(
            "insert into campaign_days (campaign_id, day, sent, bounced)
             select id, (now() at time zone 'utc')::date - $1, 1000, 1000 from campaigns",
        )
        .bind(days)
    };
    day(DAYS).execute(&pool).await.unwrap();
    f.report(&send(&mail(ids[0], 0))).await;
    assert_eq!(f.number("select count(*) from breakers").await, 0);
    day(DAYS - 1).execute(&pool).await.unwrap();
    f.report(&send(&mail(ids[1], 1))).await;
    assert_eq!(f.number("select count(*) from breakers").await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_breaker_keeps_its_figures_and_only_a_person_closes_it(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(210).await;
    let mut bodies: Vec<_> = ids
        .iter()
        .take(200)
        .enumerate()
        .map(|(n, id)| send(&mail(*id, n)).to_string())
        .collect();
    bodies.extend((0..7).map(|n| hard(&mail(ids[n], n)).to_string()));
    for batch in bodies.chunks(100) {
        f.deliver(batch).await;
    }
    assert_eq!(f.number("select count(*) from breakers").await, 0);
    f.report(&hard(&mail(ids[7], 7))).await;
    let figures =
        "select figures::text from breakers where opened_at is not null and reason = 'bounce_rate'";
    let expected = json!({"sent": 200, "bounced": 8, "complained": 0, "days": 7});
    let kept: serde_json::Value = serde_json::from_str(&f.text(figures).await.unwrap()).unwrap();
    assert_eq!(kept, expected);
    let audited =
        "select count(*) from audit_log where table_name = 'breakers' and actor = 'feedback'";
    assert_eq!(f.number(audited).await, 1);

    // More of the same changes nothing.
    let opened = f.text("select opened_at::text from breakers").await;
    f.report(&complaint(&mail(ids[8], 8), "abuse")).await;
    assert_eq!(f.text("select opened_at::text from breakers").await, opened);

    // Closed by a person, who forgives what was: it takes a floor of new mails to open it again.
    f.execute("update campaign_days set forgiven_sent = sent, forgiven_bounced = bounced, forgiven_complained = complained").await;
    f.execute("update breakers set opened_at = null, closed_at = now(), closed_by = 'me'")
        .await;
    f.report(&hard(&mail(ids[9], 9))).await;
    assert_eq!(
        f.number("select count(*) from breakers where opened_at is not null")
            .await,
        0
    );
}
