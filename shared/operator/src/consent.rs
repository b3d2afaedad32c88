//! `outreach consent`: a person has agreed to be written to.

use anyhow::Result;
use serde_json::json;
use shared::db::operator::{self, Consent};

use crate::cli::{ConsentArgs, Options};
use crate::stack::Stack;
use crate::{connection, output};

/// Records a consent. Neither the address nor its hash is printed.
pub(crate) async fn consent(stack: &Stack, options: &Options, args: &ConsentArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    let mailbox = connection::hash(stack, &mut conn, &args.address).await?;
    let Consent { suppressed, leads } =
        operator::record_consent(&mut conn, mailbox, &args.proof, None).await?;
    output::step("Recorded", "the consent, with its proof");
    if suppressed {
        output::warning("the mailbox has opted out: it gets no mail all the same");
    } else {
        output::fresh(
            "Leads",
            format_args!("{leads} of this mailbox are planned anew by the enricher's next sweeps"),
        );
    }
    if options.json {
        output::json(&json!({ "suppressed": suppressed, "leads": leads }))?;
    }
    Ok(())
}
