use std::collections::{BTreeMap, BTreeSet};

use super::{Part, Platform, World};

fn count(world: &World) -> BTreeMap<Part, usize> {
    let mut count = BTreeMap::new();
    for profile in world.profiles() {
        *count.entry(profile.part).or_default() += 1;
    }
    count
}

#[test]
fn the_same_seed_gives_the_same_people() {
    assert_eq!(World::new(3, 100).profiles(), World::new(3, 100).profiles());
    assert_ne!(World::new(3, 100).profiles(), World::new(4, 100).profiles());
}

#[test]
fn people_do_not_depend_on_how_many_there_are() {
    assert_eq!(
        World::new(3, 80).profiles(),
        &World::new(3, 400).profiles()[..80]
    );
}

#[test]
fn a_world_of_fifteen_holds_every_reason_to_refuse() {
    let parts = count(&World::new(1, 15));
    let wanted = [
        Part::Unreachable,
        Part::Consent,
        Part::Small,
        Part::Prohibited,
        Part::Nowhere,
        Part::Role,
        Part::Twin,
        Part::Injection,
        Part::Odd,
    ];
    assert!(
        wanted.iter().all(|part| parts.contains_key(part)),
        "{parts:?}"
    );
}

#[test]
fn two_in_five_can_be_written_to_and_seven_in_ten_have_an_address() {
    for seed in 0..10 {
        let world = World::new(seed, 400);
        let parts = count(&world);
        let fitting = parts[&Part::Fitting] + parts[&Part::Disguised];
        assert!((140..=200).contains(&fitting), "{fitting} of 400");
        let reachable = world
            .profiles()
            .iter()
            .filter(|p| p.email.is_some())
            .count();
        assert!((260..=320).contains(&reachable), "{reachable} of 400");
    }
}

#[test]
fn nobody_real_can_be_meant() {
    let reserved = ["example.org", "example.com", "example.net"];
    let is_reserved = |host: &str| {
        reserved
            .iter()
            .any(|name| host == *name || host.ends_with(&format!(".{name}")))
    };
    for seed in 0..5 {
        let world = World::new(seed, 300);
        for profile in world.profiles().iter().chain(world.newcomers()) {
            if let Some(email) = &profile.email {
                let (local, host) = email.split_once('@').unwrap();
                assert!(
                    !local.is_empty() && is_reserved(&host.to_lowercase()),
                    "{email}"
                );
            }
            let links = [profile.website.clone(), Some(profile.url())];
            for link in links.into_iter().flatten() {
                let link = url::Url::parse(&link).unwrap();
                assert!(is_reserved(link.host_str().unwrap()), "{link}");
            }
        }
    }
}

#[test]
fn handles_identifiers_and_addresses_are_unique_but_for_the_twins() {
    let world = World::new(1, 2_000);
    let mut seen = BTreeSet::new();
    let mut addresses = BTreeMap::<String, Vec<Part>>::new();
    for profile in world.profiles().iter().chain(world.newcomers()) {
        assert!(seen.insert((profile.platform.name(), profile.id.clone())));
        assert!(seen.insert(("name", profile.username.clone())));
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
        assert!(
            (4..=15).contains(&profile.username.len()),
            "{}",
            profile.username
        );
        assert!(profile.username.chars().all(legal), "{}", profile.username);
        if let Some(email) = &profile.email {
            addresses
                .entry(email.to_lowercase())
                .or_default()
                .push(profile.part);
        }
    }
    for (address, mut parts) in addresses {
        parts.sort();
        assert!(
            parts.len() == 1 || parts == [Part::Fitting, Part::Twin],
            "{address}: {parts:?}"
        );
    }
}

#[test]
fn the_world_is_as_varied_as_it_claims() {
    let world = World::new(1, 400);
    let profiles = world.profiles();
    let languages: BTreeSet<_> = profiles.iter().map(|p| p.language.code()).collect();
    assert_eq!(languages.len(), 7);
    let platforms: BTreeSet<_> = profiles.iter().map(|p| p.platform.name()).collect();
    assert_eq!(platforms.len(), 4);
    let countries: BTreeSet<_> = profiles.iter().filter_map(|p| p.country).collect();
    assert!(countries.len() >= 10, "{countries:?}");
    let bios: BTreeSet<_> = profiles.iter().map(|p| p.bio.as_str()).collect();
    // Those who have nothing to say and give no address say the same nothing.
    assert!(bios.len() > 370, "{} bios", bios.len());
    assert!(profiles.iter().any(|p| p.followers < 100));
    assert!(profiles.iter().any(|p| p.followers > 1_000_000));
    assert!(profiles.iter().any(|p| p.name.is_empty()));
    assert!(profiles.iter().any(|p| p.bio.len() > 10_000));
    for hidden in ['\u{200b}', '\u{202e}', '\u{0}'] {
        assert!(
            profiles.iter().any(|p| p.bio.contains(hidden)),
            "{hidden:?}"
        );
    }
    assert!(profiles.iter().any(|p| p.bio.contains("</profile>")));
    // On X the address is nowhere but in the bio.
    for profile in profiles
        .iter()
        .filter(|p| p.platform == Platform::X && p.part == Part::Fitting)
    {
        assert!(profile.bio.contains(profile.email.as_deref().unwrap()));
    }
}
