//! Drafts as the model writes them: what of them would be sent.

use anyhow::Result;
use serde_json::{Value, json};

use super::expectation::at;
use super::file::CaseFile;
use super::model::{completion, lead};
use super::stage::Stage;
use super::table::Input;

pub(super) async fn run(stage: &mut Stage, file: &CaseFile) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for (n, draft) in file.values()?.iter().enumerate() {
        let mut happened = stage.enrich(lead(file), completion(draft)).await?;
        let text = text(draft, &happened);
        if let Some(happened) = happened.as_object_mut() {
            happened.insert("text".to_owned(), json!(text));
        }
        let words = ["subject", "message"]
            .map(|name| draft.get(name).and_then(Value::as_str).unwrap_or_default());
        inputs.push(Input {
            what: words.join(": "),
            must: file.must(n),
            happened,
        });
    }
    Ok(inputs)
}

/// What became of a draft: a mail with its very text, with a text that was mended, or none.
fn text(draft: &Value, happened: &Value) -> &'static str {
    let same = |name: &str| happened.get(name) == draft.get(name);
    match (at(happened, "/method").as_str(), at(happened, "/message")) {
        (Some("model"), Value::String(_)) if same("subject") && same("message") => "accepted",
        (Some("model"), Value::String(_)) => "mended",
        _ => "refused",
    }
}
