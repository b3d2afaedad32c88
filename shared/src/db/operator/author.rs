//! Who makes a change, kept with it.

use serde_json::Value;
use sqlx::PgConnection;

use super::DbError;
use crate::domain::{
    audit::{Action, Table, without_addresses},
    person::Person,
};

/// Who makes a change, and what they say about it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Author<'a> {
    /// Somebody who signed in; none at a terminal, where the connection says who it is.
    pub person: Option<&'a Person>,
    pub note: Option<&'a str>,
}

impl<'a> Author<'a> {
    /// Somebody who signed in.
    pub fn new(person: &'a Person, note: Option<&'a str>) -> Self {
        Self {
            person: Some(person),
            note,
        }
    }
}

impl<'a> From<Option<&'a str>> for Author<'a> {
    fn from(note: Option<&'a str>) -> Self {
        Self { person: None, note }
    }
}

/// Lets the audit log keep author and note with every change of this transaction, but for addresses in the note.
pub(in crate::db) async fn sign(
    conn: &mut PgConnection,
    author: Author<'_>,
) -> Result<(), DbError> {
    let actor = author.person.map(Person::actor);
    sqlx::query!(
        "select set_config('outreach.actor', $1, true) as actor, set_config('outreach.note', $2, true) as note",
        actor.unwrap_or_default(),
        author.note.map(without_addresses).unwrap_or_default(),
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("keep who made a change"))?;
    Ok(())
}

/// Records what a person did that changes no column that a trigger watches. The transaction is signed already.
pub(in crate::db) async fn record(
    conn: &mut PgConnection,
    (table, row): (Table, i64),
    action: Action,
    after: &Value,
) -> Result<(), DbError> {
    let table: &'static str = table.into();
    sqlx::query!(
        "insert into audit_log (actor, table_name, row_key, action, after, note)
         values (coalesce(nullif(current_setting('outreach.actor', true), ''),
                          current_setting('application_name')),
                 $1, $2, $3, nullif($4, 'null'::jsonb), nullif(current_setting('outreach.note', true), ''))",
        table,
        row.to_string(),
        action.as_str(),
        after,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("record what a person did"))?;
    Ok(())
}
