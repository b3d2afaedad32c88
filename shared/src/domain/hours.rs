//! Quiet hours: mails leave when it is day where the recipient is.

use std::{collections::HashMap, sync::LazyLock};

use chrono::{DateTime, DurationRound, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::country::Country;

/// The hours of a day between which mails leave, on the recipient's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingHours {
    from: u32,
    until: u32,
}

/// The hours do not make a span of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sending hours are a span of one day, such as 8 to 20")]
pub struct InvalidHours;

impl SendingHours {
    /// From the hour `from` on, before the hour `until`; 0 ≤ `from` < `until` ≤ 24.
    pub fn new(from: u32, until: u32) -> Result<Self, InvalidHours> {
        if from < until && until <= 24 {
            Ok(Self { from, until })
        } else {
            Err(InvalidHours)
        }
    }

    /// When a mail may leave next: `None` if it may now.
    ///
    /// A country of several zones is open when all of them are: where two mornings are possible, the later
    /// one holds. Where zones are too far apart for that, the first zone counts alone; where the country is
    /// not known, UTC does.
    pub fn closed_until(
        self,
        country: Option<Country>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let zones = zones(country);
        self.opening(zones, now)
            .or_else(|| self.opening(zones.get(..1).unwrap_or_default(), now))
            .filter(|opening| *opening > now)
    }

    /// The first moment from `now` on at which all zones are open, looking two days ahead. Zones
    /// differ by quarters of an hour, so that is the step.
    fn opening(self, zones: &[Tz], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let step = TimeDelta::minutes(15);
        let start = now.duration_trunc(step).ok()?;
        let moments = std::iter::once(now).chain((1..=192).map(|n| start + step * n));
        let is_open = |moment: &DateTime<Utc>| {
            zones.iter().all(|zone| {
                let hour = moment.with_timezone(zone).hour();
                (self.from..self.until).contains(&hour)
            })
        };
        moments.into_iter().find(is_open)
    }
}

/// The zones of a country; its first is its largest. A country that is not known, or has no zone, lives by UTC.
fn zones(country: Option<Country>) -> &'static [Tz] {
    const UNKNOWN: &[Tz] = &[Tz::UTC];
    let zones = country.and_then(|country| ZONES.get(&country));
    zones.map_or(UNKNOWN, Vec::as_slice)
}

/// From the time zone database: every country, with the zones of its mainland.
static ZONES: LazyLock<HashMap<Country, Vec<Tz>>> = LazyLock::new(|| {
    let mut zones: HashMap<Country, Vec<Tz>> = HashMap::new();
    for (country, zone) in read(TABLE) {
        let of_country = zones.entry(country).or_default();
        if of_country
            .first()
            .is_none_or(|first| counts_beside(*first, zone))
        {
            of_country.push(zone);
        }
    }
    // Kosovo keeps the time of Belgrade and has no line of its own.
    if let (Ok(kosovo), Ok(serbia)) = ("XK".parse(), "RS".parse::<Country>())
        && let Some(time) = zones.get(&serbia).cloned()
    {
        zones.insert(kosovo, time);
    }
    zones
});

/// `zone.tab` of the time zone database, release 2025b (public domain): <https://www.iana.org/time-zones>. Within a
/// country the zone of most people stands first.
const TABLE: &str = include_str!("hours/zone.tab");

/// Country and zone of each line.
fn read(table: &str) -> impl Iterator<Item = (Country, Tz)> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut columns = line.split('\t');
        let country = columns.next()?.parse().ok()?;
        Some((country, columns.nth(1)?.parse().ok()?))
    })
}

/// Whether a zone's mornings and evenings are waited for, beside the country's first. Not those of islands far from
/// the mainland and of Alaska: where few live, hundreds of miles away, the whole country would wait.
fn counts_beside(first: Tz, zone: Tz) -> bool {
    let at_sea = |zone: Tz| {
        ["Atlantic/", "Pacific/", "Indian/", "Antarctica/", "Arctic/"]
            .iter()
            .any(|sea| zone.name().starts_with(sea))
    };
    let in_alaska = matches!(
        zone,
        Tz::America__Anchorage
            | Tz::America__Juneau
            | Tz::America__Sitka
            | Tz::America__Metlakatla
            | Tz::America__Yakutat
            | Tz::America__Nome
            | Tz::America__Adak
    );
    !in_alaska && (at_sea(first) || !at_sea(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between 8 and 20 o'clock: when does a mail of `now` leave?
    #[track_caller]
    fn check(country: &str, now: &str, expected: Option<&str>) {
        let hours = SendingHours::new(8, 20).unwrap();
        let expected = expected.map(|at| at.parse::<DateTime<Utc>>().unwrap());
        let now = now.parse().unwrap();
        assert_eq!(
            hours.closed_until(country.parse().ok(), now),
            expected,
            "{country} {now}"
        );
    }

    #[test]
    fn closed_hours_wait_for_recipients_morning() {
        check("PT", "2026-01-05T08:00:00Z", None);
        check("PT", "2026-01-05T07:59:59Z", Some("2026-01-05T08:00:00Z"));
        check("PT", "2026-01-05T19:59:59Z", None);
        check("PT", "2026-01-05T20:00:00Z", Some("2026-01-06T08:00:00Z"));
        check("JP", "2026-01-05T10:59:00Z", None);
        check("JP", "2026-01-05T12:00:00Z", Some("2026-01-05T23:00:00Z"));
        check("IN", "2026-01-05T02:10:00Z", Some("2026-01-05T02:30:00Z"));
    }

    #[test]
    fn summer_time_moves_opening_hour() {
        check("DE", "2026-01-05T06:30:00Z", Some("2026-01-05T07:00:00Z"));
        check("DE", "2026-07-05T06:30:00Z", None);
        // The night in which the clocks go forward.
        check("DE", "2026-03-29T00:00:00Z", Some("2026-03-29T06:00:00Z"));
    }

    #[test]
    fn wide_country_opens_with_both_coasts() {
        check("US", "2026-01-05T14:00:00Z", Some("2026-01-05T16:00:00Z"));
        check("US", "2026-01-05T16:00:00Z", None);
        check("US", "2026-01-06T01:00:00Z", Some("2026-01-06T16:00:00Z"));
    }

    #[test]
    fn distant_zones_fall_back_to_first() {
        let hours = SendingHours::new(8, 10).unwrap();
        let now = "2026-01-05T12:00:00Z".parse().unwrap();
        let morning: DateTime<Utc> = "2026-01-05T13:00:00Z".parse().unwrap();
        assert_eq!(hours.closed_until("US".parse().ok(), now), Some(morning));
    }

    #[test]
    fn unknown_country_uses_utc() {
        check("??", "2026-01-05T07:00:00Z", Some("2026-01-05T08:00:00Z"));
        check("ZZ", "2026-01-05T12:00:00Z", None);
    }

    #[test]
    fn hours_are_a_span_of_one_day() {
        assert!(SendingHours::new(0, 24).is_ok());
        for (from, until) in [(8, 8), (20, 8), (0, 25)] {
            assert_eq!(SendingHours::new(from, until), Err(InvalidHours));
        }
    }

    #[test]
    fn every_country_has_its_zone() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(
            read(TABLE).count(),
            lines,
            "every line names a zone that is known"
        );
        assert!(ZONES.values().all(|zones| !zones.is_empty()));
        // Uninhabited, and without a zone of their own.
        let without = ["BV", "HM"];
        let names = include_str!("place/iso3166.tab")
            .lines()
            .filter(|line| !line.starts_with('#'));
        for line in names {
            let code = line.get(..2).unwrap();
            let known = ZONES.contains_key(&code.parse::<Country>().unwrap());
            assert_eq!(known, !without.contains(&code), "{code}");
        }
    }

    #[test]
    fn nights_of_practice_are_kept() {
        let rows = include_str!("hours/nights.csv").lines().skip(1);
        for row in rows {
            let [country, now, until] = row.split(',').collect::<Vec<_>>()[..] else {
                panic!("{row}");
            };
            check(country, now, Some(until).filter(|until| !until.is_empty()));
        }
    }

    #[test]
    fn no_country_is_woken_by_utc() {
        let hours = SendingHours::new(8, 20).unwrap();
        let noon: DateTime<Utc> = "2026-03-02T00:00:00Z".parse().unwrap();
        for (country, zones) in ZONES.iter() {
            for hour in 0..24 {
                let now = noon + TimeDelta::hours(hour);
                let leaves = hours.closed_until(Some(*country), now).unwrap_or(now);
                let there = leaves.with_timezone(&zones[0]).hour();
                assert!((8..20).contains(&there), "{country} at {now}: {there}");
            }
        }
    }
}
