//! A web function with mails that were sent.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use shared::{
    config::{self, Secret},
    db::PgPool,
    domain::{ids::SendId, unsubscribe::UnsubscribeKeys},
    testing,
};
use tower::ServiceExt as _;
use web::Deps;

/// What a browser asks for when a person presses a button.
pub(crate) const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A function, its database and the mails in it.
pub(crate) struct Fixture {
    pub(crate) router: Router,
    pub(crate) pool: PgPool,
    pub(crate) sends: Vec<i64>,
}

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A recipient's suppression.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Mailbox {
    pub(crate) suppressed: bool,
    pub(crate) suppression_reason: Option<String>,
}

impl Fixture {
    /// A function on this database, and mails to `mails` people.
    pub(crate) async fn new(pool: &PgPool, mails: usize) -> Self {
        let campaign = testing::campaign(pool, "c").await;
        let leads: Vec<_> = (0..mails)
            .map(|n| testing::new_lead(&format!("runner{n}")))
            .collect();
        Self {
            router: router(&testing::database_url_of(pool, "web")),
            pool: pool.clone(),
            sends: testing::plan(pool, campaign, &leads).await,
        }
    }

    /// The link's path in a mail.
    pub(crate) fn link(&self, mail: usize) -> String {
        link(self.sends[mail])
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[(header::ACCEPT, BROWSER)], "")
            .await
    }

    /// Posts as a mailbox provider does.
    pub(crate) async fn one_click(&self, path: &str) -> Answer {
        let form = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(Method::POST, path, &[form], "List-Unsubscribe=One-Click")
            .await
    }

    /// Asks anything, and sees that no answer leads elsewhere or leaves a cookie.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1_000_000).await.unwrap();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        };
        assert!(!answer.headers.contains_key(header::LOCATION), "{answer:?}");
        assert!(
            !answer.headers.contains_key(header::SET_COOKIE),
            "{answer:?}"
        );
        answer
    }

    pub(crate) async fn mailbox(&self, mail: usize) -> Mailbox {
        sqlx::query_as(
            "select suppressed_at is not null as suppressed, suppression_reason
             from recipients join sends using (email_hash) where id = $1",
        )
        .bind(self.sends[mail])
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// How the opt-out of a mailbox came.
    pub(crate) async fn way(&self, mail: usize) -> Option<String> {
        sqlx::query_scalar(
            "select opt_out_way from recipients join sends using (email_hash) where id = $1",
        )
        .bind(self.sends[mail])
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// How many recipients are suppressed.
    pub(crate) async fn suppressed(&self) -> i64 {
        self.number("select count(*) from recipients where suppressed_at is not null")
            .await
    }

    pub(crate) async fn number(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}

/// A function that keeps its rows there.
pub(crate) fn router(database: &Secret) -> Router {
    let keys = format!("new:{},old:{}", "0f".repeat(32), "0a".repeat(32));
    let table = [
        ("DATABASE_URL", database.expose()),
        ("UNSUBSCRIBE_KEYS", &keys),
        ("SENDER_NAME", "Bo & Co <Partners>"),
        ("POSTAL_ADDRESS", "Example Ltd, 1 High Street, Lisbon"),
        ("SENDER_ADDRESS", "partners@mail.example.com"),
        ("REPLY_TO_ADDRESS", "bo@example.com"),
    ];
    let config = config::Web::from_lookup(&testing::lookup(&table)).unwrap();
    web::router(Deps::new(config).unwrap())
}

/// The path of a link that was signed with the key of today.
pub(crate) fn link(send: i64) -> String {
    signed_with(&format!("new:{}", "0f".repeat(32)), send)
}

/// The path of a link that was signed with these keys.
pub(crate) fn signed_with(keys: &str, send: i64) -> String {
    let token = UnsubscribeKeys::parse(keys).unwrap().sign(SendId(send));
    format!("/u/{token}")
}
