//! Links as mail programs leave them, asked for and posted to.

use anyhow::Result;
use serde_json::{Value, json};
use shared::db;
use shared::domain::ids::SendId;
use shared::domain::unsubscribe::UnsubscribeKeys;

use super::expectation::at;
use super::file::CaseFile;
use super::stage::{CONTACT, Stage, keys};
use super::table::Input;
use crate::lambda::{HttpReply, HttpRequest};
use crate::sql::cases;

/// Names of keys whose tokens are looked at besides those of a file.
const KEY_NAMES: [&str; 6] = ["k", "k1", "2026", "a-b", "a_b", "sixteen_letters_"];
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) async fn run(stage: &mut Stage, file: &CaseFile) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    if file.ends_with("jsonl") {
        let text = file.text();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let requests = lines.filter(|line: &Value| at(line, "/path").is_string());
        for (n, request) in requests.enumerate() {
            inputs.push(Input {
                what: what(&request),
                must: file.must(n),
                happened: ask(stage, &request).await?,
            });
        }
        return Ok(inputs);
    }
    for (n, keys) in file.values()?.iter().enumerate() {
        let text = at(keys, "/UNSUBSCRIBE_KEYS").as_str().unwrap_or_default();
        inputs.push(Input {
            what: format!("tokens of UNSUBSCRIBE_KEYS={text}, and of keys of other names"),
            must: file.must(n),
            happened: links(stage, keys).await?,
        });
    }
    Ok(inputs)
}

fn what(request: &Value) -> String {
    ["method", "path", "body"]
        .iter()
        .filter_map(|name| request.get(*name)?.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Makes one request about a mail of its own, and after a GET presses the button of the page.
async fn ask(stage: &mut Stage, request: &Value) -> Result<Value> {
    let token = mail(stage, 51).await?;
    let path = at(request, "/path").as_str().unwrap_or_default();
    let path = path.replace("{TOKEN}", &token).replace(
        "{FIRST_40_CHARACTERS_OF_TOKEN}",
        token.get(..40).unwrap_or(&token),
    );
    if at(request, "/method") == "POST" {
        let kind = at(request, "/content_type").as_str().unwrap_or(FORM);
        let body = at(request, "/body").as_str().unwrap_or_default();
        let reply = to(stage, "POST", &path, (kind, body)).await?;
        return Ok(json!({
            "status": reply.status, "suppressed": suppressed(stage).await?,
            "names_other_way": reply.text().contains(CONTACT),
        }));
    }
    let page = to(stage, "GET", &path, ("", "")).await?;
    let opened = suppressed(stage).await?;
    let button = page.text().contains("<button");
    if button {
        to(stage, "POST", &path, (FORM, "by=button")).await?;
    }
    Ok(json!({
        "status": page.status, "button": button, "suppressed_by_opening": opened,
        "suppressed": suppressed(stage).await?, "names_other_way": page.text().contains(CONTACT),
    }))
}

/// Whether tokens end in a character that mail programs leave out of a link, and whether each of the file's
/// mails is found by what such a program links.
async fn links(stage: &mut Stage, given: &Value) -> Result<Value> {
    let text = at(given, "/UNSUBSCRIBE_KEYS").as_str().unwrap_or_default();
    let own = UnsubscribeKeys::parse(text)?;
    let sends: Vec<i64> = at(given, "/sends")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_i64)
        .collect();
    let is_cut = |token: &String| token.ends_with(['-', '_']);
    let mut cut = sends
        .iter()
        .filter(|id| is_cut(&own.sign(SendId(**id))))
        .count();
    for name in KEY_NAMES {
        let hex = text.split_once(':').map_or("", |(_, hex)| hex);
        let keys = UnsubscribeKeys::parse(&format!("{name}:{hex}"))?;
        cut += (1..=500)
            .filter(|id| is_cut(&keys.sign(SendId(*id))))
            .count();
    }
    stage.function("web")?.set("UNSUBSCRIBE_KEYS", text);
    let mut pages = 0;
    for send in &sends {
        mail(stage, *send).await?;
        let token = own.sign(SendId(*send));
        let linked = token.trim_end_matches(['-', '_']);
        let page = to(stage, "GET", &format!("/u/{linked}"), ("", "")).await?;
        pages += usize::from(page.status == 200 && page.text().contains("<button"));
    }
    stage.function("web")?.set("UNSUBSCRIBE_KEYS", &keys());
    Ok(json!({
        "tokens_ending_in_dash": cut, "mails": sends.len(), "pages_with_button": pages,
    }))
}

/// Sends a mail of this number, and answers the token in its link.
async fn mail(stage: &mut Stage, send: i64) -> Result<String> {
    stage
        .sent_to("mila.ostrand@example.org", send, "message-1")
        .await?;
    Ok(UnsubscribeKeys::parse(&keys())?.sign(SendId(send)))
}

async fn to(
    stage: &Stage,
    method: &str,
    path: &str,
    (kind, body): (&str, &str),
) -> Result<HttpReply> {
    // A browser encodes these before it asks.
    let path = path
        .replace('>', "%3E")
        .replace('"', "%22")
        .replace(' ', "%20");
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    let mut request = HttpRequest::new(method, path).header("accept", "text/html,*/*;q=0.8");
    query.clone_into(&mut request.query);
    body.clone_into(&mut request.body);
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    Ok(stage.function("web")?.request(request).await)
}

async fn suppressed(stage: &Stage) -> Result<Value> {
    let mut conn = db::acquire(&stage.pool).await?;
    Ok(at(&cases::mailbox(&mut conn).await?, "/suppressed").clone())
}
