//! The real sender and the real feedback function, with what SES tells between them.

use std::time::Duration;

use local::lambda::Mapping;
use shared::db::PgPool;
use shared::messages;
use simulated::{Envelope, Fate, QueueSettings, SesFault, Timing};

use crate::sender::{LIMIT, configured, plan, states, world};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn events_that_come_before_the_answer_two_times_and_in_any_order_settle_every_mail(
    pool: PgPool,
) {
    let world = world(&pool).await;
    let queue = world
        .internet
        .sqs()
        .create("feedback", QueueSettings::default());
    queue.copies(2);
    queue.shuffle(true);
    let spec = configured("feedback", &world.internet, &pool)
        .variable("FEEDBACK_QUEUE_URL", world.internet.queue_url(&queue))
        .variable("FEEDBACK_TOPIC_ARN", Envelope::TOPIC_ARN);
    let feedback = world.simulator.function(spec);
    let mapping = Mapping {
        batch_size: 100,
        vary: true,
        ..Mapping::default()
    };
    world.simulator.map(&queue, &feedback, mapping);
    world
        .simulator
        .map(&world.queue, &world.sender, Mapping::default());
    let ses = world.internet.ses();
    ses.publish_to(&queue, Envelope::Notification);
    ses.behave(|ses| {
        ses.always_timing(Timing::Before)
            .lead_ms(50)
            .next(3, SesFault::AcceptReset)
            .next_fate(2, Fate::HardBounce)
            .next_fate(1, Fate::Complained)
    });
    for id in plan(&pool, 12).await {
        world.queue.send(&messages::encode(id), Duration::ZERO);
    }
    world.simulator.rest(LIMIT).await.unwrap();
    let outcomes = world.simulator.outcomes();
    let expected = [("delivered", 9), ("bounced", 2), ("complained", 1)];
    let expected = expected.map(|(state, count)| (state.to_owned(), count));
    let mut met = states(&pool).await;
    met.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    assert_eq!(met, expected, "{outcomes:?}");
    let stats = ses.stats();
    assert_eq!((stats.accepted, stats.accepted_unheard), (12, 3));
    let suppressed: i64 =
        sqlx::query_scalar("select count(*) from recipients where suppressed_at is not null")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(suppressed, 3);
}
