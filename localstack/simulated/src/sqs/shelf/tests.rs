use super::*;

const VISIBILITY: Duration = Duration::from_secs(30);

fn stored(id: &str) -> Stored {
    Stored::new(id.into(), id.into(), 0)
}

fn shelf(ids: &[&str], now: Instant) -> Shelf {
    let mut shelf = Shelf::new(1);
    for id in ids {
        shelf.put(stored(id), Duration::ZERO, now);
    }
    shelf
}

fn take(shelf: &mut Shelf, most: usize, now: Instant) -> Vec<(Handle, String)> {
    let taken = shelf.take(most, VISIBILITY, None, now);
    taken
        .delivered
        .into_iter()
        .map(|(handle, message)| (handle, message.body.to_string()))
        .collect()
}

fn ids(shelf: &mut Shelf, now: Instant) -> Vec<String> {
    take(shelf, 100, now)
        .into_iter()
        .map(|(_, id)| id)
        .collect()
}

#[test]
fn what_is_received_comes_again_when_nobody_deletes_it() {
    let start = Instant::now();
    let mut shelf = shelf(&["a", "b"], start);
    let first = take(&mut shelf, 1, start);
    assert_eq!(first.len(), 1);
    assert_eq!(ids(&mut shelf, start), ["b"]);
    assert!(ids(&mut shelf, start + VISIBILITY / 2).is_empty());
    assert!(shelf.delete(first[0].0));
    assert_eq!(ids(&mut shelf, start + VISIBILITY), ["b"]);
}

#[test]
fn the_handle_of_an_earlier_delivery_does_nothing() {
    let start = Instant::now();
    let mut shelf = shelf(&["a"], start);
    let old = take(&mut shelf, 1, start)[0].0;
    let later = start + VISIBILITY;
    let new = take(&mut shelf, 1, later)[0].0;
    assert!(!shelf.delete(old));
    assert!(!shelf.change_visibility(old, Duration::ZERO, later));
    assert!(shelf.delete(new));
    assert!(!shelf.delete(new));
    assert_eq!(shelf.counts(later), (0, 0, 0));
}

#[test]
fn a_delay_and_a_change_of_visibility_are_kept() {
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let mut shelf = shelf(&["a"], start);
    shelf.put(stored("late"), second * 5, start);
    assert_eq!(shelf.counts(start), (1, 0, 1));
    let handle = take(&mut shelf, 10, start)[0].0;
    assert_eq!(shelf.counts(start), (0, 1, 1));
    assert!(shelf.change_visibility(handle, second * 90, start));
    assert_eq!(shelf.next_due(), Some(start + second * 5));
    assert_eq!(ids(&mut shelf, start + second * 60), ["late"]);
    assert!(shelf.change_visibility(handle, Duration::ZERO, start));
    assert_eq!(ids(&mut shelf, start), ["a"]);
}

#[test]
fn a_deleted_message_in_sight_is_not_received() {
    let start = Instant::now();
    let mut shelf = shelf(&["a", "b"], start);
    let handle = take(&mut shelf, 1, start)[0].0;
    assert_eq!(shelf.release(|_| true), 1);
    assert!(shelf.delete(handle));
    assert_eq!(ids(&mut shelf, start), ["b"]);
}

#[test]
fn what_was_received_too_often_is_given_up() {
    let start = Instant::now();
    let mut shelf = shelf(&["a"], start);
    for _ in 0..2 {
        assert_eq!(shelf.take(1, VISIBILITY, Some(2), start).delivered.len(), 1);
        shelf.release(|_| true);
    }
    let taken = shelf.take(1, VISIBILITY, Some(2), start);
    assert!(taken.delivered.is_empty());
    assert_eq!(&*taken.dead[0].body, "a");
    assert_eq!(shelf.counts(start), (0, 0, 0));
}

#[test]
fn a_shuffled_queue_gives_everything_once_in_another_order() {
    let start = Instant::now();
    let names: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    let order = || {
        let mut shelf = shelf(&refs, start);
        shelf.shuffle = true;
        ids(&mut shelf, start)
    };
    let mut met = order();
    assert_eq!(met, order(), "the seed decides");
    assert_ne!(met, names);
    met.sort_by_key(|n| n.parse::<u32>().unwrap());
    assert_eq!(met, names);
}
