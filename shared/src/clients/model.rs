//! The language model, through any server that speaks OpenAI's chat completions.

mod fault;
#[cfg(fuzzing)]
pub mod fuzzing;
mod reply;

use std::time::Duration;

use async_openai::{
    Client, config::OpenAIConfig, error::OpenAIError, middleware::HttpRequestFactory,
};
pub use fault::Cause;
use reqwest::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::config;

/// A client for one model. Retries nothing by itself: what a repeated call costs is for its caller
/// to decide.
pub struct Model {
    client: Client<OpenAIConfig>,
    config: config::Model,
}

/// One question.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// What the model is to do.
    pub system: &'a str,
    /// The data it is to do it with.
    pub user: &'a str,
    /// Name of the schema.
    pub schema_name: &'a str,
    /// The strict JSON schema of the answer.
    pub schema: &'a Value,
    /// Most tokens the answer may have.
    pub max_tokens: u32,
    /// What was wrong with the answer to this question before, if it is asked again.
    pub correction: Option<&'a str>,
}

/// What a paid call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the model said, or why it said nothing usable.
    pub content: Content,
    /// Tokens of the question, as billed.
    pub input_tokens: u32,
    /// Tokens of the answer, as billed.
    pub output_tokens: u32,
}

/// What the model said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text; whether it holds an answer is for the caller to check.
    Text(String),
    /// The same, cut at the token limit; the answer may be whole all the same.
    Truncated(String),
    /// It will not answer this.
    Refused,
    /// Nothing.
    Empty,
}

/// The call brought no answer. What a server quotes of the question is in none of them.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Too many calls; not paid.
    #[error("the model's server asks to slow down")]
    Throttled {
        /// What it asked for.
        after: Option<Duration>,
    },
    /// It is down; not paid.
    #[error("the model's server is not available (status {status:?})")]
    Unavailable {
        /// The status, if there was an answer.
        status: Option<u16>,
    },
    /// It may have worked on it, and be paid, but its answer is lost.
    #[error("the model's answer was lost")]
    Lost,
    /// It does not take this very question: too long, or caught by a filter. Others may well go. Not
    /// paid.
    #[error("the model's server does not take this question ({code})")]
    Declined {
        /// The server's code for it.
        code: String,
    },
    /// It refuses, and does not say whether this question or every one. Not paid.
    #[error(
        "the model's server refuses our call with status {status} ({code}) and does not say why: check OPENAI_API_KEY, OPENAI_MODEL, OPENAI_BASE_URL and the account's credit"
    )]
    Unclear {
        /// The status.
        status: u16,
        /// The server's code, if it gives one.
        code: String,
    },
    /// It refuses every call of ours until a person puts something right. Not paid.
    #[error("the model's server refuses our calls with status {status} ({code}): {cause}")]
    Refuses {
        /// The status.
        status: u16,
        /// The server's code for it.
        code: String,
        /// What has to be put right.
        cause: Cause,
    },
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("could not set up the model's HTTP client")]
pub struct SetupError(#[source] reqwest::Error);

impl Model {
    /// A client with the configured address, key and time limit.
    ///
    /// # Errors
    /// When the TLS back end cannot start.
    pub fn new(config: config::Model) -> Result<Self, SetupError> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(config.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(SetupError)?;
        // Set explicitly: the crate would read a stray OPENAI_BASE_URL and give it the key.
        let api = OpenAIConfig::new()
            .with_api_key(config.api_key.expose())
            .with_api_base(config.base_url.as_str().trim_end_matches('/'))
            .with_org_id("")
            .with_project_id("");
        let service = tower::service_fn(move |request: HttpRequestFactory| {
            let http = http.clone();
            async move { call(&http, request).await }
        });
        Ok(Self {
            client: Client::with_config(api).with_http_service(service),
            config,
        })
    }

    /// The model's name: part of what an answer is remembered under.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The limits it was made with.
    pub fn config(&self) -> &config::Model {
        &self.config
    }

    /// Names server, model, key and parameters: what an outage is of. Another set-up is asked at once.
    pub fn setup_hash(&self) -> [u8; 32] {
        let config = &self.config;
        let mut hash = Sha256::new();
        for part in [
            config.base_url.as_str(),
            &config.name,
            config.api_key.expose(),
            &config
                .temperature
                .map(|t| t.to_string())
                .unwrap_or_default(),
            &config.max_tokens.to_string(),
        ] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }

    /// Asks once.
    ///
    /// # Errors
    /// Which of them may have been paid is said at each.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Answer, ModelError> {
        let mut messages = vec![
            json!({"role": "system", "content": question.system}),
            json!({"role": "user", "content": question.user}),
        ];
        if let Some(correction) = question.correction {
            messages.push(json!({"role": "user", "content": correction}));
        }
        let mut request = json!({
            "model": self.config.name,
            "max_completion_tokens": question.max_tokens,
            "messages": messages,
            "response_format": {"type": "json_schema", "json_schema": {
                "name": question.schema_name,
                "schema": question.schema,
                "strict": true,
            }},
        });
        if let (Some(temperature), Some(fields)) =
            (self.config.temperature, request.as_object_mut())
        {
            // Through text: 0.3_f32 as a f64 would read 0.30000001192092896.
            let temperature: f64 = temperature.to_string().parse().unwrap_or(0.3);
            fields.insert("temperature".to_owned(), temperature.into());
        }
        let reply = self.client.chat().create_byot::<_, Value>(request).await;
        match reply {
            Ok(value) => reply::of_value(&value),
            Err(OpenAIError::Boxed(error)) => match error.downcast::<ModelError>() {
                Ok(error) => Err(*error),
                Err(_) => Err(ModelError::Lost),
            },
            Err(OpenAIError::JSONDeserialize(_, body)) => reply::read(&body),
            Err(_) => Err(ModelError::Lost),
        }
    }
}

/// Sends one request and reads a failure's status, code and `Retry-After`, which the crate hides.
async fn call(
    http: &reqwest::Client,
    request: HttpRequestFactory,
) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let request = request.build().await?;
    let response = match http.execute(request).await {
        Ok(response) => response,
        // Without a connection nothing was asked.
        Err(error) if error.is_connect() => {
            return Err(Box::new(ModelError::Unavailable { status: None }));
        }
        Err(_) => return Err(Box::new(ModelError::Lost)),
    };
    if response.status().is_success() {
        return Ok(response);
    }
    Err(Box::new(fault::of_response(response).await))
}
