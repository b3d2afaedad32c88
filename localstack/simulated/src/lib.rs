//! The stand-ins for X, OpenAI, a list of leads, SES, SQS and an OpenID Connect issuer, as real HTTP servers on one port.
//!
//! They keep to the services' formats, errors, paging and limits, so that the functions do not
//! notice the difference. The people in them are made from a seed: the same seed gives the
//! same people, posts and answers on any day. Every address is on a reserved domain.
//!
//! | path | stands in for |
//! |---|---|
//! | `/x/2/tweets/search/recent` | X API v2 recent search |
//! | `/openai/v1/chat/completions` | OpenAI chat completions with strict structured outputs |
//! | `/simulated/leads?cursor=&limit=` | an export of leads over all platforms |
//! | `/` (POST) | SES (query protocol) and SQS (AWS JSON 1.0) |
//! | `/oidc/…` | an OpenID Connect issuer, with four people to sign in as |
//! | `/_control/…` | faults, counters and the ledger |
//!
//! # In a test
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use simulated::{ModelFault, Settings, Simulated};
//!
//! let stand_ins = Simulated::start(Settings { leads: 40, ..Settings::default() })?;
//! stand_ins.model(|model| model.next(2, ModelFault::RateLimited));
//! // … run something against stand_ins.openai_base() …
//! assert_eq!(stand_ins.stats().model.paid_twice, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # Over HTTP
//! * `GET /_control/stats`: counters of each service, see [`Stats`].
//! * `GET /_control/ledger`: every request in order, see [`Entry`].
//! * `POST /_control/reset`: no faults, an empty ledger, the first posts only.
//! * `POST /_control/model` and `POST /_control/x` change what they name and leave the rest:
//!   ```json
//!   {"clear": true, "next": {"fault": "refusal", "count": 2}, "always": "hang",
//!    "share": {"rate_limited": 0.2, "server_error": 0.1}, "latency_ms": 80, "jitter_ms": 40}
//!   ```
//!   `"answer": {"status": 402, "headers": {}, "body": {}, "count": 2}` sets the next two answers word
//!   for word, and without a `count` every one from now on ([`GivenAnswer`]). `clear` takes effect first.
//!   The faults are those of [`ModelFault`] and [`XFault`] in snake case. X has no jitter, and besides
//!   `"window": {"limit": 3, "seconds": 900}` (requests allowed in a window), `"spelling": "tweet"` or
//!   `"post"`, `"publish": 5` (new posts, every other one by a new author) and `"advance_hours": 200` (the
//!   simulated clock).
//! * `POST /_control/ses` also takes `"rate": 14`, `"per_day": 50000`, `"paused": true`,
//!   `"next_result": {"result": "complained"}`, `"share_result"`, `"next_timing": {"timing": "before"}`
//!   and `"share_timing"`, by [`SesFault`], [`DeliveryResult`] and [`Timing`]; `POST /_control/sqs` takes
//!   faults only ([`SqsFault`]).
//! * `GET /_control/ses`: every handover ([`Handover`]); `GET /_control/ses/stats` ([`SesStats`]);
//!   `GET /_control/sqs`: what each queue holds ([`Counts`]).
//! * `POST /_control/issuer/token`: an access token, good or as wrong as [`TokenRequest`] says:
//!   ```json
//!   {"role": "operator", "lifetime_seconds": -90, "signed_by": "forged", "claims": {"sub": null}}
//!   ```
//! * `POST /_control/issuer`: `"rotate": true` (another key), `"away": true` (503 to everything),
//!   `"advance_seconds": 90` (its clock), `"id_tokens"` (how they differ from good ones, as above);
//!   `GET /_control/issuer`: its requests so far ([`IssuerStats`]).
//!
//! A request gets an answer that is set before it meets any fault. It meets the faults of `next` first,
//! then the one of `always`, then the shares.
//!
//! # What is paid
//! A completion is paid when an answer was computed, and an answer set word for word when its status is
//! one of success: also one that refuses, is cut short, is
//! nonsense, breaks off or never arrives. Errors and connections reset at once are not paid.

mod aws;
mod control;
mod digest;
mod faults;
mod given;
mod http;
mod issuer;
mod leads;
mod ledger;
mod model;
mod net;
mod population;
mod server;
mod ses;
mod settings;
mod sqs;
mod x;

pub use given::GivenAnswer;
pub use issuer::{Client, Issuer, IssuerStats, Role, SignedBy, TokenRequest};
pub use ledger::{Entry, Service, ServiceStats, Stats};
pub use model::{ModelBehaviour, ModelFault};
pub use population::{Language, Platform, Population, Post, Profile, ProfileKind, Verified};
pub use server::{Simulated, serve};
pub use ses::{DeliveryResult, Envelope, Handover, Ses, SesBehaviour, SesFault, SesStats, Timing};
pub use settings::Settings;
pub use sqs::{Counts, Delivery, Queue, QueueSettings, Sqs, SqsBehaviour, SqsFault};
pub use x::{Spelling, XBehaviour, XFault};
