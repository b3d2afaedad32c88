//! Suppressions: one mailbox at a time, by its address. Addresses are never listed, and the one that is looked up goes
//! into no address line and no log.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use shared::{
    db::{
        DbError, PgConnection, installation,
        operator::{self, Author, Lifted, Mailbox},
    },
    domain::{
        email::{EmailAddress, EmailHash},
        feedback::suppression::{Lifting, lifting},
        installation::{KeyCheck, check_key},
        person::{Person, Role},
    },
};

use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    change, filters,
    form::Form,
    view::{Place, Shell},
};

/// The longest reason: it stands in the audit log.
const LONGEST_REASON: usize = 300;

#[derive(Template)]
#[template(path = "suppressions.html")]
struct SuppressionsPage {
    shell: Shell,
    /// What was entered, to be corrected.
    address: String,
    fault: Option<String>,
    found: Option<Found>,
    may_suppress: bool,
    may_lift: bool,
}

/// What a look-up found.
pub(crate) struct Found {
    /// None: nothing is known of the mailbox.
    pub(crate) mailbox: Option<Mailbox>,
    pub(crate) lifting: Lifting,
}

/// The empty form.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Sends).await?;
    Ok(page(StatusCode::OK, shell, String::new(), None, None))
}

fn page(
    status: StatusCode,
    shell: Shell,
    address: String,
    fault: Option<String>,
    found: Option<Found>,
) -> Response {
    let page = SuppressionsPage {
        may_suppress: shell.may(Role::Operator),
        may_lift: shell.may(Role::Admin),
        shell,
        address,
        fault,
        found,
    };
    answer::page(status, &page)
}

#[derive(Debug, Deserialize)]
pub(crate) struct Address {
    #[serde(default)]
    address: String,
    #[serde(default)]
    reason: String,
}

/// A mailbox's hash, or what is wrong with the address. A hash under another key would find no opt-out.
pub(crate) async fn hash(
    deps: &Deps,
    conn: &mut PgConnection,
    address: &str,
) -> Result<Result<EmailHash, String>, Failure> {
    let key = &deps.config.hash_key;
    let stored = installation::stored_key(conn).await?;
    if check_key(stored.as_deref(), &key.fingerprint()) == KeyCheck::Different {
        let fault = "RECIPIENT_HASH_KEY of the console is not the key of this database. No address can be looked up \
                     until it is deployed with the right one.";
        return Ok(Err(fault.to_owned()));
    }
    Ok(match EmailAddress::parse(address) {
        Ok(address) => Ok(key.hash(&address)),
        Err(_) => {
            Err("This is not one mail address. Enter one such as ana@example.org.".to_owned())
        }
    })
}

/// Says what is known of a mailbox.
pub(crate) async fn look_up(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(Address { address, .. }): Form<Address>,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Sends).await?;
    match hash(&deps, &mut conn, &address).await? {
        Err(fault) => Ok(page(
            StatusCode::UNPROCESSABLE_ENTITY,
            shell,
            address,
            Some(fault),
            None,
        )),
        Ok(hash) => {
            let found = found(&mut conn, &hash).await?;
            Ok(page(StatusCode::OK, shell, address, None, Some(found)))
        }
    }
}

/// What is known of a mailbox, and whether its suppression may be lifted.
pub(crate) async fn found(conn: &mut PgConnection, hash: &EmailHash) -> Result<Found, Failure> {
    let mailbox = operator::mailbox(conn, hash).await?;
    let lifting = mailbox.as_ref().map_or(Lifting::NotSuppressed, |mailbox| {
        let own_words = mailbox.opt_out_way.is_some() || mailbox.erased_at.is_some();
        lifting(mailbox.suppression_reason.as_deref(), own_words)
    });
    Ok(Found { mailbox, lifting })
}

/// Suppresses a mailbox for all campaigns, whether or not it is known.
pub(crate) async fn add(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(form): Form<Address>,
) -> Result<Response, Failure> {
    decide(&deps, &caller, form, Action::Add).await
}

/// Lets a mailbox be written to again that only bounced.
pub(crate) async fn lift(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(form): Form<Address>,
) -> Result<Response, Failure> {
    decide(&deps, &caller, form, Action::Lift).await
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Add,
    Lift,
}

impl Action {
    async fn carry_out(
        self,
        conn: &mut PgConnection,
        hash: &EmailHash,
        person: &Person,
        reason: &str,
    ) -> Result<&'static str, DbError> {
        let author = Author::new(person, Some(reason));
        Ok(match self {
            Self::Add
                if operator::suppress(conn, *hash, reason, author)
                    .await?
                    .changed =>
            {
                "The mailbox gets no more mail, in any campaign."
            }
            Self::Add => "It was suppressed before; the first reason stands.",
            Self::Lift => match operator::lift(conn, hash, author).await? {
                Lifted::Done => "The mailbox may be written to again, under every other rule.",
                Lifted::Refused(Lifting::OwnWords) => {
                    "Its owner opted out, complained or was erased: that is not ours to take back."
                }
                Lifted::Refused(Lifting::NotSuppressed | Lifting::Allowed) => {
                    "It is not suppressed."
                }
                Lifted::NoSuchMailbox => "Nothing is known of this mailbox.",
            },
        })
    }
}

async fn decide(
    deps: &Arc<Deps>,
    caller: &Caller,
    form: Address,
    action: Action,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, deps, caller, Place::Sends).await?;
    let hash = hash(deps, &mut conn, &form.address).await?;
    let reason = form.reason.trim().to_owned();
    let checked = hash.and_then(|hash| match reason.chars().count() {
        0 => Err("Say why: it stands in the audit log.".to_owned()),
        1..=LONGEST_REASON => Ok(hash),
        _ => Err(format!("A reason has at most {LONGEST_REASON} characters.")),
    });
    let hash = match checked {
        Ok(hash) => hash,
        Err(fault) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(page(status, shell, form.address, Some(fault), None));
        }
    };
    drop(conn);
    let person = caller.person.clone();
    let said = change(deps, async move |conn| {
        action.carry_out(conn, &hash, &person, &reason).await
    })
    .await?;
    let mut conn = deps.connect().await?;
    let found = found(&mut conn, &hash).await?;
    Ok(page(
        StatusCode::OK,
        shell.saying(Some(said)),
        form.address,
        None,
        Some(found),
    ))
}
