use std::collections::BTreeSet;

use serde_json::Value;
use shared::clients::mailer::{Handover, Mail, Mailer};
use shared::domain::{email::EmailAddress, ids::SendId};
use simulated::{DeliveryResult, Envelope, Queue, QueueSettings, SesFault, Simulated, Timing};

use crate::aws::config;
use crate::client::{client, stand_ins};

async fn mailer(stand_ins: &Simulated) -> Mailer {
    Mailer::new(&config(stand_ins).await, "outreach".to_owned())
}

async fn send(mailer: &Mailer, id: i64) -> Handover {
    let address = |text: &str| EmailAddress::parse(text).unwrap();
    let mail = Mail {
        send: SendId(id),
        from: address("partners@mail.example.com"),
        to: address(&format!("lead{id}@example.org")),
        mime: b"Subject: hi\r\n\r\nHi + there & you = \xc3\xa4".to_vec(),
    };
    mailer.hand_over(mail).await
}

fn feedback(stand_ins: &Simulated) -> Queue {
    let queue = stand_ins.sqs().create("feedback", QueueSettings::default());
    stand_ins.ses().publish_to(&queue, Envelope::Raw);
    queue
}

/// The kinds of the events that came so far.
fn kinds(queue: &Queue) -> Vec<String> {
    let kind = |body: String| {
        let event: Value = serde_json::from_str(&body).unwrap();
        event["eventType"].as_str().unwrap().to_owned()
    };
    queue.bodies().into_iter().map(kind).collect()
}

#[tokio::test]
async fn mail_is_accepted_and_recorded() {
    let stand_ins = stand_ins(15);
    stand_ins.ses().configure(|ses| ses.keep_mime(true));
    let mailer = mailer(&stand_ins).await;
    let Handover::Accepted { message_id } = send(&mailer, 7).await else {
        panic!("not accepted");
    };
    let mails = stand_ins.ses().handovers();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.message_id.as_deref(), Some(&*message_id));
    assert_eq!(mail.send_id.as_deref(), Some("7"));
    assert_eq!(mail.destinations, ["lead7@example.org"]);
    assert_eq!(mail.source, "partners@mail.example.com");
    assert_eq!(mail.configuration_set.as_deref(), Some("outreach"));
    let mime = mail.mime.as_deref().unwrap();
    assert_eq!(mime, b"Subject: hi\r\n\r\nHi + there & you = \xc3\xa4");
    assert_eq!(mail.bytes, mime.len());
    assert!(mail.accepted && mail.fault.is_none());
}

#[tokio::test]
async fn client_recognises_every_fault() {
    let stand_ins = stand_ins(15);
    let mailer = mailer(&stand_ins).await;
    for (fault, id) in SesFault::ALL.into_iter().zip(1..) {
        stand_ins.ses().configure(|ses| ses.next(1, fault));
        let answer = send(&mailer, id).await;
        let refused = |code: &str| Handover::AccountRefused {
            code: code.to_owned(),
        };
        let expected = match fault {
            SesFault::AcceptHang
            | SesFault::AcceptReset
            | SesFault::AcceptCutOff
            | SesFault::AcceptServerError
            | SesFault::AcceptUnavailable
            | SesFault::AcceptGarbage
            | SesFault::AcceptSlow
            | SesFault::Hang
            | SesFault::Reset
            | SesFault::ServerError
            | SesFault::Unavailable => Handover::NoAnswer,
            SesFault::Throttled => Handover::Throttled,
            SesFault::OverQuota => Handover::QuotaUsedUp,
            SesFault::AccountPaused => refused("AccountSendingPausedException"),
            SesFault::ConfigurationSetPaused => refused("ConfigurationSetSendingPausedException"),
            SesFault::NotVerified => refused("MessageRejected"),
            SesFault::MessageRejected => Handover::MailRefused {
                code: "MessageRejected".to_owned(),
            },
        };
        assert_eq!(answer, expected, "{fault:?}");
        let mails = stand_ins.ses().handovers();
        assert_eq!(mails.len(), usize::try_from(id).unwrap(), "one attempt");
        assert_eq!(mails.last().unwrap().accepted, fault.accepts(), "{fault:?}");
    }
    let stats = stand_ins.ses().stats();
    assert_eq!((stats.accepted, stats.accepted_unconfirmed), (7, 7));
    assert_eq!((stats.throttled_rate, stats.throttled_day), (0, 0));
    assert!(stats.accepted_twice.is_empty());
    assert!(matches!(send(&mailer, 1).await, Handover::Accepted { .. }));
    let twice = stand_ins.ses().stats().accepted_twice;
    assert_eq!(twice, BTreeSet::from(["1".to_owned()]));
}

#[tokio::test]
async fn rate_and_quota_are_enforced() {
    let stand_ins = stand_ins(15);
    let mailer = mailer(&stand_ins).await;
    stand_ins
        .ses()
        .configure(|ses| ses.rate(0.001).per_day(Some(100)).sent_before(97));
    for id in 1..=2 {
        assert!(matches!(send(&mailer, id).await, Handover::Accepted { .. }));
    }
    assert_eq!(send(&mailer, 3).await, Handover::Throttled);
    stand_ins.ses().configure(|ses| ses.rate(50.0));
    assert!(matches!(send(&mailer, 3).await, Handover::Accepted { .. }));
    assert_eq!(send(&mailer, 4).await, Handover::QuotaUsedUp);
    let stats = stand_ins.ses().stats();
    assert_eq!((stats.throttled_rate, stats.throttled_day), (1, 1));
    assert_eq!(stats.accepted, 3);

    let ses = aws_sdk_ses::Client::new(&config(&stand_ins).await);
    let quota = ses.get_send_quota().send().await.unwrap();
    assert_eq!(
        [
            quota.max24_hour_send,
            quota.max_send_rate,
            quota.sent_last24_hours
        ],
        [100.0, 50.0, 100.0]
    );
}

#[tokio::test]
async fn paused_account_refuses_with_its_error() {
    let stand_ins = stand_ins(15);
    let ses = aws_sdk_ses::Client::new(&config(&stand_ins).await);
    let enabled = async || {
        let answer = ses.get_account_sending_enabled().send().await.unwrap();
        answer.enabled
    };
    assert!(enabled().await);
    stand_ins.ses().configure(|ses| ses.paused(true));
    assert!(!enabled().await);
    let refused = Handover::AccountRefused {
        code: "AccountSendingPausedException".to_owned(),
    };
    assert_eq!(send(&mailer(&stand_ins).await, 1).await, refused);
}

#[tokio::test]
async fn events_come_before_after_twice_or_never() {
    let stand_ins = stand_ins(15);
    let queue = feedback(&stand_ins);
    let mailer = mailer(&stand_ins).await;
    stand_ins
        .ses()
        .configure(|ses| ses.next_timing(1, Timing::Before).lead_ms(0));
    send(&mailer, 1).await;
    assert_eq!(kinds(&queue), ["Send", "Delivery"]);
    stand_ins
        .ses()
        .configure(|ses| ses.next_timing(1, Timing::Never));
    send(&mailer, 2).await;
    stand_ins.ses().configure(|ses| {
        ses.next_timing(1, Timing::Backwards)
            .next_result(1, DeliveryResult::Complained)
    });
    send(&mailer, 3).await;
    let limit = std::time::Duration::from_secs(10);
    let taken = || queue.counts().sent;
    // Events of one mail are published one by one.
    let receive_until = async |all: u64| {
        while taken() < all {
            assert!(!queue.receive(10, limit).await.is_empty());
        }
        assert_eq!(taken(), all);
    };
    receive_until(5).await;
    let expected = ["Send", "Delivery", "Complaint", "Delivery", "Send"];
    assert_eq!(kinds(&queue), expected);
    stand_ins
        .ses()
        .configure(|ses| ses.next_timing(1, Timing::Twice));
    send(&mailer, 4).await;
    receive_until(9).await;
    let withheld = &stand_ins.ses().handovers()[1];
    stand_ins
        .ses()
        .publish_events(withheld, DeliveryResult::HardBounce);
    assert_eq!(kinds(&queue).last().unwrap(), "Bounce");
}

#[tokio::test]
async fn an_event_has_the_shape_of_ses() {
    let stand_ins = stand_ins(15);
    let queue = feedback(&stand_ins);
    stand_ins.ses().configure(|ses| {
        ses.always_timing(Timing::Before)
            .lead_ms(0)
            .next_result(1, DeliveryResult::SoftBounce)
    });
    send(&mailer(&stand_ins).await, 7).await;
    let bodies = queue.bodies();
    let event: Value = serde_json::from_str(&bodies[1]).unwrap();
    assert_eq!(event["mail"]["tags"]["send_id"][0], "7");
    assert_eq!(event["mail"]["destination"][0], "lead7@example.org");
    let id = stand_ins.ses().handovers()[0].message_id.clone();
    assert_eq!(event["mail"]["messageId"].as_str(), id.as_deref());
    assert_eq!(event["bounce"]["bounceType"], "Transient");
    let bounced = &event["bounce"]["bouncedRecipients"][0];
    assert_eq!(bounced["emailAddress"], "lead7@example.org");
    let notification: Value = serde_json::from_str(&Envelope::Notification.wrap(&event)).unwrap();
    assert_eq!(notification["Type"], "Notification");
    let inner: Value = serde_json::from_str(notification["Message"].as_str().unwrap()).unwrap();
    assert_eq!(inner, event);
}

#[tokio::test]
async fn invalid_mail_is_refused() {
    let stand_ins = stand_ins(15);
    let answer = client()
        .post(stand_ins.aws_base())
        .header("content-type", "application/x-www-form-urlencoded")
        .body("Action=SendRawEmail&Version=2010-12-01&RawMessage.Data=%%%")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("InvalidParameterValue")
    );
    let stats = stand_ins.ses().stats();
    assert_eq!((stats.handovers, stats.accepted), (1, 0));
}
