//! Row ids, one type per table, so that a lead's id is never taken for a send's.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }
    };
}

row_id!(
    /// A row of `leads`.
    LeadId
);
row_id!(
    /// A row of `campaigns`.
    CampaignId
);
row_id!(
    /// A row of `sources`.
    SourceId
);
row_id!(
    /// A row of `sends`.
    SendId
);
