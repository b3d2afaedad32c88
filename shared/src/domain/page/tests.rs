use proptest::prelude::*;

use super::*;

/// The table `leads` as far as a merge needs it.
#[derive(Debug, Clone, Default)]
struct Table(Vec<KnownLead>);

impl Table {
    /// Stores a page as the database does: inserts whose keys are both free, then the merge.
    fn store(&mut self, page: &[Profile]) -> Merge {
        for row in page {
            let taken = self.0.iter().any(|lead| {
                lead.profile.id_key() == row.id_key() || lead.profile.name_key() == row.name_key()
            });
            if !taken {
                let id = LeadId(i64::try_from(self.0.len()).unwrap());
                self.0.push(known(id.0, row.clone()));
                self.0.last_mut().unwrap().new = true;
            }
        }
        let merge = merge(&self.0, page, &HashSet::new(), Origin::Service);
        for lead in &mut self.0 {
            lead.new = false;
            lead.linked |= merge.links.contains(&lead.id);
            if let Some(update) = merge.updates.iter().find(|update| update.id == lead.id) {
                lead.profile = update.profile.clone();
            }
        }
        merge
    }

    fn profiles(&self) -> Vec<Profile> {
        let mut profiles: Vec<Profile> = self.0.iter().map(|l| l.profile.clone()).collect();
        profiles.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        profiles
    }
}

fn known(id: i64, profile: Profile) -> KnownLead {
    KnownLead {
        id: LeadId(id),
        new: false,
        erased: false,
        linked: false,
        profile,
    }
}

fn row(external_id: &str, username: &str) -> Profile {
    Profile {
        source: "x".to_owned(),
        external_id: external_id.to_owned(),
        username: username.to_owned(),
        ..Profile::default()
    }
}

fn linked(id: i64, profile: Profile) -> KnownLead {
    KnownLead {
        linked: true,
        ..known(id, profile)
    }
}

#[track_caller]
fn check(existing: &[KnownLead], page: &[Profile], rows: &[Stored]) -> Merge {
    let merge = merge(existing, page, &HashSet::new(), Origin::Service);
    assert_eq!(merge.rows, rows);
    merge
}

#[test]
fn merge_matches_by_id_then_by_name() {
    let ana = || linked(1, row("7", "ana"));
    let renamed = check(&[ana()], &[row("7", "ana_fit")], &[Stored::Updated]);
    assert_eq!(renamed.updates[0].profile.username, "ana_fit");
    assert!(!renamed.updates[0].pending, "the model reads no username");
    check(&[ana()], &[row("@ana", "ana")], &[Stored::Unchanged]);
    check(&[ana()], &[row("8", "ana")], &[Stored::Conflict]);
    check(&[ana()], &[row("8", "bo")], &[Stored::Missing]);

    let listed = linked(1, row("@ana", "ana"));
    let identified = check(&[listed], &[row("7", "ana")], &[Stored::Updated]);
    assert_eq!(identified.updates[0].profile.external_id, "7");

    let held = [ana(), linked(2, row("8", "bo"))];
    let kept = check(&held, &[row("7", "bo")], &[Stored::Unchanged]);
    assert!(kept.updates.is_empty());
}

#[test]
fn list_that_names_somebody_else_conflicts() {
    let person = |id: &str, username: &str, name: Option<&str>, mailbox: Option<u8>| Profile {
        name: name.map(str::to_owned),
        email_hash: mailbox.map(|n| EmailHash([n; 32])),
        ..row(id, username)
    };
    let listed = |profile: Profile| Profile {
        source: "csv".to_owned(),
        ..profile
    };
    let ana = person("7", "ana", Some("Ana Silva"), Some(1));
    let cases = [
        // An id that counts rows: another handle, name and mailbox.
        (
            ana.clone(),
            person("7", "cid", Some("Cid Rocha"), Some(2)),
            Stored::Conflict,
        ),
        (
            ana.clone(),
            person("7", "cid", None, None),
            Stored::Conflict,
        ),
        (
            ana.clone(),
            person("7", "ana_fit", Some("Ana S."), None),
            Stored::Updated,
        ),
        (
            ana.clone(),
            person("7", "ana_fit", None, Some(1)),
            Stored::Updated,
        ),
        // A handle of a platform is one person's, whatever the display name says.
        (
            ana.clone(),
            person("@ana", "ana", Some("Running Queen"), None),
            Stored::Updated,
        ),
        (
            ana.clone(),
            person("@ana", "ana", Some("Ana Silva"), Some(2)),
            Stored::Updated,
        ),
        (
            ana.clone(),
            person("@ana", "ana", Some("Bo Berg"), Some(2)),
            Stored::Conflict,
        ),
        // A handle of no platform may be anybody's.
        (
            listed(ana.clone()),
            listed(person("@ana", "ana", Some("Bo Berg"), None)),
            Stored::Conflict,
        ),
        (
            listed(ana.clone()),
            listed(person("@ana", "ana", Some("Silva, Ana"), Some(2))),
            Stored::Updated,
        ),
        (
            listed(ana.clone()),
            listed(person("@ana", "ana", None, None)),
            Stored::Unchanged,
        ),
    ];
    for (stored, said, expected) in cases {
        let text = format!("{said:?}");
        let lead = linked(1, stored.clone());
        let merged = merge(&[lead], &[said], &HashSet::new(), Origin::List);
        assert_eq!(merged.rows, [expected], "{text}");
        if expected == Stored::Conflict {
            assert!(
                merged.updates.is_empty() && merged.links.is_empty(),
                "{text}"
            );
        }
    }
    // What the platform's own service says of an id is right.
    let renamed = person("7", "cid", Some("Cid Rocha"), Some(2));
    let merged = merge(
        &[linked(1, ana)],
        &[renamed],
        &HashSet::new(),
        Origin::Service,
    );
    assert_eq!(merged.rows, [Stored::Updated]);
}

#[test]
fn mailbox_of_other_name_conflicts() {
    let shared = |name: &str| Profile {
        source: "csv".to_owned(),
        name: Some(name.to_owned()),
        email_hash: Some(EmailHash([1; 32])),
        ..row("@mail-0101", "mail-0101")
    };
    for (name, expected) in [("Ana S.", Stored::Updated), ("Bo Berg", Stored::Conflict)] {
        let stored = linked(1, shared("Ana Silva"));
        let merged = merge(&[stored], &[shared(name)], &HashSet::new(), Origin::List);
        assert_eq!(merged.rows, [expected], "{name}");
    }
}

#[test]
fn merge_of_silent_row_takes_nothing_away() {
    let full = Profile {
        name: Some("Ana".to_owned()),
        verified: Some(true),
        language: Some("pt".to_owned()),
        ..row("7", "ana")
    };
    let existing = [linked(1, full.clone())];
    check(&existing, &[row("7", "ana")], &[Stored::Unchanged]);
    let other = Profile {
        verified: Some(false),
        language: Some("en".to_owned()),
        raw: Some(1.into()),
        ..row("7", "ana")
    };
    let merge = check(&existing, std::slice::from_ref(&other), &[Stored::Updated]);
    let expected = Profile {
        verified: Some(false),
        raw: other.raw,
        ..full
    };
    assert_eq!(merge.updates[0].profile, expected);
}

#[test]
fn merge_marks_pending_where_model_reads_differently() {
    let lead = || linked(1, row("7", "ana"));
    let pending = |change: fn(&mut Profile)| {
        let mut said = row("7", "ana");
        change(&mut said);
        merge(&[lead()], &[said], &HashSet::new(), Origin::Service).updates[0].pending
    };
    fn text() -> Option<String> {
        Some("new".to_owned())
    }
    assert!(pending(|p| p.name = text()));
    assert!(pending(|p| p.bio = text()));
    assert!(pending(|p| p.email = text()));
    assert!(pending(|p| p.location = text()));
    assert!(pending(|p| p.website = text()));
    assert!(pending(|p| p.country = text()));
    assert!(!pending(|p| p.follower_count = Some(7)));
    assert!(!pending(|p| p.profile_url = text()));
    assert!(!pending(|p| p.language = text()));

    let unlinked = known(1, row("7", "ana"));
    let found = check(&[unlinked], &[row("7", "ana")], &[Stored::Updated]);
    assert!(found.updates[0].pending, "another campaign has not read it");
    assert_eq!(found.links, [LeadId(1)]);
}

#[test]
fn merge_never_changes_erased_lead() {
    let erased = KnownLead {
        erased: true,
        ..linked(1, row("7", "ana"))
    };
    let page = [row("7", "ana_fit"), row("@ana", "ana")];
    let merge = check(
        std::slice::from_ref(&erased),
        &page,
        &[Stored::Erased, Stored::Erased],
    );
    assert_eq!((merge.updates.len(), merge.links.len()), (0, 0));
    check(&[erased], &[row("8", "ana")], &[Stored::Conflict]);
}

#[test]
fn merge_drops_row_of_erased_mailbox() {
    let hash = EmailHash([1; 32]);
    let said = Profile {
        email_hash: Some(hash),
        ..row("7", "ana")
    };
    let lead = linked(1, row("7", "ana"));
    let merge = merge(&[lead], &[said], &HashSet::from([hash]), Origin::Service);
    assert_eq!(merge.rows, [Stored::Erased]);
    assert_eq!((merge.updates.len(), merge.links.len()), (0, 0));
}

/// What a source says of one of a few people: consistent with what every other source says.
fn view() -> impl Strategy<Value = Profile> {
    (0..5_u8, any::<[bool; 6]>()).prop_map(|(person, says)| {
        let name = format!("user{person}");
        let word = |n: usize| says[n].then(|| format!("{name} {n}"));
        Profile {
            name: word(0),
            bio: word(1),
            website: word(2),
            language: word(3),
            follower_count: says[4].then_some(person.into()),
            ..row(
                &if says[5] {
                    format!("{person}")
                } else {
                    format!("@{name}")
                },
                &name,
            )
        }
    })
}

/// Rows that may contradict each other in every way.
fn any_row() -> impl Strategy<Value = Profile> {
    let id = prop_oneof!["[1-4]", "@[a-d]"];
    (id, "[a-d]", proptest::option::of("[p-r]")).prop_map(|(id, name, bio)| {
        let name = id.strip_prefix('@').unwrap_or(&name).to_owned();
        Profile {
            bio,
            ..row(&id, &name)
        }
    })
}

/// Each profile once, as pages come from the collector.
fn page_of(rows: impl Strategy<Value = Profile>) -> impl Strategy<Value = Vec<Profile>> {
    proptest::collection::vec(rows, 0..6).prop_map(|rows| {
        let mut seen = HashSet::new();
        let mut page = rows;
        page.retain(|row| {
            let fresh = !seen.contains(&row.external_id) && !seen.contains(&row.username);
            seen.insert(row.external_id.clone());
            seen.insert(row.username.clone());
            fresh
        });
        page
    })
}

fn shuffled<T: Clone + std::fmt::Debug + 'static>(
    strategy: impl Strategy<Value = Vec<T>>,
) -> impl Strategy<Value = (Vec<T>, Vec<T>)> {
    strategy.prop_flat_map(|items| (Just(items.clone()), Just(items).prop_shuffle()))
}

proptest! {
    #[test]
    fn merge_of_same_page_changes_nothing_twice(
        pages in proptest::collection::vec(page_of(view()), 0..4), page in page_of(view()),
    ) {
        let mut table = Table::default();
        for page in &pages {
            table.store(page);
        }
        table.store(&page);
        let stored = table.profiles();
        let again = table.store(&page);
        prop_assert_eq!(table.profiles(), stored);
        prop_assert!(again.updates.is_empty() && again.links.is_empty(), "{:?}", again);
    }

    #[test]
    fn merge_of_contradicting_rows_ends(
        pages in proptest::collection::vec(page_of(any_row()), 0..4), page in page_of(any_row()),
    ) {
        let mut table = Table::default();
        for page in &pages {
            table.store(page);
        }
        // A name that one pass frees is taken by the next.
        for _ in 0..page.len() {
            table.store(&page);
        }
        let again = table.store(&page);
        prop_assert!(again.updates.is_empty() && again.links.is_empty(), "{:?}", again);
    }

    #[test]
    fn merge_ignores_order_of_rows_and_pages(
        (pages, others) in shuffled(proptest::collection::vec(page_of(view()), 0..5)),
    ) {
        let (mut one, mut other) = (Table::default(), Table::default());
        for page in &pages {
            one.store(page);
        }
        for page in &others {
            let reversed: Vec<Profile> = page.iter().rev().cloned().collect();
            other.store(&reversed);
        }
        prop_assert_eq!(one.profiles(), other.profiles());
    }

    #[test]
    fn merge_keeps_keys_unique_and_others_untouched(
        pages in proptest::collection::vec(page_of(any_row()), 1..5), erased in 0..3_usize,
    ) {
        let mut table = Table::default();
        table.store(&[row("1", "a"), row("@b", "b"), row("3", "c")]);
        table.0[erased].erased = true;
        let before = table.0[erased].clone();
        for page in &pages {
            let merge = table.store(page);
            prop_assert_eq!(merge.rows.len(), page.len());
            let ids: HashSet<&str> = table.0.iter().map(|l| l.profile.external_id.as_str()).collect();
            let names: HashSet<&str> = table.0.iter().map(|l| l.profile.username.as_str()).collect();
            prop_assert_eq!((ids.len(), names.len()), (table.0.len(), table.0.len()));
        }
        prop_assert_eq!(&table.0[erased], &before);
    }
}
