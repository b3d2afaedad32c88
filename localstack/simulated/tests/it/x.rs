use std::collections::{BTreeMap, BTreeSet};

use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use simulated::{Platform, Simulated, Spelling};

use crate::client::{client, stand_ins};

const FIELDS: &str = "&expansions=author_id&tweet.fields=author_id,created_at,lang,entities,public_metrics&user.fields=description,location,url,entities,verified,verified_type,public_metrics,created_at";

pub(crate) struct Met {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Met {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> u64 {
        self.headers[name].to_str().unwrap().parse().unwrap()
    }
}

pub(crate) async fn search(stand_ins: &Simulated, parameters: &str) -> Met {
    let url = format!("{}/2/tweets/search/recent?{parameters}", stand_ins.x_base());
    let response = client().get(url).bearer_auth("token").send().await.unwrap();
    Met {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.unwrap(),
    }
}

/// All posts and users of a search, page by page.
async fn walk(stand_ins: &Simulated, parameters: &str) -> (Vec<Value>, Vec<Value>) {
    let (mut posts, mut users) = (Vec::new(), Vec::new());
    let mut token = String::new();
    loop {
        let met = search(stand_ins, &format!("{parameters}{token}")).await;
        assert_eq!(met.status, 200, "{}", met.body);
        let page = met.json();
        let data = page["data"].as_array().cloned().unwrap_or_default();
        assert_eq!(page["meta"]["result_count"], data.len());
        if let (Some(first), Some(last)) = (data.first(), data.last()) {
            assert_eq!(page["meta"]["newest_id"], first["id"]);
            assert_eq!(page["meta"]["oldest_id"], last["id"]);
        }
        posts.extend(data);
        users.extend(
            page["includes"]["users"]
                .as_array()
                .cloned()
                .unwrap_or_default(),
        );
        match page["meta"]["next_token"].as_str() {
            Some(next) => token = format!("&next_token={next}"),
            None => return (posts, users),
        }
    }
}

fn ids(posts: &[Value]) -> Vec<u64> {
    posts
        .iter()
        .map(|post| post["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn paging_finds_every_post_once_with_author() {
    let stand_ins = stand_ins(300);
    let (posts, users) = walk(
        &stand_ins,
        &format!("query=affiliate&max_results=10{FIELDS}"),
    )
    .await;
    let newest_first = ids(&posts);
    assert!(newest_first.is_sorted_by(|a, b| a > b));
    let (in_one_go, _) = walk(
        &stand_ins,
        &format!("query=affiliate&max_results=100{FIELDS}"),
    )
    .await;
    assert_eq!(posts, in_one_go);
    let found: BTreeSet<_> = users
        .iter()
        .map(|user| user["id"].as_str().unwrap())
        .collect();
    let on_x = stand_ins
        .population()
        .profiles()
        .iter()
        .filter(|profile| profile.platform == Platform::X);
    for profile in on_x {
        assert!(found.contains(profile.id.as_str()), "{}", profile.username);
    }
    // The same author stands on more than one page, but once on each.
    assert!(users.len() > found.len());
}

#[tokio::test]
async fn fields_are_absent_unless_asked_for() {
    let stand_ins = stand_ins(40);
    let bare = search(&stand_ins, "query=affiliate").await.json();
    assert!(bare.get("includes").is_none() && bare.get("errors").is_none());
    let post = bare["data"][0].as_object().unwrap();
    assert_eq!(
        post.keys().collect::<Vec<_>>(),
        ["edit_history_tweet_ids", "id", "text"]
    );
    let some = search(
        &stand_ins,
        "query=affiliate&expansions=author_id&user.fields=location",
    )
    .await;
    for user in some.json()["includes"]["users"].as_array().unwrap() {
        let known = ["id", "location", "name", "username"];
        assert!(
            user.as_object()
                .unwrap()
                .keys()
                .all(|key| known.contains(&key.as_str())),
            "{user}"
        );
    }
}

#[tokio::test]
async fn links_are_shortened_and_expanded_in_entities() {
    let stand_ins = stand_ins(200);
    let (posts, users) = walk(
        &stand_ins,
        &format!("query=affiliate&max_results=100{FIELDS}"),
    )
    .await;
    let websites: BTreeMap<_, _> = stand_ins
        .population()
        .profiles()
        .iter()
        .map(|profile| (profile.id.as_str(), profile.website.as_deref()))
        .collect();
    for user in &users {
        let website = websites[user["id"].as_str().unwrap()];
        assert!(
            !user["description"]
                .as_str()
                .unwrap()
                .contains("example.net/"),
            "{user}"
        );
        let entity = &user["entities"]["url"]["urls"][0];
        assert_eq!(entity["expanded_url"].as_str(), website);
        assert_eq!(entity["url"].as_str().unwrap_or_default(), user["url"]);
        assert!(website.is_none() || user["url"].as_str().unwrap().starts_with("https://t.co/"));
    }
    let linked: Vec<_> = posts
        .iter()
        .filter(|post| post.get("entities").is_some())
        .collect();
    assert!(!linked.is_empty());
    for post in linked {
        let link = &post["entities"]["urls"][0];
        let text: Vec<char> = post["text"].as_str().unwrap().chars().collect();
        let at = |name: &str| usize::try_from(link[name].as_u64().unwrap()).unwrap();
        let shown: String = text[at("start")..at("end")].iter().collect();
        assert_eq!(link["url"], shown);
    }
}

#[tokio::test]
async fn since_id_returns_only_new_posts() {
    let stand_ins = stand_ins(80);
    let first = search(&stand_ins, &format!("query=affiliate{FIELDS}"))
        .await
        .json();
    let newest = first["meta"]["newest_id"].as_str().unwrap().to_owned();
    let poll = format!("query=affiliate&max_results=10&since_id={newest}{FIELDS}");
    let nothing = search(&stand_ins, &poll).await.json();
    assert_eq!(nothing, json!({ "meta": { "result_count": 0 } }));
    stand_ins.publish(25);
    let (posts, users) = walk(&stand_ins, &poll).await;
    assert_eq!(posts.len(), 25);
    assert!(ids(&posts).iter().all(|id| *id > newest.parse().unwrap()));
    let known: BTreeSet<_> = stand_ins
        .population()
        .profiles()
        .iter()
        .map(|p| p.id.as_str())
        .collect();
    assert!(
        users
            .iter()
            .any(|user| !known.contains(user["id"].as_str().unwrap()))
    );
    stand_ins.advance_hours(8 * 24);
    let old = search(&stand_ins, &poll).await;
    assert_eq!(old.status, 400);
    assert_eq!(old.json()["errors"][0]["parameters"]["since_id"][0], newest);
}

#[tokio::test]
async fn new_posts_do_not_shift_pages() {
    let stand_ins = stand_ins(200);
    let parameters = "query=affiliate&max_results=10";
    let (before, _) = walk(&stand_ins, parameters).await;
    let first = search(&stand_ins, parameters).await.json();
    stand_ins.publish(7);
    let next = first["meta"]["next_token"].as_str().unwrap();
    let (rest, _) = walk(&stand_ins, &format!("{parameters}&pagination_token={next}")).await;
    assert_eq!(ids(&rest)[..10], ids(&before)[10..20]);
}

#[tokio::test]
async fn suspended_authors_are_listed_in_errors() {
    let stand_ins = stand_ins(200);
    let page = search(
        &stand_ins,
        &format!("query=affiliate&max_results=100{FIELDS}"),
    )
    .await;
    assert_eq!(page.status, 200);
    let page = page.json();
    let errors = page["errors"].as_array().unwrap();
    let gone = errors[0]["resource_id"].as_str().unwrap();
    assert!(
        errors[0]["type"]
            .as_str()
            .unwrap()
            .ends_with("/resource-not-found")
    );
    assert!(
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|post| post["author_id"] == gone)
    );
    let users = page["includes"]["users"].as_array().unwrap();
    assert!(users.iter().all(|user| user["id"] != gone));
}

#[tokio::test]
async fn the_newer_vocabulary_can_be_switched_on() {
    let stand_ins = stand_ins(20);
    stand_ins.x(|x| x.spelling(Spelling::Post));
    let page = search(&stand_ins, &format!("query=affiliate{FIELDS}"))
        .await
        .json();
    assert!(page["data"][0].get("edit_history_post_ids").is_some());
    assert!(
        page["data"][0]["public_metrics"]
            .get("repost_count")
            .is_some()
    );
    assert!(
        page["includes"]["users"][0]["public_metrics"]
            .get("post_count")
            .is_some()
    );
    let newer = FIELDS.replace("tweet.fields", "post.fields");
    let same = search(&stand_ins, &format!("query=affiliate{newer}"))
        .await
        .json();
    assert_eq!(page, same);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_posts() {
    let parameters = format!("query=affiliate&max_results=100{FIELDS}");
    let (one, other) = (stand_ins(90), stand_ins(90));
    one.publish(4);
    other.publish(4);
    assert_eq!(
        walk(&one, &parameters).await,
        walk(&other, &parameters).await
    );
}
