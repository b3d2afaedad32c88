//! A list as it would be stored, with nothing stored.

use std::collections::BTreeMap;

use super::{List, ListError, ListReport};
use crate::domain::{
    email::HashKey,
    intake::{BadRow, Field, normalise},
    lead::{NewLead, Origin},
};

/// What a list holds, read to its end.
#[derive(Debug, Default)]
pub struct Trial {
    /// Leads, each once.
    pub leads: usize,
    /// The first of them, with their lines.
    pub leads_shown: Vec<(u64, NewLead)>,
    pub with_email: usize,
    /// Rows that named a profile again.
    pub duplicates: usize,
    pub bad_rows: Vec<BadRow>,
    /// Rows in which a field says something that could not be read, and is left out.
    pub unknown: BTreeMap<Field, usize>,
    pub list: ListReport,
}

impl Trial {
    /// Rows that hold something.
    pub fn rows(&self) -> usize {
        self.leads + self.duplicates + self.bad_rows.len()
    }

    /// Whether the collector would call a person: most rows are refused.
    pub fn refuses_most(&self) -> bool {
        self.bad_rows.len() * 2 > self.rows()
    }
}

/// Reads a list as an import would, and keeps the first `shown` leads.
///
/// # Errors
/// When it cannot be read.
pub fn trial(list: &mut List, key: &HashKey, shown: usize) -> Result<Trial, ListError> {
    let mut trial = Trial::default();
    let mut last = false;
    while !last {
        let page = list.next_page()?;
        last = page.last;
        let batch = normalise(page.rows, key, Origin::List);
        trial.duplicates += batch.duplicates;
        trial.leads += batch.leads.len();
        let mailboxes = batch.leads.iter().filter(|lead| lead.email.is_some());
        trial.with_email += mailboxes.count();
        for (field, rows) in batch.unknown {
            *trial.unknown.entry(field).or_default() += rows;
        }
        trial.bad_rows.extend(batch.bad);
        let room = shown.saturating_sub(trial.leads_shown.len());
        let leads = batch.lines.into_iter().zip(batch.leads);
        trial.leads_shown.extend(leads.take(room));
    }
    trial.list = list.report().clone();
    Ok(trial)
}
