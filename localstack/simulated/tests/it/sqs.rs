use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::QueueAttributeName;
use shared::queue::Queue as Ours;
use simulated::{Queue, QueueSettings, Simulated, SqsFault};

use crate::aws::config;
use crate::client::internet;

async fn sqs(internet: &Simulated) -> Client {
    Client::new(&config(internet).await)
}

fn queue(internet: &Simulated) -> Queue {
    internet.sqs().create("outreach", QueueSettings::default())
}

fn bodies(queue: &Queue) -> Vec<String> {
    let taken = queue.take(100);
    taken.into_iter().map(|delivery| delivery.body).collect()
}

#[tokio::test]
async fn a_message_goes_in_and_comes_out_through_the_sdk() {
    let internet = internet(15);
    let (sqs, queue) = (sqs(&internet).await, queue(&internet));
    let found = sqs.get_queue_url().queue_name("outreach").send().await;
    let url = found.unwrap().queue_url.unwrap();
    assert_eq!(url, internet.queue_url(&queue));
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
async fn a_queue_that_is_not_there_is_an_error_of_its_own() {
    let internet = internet(15);
    let sqs = sqs(&internet).await;
    let url = format!("{}/000000000000/nowhere", internet.aws_base());
    let error = sqs.send_message().queue_url(url).message_body("x");
    let error = error.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist());
    let code = Some("AWS.SimpleQueueService.NonExistentQueue");
    assert_eq!(error.code(), code);
}

#[tokio::test]
async fn what_a_function_publishes_arrives_whatever_goes_wrong_or_is_counted() {
    let internet = internet(15);
    let queue = queue(&internet);
    let ours = Ours::new(sqs(&internet).await, internet.queue_url(&queue));
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
        internet.sqs().faults(|sqs| sqs.always(fault));
        let error = ours.publish(&[1, 2, 3, 4]).await.unwrap_err();
        assert_eq!((error.missing, error.total), (missing, 4), "{fault:?}");
        internet.sqs().faults(|sqs| sqs.clear());
        assert_eq!(bodies(&queue).len(), stored, "{fault:?}");
    }
}

#[tokio::test]
async fn what_a_function_delays_stays_hidden() {
    let internet = internet(15);
    let queue = queue(&internet);
    let ours = Ours::new(sqs(&internet).await, internet.queue_url(&queue));
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
    internet
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
async fn copies_delays_and_dead_letters() {
    let internet = internet(15);
    let dead = internet.sqs().create("dead", QueueSettings::default());
    let queue = internet.sqs().create(
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
    let buried = dead.take(1);
    assert_eq!(buried[0].dead_letter_source, Some(queue.arn()));
    assert_eq!(dead.redrive_to(&queue), 3);
    assert_eq!(queue.take(10).len(), 3);
    assert_eq!(queue.bodies(), ["x"]);
}

#[tokio::test]
async fn who_waits_is_woken_by_the_message_and_by_the_end_of_its_delay() {
    let internet = internet(15);
    let queue = queue(&internet);
    let limit = Duration::from_secs(20);
    let (received, _) = tokio::join!(queue.receive(1, limit), async {
        queue.send("now", Duration::ZERO)
    });
    assert_eq!(received.len(), 1);
    queue.send("soon", Duration::from_millis(50));
    assert!(queue.wait(limit).await);
    let url = internet.queue_url(&queue);
    let sqs = sqs(&internet).await;
    let asked = sqs.receive_message().queue_url(url).wait_time_seconds(20);
    assert_eq!(asked.send().await.unwrap().messages().len(), 1);
    assert!(!queue.wait(Duration::ZERO).await);
}
