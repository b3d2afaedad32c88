use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulated::Simulated;

use crate::client::{get, stand_ins};

async fn walk(stand_ins: &Simulated, limit: usize) -> Vec<Value> {
    let base = format!("{}/leads?limit={limit}", stand_ins.simulated_base());
    let mut url = base.clone();
    let mut rows = Vec::new();
    loop {
        let (status, page) = get(&url).await;
        assert_eq!(status, 200);
        let leads = page["leads"].as_array().unwrap();
        assert!(leads.len() <= limit);
        rows.extend_from_slice(leads);
        match page["next_cursor"].as_str() {
            Some(cursor) => url = format!("{base}&cursor={cursor}"),
            None => return rows,
        }
    }
}

fn key(row: &Value) -> Option<(String, String)> {
    Some((
        row["platform"].as_str()?.to_owned(),
        row["id"].as_str()?.to_owned(),
    ))
}

#[tokio::test]
async fn every_profile_is_listed_at_any_page_size() {
    let stand_ins = stand_ins(137);
    let rows = walk(&stand_ins, 100).await;
    assert_eq!(rows, walk(&stand_ins, 7).await);
    let listed: BTreeSet<_> = rows.iter().filter_map(key).collect();
    for profile in stand_ins.population().profiles() {
        let wanted = (profile.platform.name().to_owned(), profile.id.clone());
        assert!(listed.contains(&wanted), "{wanted:?}");
    }
    assert!(rows.len() > 137 + 10, "{} rows hold no dirt", rows.len());
    let requests = stand_ins.stats().leads.requests;
    assert_eq!(requests, 2 + rows.len().div_ceil(7) as u64);
}

#[tokio::test]
async fn broken_rows_repeat_listed_people() {
    let stand_ins = stand_ins(400);
    let rows = walk(&stand_ins, 100).await;
    let good = |row: &&Value| row["followers"].is_u64() && row["bio"].is_string();
    let known: BTreeSet<_> = rows.iter().filter(good).filter_map(key).collect();
    let broken: Vec<_> = rows.iter().filter(|row| !good(row)).collect();
    assert!(broken.len() > 8);
    for row in broken {
        assert!(key(row).is_none_or(|key| known.contains(&key)), "{row}");
    }
    assert!(rows.iter().any(Value::is_null));
    assert!(rows.iter().any(|row| row["followers"] == json!("12.5k")));
}

#[tokio::test]
async fn invalid_page_is_refused() {
    let stand_ins = stand_ins(10);
    for query in ["limit=0", "limit=101", "limit=x", "cursor=abc", "page=2"] {
        let (status, body) = get(&format!("{}/leads?{query}", stand_ins.simulated_base())).await;
        assert_eq!(status, 400, "{query}");
        assert!(body["error"].is_string());
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_list() {
    let (one, other) = (stand_ins(60), stand_ins(60));
    assert_eq!(walk(&one, 50).await, walk(&other, 50).await);
    let settings = simulated::Settings {
        leads: 60,
        seed: 9,
        ..simulated::Settings::default()
    };
    let third = Simulated::start(settings).unwrap();
    assert_ne!(walk(&one, 50).await, walk(&third, 50).await);
}
