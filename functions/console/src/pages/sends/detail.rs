//! One send, with everything that was decided about it and who decided it.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::Value;
use shared::{
    db::operator::{self, Change, SendDetail},
    domain::{ids::SendId, person::Role, send_state::SendState},
};

use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    filters,
    form::Id,
    people::People,
    view::{Place, Shell, StateMark, state_mark},
};

#[derive(Template)]
#[template(path = "send.html")]
struct SendPage {
    shell: Shell,
    detail: SendDetail,
    mark: StateMark,
    may_resolve: bool,
    people: People,
}

/// Shows one send.
pub(crate) async fn show_one(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(send): Id,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Sends).await?;
    let detail = operator::send_detail(&mut conn, SendId(send)).await?;
    let detail = detail.ok_or(Failure::NotFound)?;
    let people = People::load(&mut conn).await?;
    let page = SendPage {
        may_resolve: shell.may(Role::Operator),
        mark: state_mark(detail.status.state),
        shell,
        detail,
        people,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// What a change made of a row, in words: each field that differs.
fn changes(change: &Change) -> String {
    let empty = serde_json::Map::new();
    let fields = |value: &Option<Value>| match value {
        Some(Value::Object(fields)) => fields.clone(),
        _ => empty.clone(),
    };
    let (before, after) = (fields(&change.before), fields(&change.after));
    let changed = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value));
    let lines = changed
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let text: String = text.chars().take(60).collect();
            format!("{} {text}", name.replace('_', " "))
        });
    lines.collect::<Vec<_>>().join(", ")
}
