//! Figures beside their limits, and the ratio that the project wants.

use serde::Serialize;

use super::figures::count;
use super::report::Report;

/// How many messages a batch of the enricher holds.
const ENRICH_BATCH: f64 = 10.0;

/// A figure beside its limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Ratio {
    pub(super) figure: String,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    /// The limit that it is compared with.
    pub(super) against: String,
    pub(super) limit: f64,
    pub(super) ratio: f64,
    pub(super) goal: Goal,
    pub(super) met: bool,
}

/// Which ratio is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Ratio {
    fn new(figure: impl Into<String>, (value, unit): (f64, &'static str), goal: Goal) -> Self {
        Self {
            figure: figure.into(),
            value,
            unit,
            against: String::new(),
            limit: 0.0,
            ratio: 0.0,
            goal,
            met: false,
        }
    }

    fn against(mut self, what: impl Into<String>, limit: f64) -> Self {
        self.against = what.into();
        self.limit = limit;
        self.ratio = self.value / limit;
        self.met = match self.goal {
            Goal::AtLeast(wanted) => self.ratio >= wanted,
            Goal::AtMost(wanted) => self.ratio <= wanted,
        };
        self
    }
}

/// Every figure that has a limit.
pub(super) fn ratios(report: &Report) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for function in &report.functions {
        let start = format!("start of {}", function.name);
        let start = Ratio::new(start, (function.start_ms, "ms"), Goal::AtMost(1.0));
        ratios.push(start.against("the goal", 25.0));
    }
    for function in &report.functions {
        let peak = format!("peak memory of {}", function.name);
        let peak = Ratio::new(peak, (function.peak_memory_mb, "MB"), Goal::AtMost(1.0));
        ratios.push(peak.against("the goal", 40.0));
    }
    let rows = rows_per_second(report);
    for pipeline in &report.pipelines {
        let latency = pipeline.model_latency_ms;
        let name = format!("whole pipeline, model {latency} ms");
        let value = (pipeline.leads_per_second, "leads/s");
        if latency == 0.0 {
            let each = pipeline.row_writes_per_lead;
            let bare = format!("bare inserts of {each:.1} rows a lead");
            ratios.push(Ratio::new(name, value, Goal::AtLeast(0.5)).against(bare, rows / each));
            continue;
        }
        let at_once = count(report.environments) * ENRICH_BATCH;
        let asked = format!("{at_once} leads asked about at once");
        let limit = at_once / (latency / 1e3);
        let whole = Ratio::new(name, value, Goal::AtLeast(0.9));
        ratios.push(whole.against(asked.clone(), limit));
        let enriched = (pipeline.enriched_per_second, "leads/s");
        let enrichers = Ratio::new(
            "its enrichers, while they work",
            enriched,
            Goal::AtLeast(0.9),
        );
        ratios.push(enrichers.against(asked, limit));
    }
    for rate in &report.rates {
        let name = format!(
            "{} senders, each message {} times",
            rate.senders, rate.copies
        );
        let value = (rate.utilisation * rate.rate, "mails/s");
        let ratio = Ratio::new(name, value, Goal::AtLeast(0.95));
        ratios.push(ratio.against("the rate of SES", rate.rate));
    }
    if let Some(feedback) = report
        .stages
        .iter()
        .find(|stage| stage.function == "feedback")
    {
        let (function, postgres) = (
            feedback.function_cpu_ms_per_item,
            feedback.postgres_cpu_ms_per_item,
        );
        for (name, cpu) in [
            (
                "events a core, with PostgreSQL's share",
                function + postgres,
            ),
            ("events a core, the function alone", function),
        ] {
            let ratio = Ratio::new(name, (1e3 / cpu, "events/s"), Goal::AtLeast(1.0));
            ratios.push(ratio.against("the goal", 5_000.0));
        }
    }
    ratios
}

/// The best of the bare forms.
fn rows_per_second(report: &Report) -> f64 {
    let forms = report.bare.iter().map(|form| form.rows_per_second);
    forms.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_is_compared_with_its_goal() {
        let check = |value: f64, goal: Goal, met: bool| {
            let ratio = Ratio::new("x", (value, "ms"), goal).against("y", 10.0);
            assert_eq!(ratio.met, met, "{ratio:?}");
        };
        check(9.0, Goal::AtLeast(0.9), true);
        check(8.9, Goal::AtLeast(0.9), false);
        check(10.0, Goal::AtMost(1.0), true);
        check(10.1, Goal::AtMost(1.0), false);
    }
}
