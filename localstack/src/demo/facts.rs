//! What PostgreSQL, the queues, SES and the stand-ins hold once the pipeline is drained.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use crate::sql::{
    figures::{self, Recount},
    report::{self, LeadRow, SendRow, SourceReport},
};
use anyhow::Result;
use serde_json::Value;
use shared::db;
use shared::domain::send_state::SendState;

use super::seed::CAMPAIGN;
use crate::mail::ledger::{self, Mail};
use crate::queues::{Depth, Queues};
use crate::settings::Settings;
use crate::up::LocalCloud;
use crate::{process, stand_ins};

/// PostgreSQL, the queues, SES and the stand-ins, each with its own records.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// PostgreSQL: every lead of the campaign.
    pub(super) lines: Vec<LeadRow>,
    /// PostgreSQL: every send of every campaign.
    pub(super) sends: Vec<SendRow>,
    /// SES: every mail of this campaign, and every one that belongs to no campaign.
    pub(super) mails: Vec<Mail>,
    pub(super) queues: Vec<Depth>,
    /// PostgreSQL: model calls by state, since the stand-in runs.
    pub(super) model_calls: BTreeMap<String, u64>,
    /// The stand-in: answers that would have been paid. None where another server answered.
    pub(super) paid_by_stand_in: Option<u64>,
    pub(super) sources: Vec<SourceReport>,
    /// The console's figures, counted again from the rows.
    pub(super) recount: Recount,
}

impl Facts {
    pub(super) async fn gather(
        settings: &Settings,
        cloud: &LocalCloud,
        queues: &Queues,
    ) -> Result<Self> {
        let queues = queues.depths().await?;
        let mut conn = db::acquire(&cloud.pool).await?;
        let lines = report::lines(&mut conn, CAMPAIGN).await?;
        let sends = report::sends(&mut conn).await?;
        let sources = report::sources(&mut conn, CAMPAIGN).await?;
        let recount = figures::recount(&mut conn).await?;
        let stand_in = process::find(&settings.paths, stand_ins::NAME)
            .filter(|_| settings.endpoints.openai.is_ours);
        let (mut model_calls, mut paid_by_stand_in) = (BTreeMap::new(), None);
        if let Some(record) = stand_in {
            let since = UNIX_EPOCH + Duration::from_secs(record.started_at);
            for calls in report::model_calls(&mut conn, since.into()).await? {
                model_calls.insert(calls.state, u64::try_from(calls.count)?);
            }
            let stats = stand_ins::stats(&settings.paths).await?;
            paid_by_stand_in = stats.pointer("/model/paid_calls").and_then(Value::as_u64);
        }
        let elsewhere = |mail: &Mail| {
            sends
                .iter()
                .any(|send| Some(send.id) == mail.send && send.campaign != CAMPAIGN)
        };
        let mut mails = ledger::read(&settings.paths)?;
        mails.retain(|mail| !elsewhere(mail));
        Ok(Self {
            lines,
            sends,
            mails,
            queues,
            model_calls,
            paid_by_stand_in,
            sources,
            recount,
        })
    }

    /// Sends of which PostgreSQL cannot say whether a mail left.
    pub(super) fn unknown(&self) -> Vec<&SendRow> {
        let is_unknown = |send: &&SendRow| {
            send.campaign == CAMPAIGN && send.state == SendState::Unknown.as_str()
        };
        self.sends.iter().filter(is_unknown).collect()
    }

    /// Whether SES took a mail of this send.
    pub(super) fn has_mail(&self, send: i64) -> bool {
        self.mails.iter().any(|mail| mail.send == Some(send))
    }

    /// Messages that were given up.
    pub(super) fn dead_letters(&self) -> u64 {
        self.queues
            .iter()
            .filter(|queue| queue.is_dead_letters)
            .map(Depth::total)
            .sum()
    }

    /// Calls that PostgreSQL knows to be paid, and with those that may have been.
    pub(super) fn paid_calls(&self) -> (u64, u64) {
        let count = |states: &[&str]| -> u64 {
            states
                .iter()
                .filter_map(|state| self.model_calls.get(*state))
                .sum()
        };
        let sure = count(&["answered", "refused", "unusable"]);
        (sure, sure + count(&["lost"]))
    }
}
