//! The real sender and the real feedback function, with SES's events between them.

use std::time::Duration;

use local::lambda::Mapping;
use shared::db::PgPool;
use shared::messages;
use simulated::{DeliveryResult, Envelope, QueueSettings, SesFault, Timing};

use crate::sender::{LIMIT, configured, plan, states, test_bed};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn events_in_any_order_settle_every_mail(pool: PgPool) {
    let bed = test_bed(&pool).await;
    let queue = bed
        .stand_ins
        .sqs()
        .create("feedback", QueueSettings::default());
    queue.copies(2);
    queue.shuffle(true);
    let spec = configured("feedback", &bed.stand_ins, &pool)
        .variable("FEEDBACK_QUEUE_URL", bed.stand_ins.queue_url(&queue))
        .variable(
            "FEEDBACK_DEAD_LETTER_QUEUE_URL",
            bed.stand_ins.queue_url(&queue),
        )
        .variable("FEEDBACK_TOPIC_ARN", Envelope::TOPIC_ARN);
    let feedback = bed.simulator.function(spec);
    let mapping = Mapping {
        batch_size: 100,
        vary: true,
        ..Mapping::default()
    };
    bed.simulator.map(&queue, &feedback, mapping);
    bed.simulator
        .map(&bed.queue, &bed.sender, Mapping::default());
    let ses = bed.stand_ins.ses();
    ses.publish_to(&queue, Envelope::Notification);
    ses.configure(|ses| {
        ses.always_timing(Timing::Before)
            .lead_ms(50)
            .next(3, SesFault::AcceptReset)
            .next_result(2, DeliveryResult::HardBounce)
            .next_result(1, DeliveryResult::Complained)
    });
    for id in plan(&pool, 12).await {
        bed.queue.send(&messages::encode(id), Duration::ZERO);
    }
    bed.simulator.quiesce(LIMIT).await.unwrap();
    let outcomes = bed.simulator.outcomes();
    let expected = [("delivered", 9), ("bounced", 2), ("complained", 1)];
    let expected = expected.map(|(state, count)| (state.to_owned(), count));
    let mut met = states(&pool).await;
    met.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    assert_eq!(met, expected, "{outcomes:?}");
    let stats = ses.stats();
    assert_eq!((stats.accepted, stats.accepted_unconfirmed), (12, 3));
    let suppressed: i64 =
        sqlx::query_scalar("select count(*) from recipients where suppressed_at is not null")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(suppressed, 3);
}
