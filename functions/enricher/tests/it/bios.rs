//! What a person says of themself is heard before the model is asked.

use shared::testing;
use sqlx::PgPool;

use crate::stage::{Stage, deliver};

/// Bios that look bad and are not, and refusals that word lists miss: name, bio, what must follow.
const BIOS: &str = include_str!("fixtures/bios.csv");

/// The cells of a line; some are quoted.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn refusals_and_minors_get_no_mail(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let deps = stage.deps(&[]);
    let mut stopped = 0;
    for line in BIOS.lines().skip(1) {
        let row = cells(line);
        let [username, .., bio, expected] = row.as_slice() else {
            unreachable!("{line}")
        };
        let mut lead = testing::new_lead(username);
        lead.bio = Some(bio.clone());
        let ids = stage.store(&[lead]).await;
        let before = stage.stand_ins.stats().model.requests;
        deliver(&deps, &ids).await.unwrap();
        let asked = stage.stand_ins.stats().model.requests - before;
        let rows = stage.enriched_of(&ids).await;
        let what = format!("{bio}: {rows:?}");
        if expected == "block" {
            stopped += 1;
            assert_eq!(rows[0].reason.as_deref(), Some("not_compliant"), "{what}");
            assert!(rows[0].state.is_none() && asked == 0, "{what}");
            let said = bio.split(['.', ',']).next().unwrap();
            assert!(
                rows[0].notes.contains(said),
                "the sentence is shown: {what}"
            );
        } else {
            // What it is about is for the model, and for a person, to judge.
            assert_eq!(asked, 1, "{what}");
        }
    }
    assert_eq!(stopped, 5);
}

/// Whatever the model thinks of it, and also while it is away.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_refusal_needs_no_model(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut lead = testing::new_lead("refusing");
    lead.bio = Some("Potter. Werbung unerwünscht".to_owned());
    let ids = stage.store(&[lead]).await;
    deliver(&stage.deps_at(testing::CLOSED, &[]), &ids)
        .await
        .unwrap();
    let rows = stage.enriched().await;
    assert_eq!(rows[0].reason.as_deref(), Some("not_compliant"));
    assert_eq!(stage.number("select count(*) from model_calls").await, 0);
}
