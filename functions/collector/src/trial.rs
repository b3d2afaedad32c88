//! A source tried before it is read: its first page as it would be stored. Nothing is stored, and no cursor moves.

use serde_json::json;
use shared::{
    domain::intake::normalise,
    telemetry,
    trial::{LONGEST, Trial, TrialRequest, Tried, Unread},
};

use crate::{
    Deps,
    sources::{Opening, Reach, Source, SourceError},
};

/// Pages that are read: of a list, a thousand rows.
const PAGES: usize = 2;

/// Reads the beginning of a source.
pub(crate) async fn trial(deps: &Deps, wanted: &TrialRequest) -> Tried {
    let unread = |of_params, why| Tried::Unread(Unread { of_params, why });
    match tokio::time::timeout(LONGEST, read(deps, wanted)).await {
        Ok(Ok(trial)) => Tried::Read(Box::new(trial)),
        Ok(Err(error)) => unread(matches!(error, SourceError::Params(_)), sentence(&error)),
        Err(_) => unread(false, "it did not answer in time".to_owned()),
    }
}

async fn read(deps: &Deps, wanted: &TrialRequest) -> Result<Trial, SourceError> {
    let mut cursor = json!({});
    let opening = Opening {
        kind: &wanted.kind,
        params: &wanted.params,
        cursor: &cursor,
        reach: Reach::Beginning,
    };
    let mut source = Source::open(&opening, &deps.endpoints).await?;
    let mut trial = Trial {
        more: true,
        ..Trial::default()
    };
    for _ in 0..PAGES {
        let Some(page) = source.next_page(&cursor).await? else {
            break;
        };
        trial.add(normalise(page.rows, &deps.hash_key, source.origin()));
        trial.more = !page.last;
        if page.last {
            break;
        }
        cursor = page.cursor;
    }
    trial.more |= source.is_cut();
    trial.list = source.list();
    Ok(trial)
}

fn sentence(error: &SourceError) -> String {
    match error {
        SourceError::Throttled { until: Some(until) } => {
            format!(
                "the service asks to wait until {} UTC",
                until.format("%H:%M")
            )
        }
        SourceError::Unreadable(why) | SourceError::Params(why) => why.clone(),
        _ => telemetry::chain(error),
    }
}
