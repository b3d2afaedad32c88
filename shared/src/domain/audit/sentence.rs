//! The sentence for a row of the audit log.

use serde_json::{Map, Value};

use super::{Action, Actor, Record, Table};
use crate::domain::{breaker::Trip, reason::Reason, send_state::SendState};

/// Longest text that is quoted, in characters.
const LONGEST: usize = 80;

impl Record {
    /// What was done, in one or two sentences without the one who did it: "Mail 12 was refused. …". What
    /// this program does not know is told column by column.
    pub fn sentence(&self) -> String {
        let known = self.table.parse().ok().and_then(|table| self.known(table));
        known.unwrap_or_else(|| self.plain())
    }

    fn known(&self, table: Table) -> Option<String> {
        match table {
            Table::Sends => self.send(),
            Table::Recipients => self.recipient(),
            Table::EnrichedLeads => self.enrichment(),
            Table::Campaigns => self.asked().or(self.named("Campaign", &self.changes())),
            Table::Sources => self.asked().or(self.named("Source", &self.changes())),
            Table::Breakers => self.breaker(),
            Table::Installation => self.installation(),
            Table::Leads => self.lead(),
        }
    }

    fn is_new(&self) -> bool {
        self.before.is_none()
    }

    fn before(&self, column: &str) -> Option<&str> {
        self.before.as_ref()?.get(column)?.as_str()
    }

    fn after(&self, column: &str) -> Option<&str> {
        self.after.as_ref()?.get(column)?.as_str()
    }

    fn changed(&self, column: &str) -> bool {
        let of = |values: &Option<Value>| values.as_ref().and_then(|v| v.get(column)).cloned();
        of(&self.before) != of(&self.after)
    }

    fn send(&self) -> Option<String> {
        let state: SendState = self.after("state")?.parse().ok()?;
        let reason = match self.after("reason") {
            None => None,
            Some(word) => Some(reason(word)?),
        };
        let what = match (
            self.is_new(),
            self.changed("state"),
            self.changed("content_hash"),
        ) {
            (true, ..) => format!("Mail {} was planned.", self.row),
            (false, true, _) => {
                let before: SendState = self.before("state")?.parse().ok()?;
                format!("Mail {} went from {before} to {state}.", self.row)
            }
            (false, false, true) => format!("Mail {} was given another text.", self.row),
            (false, false, false) => format!("Mail {} stays {state}.", self.row),
        };
        Some(
            [Some(&*what), Some(state.explain()), reason]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    fn recipient(&self) -> Option<String> {
        // Enough of the hash to tell two mailboxes apart.
        let mailbox = format!("Mailbox {}", self.row.trim_start_matches("\\x").get(..8)?);
        if self.changed("erased_at") && self.after("erased_at").is_some() {
            return Some(format!("{mailbox} was erased."));
        }
        let suppressed = self.changed("suppressed_at") || self.changed("suppression_reason");
        match self.after("suppression_reason").filter(|_| suppressed) {
            Some(why) => {
                let way = self
                    .after("opt_out_way")
                    .and_then(of_way)
                    .unwrap_or_default();
                Some(format!("{mailbox} was suppressed{way}: {}.", quoted(why)))
            }
            None if suppressed && self.before("suppression_reason").is_some() => Some(format!(
                "The suppression of {} was lifted.",
                lower_first(&mailbox)
            )),
            None => Some(format!("{mailbox}: {}.", self.changes())),
        }
    }

    fn enrichment(&self) -> Option<String> {
        let assessment = format!("Assessment {}", self.row);
        let reviewed = self.after.as_ref()?.get("reviewed")?.as_bool()?;
        Some(match (self.changed("reviewed"), reviewed) {
            (true, true) => format!("{assessment} was approved by a person."),
            (true, false) => format!("The approval of assessment {} was taken back.", self.row),
            (false, _) => format!("{assessment}: {}.", self.changes()),
        })
    }

    /// A row that people know by its name.
    fn named(&self, what: &str, changes: &str) -> Option<String> {
        let name = self.before("name").or(self.after("name"))?;
        Some(match self.is_new() {
            true => format!("{what} {} was begun.", quoted(name)),
            false => format!("{what} {}: {changes}.", quoted(name)),
        })
    }

    fn breaker(&self) -> Option<String> {
        let campaign = format!("The breaker of campaign {}", self.row);
        if self.changed("opened_at") && self.after("opened_at").is_some() {
            let trip: Trip = self.after("reason")?.parse().ok()?;
            return Some(format!(
                "{campaign} opened: no mail of it leaves. {}",
                trip.explain()
            ));
        }
        match self.after("opened_at") {
            None => Some(format!("{campaign} was closed.")),
            Some(_) => Some(format!("{campaign}: {}.", self.changes())),
        }
    }

    fn installation(&self) -> Option<String> {
        if !self.changed("stopped_at") {
            return None;
        }
        Some(
            match (self.after("stopped_at"), self.after("stop_reason")) {
                (Some(_), Some(reason)) => format!("Sending was stopped: {}.", quoted(reason)),
                (Some(_), None) => "Sending was stopped.".to_owned(),
                (None, _) => "Sending was started again.".to_owned(),
            },
        )
    }

    /// What was asked of a campaign or a source, without a change of it.
    fn asked(&self) -> Option<String> {
        match self.action.parse().ok()? {
            Action::AskAgain => Some(format!(
                "Leads of campaign {} are to be assessed again.",
                self.row
            )),
            Action::RunNow => Some(format!(
                "Source {} is to be read at the collector’s next run.",
                self.row
            )),
            Action::ShowAddress | Action::Note => None,
        }
    }

    fn lead(&self) -> Option<String> {
        let action: Action = self.action.parse().ok()?;
        Some(match action {
            Action::RunNow => return None,
            Action::ShowAddress => format!("The address of lead {} was looked at.", self.row),
            Action::AskAgain => format!("Lead {} is to be assessed again.", self.row),
            Action::Note => format!("A note was written about lead {}.", self.row),
        })
    }

    fn plain(&self) -> String {
        let row = format!("{} {}", self.table, self.row);
        let changes = self.changes();
        match changes.is_empty() {
            true => format!("{row}: {}.", self.action),
            false => format!("{row}: {}: {changes}.", self.action),
        }
    }

    /// Each recorded column that is not what it was.
    fn changes(&self) -> String {
        let none = Map::new();
        let columns = |values: &Option<Value>| match values {
            Some(Value::Object(columns)) => columns.clone(),
            Some(_) | None => none.clone(),
        };
        let (before, after) = (columns(&self.before), columns(&self.after));
        let missing = before.keys().filter(|column| !after.contains_key(*column));
        let changes = after.keys().chain(missing).filter_map(|column| {
            let (old, new) = (before.get(column), after.get(column));
            let name = column.replace('_', " ");
            match (old, new) {
                (old, new) if old == new => None,
                (None, new) => Some(format!("{name} is {}", shown(new))),
                (old, new) => Some(format!("{name} from {} to {}", shown(old), shown(new))),
            }
        });
        let changes: Vec<String> = changes.collect();
        changes.join(", ")
    }

    /// Whether a person did it.
    pub fn is_by_person(&self) -> bool {
        Actor::read(&self.actor).is_person()
    }
}

/// None for a word that neither this program nor a person could have meant.
fn reason(word: &str) -> Option<&'static str> {
    Reason::from_word(word).map(Reason::explain)
}

/// The word of the column `opt_out_way`.
fn of_way(word: &str) -> Option<&'static str> {
    match word {
        "button" => Some(" by the button of our page"),
        "one_click" => Some(" by one click in the mail program"),
        "mail" => Some(" by a mail to us"),
        "person" => Some(" by a person of the team"),
        _ => None,
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) => quoted(text),
        Some(other) => short(&other.to_string()),
    }
}

fn quoted(text: &str) -> String {
    format!("“{}”", short(text))
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
