//! What a person reads: each figure, the limit beside it, and the ratio.

use comfy_table::{Cell, Color};
use serde::Serialize;
use serde_json::{Value, json};

use super::figures::{BareFigures, FunctionFigures, PipelineFigures, RateFigures, StageFigures};
use super::ratio::{Goal, ratios};
use crate::output;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) processors: usize,
    pub(super) environments: usize,
    pub(super) functions: Vec<FunctionFigures>,
    pub(super) stages: Vec<StageFigures>,
    pub(super) pipelines: Vec<PipelineFigures>,
    pub(super) rates: Vec<RateFigures>,
    pub(super) bare: Vec<BareFigures>,
}

impl Report {
    /// With the ratios, which follow from the rest.
    pub(super) fn to_json(&self) -> Value {
        json!({ "measured": self, "ratios": ratios(self) })
    }

    pub(super) fn show(&self) {
        self.show_functions();
        self.show_stages();
        self.show_parts();
        self.show_statements();
        self.show_limits();
        self.show_rates();
        output::heading("Beside the limits");
        let mut table = output::table(["figure", "", "limit", "", "ratio", "goal"]);
        for ratio in ratios(self) {
            let (sign, goal) = match ratio.goal {
                Goal::AtLeast(goal) => ("≥", goal),
                Goal::AtMost(goal) => ("≤", goal),
            };
            let colour = if ratio.met { Color::Green } else { Color::Red };
            table.add_row([
                Cell::new(&ratio.figure),
                output::number(format_args!("{} {}", short(ratio.value), ratio.unit)),
                Cell::new(&ratio.against),
                output::number(format_args!("{} {}", short(ratio.limit), ratio.unit)),
                output::number(format_args!("{:.2}", ratio.ratio)).fg(colour),
                Cell::new(format_args!("{sign} {goal}").to_string()),
            ]);
        }
        output::line(table);
        output::line(format_args!(
            "\nFunctions, PostgreSQL, stand-ins and the Lambda service together on {} processors; {} \
             processes of each function.",
            self.processors, self.environments
        ));
    }

    fn show_functions(&self) {
        output::heading("Functions");
        let header = [
            "",
            "start ms",
            "p90",
            "MB then",
            "MB at work",
            "binary MB",
            "zip MB",
        ];
        let mut table = output::table(header);
        for one in &self.functions {
            let numbers = [
                one.start_ms,
                one.start_p90_ms,
                one.start_memory_mb,
                one.peak_memory_mb,
                one.binary_mb,
                one.package_mb,
            ];
            table.add_row(row(&one.name, &numbers));
        }
        output::line(table);
    }

    fn show_stages(&self) {
        output::heading("Each function alone, with its queue full");
        let header = [
            "",
            "items",
            "a second",
            "CPU ms each",
            "PostgreSQL",
            "statements a batch",
            "p50 ms",
            "p99 ms",
        ];
        let mut table = output::table(header);
        for one in &self.stages {
            let numbers = [
                one.items,
                one.items_per_second,
                one.function_cpu_ms_per_item,
                one.postgres_cpu_ms_per_item,
                one.statements_per_batch,
                one.p50_ms,
                one.p99_ms,
            ];
            table.add_row(row(one.function, &numbers));
        }
        output::line(table);
    }

    fn show_parts(&self) {
        output::heading("Processors kept busy");
        let header = [
            "",
            "functions",
            "PostgreSQL",
            "stand-ins (of 1)",
            "Lambda service",
        ];
        let mut table = output::table(header);
        let alone = self
            .stages
            .iter()
            .map(|one| (one.function.to_owned(), one.busy));
        let together = self.pipelines.iter().map(|one| {
            let name = format!("pipeline, model {} ms", one.model_latency_ms);
            (name, one.busy)
        });
        for (name, busy) in alone.chain(together) {
            let numbers = [busy.functions, busy.postgres, busy.stand_ins, busy.service];
            table.add_row(row(&name, &numbers));
        }
        output::line(table);
    }

    fn show_statements(&self) {
        let Some(pipeline) = self.pipelines.first() else {
            return;
        };
        output::heading("Where PostgreSQL spent its time on the whole pipeline");
        let mut table = output::table(["share", "calls", "mean ms", "statement"]);
        for one in &pipeline.statements {
            table.add_row([
                output::number(format_args!("{:.0} %", one.share * 100.0)),
                output::number(short(one.calls)),
                output::number(short(one.mean_ms)),
                Cell::new(&one.text),
            ]);
        }
        output::line(table);
        let writes = pipeline.row_writes_by_table.iter();
        let writes: Vec<String> = writes
            .map(|(table, rows)| format!("{table} {}", short(*rows)))
            .collect();
        output::line(format_args!(
            "\nRows written per lead: {}",
            writes.join(", ")
        ));
    }

    fn show_rates(&self) {
        output::heading("Senders at a set rate");
        let header = [
            "rate",
            "mails",
            "used",
            "busiest second",
            "throttled",
            "sent twice",
            "wait for the sweep",
        ];
        let mut table = output::table(header);
        for one in &self.rates {
            table.add_row([
                output::number(one.rate),
                output::number(one.mails),
                output::number(format_args!("{:.1} %", one.utilisation * 100.0)),
                output::number(one.busiest_second),
                output::number(one.throttled),
                output::number(one.sent_twice),
                output::number(one.waiting),
            ]);
        }
        output::line(table);
    }

    fn show_limits(&self) {
        output::heading("Bare inserts");
        let mut table = output::table(["rows a statement", "connections", "rows a second"]);
        for form in &self.bare {
            table.add_row([
                output::number(form.rows_per_statement),
                output::number(form.connections),
                output::number(short(form.rows_per_second)),
            ]);
        }
        output::line(table);
    }
}

fn row(name: &str, numbers: &[f64]) -> Vec<Cell> {
    let numbers = numbers.iter().map(|number| output::number(short(*number)));
    std::iter::once(Cell::new(name)).chain(numbers).collect()
}

/// Three digits that count, and no more.
fn short(number: f64) -> String {
    let digits = match number.abs() {
        n if n >= 100.0 || n == 0.0 => 0,
        n if n >= 10.0 => 1,
        n if n >= 1.0 => 2,
        _ => 3,
    };
    format!("{number:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_three_digits() {
        let numbers = [0.0, 0.0312, 1.0, 12.34, 123.4, 5_000.0].map(short);
        assert_eq!(numbers, ["0", "0.031", "1.00", "12.3", "123", "5000"]);
    }
}
