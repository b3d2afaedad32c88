//! `outreach doctor` on a healthy stack, and on one for each fault.

mod database;

use std::collections::BTreeMap;
use std::process::Stdio;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use shared::clients::aws;
use shared::db::PgPool;
use shared::testing;

use crate::outreach;
use crate::server::{Reply, Server};

/// What the account's SES answers.
#[derive(Debug, Clone, Copy)]
struct Ses {
    per_day: f64,
    enabled: bool,
    verified: bool,
    signs: bool,
    has_configuration_set: bool,
}

const HEALTHY: Ses = Ses {
    per_day: 50_000.0,
    enabled: true,
    verified: true,
    signs: true,
    has_configuration_set: true,
};

impl Ses {
    fn answer(self, request: &str) -> Reply {
        let status = |good| if good { "Success" } else { "Pending" };
        let entry = |list: &str, value: &str| {
            format!("<{list}><entry><key>example.com</key><value>{value}</value></entry></{list}>")
        };
        let action = request.split("Action=").nth(1).unwrap_or_default();
        let action = action.split('&').next().unwrap_or_default();
        let result = match action {
            "GetSendQuota" => format!(
                "<Max24HourSend>{}</Max24HourSend><MaxSendRate>14</MaxSendRate>\
                 <SentLast24Hours>0</SentLast24Hours>",
                self.per_day
            ),
            "GetAccountSendingEnabled" => format!("<Enabled>{}</Enabled>", self.enabled),
            "GetIdentityVerificationAttributes" => entry(
                "VerificationAttributes",
                &format!(
                    "<VerificationStatus>{}</VerificationStatus>",
                    status(self.verified)
                ),
            ),
            "GetIdentityDkimAttributes" => entry(
                "DkimAttributes",
                &format!(
                    "<DkimEnabled>true</DkimEnabled><DkimVerificationStatus>{}\
                     </DkimVerificationStatus>",
                    status(self.signs)
                ),
            ),
            "DescribeConfigurationSet" if !self.has_configuration_set => {
                let error = "<ErrorResponse><Error><Code>ConfigurationSetDoesNotExist</Code>\
                             <Message>none</Message></Error></ErrorResponse>";
                return Reply::new(400, error);
            }
            "DescribeConfigurationSet" => {
                "<ConfigurationSet><Name>outreach</Name></ConfigurationSet>".to_owned()
            }
            other => panic!("the doctor asked SES for {other}"),
        };
        Reply::new(
            200,
            format!(
                "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
            ),
        )
    }
}

/// A stack in good health.
struct Stack {
    settings: BTreeMap<&'static str, String>,
    sqs: Client,
    _web: Server,
}

impl Stack {
    async fn new(pool: &PgPool) -> Self {
        let sqs = Client::new(&aws::load().await);
        let web = Server::start(|_| Reply::new(200, "privacy"));
        let mut settings = BTreeMap::from([
            (
                "DATABASE_URL",
                testing::database_url(pool).expose().to_owned(),
            ),
            ("RECIPIENT_HASH_KEY", testing::hash_key_text()),
            ("UNSUBSCRIBE_KEYS", format!("k1:{}", "a1".repeat(32))),
            ("SENDING_ENABLED", "true".to_owned()),
            ("SENDER_ADDRESS", "mara@example.com".to_owned()),
            ("SENDER_NAME", "Mara".to_owned()),
            ("POSTAL_ADDRESS", "1 Main Street, Springfield".to_owned()),
            ("PUBLIC_BASE_URL", web.url()),
            ("SES_CONFIGURATION_SET", "outreach".to_owned()),
            (
                "FEEDBACK_TOPIC_ARN",
                "arn:aws:sns:us-east-1:000000000000:outreach".to_owned(),
            ),
            ("OPENAI_API_KEY", "sk-1".to_owned()),
        ]);
        for name in [
            "ENRICH_QUEUE_URL",
            "ENRICH_DEAD_LETTER_QUEUE_URL",
            "OUTREACH_QUEUE_URL",
            "OUTREACH_DEAD_LETTER_QUEUE_URL",
            "FEEDBACK_QUEUE_URL",
            "FEEDBACK_DEAD_LETTER_QUEUE_URL",
        ] {
            settings.insert(name, queue(&sqs, pool, name).await);
        }
        Self {
            settings,
            sqs,
            _web: web,
        }
    }

    fn with(&self, name: &'static str, value: &str) -> BTreeMap<&'static str, String> {
        let mut settings = self.settings.clone();
        settings.insert(name, value.to_owned());
        settings
    }
}

/// A queue with dead letters, of this test's own.
async fn queue(sqs: &Client, pool: &PgPool, name: &str) -> String {
    let database = pool.connect_options().get_database().unwrap().to_owned();
    let name = format!(
        "{}-{}",
        &database[database.len().saturating_sub(30)..],
        &name[..4]
    );
    let create = |name: String| sqs.create_queue().queue_name(name);
    let dead = create(format!("{name}-dlq")).send().await.unwrap();
    let dead = dead.queue_url.unwrap();
    // A database is named after its test: on a cloud that stays up, the last run's letters are there.
    sqs.purge_queue().queue_url(&dead).send().await.unwrap();
    let attributes = sqs.get_queue_attributes().queue_url(dead);
    let attributes = attributes.attribute_names(QueueAttributeName::QueueArn);
    let arn = attributes.send().await.unwrap().attributes.unwrap();
    let arn = &arn[&QueueAttributeName::QueueArn];
    let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 5 });
    let policy = (QueueAttributeName::RedrivePolicy, policy.to_string());
    let queue = create(name).attributes(policy.0, policy.1).send().await;
    queue.unwrap().queue_url.unwrap()
}

/// The findings, and whether the doctor found nothing broken.
fn examine(settings: &BTreeMap<&'static str, String>, ses: Ses) -> (Vec<Value>, bool) {
    let server = Server::start(move |request| ses.answer(request));
    let mut command = outreach();
    command
        .args([
            "doctor",
            "--json",
            "--database-url",
            &settings["DATABASE_URL"],
        ])
        .env("AWS_ENDPOINT_URL_SES", server.url())
        .envs(settings)
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let findings = serde_json::from_slice(&output.stdout);
    let findings = findings.unwrap_or_else(|_| {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    });
    (findings, output.status.success())
}

/// The one thing that is wrong, and that there is advice about it.
#[track_caller]
fn assert_finds(
    settings: &BTreeMap<&'static str, String>,
    ses: Ses,
    (status, check, detail): (&str, &str, &str),
) -> Value {
    let (findings, works) = examine(settings, ses);
    let wrong: Vec<&Value> = findings.iter().filter(|f| f["status"] != "ok").collect();
    let named = wrong.iter().find(|found| {
        let text = found["detail"].as_str().unwrap();
        found["status"] == status && found["check"] == check && text.contains(detail)
    });
    let named = named.unwrap_or_else(|| panic!("{check}, {detail}: {wrong:#?}"));
    assert!(
        named["advice"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    assert_eq!(works, status == "warn", "{check}");
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    (*named).clone()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn doctor_finds_nothing_wrong_with_healthy_stack(pool: PgPool) {
    let stack = Stack::new(&pool).await;
    let (findings, works) = examine(&stack.settings, HEALTHY);
    assert!(
        works && findings.iter().all(|found| found["status"] == "ok"),
        "{findings:#?}"
    );
    for check in [
        "database",
        "schema",
        "clock",
        "hash key",
        "origin",
        "waiting",
        "settings",
        "SES quota",
        "SES account",
        "SES events",
        "SES identity",
        "DKIM",
        "queue",
        "dead letters",
        "unsubscribe link",
    ] {
        assert!(
            findings.iter().any(|found| found["check"] == check),
            "{check}"
        );
    }
    let text = json!(findings).to_string();
    for secret in ["mara@", "sk-1", &"a1".repeat(32)] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn doctor_names_fault_of_ses(pool: PgPool) {
    let stack = Stack::new(&pool).await;
    let settings = &stack.settings;
    let sandbox = Ses {
        per_day: 200.0,
        ..HEALTHY
    };
    assert_finds(settings, sandbox, ("warn", "SES quota", "sandbox"));
    let paused = Ses {
        enabled: false,
        ..HEALTHY
    };
    assert_finds(settings, paused, ("fail", "SES account", "paused"));
    let unverified = Ses {
        verified: false,
        ..HEALTHY
    };
    assert_finds(
        settings,
        unverified,
        ("fail", "SES identity", "example.com"),
    );
    let unsigned = Ses {
        signs: false,
        ..HEALTHY
    };
    assert_finds(settings, unsigned, ("fail", "DKIM", "not signed"));
    let missing = Ses {
        has_configuration_set: false,
        ..HEALTHY
    };
    assert_finds(
        settings,
        missing,
        ("fail", "SES events", "outreach does not exist"),
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn doctor_names_fault_of_settings(pool: PgPool) {
    let stack = Stack::new(&pool).await;
    let faults = [
        (
            "POSTAL_ADDRESS",
            "",
            (
                "fail",
                "settings",
                "POSTAL_ADDRESS is not set (sender, web)",
            ),
        ),
        (
            "SENDING_ENABLED",
            "false",
            ("warn", "settings", "planned mails wait"),
        ),
        (
            "SES_MAX_PER_SECOND",
            "50",
            ("warn", "SES quota", "SES_MAX_PER_SECOND is higher"),
        ),
        (
            "UNSUBSCRIBE_MAILBOX",
            "mara@example.com",
            ("fail", "settings", "no person reads"),
        ),
        (
            "PUBLIC_BASE_URL",
            "http://127.0.0.1:9",
            ("fail", "unsubscribe link", "did not answer"),
        ),
    ];
    for (name, value, expected) in faults {
        assert_finds(&stack.with(name, value), HEALTHY, expected);
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn doctor_names_broken_link_and_wrong_clock(pool: PgPool) {
    let stack = Stack::new(&pool).await;
    let broken = Server::start(|_| Reply::new(503, "away"));
    let settings = stack.with("PUBLIC_BASE_URL", &broken.url());
    assert_finds(&settings, HEALTHY, ("fail", "unsubscribe link", "503"));
    let slow = Server::start(|_| Reply {
        date: "Sat, 01 Jan 2000 00:00:00 GMT".to_owned(),
        ..Reply::new(200, "privacy")
    });
    let settings = stack.with("PUBLIC_BASE_URL", &slow.url());
    assert_finds(
        &settings,
        HEALTHY,
        ("fail", "clock", "the web server's clock differs"),
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn doctor_names_dead_letters_and_missing_queue(pool: PgPool) {
    let stack = Stack::new(&pool).await;
    let feedback = &stack.settings["FEEDBACK_QUEUE_URL"];
    let gone = stack.with("ENRICH_QUEUE_URL", &format!("{feedback}-nowhere"));
    assert_finds(&gone, HEALTHY, ("fail", "queue", "cannot be read"));
    let dead = stack
        .sqs
        .send_message()
        .queue_url(format!("{feedback}-dlq"));
    dead.message_body("{}").send().await.unwrap();
    assert_finds(&stack.settings, HEALTHY, ("fail", "dead letters", "1 in "));
    let (findings, _) = examine(&stack.settings, HEALTHY);
    let advice = json!(findings).to_string();
    assert!(advice.contains("--destination-arn arn:"), "{advice}");
}

/// What the local cloud's pages are called, although not every resolver knows such names.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn doctor_finds_names_below_localhost_on_this_machine(pool: PgPool) {
    let stack = Stack::new(&pool).await;
    let page = stack.settings["PUBLIC_BASE_URL"].replace("127.0.0.1", "pages.example.localhost");
    let (findings, works) = examine(&stack.with("PUBLIC_BASE_URL", &page), HEALTHY);
    assert!(works, "{findings:#?}");
}
