//! What the collector reads.

use url::Url;

use super::{InvalidEnvironment, Reader, Secret, hash_key};
use crate::domain::email::HashKey;

/// What the collector reads.
#[derive(Debug, Clone)]
pub struct Collector {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Key of the address hash.
    pub hash_key: HashKey,
    /// Where new leads are published.
    pub enrich_queue_url: String,
    /// X's API.
    pub x_api_base: Url,
    /// X's app token; without it an `x` source reports that it cannot run.
    pub x_bearer_token: Option<Secret>,
    /// The stand-in for a platform of any kind; without it a `simulated` source cannot run.
    pub simulated_api_base: Option<Url>,
}

impl Collector {
    /// Reads through `lookup`.
    pub fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut r = Reader::new(lookup);
        let database_url = Secret(r.required("DATABASE_URL"));
        let hash_key = hash_key(&mut r);
        let enrich_queue_url = r.required("ENRICH_QUEUE_URL");
        let x_api_base = r.base_url("X_API_BASE", Some("https://api.x.com"));
        let x_bearer_token = r.optional("X_BEARER_TOKEN").map(Secret);
        let simulated_api_base = r.base_url("SIMULATED_API_BASE", None);
        let config = hash_key.zip(x_api_base).map(|(hash_key, x_api_base)| Self {
            database_url,
            hash_key,
            enrich_queue_url,
            x_api_base,
            x_bearer_token,
            simulated_api_base,
        });
        r.finish(config)
    }
}
