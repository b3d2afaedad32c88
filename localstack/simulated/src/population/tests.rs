use std::collections::{BTreeMap, BTreeSet};

use super::{Platform, Population, ProfileKind};

fn count(population: &Population) -> BTreeMap<ProfileKind, usize> {
    let mut count = BTreeMap::new();
    for profile in population.profiles() {
        *count.entry(profile.kind).or_default() += 1;
    }
    count
}

#[test]
fn the_same_seed_gives_the_same_people() {
    assert_eq!(
        Population::new(3, 100).profiles(),
        Population::new(3, 100).profiles()
    );
    assert_ne!(
        Population::new(3, 100).profiles(),
        Population::new(4, 100).profiles()
    );
}

#[test]
fn people_do_not_depend_on_their_number() {
    assert_eq!(
        Population::new(3, 80).profiles(),
        &Population::new(3, 400).profiles()[..80]
    );
}

#[test]
fn population_of_fifteen_holds_every_refusal_reason() {
    let kinds = count(&Population::new(1, 15));
    let wanted = [
        ProfileKind::Unreachable,
        ProfileKind::Consent,
        ProfileKind::Small,
        ProfileKind::Prohibited,
        ProfileKind::Nowhere,
        ProfileKind::Role,
        ProfileKind::Twin,
        ProfileKind::Injection,
        ProfileKind::Odd,
    ];
    assert!(
        wanted.iter().all(|kind| kinds.contains_key(kind)),
        "{kinds:?}"
    );
}

#[test]
fn population_keeps_shares_of_reachable_and_listed() {
    for seed in 0..10 {
        let population = Population::new(seed, 400);
        let kinds = count(&population);
        let fitting = kinds[&ProfileKind::Fitting] + kinds[&ProfileKind::Disguised];
        assert!((140..=200).contains(&fitting), "{fitting} of 400");
        let reachable = population
            .profiles()
            .iter()
            .filter(|p| p.email.is_some())
            .count();
        assert!((260..=320).contains(&reachable), "{reachable} of 400");
    }
}

#[test]
fn every_address_is_on_a_reserved_domain() {
    let reserved = ["example.org", "example.com", "example.net"];
    let is_reserved = |host: &str| {
        reserved
            .iter()
            .any(|name| host == *name || host.ends_with(&format!(".{name}")))
    };
    for seed in 0..5 {
        let population = Population::new(seed, 300);
        for profile in population.profiles().iter().chain(population.newcomers()) {
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
fn handles_ids_and_addresses_are_unique_except_twins() {
    let population = Population::new(1, 2_000);
    let mut seen = BTreeSet::new();
    let mut addresses = BTreeMap::<String, Vec<ProfileKind>>::new();
    for profile in population.profiles().iter().chain(population.newcomers()) {
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
                .push(profile.kind);
        }
    }
    for (address, mut kinds) in addresses {
        kinds.sort();
        assert!(
            kinds.len() == 1 || kinds == [ProfileKind::Fitting, ProfileKind::Twin],
            "{address}: {kinds:?}"
        );
    }
}

#[test]
fn population_has_languages_platforms_and_odd_profiles() {
    let population = Population::new(1, 400);
    let profiles = population.profiles();
    let languages: BTreeSet<_> = profiles.iter().map(|p| p.language.code()).collect();
    assert_eq!(languages.len(), 7);
    let platforms: BTreeSet<_> = profiles.iter().map(|p| p.platform.name()).collect();
    assert_eq!(platforms.len(), 4);
    let countries: BTreeSet<_> = profiles.iter().filter_map(|p| p.country).collect();
    assert!(countries.len() >= 10, "{countries:?}");
    let bios: BTreeSet<_> = profiles.iter().map(|p| p.bio.as_str()).collect();
    // Empty profiles without an address have the same bio.
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
        .filter(|p| p.platform == Platform::X && p.kind == ProfileKind::Fitting)
    {
        assert!(profile.bio.contains(profile.email.as_deref().unwrap()));
    }
}
