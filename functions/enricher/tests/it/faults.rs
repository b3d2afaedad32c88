//! Whatever the model does, nothing is made up, nothing is lost, and what was paid is on record.

use std::{collections::BTreeMap, time::Duration};

use enricher::handle;
use futures::{StreamExt, stream};
use shared::testing;
use simulated::ModelFault;
use sqlx::PgPool;

use crate::stage::{Stage, come_again, deliver, paid, stand_ins, within};

/// What becomes of a lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    /// The model's answer is used.
    Used,
    /// The rules score it, and a person looks; this is said in the notes.
    Rules(&'static str),
    /// It stays pending with this reason and its next time.
    Waits(&'static str),
    /// The invocation fails, and it stays pending with this reason.
    Fails(&'static str),
}

pub(crate) const UNUSABLE: Fate = Fate::Rules("the model gave no usable answer");
pub(crate) const DECLINED: Fate = Fate::Rules("the model's server does not take this profile");
const REFUSED: Fate = Fate::Rules("the model refused to assess this profile");
const UNAVAILABLE: Fate = Fate::Waits("model_unavailable");
const SILENT: Fate = Fate::Waits("model_silent");
const THROTTLED: Fate = Fate::Waits("model_throttled");

/// For a fault that stays, and for one that meets the first request only: what becomes of the
/// lead, and the calls on record for it.
fn expected(fault: ModelFault) -> [(Fate, Calls); 2] {
    use ModelFault as F;
    const ANSWERED: &[(&str, i64)] = &[("answered", 1)];
    const NOT_PAID: &[(&str, i64)] = &[("failed", 1)];
    match fault {
        F::RateLimited | F::RateLimitedSilent | F::RateLimitedHtml => {
            [(THROTTLED, NOT_PAID), (Fate::Used, ANSWERED)]
        }
        F::RateLimitedForAnHour => [(THROTTLED, NOT_PAID); 2],
        F::InsufficientQuota => [(Fate::Fails("model_credit"), NOT_PAID); 2],
        F::Unauthorized => [(Fate::Fails("model_key"), NOT_PAID); 2],
        F::ModelNotFound => [(Fate::Fails("model_name"), NOT_PAID); 2],
        // The lead's own fault: its neighbours must not suffer.
        F::ContextLength => [(DECLINED, NOT_PAID); 2],
        F::ServerError | F::UnavailableHtml | F::ErrorInSuccess => {
            [(UNAVAILABLE, NOT_PAID), (Fate::Used, ANSWERED)]
        }
        F::Refusal | F::ContentFilter => [(REFUSED, &[("refused", 1)]); 2],
        F::Truncated | F::Malformed | F::OutOfRange | F::NoChoices | F::NoContent => [
            (UNUSABLE, &[("unusable", 2)]),
            (Fate::Used, &[("answered", 1), ("unusable", 1)]),
        ],
        F::UnknownFields | F::EmptyRefusal | F::Fenced | F::LooselyTyped => {
            [(Fate::Used, ANSWERED); 2]
        }
        F::Hang | F::CutOff | F::ConnectionReset => [
            (SILENT, &[("lost", 2)]),
            (Fate::Used, &[("answered", 1), ("lost", 1)]),
        ],
    }
}

type Calls = &'static [(&'static str, i64)];

/// Some time for repeating what costs nothing, but not the whole of an invocation.
const SHORT: Duration = Duration::from_secs(17);

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lasting_fault_loses_nothing_and_invents_nothing(pool: PgPool) {
    let stage = &Stage::new(pool).await;
    stream::iter(ModelFault::ALL)
        .map(async |fault| Box::pin(plays(stage, fault, true)).await)
        .buffer_unordered(7)
        .collect::<Vec<_>>()
        .await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn passing_fault_is_retried_where_safe(pool: PgPool) {
    let stage = &Stage::new(pool).await;
    stream::iter(ModelFault::ALL)
        .map(async |fault| Box::pin(plays(stage, fault, false)).await)
        .buffer_unordered(7)
        .collect::<Vec<_>>()
        .await;
}

/// One lead meets the fault, and is delivered again once it is over.
async fn plays(stage: &Stage, fault: ModelFault, stays: bool) {
    let name = fault.name();
    let stand_ins = stand_ins();
    stand_ins.model(|model| match stays {
        true => model.always(fault),
        false => model.next(1, fault),
    });
    let lead = stage.leads(&[&format!("{name}_{stays}")]).await;
    let model = format!("{name}-{stays}");
    let deps = stage.deps_at(&stand_ins.openai_base(), &[("OPENAI_MODEL", &model)]);
    let [staying, passing] = expected(fault);
    let (fate, calls) = if stays { staying } else { passing };

    let response = handle(&deps, testing::rows_event(&lead), within(SHORT)).await;

    let what = format!("{model}: {response:?}");
    let on_record = stage.calls(&model).await;
    let calls: BTreeMap<_, _> = calls.iter().map(|(s, n)| ((*s).to_owned(), *n)).collect();
    assert_eq!(on_record, calls, "{what}");
    let stats = stand_ins.stats().model;
    // A connection that is reset is not paid, but our side cannot know that.
    let resets = stats.by_outcome.get("connection_reset").unwrap_or(&0);
    let paid_there = i64::try_from(stats.paid_calls + resets).unwrap();
    assert_eq!(paid(&on_record), paid_there, "{what}");

    let rows = stage.enriched_of(&lead).await;
    let pending = stage.pending().await.contains(&lead[0]);
    match fate {
        Fate::Fails(reason) => {
            assert!(response.is_err() && rows.is_empty() && pending, "{what}");
            assert_eq!(stats.requests, 1, "{what}: repeating does not help");
            assert_eq!(stage.waits_for(lead[0]).await, reason, "{what}");
        }
        Fate::Waits(reason) => {
            // The sweep finds what waits for long.
            let again = usize::from(fault != ModelFault::RateLimitedForAnHour);
            assert_eq!(come_again(&response.unwrap()).len(), again, "{what}");
            assert!(rows.is_empty() && pending, "{what}");
            assert_eq!(stage.waits_for(lead[0]).await, reason, "{what}");
        }
        Fate::Used => {
            assert_eq!(come_again(&response.unwrap()), [0; 0], "{what}");
            assert_eq!(rows.len(), 1, "{what}");
            assert_eq!(
                (rows[0].method.as_str(), pending),
                ("model", false),
                "{what}"
            );
            assert_eq!(rows[0].state.as_deref(), Some("queued"), "{what}");
        }
        Fate::Rules(why) => {
            assert_eq!(come_again(&response.unwrap()), [0; 0], "{what}");
            assert_eq!(rows.len(), 1, "{what}");
            assert_eq!(
                (rows[0].method.as_str(), pending),
                ("rules", false),
                "{what}"
            );
            assert_eq!(rows[0].outcome, "review", "{what}");
            assert_eq!(rows[0].state.as_deref(), Some("review"), "{what}");
            assert!(rows[0].notes.contains(why), "{what}: {}", rows[0].notes);
        }
    }

    // When it is over, what was pending is answered, and what was answered is not asked again.
    stand_ins.model(simulated::ModelBehaviour::clear);
    stage.next_try_is_due(&model).await;
    let asked = stand_ins.stats().model.requests;
    let response = deliver(&deps, &lead).await.unwrap();
    assert_eq!(come_again(&response), [0; 0], "{what}");
    let rows = stage.enriched_of(&lead).await;
    assert_eq!(rows.len(), 1, "{what}");
    let by_model = !matches!(fate, Fate::Rules(_));
    assert_eq!(rows[0].method == "model", by_model, "{what}");
    let pending_one = matches!(fate, Fate::Waits(_) | Fate::Fails(_));
    let asked_now = stand_ins.stats().model.requests - asked;
    assert_eq!(asked_now, u64::from(pending_one), "{what}");
    // Twice for nothing, and once for the answer.
    assert!(stand_ins.stats().model.paid_twice <= 2, "{what}");
}

/// Shares of many faults at once: every lead ends somewhere, and the accounts agree.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn many_faults_end_with_every_lead_enriched(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.stand_ins.model(|model| {
        let shares = [
            (ModelFault::RateLimitedSilent, 0.1),
            (ModelFault::ServerError, 0.1),
            (ModelFault::UnavailableHtml, 0.05),
            (ModelFault::Refusal, 0.05),
            (ModelFault::Truncated, 0.1),
            (ModelFault::Malformed, 0.1),
            (ModelFault::OutOfRange, 0.05),
            (ModelFault::CutOff, 0.1),
            (ModelFault::ConnectionReset, 0.1),
        ];
        for (fault, share) in shares {
            model.share(fault, share);
        }
        model.latency_ms(5, 20)
    });
    let leads = stage.crowd("stormy", 60).await;
    let deps = stage.deps(&[]);
    for _ in 0..5 {
        stage.next_try_is_due("gpt-4.1-mini").await;
        for batch in stage.pending().await.chunks(20) {
            deliver(&deps, batch).await.unwrap();
        }
    }
    assert_eq!(stage.pending().await, [0; 0]);

    let rows = stage.enriched_of(&leads).await;
    assert_eq!(rows.len(), leads.len(), "each once");
    for row in &rows {
        let state = if row.method == "model" {
            "queued"
        } else {
            "review"
        };
        assert_eq!(row.state.as_deref(), Some(state), "{row:?}");
    }
    let (by_model, by_rules): (Vec<_>, Vec<_>) = rows.iter().partition(|r| r.method == "model");
    assert!(
        by_model.len() > 20 && by_rules.len() > 2,
        "{} of 60",
        by_model.len()
    );

    let stats = stage.stand_ins.stats().model;
    let calls = stage.calls("gpt-4.1-mini").await;
    let resets = stats.by_outcome["connection_reset"];
    assert!(resets > 0 && stats.by_outcome["cut_off"] > 0, "{stats:?}");
    let paid_there = i64::try_from(stats.paid_calls + resets).unwrap();
    assert_eq!(paid(&calls), paid_there, "{calls:?}");
    assert_eq!(
        stage
            .number("select count(*) from model_calls where state = 'calling'")
            .await,
        0
    );
    // What is lost while no call is answered counts as an outage, and not against the question.
    let most = "select max(n) from (select count(*) n from model_calls
                where state in ('answered', 'unusable', 'refused') group by request_key) c";
    let most = stage.number(most).await;
    assert!(
        most <= 3,
        "no question is answered more than three times: {most}"
    );
}
