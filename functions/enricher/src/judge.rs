//! Who judges a lead: the model, or the rules where there is no answer to be had.

use shared::{
    clients::model::Model,
    db::{PgConnection, enrichment::Task},
    deadline::Deadline,
    queue::Settled,
};

use crate::{
    ask::{self, AskError, Asked, Unanswered},
    plan::Judged,
    prompt::Prompt,
    rules,
};

/// What came of one lead.
pub(crate) enum Judgement {
    /// It was judged.
    Judged(Judged),
    /// It has to wait, and so does its message.
    Later(Settled),
}

/// Judges each task, in order. Whoever has said no is not shown to the model: the gate refuses
/// them whatever it would say.
///
/// # Errors
/// When the database fails, or the model's server refuses every call of ours.
pub(crate) async fn judge(
    model: Option<&Model>,
    conn: &mut PgConnection,
    tasks: &[(&Task, Prompt)],
    deadline: Deadline,
) -> Result<Vec<Judgement>, AskError> {
    let Some(model) = model else {
        let judged = tasks
            .iter()
            .map(|(task, _)| by_rules(task, Unanswered::NoModel));
        return Ok(judged.collect());
    };
    let questions: Vec<(Prompt, &str)> = tasks
        .iter()
        .filter(|(task, _)| !said_no(task))
        .map(|(task, prompt)| (prompt.clone(), task.campaign.offer.as_str()))
        .collect();
    let mut answers = match questions.is_empty() {
        true => Vec::new(),
        false => ask::ask(model, conn, &questions, deadline).await?,
    }
    .into_iter();
    let over = answers
        .as_slice()
        .iter()
        .filter(|asked| matches!(asked, Asked::OverBudget))
        .count();
    if over > 0 {
        tracing::warn!(
            leads = over,
            "the day's model budget is used up: leads wait for tomorrow"
        );
    }
    let judged = tasks.iter().map(|(task, _)| {
        if said_no(task) {
            return by_rules(task, Unanswered::NotAsked);
        }
        match answers.next() {
            Some(Asked::Verdict(verdict, cost_micros)) => Judgement::Judged(Judged::Model {
                verdict,
                model: model.name().to_owned(),
                cost_micros,
            }),
            Some(Asked::Unanswered(why)) => by_rules(task, why),
            Some(Asked::Wait(after)) => Judgement::Later(Settled::Retry { after }),
            // The request stands; the sweep brings it back.
            Some(Asked::OverBudget) | None => Judgement::Later(Settled::Done),
        }
    });
    Ok(judged.collect())
}

fn by_rules(task: &Task, why: Unanswered) -> Judgement {
    let score = rules::score(&task.lead);
    Judgement::Judged(Judged::Rules { score, why })
}

fn said_no(task: &Task) -> bool {
    task.recipient.suppressed || task.recipient.erased
}
