//! Ten thousand texts that do harm where they are taken for more than text, through every field of form, address and
//! API, and from what strangers wrote about themselves: none runs, none breaks a page or a file.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use shared::{db::PgPool, domain::person::Role};

use crate::{
    campaigns::begun,
    fixture::{Answer, Console, HOSTILE},
    review::waiting,
};

const TEXTS: usize = 10_000;

/// What is put together to a text.
const PARTS: [&str; 20] = [
    "<script>harm()</script>",
    "\"><img src=x onerror=harm()>",
    "' onfocus='harm()' autofocus='",
    "</textarea>",
    "</title>",
    "<!--",
    "-->",
    "]]>",
    "javascript:harm()",
    "\r\nSet-Cookie: harm=1\r\n\r\n",
    "\u{202e}",
    "\u{2066}",
    "\0",
    "\u{feff}",
    "=HYPERLINK(\"https://harm.example\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "{{ 7 * 7 }}${7*7}",
    "'; drop table campaigns; --",
    "&#x3c;b&#x3e;",
    "🏳️‍🌈𝕳",
];

/// The same texts in every run.
struct Texts(u64);

impl Texts {
    fn number(&mut self, below: usize) -> usize {
        // Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn text(&mut self) -> String {
        let parts = 1 + self.number(4);
        (0..parts)
            .map(|_| match self.number(6) {
                0 => HOSTILE[self.number(HOSTILE.len())],
                1 => "word ",
                _ => PARTS[self.number(PARTS.len())],
            })
            .collect()
    }
}

/// Where a text is put.
enum Place {
    /// A form: its path, its other fields, and the field.
    Form(String, Vec<(&'static str, String)>, &'static str),
    /// A parameter of an address.
    Query(&'static str, &'static str),
    /// A field of a body of the API.
    Body(Method, String, Value, &'static str),
}

fn places(campaign: &str, lead: i64, send: i64) -> Vec<Place> {
    let own = |fields: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        fields
            .iter()
            .map(|(name, text)| (*name, (*text).to_owned()))
            .collect()
    };
    let settings = own(&[
        ("revision", "0"),
        ("name", "Spring"),
        ("offer", "12 %"),
        ("audience", "People"),
        ("min_score", "70"),
        ("min_confidence", "0.5"),
        ("daily_cap", "50"),
        ("any_hour", "yes"),
    ]);
    let source = own(&[
        ("kind", "list"),
        ("name", "spring"),
        ("file", "s3://lists/a.csv"),
    ]);
    let mut places = Vec::new();
    for field in [
        "name",
        "offer",
        "audience",
        "language",
        "note",
        "min_score",
        "hours_from",
        "other_country",
        "rule_DE",
    ] {
        places.push(Place::Form(
            format!("/campaigns/{campaign}"),
            settings.clone(),
            field,
        ));
    }
    for field in [
        "name", "file", "platform", "columns", "encoding", "query", "kind", "note",
    ] {
        places.push(Place::Form(
            format!("/campaigns/{campaign}/sources"),
            source.clone(),
            field,
        ));
    }
    for (path, fields, field) in [
        (
            format!("/campaigns/{campaign}/sources/test"),
            own(&[]),
            "list",
        ),
        (format!("/leads/{lead}"), own(&[("act", "note")]), "text"),
        (format!("/leads/{lead}"), own(&[("text", "x")]), "act"),
        ("/suppressions/look-up".to_owned(), own(&[]), "address"),
        (
            "/suppressions/add".to_owned(),
            own(&[("address", "ana@example.org")]),
            "reason",
        ),
        (
            format!("/review/{send}"),
            own(&[("seen", ""), ("decision", "approve"), ("message", "x")]),
            "subject",
        ),
        (
            format!("/review/{send}"),
            own(&[("seen", ""), ("decision", "approve"), ("subject", "x")]),
            "message",
        ),
        (
            format!("/review/{send}"),
            own(&[("seen", ""), ("decision", "reject"), ("why", "other")]),
            "why_text",
        ),
        (
            "/review/check".to_owned(),
            own(&[("subject", "x")]),
            "message",
        ),
        (
            "/review/bulk".to_owned(),
            own(&[("decision", "approve"), ("reason", "country_review")]),
            "chosen",
        ),
        (
            "/breakers/close".to_owned(),
            own(&[("reason", "x")]),
            "campaign",
        ),
        (
            "/sends/1/resolve".to_owned(),
            own(&[("decision", "resend")]),
            "note",
        ),
    ] {
        places.push(Place::Form(path, fields, field));
    }
    for (path, parameter) in [
        ("/leads", "q"),
        ("/leads", "after"),
        ("/sends", "campaign"),
        ("/audit", "by"),
        ("/audit", "row"),
        ("/review", "reason"),
        ("/login", "to"),
        ("/", "campaign"),
        ("/api/v1/leads", "q"),
        ("/api/v1/audit", "row"),
    ] {
        places.push(Place::Query(path, parameter));
    }
    for (method, path, body, field) in [
        (
            Method::POST,
            "/api/v1/lists/test".to_owned(),
            json!({}),
            "content",
        ),
        (
            Method::POST,
            format!("/api/v1/leads/{lead}/notes"),
            json!({}),
            "text",
        ),
        (
            Method::POST,
            "/api/v1/suppressions/look-up".to_owned(),
            json!({}),
            "address",
        ),
        (
            Method::POST,
            "/api/v1/review/check".to_owned(),
            json!({"subject": "x"}),
            "message",
        ),
        (
            Method::PATCH,
            format!("/api/v1/campaigns/{campaign}"),
            json!({}),
            "name",
        ),
    ] {
        places.push(Place::Body(method, path, body, field));
    }
    places
}

async fn put(console: &Console, place: &Place, text: &str) -> Answer {
    match place {
        Place::Form(path, fields, field) => {
            let others = fields.iter().filter(|(name, _)| name != field);
            let mut form: Vec<(&str, &str)> =
                others.map(|(name, text)| (*name, text.as_str())).collect();
            form.push((field, text));
            console.post(path, &form).await
        }
        Place::Query(path, parameter) => {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair(parameter, text)
                .finish();
            console.get(&format!("{path}?{query}")).await
        }
        Place::Body(method, path, body, field) => {
            let mut body = body.clone();
            body[*field] = json!(text);
            let version = [(header::IF_MATCH, "\"r0\"")];
            console
                .send_json(method.clone(), path, &version, &body)
                .await
        }
    }
}

/// Sees that an answer of any kind is whole, and that nothing in it runs.
#[track_caller]
fn unharmed(answer: &Answer, what: &str) {
    let kind = answer.headers.get(header::CONTENT_TYPE);
    let kind = kind.map_or("", |kind| kind.to_str().unwrap());
    if kind.contains("json") {
        assert!(!answer.status.is_server_error(), "{what}: {answer:?}");
        answer.json();
    } else if answer.body.starts_with("<!doctype") || kind.is_empty() {
        answer.is_unharmed(what);
    } else {
        // A part of a page.
        assert!(!answer.status.is_server_error(), "{what}: {answer:?}");
        assert!(
            !answer.body.contains("<script>harm") && !answer.body.contains("<img src=x"),
            "{what}"
        );
    }
    for value in answer.headers.values() {
        assert!(!value.as_bytes().contains(&b'\r'), "{what}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn hostile_texts_do_no_harm_anywhere(pool: PgPool) {
    let send = waiting(&pool, 1).await[0];
    let (operator, path) = begun(&pool).await;
    let admin = operator.as_role(Role::Admin).await;
    let lead = admin.count("select min(id) from leads").await;
    let places = places(path.rsplit('/').next().unwrap(), lead, send);
    let mut texts = Texts(7);
    for n in 0..TEXTS {
        let (place, text) = (&places[n % places.len()], texts.text());
        let answer = put(&admin, place, &text).await;
        unharmed(&answer, &format!("{text:?} at place {}", n % places.len()));
    }
    let long = "<script>harm()</script>".repeat(50_000);
    for (n, place) in places.iter().enumerate() {
        if !matches!(place, Place::Query(..)) {
            unharmed(
                &put(&admin, place, &long).await,
                &format!("a megabyte at place {n}"),
            );
        }
    }
    // One session alone, since each request with a token counts for its person.
    assert_eq!(admin.get("/health").await.status, StatusCode::OK);
    files_are_whole(&admin).await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn what_strangers_wrote_does_no_harm(pool: PgPool) {
    let send = waiting(&pool, 1).await[0];
    let admin = Console::new(&pool).as_role(Role::Admin).await;
    let lead = admin.count("select min(id) from leads").await;
    let mut texts = Texts(11);
    for _ in 0..300 {
        let text = texts.text().replace('\0', "");
        for statement in [
            "update leads set name = $1, bio = $1, location = $1, website = $1, profile_url = $1",
            "update enriched_leads set niche = $1, notes = $1, subject = $1, message = $1, compliance_notes = $1,
                    evidence = jsonb_build_array(jsonb_build_object('claim', $1, 'quote', $1))",
            "update campaigns set offer = $1, audience = $1, name = $1",
            "update sources set name = $1",
        ] {
            sqlx::query(statement).bind(&text).execute(&pool).await.unwrap();
        }
        for path in [
            "/".to_owned(),
            "/leads".to_owned(),
            format!("/leads/{lead}"),
            "/review".to_owned(),
            "/review/bulk?reason=country_review".to_owned(),
            "/campaigns".to_owned(),
            "/sends".to_owned(),
            format!("/sends/{send}"),
            "/health".to_owned(),
            "/audit".to_owned(),
        ] {
            let answer = admin.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK, "{text:?} at {path}");
            unharmed(&answer, &format!("{text:?} at {path}"));
        }
    }
    files_are_whole(&admin).await;
}

/// Every file for a spreadsheet is read back: each row has its cells, and no cell is a formula.
async fn files_are_whole(console: &Console) {
    for path in ["/audit/export?by=anybody", "/overview.csv"] {
        let file = console.get(path).await;
        assert_eq!(file.status, StatusCode::OK, "{path}");
        let mut reader = csv::Reader::from_reader(file.body.as_bytes());
        let columns = reader.headers().unwrap().len();
        for row in reader.records() {
            let row = row.unwrap();
            assert_eq!(row.len(), columns, "{path}");
            for cell in &row {
                let begins = cell.chars().next();
                let formula = ['=', '+', '@', '\t', '\r', '\n'];
                assert!(
                    !begins.is_some_and(|c| formula.contains(&c)),
                    "{path}: {cell:?}"
                );
            }
        }
    }
}
