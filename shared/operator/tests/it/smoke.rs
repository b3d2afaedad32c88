//! `outreach smoke`, with an SES that accepts the mail.

use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

use shared::db::PgPool;
use shared::testing;

use crate::outreach;
use crate::server::{Reply, Server};

/// Runs it, and gives what SES was asked too.
fn smoke(pool: &PgPool, answer: &'static str, status: u16) -> (Output, String) {
    let asked = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&asked);
    let ses = Server::start(move |request| {
        *seen.lock().unwrap() = request.to_owned();
        Reply::new(status, answer)
    });
    let mut command = outreach();
    command
        .args(["smoke", "--timeout", "0", "--database-url"])
        .arg(testing::database_url(pool).expose())
        .env("AWS_ENDPOINT_URL_SES", ses.url())
        .env("SENDER_ADDRESS", "mara@example.com")
        .env("SES_CONFIGURATION_SET", "outreach")
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let asked = asked.lock().unwrap().clone();
    (output, asked)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const ACCEPTED: &str = "<SendRawEmailResponse><SendRawEmailResult><MessageId>m-1</MessageId>\
                        </SendRawEmailResult></SendRawEmailResponse>";

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn smoke_follows_events_until_delivery(pool: PgPool) {
    let (output, asked) = smoke(&pool, ACCEPTED, 200);
    let text = stderr(&output);
    assert!(
        !output.status.success() && text.contains("feedback queue"),
        "{text}"
    );
    for part in [
        "Action=SendRawEmail",
        "success%40simulator.amazonses.com",
        "ConfigurationSetName=outreach",
        "send_id",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    for statement in [
        "insert into send_events (event_key, ses_message_id, kind, at) values ('a', 'm-1', 'send', now())",
        "insert into send_events (event_key, ses_message_id, kind, at)
         values ('b', 'm-1', 'delivery', now())",
    ] {
        let (output, _) = smoke(&pool, ACCEPTED, 200);
        assert!(!output.status.success());
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let (output, _) = smoke(&pool, ACCEPTED, 200);
    let text = stderr(&output);
    assert!(
        output.status.success() && text.contains("delivery"),
        "{text}"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn smoke_refused_mail_points_to_doctor(pool: PgPool) {
    let refusal = "<ErrorResponse><Error><Code>MessageRejected</Code><Message>Email address is not \
                   verified.</Message></Error></ErrorResponse>";
    let (output, _) = smoke(&pool, refusal, 400);
    let text = stderr(&output);
    assert!(
        !output.status.success() && text.contains("MessageRejected") && text.contains("doctor"),
        "{text}"
    );
}
