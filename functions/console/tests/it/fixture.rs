//! A console with a database, asked as a browser asks.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderName, Method, Request, StatusCode, header},
};
use console::Deps;
use sha2::{Digest as _, Sha256};
use shared::{
    config,
    db::{PgPool, console::sessions},
    domain::{
        person::{Person, Role},
        signing::KeyRing,
    },
    testing,
};
use tower::ServiceExt as _;
use url::form_urlencoded::Serializer;

pub(crate) const ORIGIN: &str = "https://team.example.com";
pub(crate) const ISSUER: &str = "https://login.example.org";

/// Texts that do harm where a page takes them for more than text.
pub(crate) const HOSTILE: [&str; 12] = [
    "<script>harm()</script>",
    "\"><img src=x onerror=harm()>",
    "' onfocus='harm()' autofocus='",
    "</textarea><script>harm()</script>",
    "javascript:harm()",
    "a\r\nSet-Cookie: harm=1\r\n\r\n<script>harm()</script>",
    "\u{202e}drawkcab\u{2066}",
    "a\0b",
    "\u{feff}\u{200b}",
    "=HYPERLINK(\"https://harm.example\")",
    "{{ 7 * 7 }} {% include %} ${7*7}",
    "'; drop table campaigns; --",
];

/// A console and whoever sits before it.
#[derive(Clone)]
pub(crate) struct Console {
    pub(crate) router: Router,
    pub(crate) pool: PgPool,
    /// None while nobody is signed in.
    pub(crate) cookie: Option<String>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Console {
    /// Nobody is signed in yet. The function has the rights of its own role.
    pub(crate) fn new(pool: &PgPool) -> Self {
        Self::with(pool, &[])
    }

    /// The same, with some variables of its environment changed.
    pub(crate) fn with(pool: &PgPool, changes: &[(&str, &str)]) -> Self {
        let database = testing::database_url_of(pool, "console");
        let (key, session_keys) = (testing::hash_key_text(), session_keys_text());
        let table = [
            ("DATABASE_URL", database.expose()),
            ("RECIPIENT_HASH_KEY", &key),
            ("SENDER_NAME", "Bo & Co <Partners>"),
            ("CONSOLE_ORIGIN", ORIGIN),
            ("CONSOLE_SESSION_KEYS", &session_keys),
            ("OIDC_ISSUER", ISSUER),
            ("OIDC_CLIENT_ID", "console"),
            ("COLLECT_SCHEDULE", "rate(1 hour)"),
        ];
        // Of two entries of one name the later one holds.
        let table = [&table, changes].concat();
        let config = config::Console::from_lookup(&testing::lookup(&table)).unwrap();
        Self {
            router: console::router(Deps::new(config).unwrap()),
            pool: pool.clone(),
            cookie: None,
        }
    }

    /// The same console before somebody of this role, who has signed in.
    pub(crate) async fn as_role(&self, role: Role) -> Self {
        let id = testing::unique(&self.pool).await;
        let hash = Sha256::digest(id.as_bytes()).into();
        let mut conn = self.pool.acquire().await.unwrap();
        sessions::begin(&mut conn, &hash, ISSUER, &person(role))
            .await
            .unwrap();
        let value = session_keys().sign("__Host-session", id.as_bytes());
        Self {
            cookie: Some(format!("__Host-session={value}")),
            ..self.clone()
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], "").await
    }

    /// Sends a form of one of our own pages.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let form = Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = [
            (header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            (HeaderName::from_static("sec-fetch-site"), "same-origin"),
        ];
        self.ask(Method::POST, path, &headers, form).await
    }

    /// Asks anything.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 4_000_000).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Sends JSON, as a program does. Of two headers of one name the later one is sent too.
    pub(crate) async fn send_json(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: &serde_json::Value,
    ) -> Answer {
        let own = [
            (header::CONTENT_TYPE, "application/json"),
            (HeaderName::from_static("sec-fetch-site"), "same-origin"),
        ];
        let headers = [&own, headers].concat();
        self.ask(method, path, &headers, body.to_string()).await
    }

    /// A count by a statement of the test's own.
    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        sqlx::query_scalar(statement)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}

impl Answer {
    /// Where a redirect leads.
    pub(crate) fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        location.map_or("", |value| value.to_str().unwrap())
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What a hidden field of a form holds.
    #[track_caller]
    pub(crate) fn hidden(&self, field: &str) -> String {
        let begin = format!("type=\"hidden\" name=\"{field}\" value=\"");
        let (_, rest) = self.body.split_once(&begin).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Sees that the page came, and holds these words.
    #[track_caller]
    pub(crate) fn shows(&self, status: StatusCode, words: &[&str]) {
        assert_eq!(self.status, status, "{}", self.body);
        for word in words {
            assert!(self.body.contains(word), "no {word:?} in {}", self.body);
        }
    }

    /// Sees that a text of [`HOSTILE`] did nothing: the page is an answer of ours, and nothing of it runs.
    #[track_caller]
    pub(crate) fn is_unharmed(&self, what: &str) {
        assert!(!self.status.is_server_error(), "{what}: {}", self.body);
        assert!(!self.headers.contains_key(header::SET_COOKIE), "{what}");
        for mark in ["<script>harm", "<img src=x", " onfocus='harm"] {
            assert!(!self.body.contains(mark), "{what}: {}", self.body);
        }
        assert!(!self.body.contains('\0'), "{what}");
        if self.status != StatusCode::SEE_OTHER {
            assert!(
                self.body.ends_with("</html>\n") || self.body.ends_with("</html>"),
                "{what}: {}",
                self.body
            );
        }
    }

    /// Sees that a change was made, and that the browser is led here.
    #[track_caller]
    pub(crate) fn leads_to(&self, path: &str) {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        assert!(self.location().starts_with(path), "{}", self.location());
    }
}

/// Somebody of this role; the audit log names them `person:subject-operator`.
pub(crate) fn person(role: Role) -> Person {
    Person {
        subject: format!("subject-{}", role.as_str()),
        name: format!("{} Example", role.title()),
        role,
    }
}

fn session_keys_text() -> String {
    format!("k1:{}", "0f".repeat(32))
}

fn session_keys() -> KeyRing {
    KeyRing::parse(&session_keys_text()).unwrap()
}
