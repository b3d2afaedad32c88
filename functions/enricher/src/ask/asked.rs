//! How far the asking of one question has come.

use std::time::Duration;

use shared::{
    clients::model::{Answer, Content, Model, ModelError},
    db::model_calls::{Inquiry, Reservation, SettledCall},
    domain::{
        gate::Compliance,
        model_calls::{CallFault, CallState},
        model_outage::EnrichmentWait,
    },
};

use super::{LEASE, Question, cost, worst_cost};
use crate::{
    answer::{self, InvalidText, Known, Unreadable},
    red_flags::{RedFlag, compliance},
    rules,
    score::{NoAnswer, NotScored, Scored, Until},
};

/// How often a question is asked in one invocation.
const MOST_CALLS: usize = 2;
/// What waits alone is asked about again soon.
const SOON: Duration = Duration::from_secs(30);

pub(super) struct Asked<'a> {
    pub(super) question: &'a Question<'a>,
    flags: Vec<RedFlag>,
    /// What its calls have cost and is not booked to the lead, in millionths of a US dollar.
    cost_micros: i64,
    calls: usize,
    /// An answer is lost: it may be asked for once more.
    lost: bool,
    score: Option<Result<Scored, NotScored>>,
}

/// A call that may be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReservedCall {
    attempt: i32,
    pub(super) after: Option<CallFault>,
}

impl ReservedCall {
    /// An answer that was cut off may be `longest` the next time.
    pub(super) fn max_tokens(self, model: &Model, longest: u32) -> u32 {
        match self.after {
            Some(CallFault::CutOff) => longest,
            _ => model.config().max_tokens,
        }
    }
}

impl<'a> Asked<'a> {
    pub(super) fn new(question: &'a Question<'a>, model: Option<&Model>) -> Self {
        let mut asked = Self {
            question,
            flags: rules::flags(&question.task.lead),
            cost_micros: 0,
            calls: 0,
            lost: false,
            score: None,
        };
        let recipient = &question.task.recipient;
        // The gate refuses them whatever the model would say.
        if recipient.suppressed || recipient.erased {
            asked.score_by_rules(NoAnswer::OptedOut);
        } else if compliance(&asked.flags) == Compliance::Block {
            asked.score_by_rules(NoAnswer::RedFlag);
        } else if model.is_none() {
            asked.score_by_rules(NoAnswer::NoModel);
        }
        asked
    }

    pub(super) fn is_open(&self) -> bool {
        self.score.is_none() && (!self.lost || self.may_be_asked_again())
    }

    pub(super) fn may_be_asked_again(&self) -> bool {
        self.calls < MOST_CALLS
    }

    /// Whether there is another call after the one that is being made.
    pub(super) fn has_another_call(&self) -> bool {
        self.calls + 1 < MOST_CALLS
    }

    pub(super) fn was_asked(&self) -> bool {
        self.calls > 0
    }

    pub(super) fn inquiry(&self) -> Inquiry {
        Inquiry {
            key: self.question.prompt.key,
            again_at: self.question.task.again_at,
            booked_until: self.question.task.latest.as_ref().map(|latest| latest.at),
        }
    }

    fn score_by_rules(&mut self, why: NoAnswer) {
        self.score = Some(Ok(Scored {
            cost_micros: self.cost_micros,
            ..Scored::by_rules(&self.question.task.lead, why)
        }));
    }

    /// The lead waits, unless its campaign lets the rules decide where there is no answer.
    pub(super) fn wait(&mut self, wait: NotScored) {
        if matches!(self.score, Some(Ok(_))) {
            return;
        }
        let own = matches!(
            wait.reason,
            EnrichmentWait::ModelBusy | EnrichmentWait::ModelBudget
        );
        match self.question.task.campaign.facts.rules_decide && !own {
            true => self.score_by_rules(NoAnswer::Unavailable),
            false => self.score = Some(Err(wait)),
        }
    }

    fn wait_for(&mut self, reason: EnrichmentWait, pause: Duration) {
        self.wait(NotScored {
            reason,
            until: Until::After(pause),
        });
    }

    /// What is open after the last round has had no time, or an answer that was lost.
    pub(super) fn finish(mut self) -> Result<Scored, NotScored> {
        if self.score.is_none() {
            let reason = match self.lost {
                true => EnrichmentWait::ModelSilent,
                false => EnrichmentWait::ModelBusy,
            };
            self.wait_for(reason, SOON);
        }
        let waits = NotScored {
            reason: EnrichmentWait::ModelBusy,
            until: Until::After(SOON),
        };
        self.score.unwrap_or(Err(waits))
    }

    /// Takes what is known without a call. Gives the call to make, if there is one.
    pub(super) fn take_reservation(
        &mut self,
        reservation: Reservation,
        unbooked_micros: i64,
        model: &Model,
    ) -> Option<ReservedCall> {
        self.cost_micros = unbooked_micros;
        match reservation {
            Reservation::Ask { attempt, after } => return Some(ReservedCall { attempt, after }),
            Reservation::Answered { answer } => match self.read(&answer, model) {
                Ok(answer::Answer::Whole(scored)) => self.score = Some(Ok(scored)),
                Ok(answer::Answer::WithoutText(scored, fault)) => {
                    self.take_without_text(scored, fault);
                }
                Err(_) => self.score_by_rules(NoAnswer::Unusable),
            },
            Reservation::Refused => self.score_by_rules(NoAnswer::Refused),
            Reservation::Exhausted { fault, answer } => self.give_up(fault, answer, model),
            Reservation::Busy => self.wait_for(EnrichmentWait::ModelBusy, LEASE),
            Reservation::OverBudget => self.wait(NotScored {
                reason: EnrichmentWait::ModelBudget,
                until: Until::Budget,
            }),
            // The next round tells.
            Reservation::Held => {}
            Reservation::Closed { reason, until } => self.wait(NotScored {
                reason,
                until: Until::At(until),
            }),
        }
        None
    }

    /// Asked often enough. A sound assessment is used without its text; that of an answer which invents,
    /// or of a profile that something speaks against, is not trusted, and the rules score.
    fn give_up(&mut self, fault: Option<CallFault>, answer: Option<String>, model: &Model) {
        let read = answer.and_then(|answer| self.read(&answer, model).ok());
        match read {
            Some(answer::Answer::Whole(scored)) => self.score = Some(Ok(scored)),
            Some(answer::Answer::WithoutText(scored, fault @ InvalidText::Draft(_)))
                if self.flags.is_empty() =>
            {
                self.take_without_text(scored, fault);
            }
            Some(answer::Answer::WithoutText(..)) | None => self.score_by_rules(fault.into()),
        }
    }

    fn take_without_text(&mut self, mut scored: Scored, fault: InvalidText) {
        scored
            .reasons
            .push(format!("the model's text cannot be sent: {fault}"));
        self.score = Some(Ok(scored));
    }

    fn read(&self, text: &str, model: &Model) -> Result<answer::Answer, Unreadable> {
        let known = Known {
            shown: &self.question.prompt.shown,
            offer: &self.question.prompt.assessed.offer,
            flags: &self.flags,
        };
        let ours = |scored| Scored {
            model: Some(model.name().to_owned()),
            cost_micros: self.cost_micros,
            ..scored
        };
        Ok(match answer::read(text, known)? {
            answer::Answer::Whole(scored) => answer::Answer::Whole(ours(scored)),
            answer::Answer::WithoutText(scored, fault) => {
                answer::Answer::WithoutText(ours(scored), fault)
            }
        })
    }

    /// Takes the end of a call. Gives what is to be kept of it.
    pub(super) fn take_reply(
        &mut self,
        reserved: ReservedCall,
        reply: &Result<Answer, ModelError>,
        model: &Model,
        longest: u32,
    ) -> SettledCall {
        self.calls += 1;
        self.lost = false;
        let tokens = reserved.max_tokens(model, longest);
        let worst = || worst_cost(model, &self.question.prompt, tokens);
        let (input, output, cost_micros) = match reply {
            Ok(answer) => {
                let (input, output) = (answer.input_tokens, answer.output_tokens);
                let paid = match u64::from(input) + u64::from(output) {
                    // It is not known what it cost: what was reserved.
                    0 => worst(),
                    _ => cost(model, input, output),
                };
                (input, output, paid)
            }
            Err(ModelError::Lost) => (0, 0, worst()),
            Err(_) => (0, 0, 0),
        };
        self.cost_micros += cost_micros;
        let (state, fault, kept) = match reply {
            Ok(answer) => self.take_content(&answer.content, model),
            Err(error) => self.take_failure(error),
        };
        SettledCall {
            key: self.question.prompt.key,
            attempt: reserved.attempt,
            state,
            fault,
            answer: kept,
            input_tokens: i32::try_from(input).unwrap_or(i32::MAX),
            output_tokens: i32::try_from(output).unwrap_or(i32::MAX),
            cost_micros,
        }
    }

    /// Takes a paid answer. What is unusable stays open for another round.
    fn take_content(
        &mut self,
        content: &Content,
        model: &Model,
    ) -> (CallState, Option<CallFault>, Option<String>) {
        let unusable = |fault| (CallState::Unusable, Some(fault), None);
        let (text, cut) = match content {
            Content::Refused => {
                self.score_by_rules(NoAnswer::Refused);
                return (CallState::Refused, None, None);
            }
            Content::Empty => return unusable(CallFault::Empty),
            Content::Text(text) => (text, false),
            Content::Truncated(text) => (text, true),
        };
        match self.read(text, model) {
            Ok(answer::Answer::Whole(scored)) => {
                self.score = Some(Ok(scored));
                (CallState::Answered, None, Some(text.clone()))
            }
            // A mail that is not sent needs no text.
            Ok(answer::Answer::WithoutText(scored, fault)) if self.is_refused(&scored) => {
                self.take_without_text(scored, fault);
                (CallState::Answered, None, Some(text.clone()))
            }
            Ok(answer::Answer::WithoutText(_, fault)) => {
                tracing::warn!(reason = %fault, "a text of the model cannot be sent");
                (CallState::Unusable, Some(fault.into()), Some(text.clone()))
            }
            Err(unreadable) => {
                tracing::warn!(reason = %unreadable, cut, "an answer of the model cannot be read");
                match cut {
                    true => unusable(CallFault::CutOff),
                    false => unusable(unreadable.into()),
                }
            }
        }
    }

    fn is_refused(&self, scored: &Scored) -> bool {
        scored.assessment.score < self.question.task.campaign.facts.min_score
            || scored.assessment.compliance == Compliance::Block
    }

    /// Takes a call that brought no answer.
    fn take_failure(
        &mut self,
        error: &ModelError,
    ) -> (CallState, Option<CallFault>, Option<String>) {
        let (state, fault) = match error {
            ModelError::Throttled { after } => {
                let pause = after.unwrap_or(SOON);
                self.wait_for(EnrichmentWait::ModelThrottled, pause);
                (CallState::Failed, None)
            }
            ModelError::Unavailable { .. } => {
                self.wait_for(EnrichmentWait::ModelUnavailable, SOON);
                (CallState::Failed, None)
            }
            ModelError::Declined { code } => {
                tracing::warn!(code, "the model's server does not take a question");
                self.score_by_rules(NoAnswer::Declined);
                (CallState::Failed, Some(CallFault::Declined))
            }
            ModelError::Unclear { .. } => {
                tracing::warn!(%error, "the model's server does not take a question, or none");
                self.wait_for(EnrichmentWait::ModelUnclear, SOON);
                (CallState::Failed, Some(CallFault::Unclear))
            }
            ModelError::Refuses { .. } => {
                tracing::error!(%error, "the model's server refuses a call");
                self.wait_for(EnrichmentWait::ModelUnclear, SOON);
                (CallState::Failed, None)
            }
            ModelError::Lost => {
                self.lost = true;
                (CallState::Lost, None)
            }
        };
        (state, fault, None)
    }
}
