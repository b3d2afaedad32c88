//! What the enricher reads, and what the model may cost.

use std::time::Duration;

use url::Url;

use super::{InvalidEnvironment, REPUBLISH_AFTER_SECONDS, Reader, Secret, seconds};

/// What the enricher reads.
#[derive(Debug, Clone)]
pub struct Enricher {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Its own queue: the sweep publishes what was lost.
    pub enrich_queue_url: String,
    /// Where planned sends are published.
    pub outreach_queue_url: String,
    /// How long a published lead may wait before the sweep publishes it again.
    pub republish_after: Duration,
    /// The model; without a key the rules score and a person reviews.
    pub model: Option<Model>,
}

/// How the model is reached, and what it may cost.
#[derive(Debug, Clone)]
pub struct Model {
    /// Bearer token.
    pub api_key: Secret,
    /// Base address of an OpenAI-compatible server.
    pub base_url: Url,
    /// The model's name.
    pub name: String,
    /// Sampling temperature; `None` where a model refuses the parameter.
    pub temperature: Option<f32>,
    /// Most tokens an answer may have.
    pub max_tokens: u32,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Price in US dollars per million tokens, which is millionths of a dollar per token.
    pub input_price: f64,
    /// The same, for answers.
    pub output_price: f64,
    /// Most that a day (UTC) may cost, in millionths of a US dollar.
    pub daily_budget_micros: i64,
}

impl Enricher {
    /// Reads through `lookup`.
    pub fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut r = Reader::new(lookup);
        let database_url = Secret(r.required("DATABASE_URL"));
        let enrich_queue_url = r.required("ENRICH_QUEUE_URL");
        let outreach_queue_url = r.required("OUTREACH_QUEUE_URL");
        let model = Model::read(&mut r);
        let republish_after = seconds(&mut r, "REPUBLISH_AFTER_SECONDS", REPUBLISH_AFTER_SECONDS);
        r.finish(Some(Self {
            database_url,
            enrich_queue_url,
            outreach_queue_url,
            republish_after,
            model,
        }))
    }
}

impl Model {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let base_url = r.base_url("OPENAI_BASE_URL", Some("https://api.openai.com/v1"));
        let name = r
            .optional("OPENAI_MODEL")
            .unwrap_or_else(|| "gpt-4.1-mini".to_owned());
        let temperature = r
            .optional("OPENAI_TEMPERATURE")
            .unwrap_or_else(|| "0.3".to_owned());
        let temperature = match temperature.as_str() {
            "none" => None,
            text => match text.parse() {
                Ok(value) if (0.0..=2.0).contains(&value) => Some(value),
                _ => {
                    r.problem(
                        "OPENAI_TEMPERATURE",
                        "is neither a number from 0 to 2 nor `none`",
                    );
                    None
                }
            },
        };
        let max_tokens = r.or_default("OPENAI_MAX_TOKENS", "a whole number", 500);
        let timeout = seconds(r, "OPENAI_TIMEOUT_SECONDS", 20);
        let price = "a price in US dollars";
        let input_price = r.or_default("OPENAI_INPUT_USD_PER_MILLION", price, 0.40);
        let output_price = r.or_default("OPENAI_OUTPUT_USD_PER_MILLION", price, 1.60);
        let budget: f64 = r.or_default("MODEL_DAILY_BUDGET_USD", "an amount in US dollars", 5.0);
        if ![budget, input_price, output_price]
            .iter()
            .all(|usd| (0.0..=1e6).contains(usd))
        {
            r.problem(
                "MODEL_DAILY_BUDGET_USD",
                "and the prices are amounts from 0 to a million",
            );
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "at most 10^12, checked above"
        )]
        let daily_budget_micros = (budget * 1e6) as i64;
        let api_key = r.optional("OPENAI_API_KEY").map(Secret)?;
        Some(Self {
            api_key,
            base_url: base_url?,
            name,
            temperature,
            max_tokens,
            timeout,
            input_price,
            output_price,
            daily_budget_micros,
        })
    }
}
