use super::*;

const VISIBILITY: Duration = Duration::from_secs(30);

fn stored(id: &str) -> Stored {
    Stored::new(id.into(), id.into(), 0)
}

fn messages(ids: &[&str], now: Instant) -> Messages {
    let mut messages = Messages::new(1);
    for id in ids {
        messages.put(stored(id), Duration::ZERO, now);
    }
    messages
}

fn take(messages: &mut Messages, most: usize, now: Instant) -> Vec<(Handle, String)> {
    let taken = messages.take(most, VISIBILITY, None, now);
    taken
        .delivered
        .into_iter()
        .map(|(handle, message)| (handle, message.body.to_string()))
        .collect()
}

fn ids(messages: &mut Messages, now: Instant) -> Vec<String> {
    take(messages, 100, now)
        .into_iter()
        .map(|(_, id)| id)
        .collect()
}

#[test]
fn undeleted_message_is_delivered_again() {
    let start = Instant::now();
    let mut messages = messages(&["a", "b"], start);
    let first = take(&mut messages, 1, start);
    assert_eq!(first.len(), 1);
    assert_eq!(ids(&mut messages, start), ["b"]);
    assert!(ids(&mut messages, start + VISIBILITY / 2).is_empty());
    assert!(messages.delete(first[0].0));
    assert_eq!(ids(&mut messages, start + VISIBILITY), ["b"]);
}

#[test]
fn handle_of_earlier_delivery_does_nothing() {
    let start = Instant::now();
    let mut messages = messages(&["a"], start);
    let old = take(&mut messages, 1, start)[0].0;
    let later = start + VISIBILITY;
    let new = take(&mut messages, 1, later)[0].0;
    assert!(!messages.delete(old));
    assert!(!messages.change_visibility(old, Duration::ZERO, later));
    assert!(messages.delete(new));
    assert!(!messages.delete(new));
    assert_eq!(messages.counts(later), (0, 0, 0));
}

#[test]
fn delay_and_visibility_change_are_kept() {
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let mut messages = messages(&["a"], start);
    messages.put(stored("late"), second * 5, start);
    assert_eq!(messages.counts(start), (1, 0, 1));
    let handle = take(&mut messages, 10, start)[0].0;
    assert_eq!(messages.counts(start), (0, 1, 1));
    assert!(messages.change_visibility(handle, second * 90, start));
    assert_eq!(messages.next_due(), Some(start + second * 5));
    assert_eq!(ids(&mut messages, start + second * 60), ["late"]);
    assert!(messages.change_visibility(handle, Duration::ZERO, start));
    assert_eq!(ids(&mut messages, start), ["a"]);
}

#[test]
fn deleted_visible_message_is_not_received() {
    let start = Instant::now();
    let mut messages = messages(&["a", "b"], start);
    let handle = take(&mut messages, 1, start)[0].0;
    assert_eq!(messages.release(|_| true), 1);
    assert!(messages.delete(handle));
    assert_eq!(ids(&mut messages, start), ["b"]);
}

#[test]
fn message_received_too_often_is_dead_lettered() {
    let start = Instant::now();
    let mut messages = messages(&["a"], start);
    for _ in 0..2 {
        assert_eq!(
            messages.take(1, VISIBILITY, Some(2), start).delivered.len(),
            1
        );
        messages.release(|_| true);
    }
    let taken = messages.take(1, VISIBILITY, Some(2), start);
    assert!(taken.delivered.is_empty());
    assert_eq!(&*taken.dead[0].body, "a");
    assert_eq!(messages.counts(start), (0, 0, 0));
}

#[test]
fn shuffled_queue_delivers_all_in_another_order() {
    let start = Instant::now();
    let names: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    let order = || {
        let mut messages = messages(&refs, start);
        messages.shuffle = true;
        ids(&mut messages, start)
    };
    let mut met = order();
    assert_eq!(met, order(), "the seed decides");
    assert_ne!(met, names);
    met.sort_by_key(|n| n.parse::<u32>().unwrap());
    assert_eq!(met, names);
}
