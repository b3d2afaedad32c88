//! Do PostgreSQL, the queues, SES and the stand-ins agree?
//!
//! A pure function over what each of them holds. An empty list means that they do.

use std::collections::BTreeMap;
use std::fmt;

use crate::sql::report::{LeadRow, SendRow};
use shared::{db::console::figures::Difference, domain::send_state::SendState};

use super::facts::Facts;
use super::funnel::LeadState;
use super::seed::CAMPAIGN;
use crate::mail::ledger::Mail;

/// One row on which two of them differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Disagreement {
    /// SES took a mail that no send knows.
    StrayMail { mail: String, to: String },
    /// SES took more than one mail for one send.
    SentTwice { send: i64, mails: Vec<String> },
    /// The send says a mail left, and SES has none.
    NeverArrived { send: i64, state: String },
    /// SES has the mail, and the send says that none left.
    LeftUnnoticed {
        send: i64,
        state: String,
        mail: String,
    },
    /// The send and SES call the mail by different ids.
    OtherId {
        send: i64,
        ours: String,
        theirs: String,
    },
    /// The enrichment and the send differ over whether a mail left.
    FlagDiffers {
        lead: i64,
        marked_sent: bool,
        state: String,
    },
    /// The lead has neither an enrichment nor one pending, or a plan without a send.
    Forgotten { lead: i64, username: String },
    /// A queue still holds work.
    QueueNotEmpty {
        queue: String,
        waiting: u64,
        in_flight: u64,
    },
    /// The stand-in and `model_calls` count different paid calls.
    PaidCalls {
        stand_in: u64,
        at_least: u64,
        at_most: u64,
    },
    /// A figure of the console is not what the rows count to.
    FigureDiffers(Difference),
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StrayMail { mail, to } => {
                write!(f, "SES took {mail} to {to}, which no send knows")
            }
            Self::SentTwice { send, mails } => {
                write!(
                    f,
                    "send {send} left {} times: {}",
                    mails.len(),
                    mails.join(", ")
                )
            }
            Self::NeverArrived { send, state } => {
                write!(f, "send {send} is {state}, but SES has no mail of it")
            }
            Self::LeftUnnoticed { send, state, mail } => {
                write!(f, "send {send} is {state}, but SES took {mail}")
            }
            Self::OtherId { send, ours, theirs } => {
                write!(f, "send {send} knows its mail as {ours}, SES as {theirs}")
            }
            Self::FlagDiffers {
                lead,
                marked_sent,
                state,
            } => {
                write!(
                    f,
                    "lead {lead} says sent = {marked_sent}, its send is {state}"
                )
            }
            Self::Forgotten { lead, username } => {
                write!(
                    f,
                    "lead {lead} ({username}) waits for nothing and has no answer"
                )
            }
            Self::QueueNotEmpty {
                queue,
                waiting,
                in_flight,
            } => {
                write!(
                    f,
                    "queue {queue} holds {waiting} messages, {in_flight} in flight"
                )
            }
            Self::PaidCalls {
                stand_in,
                at_least,
                at_most,
            } if at_least == at_most => {
                write!(
                    f,
                    "the stand-in was paid for {stand_in} calls, model_calls has {at_least}"
                )
            }
            Self::PaidCalls {
                stand_in,
                at_least,
                at_most,
            } => write!(
                f,
                "the stand-in was paid for {stand_in} calls, model_calls has {at_least} to {at_most}"
            ),
            Self::FigureDiffers(difference) => write!(f, "{difference}"),
        }
    }
}

/// Compares what they hold.
pub(super) fn reconcile(facts: &Facts) -> Vec<Disagreement> {
    let mut found = Vec::new();
    mails_and_sends(&facts.mails, &facts.sends, &mut found);
    facts.lines.iter().for_each(|line| lead(line, &mut found));
    for queue in facts
        .queues
        .iter()
        .filter(|queue| queue.is_work() && queue.total() > 0)
    {
        found.push(Disagreement::QueueNotEmpty {
            queue: queue.name.clone(),
            waiting: queue.waiting,
            in_flight: queue.in_flight,
        });
    }
    if let Some(stand_in) = facts.paid_by_stand_in {
        let (at_least, at_most) = facts.paid_calls();
        if !(at_least..=at_most).contains(&stand_in) {
            found.push(Disagreement::PaidCalls {
                stand_in,
                at_least,
                at_most,
            });
        }
    }
    let differences = facts.recount.differences.iter().cloned();
    found.extend(differences.map(Disagreement::FigureDiffers));
    found
}

fn mails_and_sends(mails: &[Mail], sends: &[SendRow], found: &mut Vec<Disagreement>) {
    let sends: BTreeMap<i64, &SendRow> = sends
        .iter()
        .filter(|send| send.campaign == CAMPAIGN)
        .map(|send| (send.id, send))
        .collect();
    let mut by_send: BTreeMap<i64, Vec<&Mail>> = BTreeMap::new();
    for mail in mails {
        match mail.send.filter(|send| sends.contains_key(send)) {
            Some(send) => by_send.entry(send).or_default().push(mail),
            None => found.push(Disagreement::StrayMail {
                mail: mail.id.clone(),
                to: mail.to.clone(),
            }),
        }
    }
    for (id, send) in sends {
        let mails = by_send.get(&id).map_or(&[][..], Vec::as_slice);
        one_send(send, mails, found);
    }
}

fn one_send(send: &SendRow, mails: &[&Mail], found: &mut Vec<Disagreement>) {
    let (id, state) = (send.id, send.state.clone());
    let parsed = state.parse::<SendState>();
    let has_left = parsed.is_ok_and(SendState::has_left);
    // A sender that ended between the call and its answer cannot know: that is `unknown`.
    let may_have_left = parsed == Ok(SendState::Unknown);
    match mails {
        [] if has_left => found.push(Disagreement::NeverArrived { send: id, state }),
        [] => {}
        [mail] if has_left => {
            if let Some(ours) = send
                .ses_message_id
                .as_ref()
                .filter(|ours| **ours != mail.id)
            {
                let (ours, theirs) = (ours.clone(), mail.id.clone());
                found.push(Disagreement::OtherId {
                    send: id,
                    ours,
                    theirs,
                });
            }
        }
        [_] if may_have_left => {}
        [mail] => {
            let mail = mail.id.clone();
            found.push(Disagreement::LeftUnnoticed {
                send: id,
                state,
                mail,
            });
        }
        several => {
            let mails = several.iter().map(|mail| mail.id.clone()).collect();
            found.push(Disagreement::SentTwice { send: id, mails });
        }
    }
}

fn lead(line: &LeadRow, found: &mut Vec<Disagreement>) {
    let state = LeadState::of(line);
    let is_plan_without_send = state == LeadState::Pending && line.send.is_none();
    if state == LeadState::Forgotten || is_plan_without_send {
        let username = line.username.clone();
        found.push(Disagreement::Forgotten {
            lead: line.lead,
            username,
        });
    }
    if line.marked_sent != (state == LeadState::Sent) {
        found.push(Disagreement::FlagDiffers {
            lead: line.lead,
            marked_sent: line.marked_sent,
            state: line
                .state
                .clone()
                .unwrap_or_else(|| "not planned".to_owned()),
        });
    }
}

#[cfg(test)]
mod tests;
