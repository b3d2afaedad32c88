use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::QueueAttributeName;
use shared::queue::Queue as Ours;
use simulated::{Queue, QueueSettings, Simulated, SqsFault};

use crate::aws::config;
use crate::client::stand_ins;

async fn sqs(stand_ins: &Simulated) -> Client {
    Client::new(&config(stand_ins).await)
}

fn queue(stand_ins: &Simulated) -> Queue {
    stand_ins.sqs().create("outreach", QueueSettings::default())
}

fn bodies(queue: &Queue) -> Vec<String> {
    let taken = queue.take(100);
    taken.into_iter().map(|delivery| delivery.body).collect()
}

#[tokio::test]
async fn sdk_sends_and_receives_a_message() {
    let stand_ins = stand_ins(15);
    let (sqs, queue) = (sqs(&stand_ins).await, queue(&stand_ins));
    let found = sqs.get_queue_url().queue_name("outreach").send().await;
    let url = found.unwrap().queue_url.unwrap();
    assert_eq!(url, stand_ins.queue_url(&queue));
    let body = "{\"v\":1,\"id\":7} ä";
    let sent = sqs.send_message().queue_url(&url).message_body(body);
    let id = sent.send().await.unwrap().message_id.unwrap();

    let received = sqs.receive_message().queue_url(&url).send().await.unwrap();
    let message = &received.messages()[0];
    assert_eq!(message.body(), Some(body));
    assert_eq!(message.message_id(), Some(&*id));
    let attributes = message.attributes().unwrap();
    let receives = aws_sdk_sqs::types::MessageSystemAttributeName::ApproximateReceiveCount;
    assert_eq!(attributes[&receives], "1");

    let handle = message.receipt_handle().unwrap();
    let hide = sqs.change_message_visibility().queue_url(&url);
    let hidden = hide.receipt_handle(handle).visibility_timeout(0).send();
    hidden.await.unwrap();
    assert_eq!(queue.counts().visible, 1);
    let again = sqs.receive_message().queue_url(&url).send().await.unwrap();
    let delete = sqs.delete_message().queue_url(&url);
    let handle = again.messages()[0].receipt_handle().unwrap();
    delete.receipt_handle(handle).send().await.unwrap();
    assert!(queue.counts().is_empty());
    assert_eq!(queue.counts().received, 2);
    let nothing = sqs.receive_message().queue_url(&url).send().await.unwrap();
    assert!(nothing.messages().is_empty());

    let named = QueueAttributeName::ApproximateNumberOfMessages;
    let asked = sqs.get_queue_attributes().queue_url(&url);
    let asked = asked.attribute_names(named.clone()).send().await.unwrap();
    assert_eq!(asked.attributes().unwrap()[&named], "0");
}

#[tokio::test]
async fn missing_queue_has_its_own_error() {
    let stand_ins = stand_ins(15);
    let sqs = sqs(&stand_ins).await;
    let url = format!("{}/000000000000/nowhere", stand_ins.aws_base());
    let error = sqs.send_message().queue_url(url).message_body("x");
    let error = error.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist());
    let code = Some("AWS.SimpleQueueService.NonExistentQueue");
    assert_eq!(error.code(), code);
}

#[tokio::test]
async fn published_message_arrives_or_is_counted_as_failed() {
    let stand_ins = stand_ins(15);
    let queue = queue(&stand_ins);
    let ours = Ours::new(sqs(&stand_ins).await, stand_ins.queue_url(&queue));
    let ids: Vec<i64> = (1..=25).collect();
    ours.publish(&ids).await.unwrap();
    assert_eq!(bodies(&queue).len(), 25);

    for (fault, missing, stored) in [
        (SqsFault::SendRefused, 4, 0),
        (SqsFault::SendLost, 4, 0),
        (SqsFault::SendThrottled, 4, 0),
        (SqsFault::SendAnswerLost, 4, 4),
        (SqsFault::SendPartly, 2, 2),
    ] {
        stand_ins.sqs().faults(|sqs| sqs.always(fault));
        let error = ours.publish(&[1, 2, 3, 4]).await.unwrap_err();
        assert_eq!((error.missing, error.total), (missing, 4), "{fault:?}");
        stand_ins.sqs().faults(|sqs| sqs.clear());
        assert_eq!(bodies(&queue).len(), stored, "{fault:?}");
    }
}

#[tokio::test]
async fn delayed_message_stays_hidden() {
    let stand_ins = stand_ins(15);
    let queue = queue(&stand_ins);
    let ours = Ours::new(sqs(&stand_ins).await, stand_ins.queue_url(&queue));
    for id in ["a", "b", "c"] {
        queue.send(id, Duration::ZERO);
    }
    queue.visibility_timeout(Duration::ZERO);
    let handles = |taken: Vec<simulated::Delivery>| -> Vec<(String, Duration)> {
        let minute = Duration::from_secs(60);
        taken
            .into_iter()
            .map(|delivery| (delivery.receipt_handle, minute))
            .collect()
    };
    // With no visibility timeout they are visible again at once; then nothing can be delayed.
    ours.delay(&handles(queue.take(3))).await;
    assert_eq!(queue.counts().visible, 3);
    queue.visibility_timeout(Duration::from_secs(1));
    let delays = handles(queue.take(3));
    stand_ins
        .sqs()
        .faults(|sqs| sqs.next(1, SqsFault::HidePartly));
    ours.delay(&delays).await;
    assert_eq!(queue.counts().in_flight, 3);
    let back = queue.receive(10, Duration::from_secs(20)).await;
    let back: Vec<_> = back.iter().map(|d| (&*d.body, d.receives)).collect();
    assert_eq!(back, [("a", 3), ("c", 3)]);
    assert_eq!(queue.release_all(), 3);
}

#[tokio::test]
async fn queue_copies_delays_and_dead_letters_messages() {
    let stand_ins = stand_ins(15);
    let dead = stand_ins.sqs().create("dead", QueueSettings::default());
    let queue = stand_ins.sqs().create(
        "live",
        QueueSettings {
            dead_letters: Some((dead.clone(), 1)),
            ..QueueSettings::default()
        },
    );
    queue.copies(3);
    let id = queue.send("x", Duration::from_secs(900));
    assert_eq!(queue.counts().delayed, 3);
    assert!(queue.take(10).is_empty());
    assert_eq!(queue.release_in_flight(), 0);
    assert_eq!(queue.release_delayed(), 3);
    let taken = queue.take(10);
    assert_eq!(taken.len(), 3);
    assert!(taken.iter().all(|d| d.message_id == id && d.receives == 1));
    assert_eq!(queue.release_in_flight(), 3);
    assert!(queue.take(10).is_empty());
    assert_eq!((queue.counts().dead, dead.counts().visible), (3, 3));
    let dead_letters = dead.take(1);
    assert_eq!(dead_letters[0].dead_letter_source, Some(queue.arn()));
    assert_eq!(dead.redrive_to(&queue), 3);
    assert_eq!(queue.take(10).len(), 3);
    assert_eq!(queue.bodies(), ["x"]);
}

#[tokio::test]
async fn receiver_wakes_for_message_and_end_of_delay() {
    let stand_ins = stand_ins(15);
    let queue = queue(&stand_ins);
    let limit = Duration::from_secs(20);
    let (received, _) = tokio::join!(queue.receive(1, limit), async {
        queue.send("now", Duration::ZERO)
    });
    assert_eq!(received.len(), 1);
    queue.send("soon", Duration::from_millis(50));
    assert!(queue.wait(limit).await);
    let url = stand_ins.queue_url(&queue);
    let sqs = sqs(&stand_ins).await;
    let asked = sqs.receive_message().queue_url(url).wait_time_seconds(20);
    assert_eq!(asked.send().await.unwrap().messages().len(), 1);
    assert!(!queue.wait(Duration::ZERO).await);
}
