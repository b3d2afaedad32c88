//! Quiet hours: mails leave when it is day where the recipient is.

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
    /// A country of several zones is open when all of them are. Where they are too far apart for
    /// that, the first zone counts alone; where the country is not known, UTC does.
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

/// The zones at both ends of a country, as most of its people live; its first is its largest.
fn zones(country: Option<Country>) -> &'static [Tz] {
    const UNKNOWN: &[Tz] = &[Tz::UTC];
    let Some(country) = country else {
        return UNKNOWN;
    };
    ZONES
        .iter()
        .find(|(code, _)| *code == country.as_str())
        .map_or(UNKNOWN, |(_, zones)| zones)
}

/// From the IANA time zone database.
const ZONES: &[(&str, &[Tz])] = &[
    ("AE", &[Tz::Asia__Dubai]),
    ("AR", &[Tz::America__Argentina__Buenos_Aires]),
    ("AT", &[Tz::Europe__Vienna]),
    ("AU", &[Tz::Australia__Sydney, Tz::Australia__Perth]),
    ("BE", &[Tz::Europe__Brussels]),
    ("BG", &[Tz::Europe__Sofia]),
    ("BR", &[Tz::America__Sao_Paulo, Tz::America__Manaus]),
    (
        "CA",
        &[
            Tz::America__Toronto,
            Tz::America__Vancouver,
            Tz::America__Halifax,
        ],
    ),
    ("CH", &[Tz::Europe__Zurich]),
    ("CL", &[Tz::America__Santiago]),
    ("CN", &[Tz::Asia__Shanghai]),
    ("CO", &[Tz::America__Bogota]),
    ("CY", &[Tz::Asia__Nicosia]),
    ("CZ", &[Tz::Europe__Prague]),
    ("DE", &[Tz::Europe__Berlin]),
    ("DK", &[Tz::Europe__Copenhagen]),
    ("EE", &[Tz::Europe__Tallinn]),
    ("EG", &[Tz::Africa__Cairo]),
    ("ES", &[Tz::Europe__Madrid]),
    ("FI", &[Tz::Europe__Helsinki]),
    ("FR", &[Tz::Europe__Paris]),
    ("GB", &[Tz::Europe__London]),
    ("GR", &[Tz::Europe__Athens]),
    ("HK", &[Tz::Asia__Hong_Kong]),
    ("HR", &[Tz::Europe__Zagreb]),
    ("HU", &[Tz::Europe__Budapest]),
    ("ID", &[Tz::Asia__Jakarta, Tz::Asia__Makassar]),
    ("IE", &[Tz::Europe__Dublin]),
    ("IL", &[Tz::Asia__Jerusalem]),
    ("IN", &[Tz::Asia__Kolkata]),
    ("IS", &[Tz::Atlantic__Reykjavik]),
    ("IT", &[Tz::Europe__Rome]),
    ("JP", &[Tz::Asia__Tokyo]),
    ("KE", &[Tz::Africa__Nairobi]),
    ("KR", &[Tz::Asia__Seoul]),
    ("LT", &[Tz::Europe__Vilnius]),
    ("LU", &[Tz::Europe__Luxembourg]),
    ("LV", &[Tz::Europe__Riga]),
    ("MA", &[Tz::Africa__Casablanca]),
    ("MT", &[Tz::Europe__Malta]),
    ("MX", &[Tz::America__Mexico_City, Tz::America__Tijuana]),
    ("MY", &[Tz::Asia__Kuala_Lumpur]),
    ("NG", &[Tz::Africa__Lagos]),
    ("NL", &[Tz::Europe__Amsterdam]),
    ("NO", &[Tz::Europe__Oslo]),
    ("NZ", &[Tz::Pacific__Auckland]),
    ("PE", &[Tz::America__Lima]),
    ("PH", &[Tz::Asia__Manila]),
    ("PK", &[Tz::Asia__Karachi]),
    ("PL", &[Tz::Europe__Warsaw]),
    ("PT", &[Tz::Europe__Lisbon]),
    ("RO", &[Tz::Europe__Bucharest]),
    ("RS", &[Tz::Europe__Belgrade]),
    ("RU", &[Tz::Europe__Moscow, Tz::Asia__Yekaterinburg]),
    ("SA", &[Tz::Asia__Riyadh]),
    ("SE", &[Tz::Europe__Stockholm]),
    ("SG", &[Tz::Asia__Singapore]),
    ("SI", &[Tz::Europe__Ljubljana]),
    ("SK", &[Tz::Europe__Bratislava]),
    ("TH", &[Tz::Asia__Bangkok]),
    ("TR", &[Tz::Europe__Istanbul]),
    ("TW", &[Tz::Asia__Taipei]),
    ("UA", &[Tz::Europe__Kyiv]),
    ("US", &[Tz::America__New_York, Tz::America__Los_Angeles]),
    ("VN", &[Tz::Asia__Ho_Chi_Minh]),
    ("ZA", &[Tz::Africa__Johannesburg]),
];

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
    fn country_table_has_no_duplicates() {
        assert!(ZONES.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(
            ZONES
                .iter()
                .all(|(code, zones)| code.parse::<Country>().is_ok() && !zones.is_empty())
        );
    }
}
