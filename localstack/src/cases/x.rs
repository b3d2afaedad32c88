//! Answers of X, and whether the next schedule asks again.

use anyhow::Result;
use serde_json::json;
use simulated::GivenAnswer;

use super::expectation::at;
use super::file::CaseFile;
use super::stage::Stage;
use super::table::Input;

pub(super) async fn run(stage: &mut Stage, file: &CaseFile) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for (n, value) in file.values()?.into_iter().enumerate() {
        let answer: GivenAnswer = serde_json::from_value(value.clone())?;
        stage.clear().await?;
        stage.stand_ins.x(|x| x.answer_always(answer));
        let source = stage
            .collect("x", &json!({ "query": "trail running" }))
            .await?;
        let requests = stage.stand_ins.stats().x.requests;
        stage.collect_again().await?;
        let ended = at(&source, "/report/ended");
        inputs.push(Input {
            what: format!("{} {}", at(&value, "/status"), at(&value, "/body")),
            must: file.must(n),
            happened: json!({
                "ended": at(ended, "/how"), "why": at(ended, "/why"), "requests": requests,
                "needs_attention": at(&source, "/needs_attention"), "rests": at(&source, "/rests"),
                "requests_after_next_schedule": stage.stand_ins.stats().x.requests,
            }),
        });
    }
    Ok(inputs)
}
