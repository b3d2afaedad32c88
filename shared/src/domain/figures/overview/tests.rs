use super::*;

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
}

fn group(campaign_id: i64, platform: &str) -> Group {
    Group {
        campaign_id,
        source_id: 1,
        platform: platform.to_owned(),
    }
}

/// Ten days from Friday, 6 March 2026, seen on the last of them at six in the morning.
fn figures() -> Figures {
    let first = Counters {
        stored: 60,
        found: 60,
        assessed: 50,
        by_model: 40,
        qualified: 30,
        planned: 20,
        mailed: 10,
        delivered: 8,
        replied: 1,
        cost_micros: 40_000,
        confidence_micros: 32_000_000,
        mails: 40,
        mails_delivered: 36,
        mails_bounced: 3,
        mails_complained: 1,
        mails_replied: 2,
        approved: 27,
        edited: 2,
        rejected: 3,
    };
    let second = Counters {
        stored: 15,
        found: 20,
        ..Counters::default()
    };
    let spread = [
        (Kind::Score, "7", 12),
        (Kind::Score, "9", 3),
        (Kind::Confidence, "50", 5),
        (Kind::Confidence, "84", 35),
        (Kind::Wait, "40", 10),
        (Kind::Mail, "queued ramp", 4),
        (Kind::Mail, "queued", 2),
        (Kind::Mail, "review country_review", 5),
        (Kind::Mail, "refused consent_needed", 9),
        (Kind::Mail, "unknown no_answer", 1),
        (Kind::Refused, "no_email", 7),
        (Kind::Refused, "role_address", 0),
    ];
    Figures {
        scope: Scope {
            from: day(6),
            to: day(15),
            campaign: None,
            source: None,
            platform: None,
        },
        as_of: "2026-03-15T06:00:00Z".parse().unwrap(),
        days: BTreeMap::from([
            ((day(8), group(1, "x")), first),
            ((day(9), group(2, "instagram")), second),
        ]),
        spreads: spread
            .map(|(kind, detail, amount)| ((kind, detail.to_owned()), amount))
            .into(),
        last_hours: BTreeMap::new(),
        sending: Sending {
            days_used: 2,
            ..Sending::default()
        },
    }
}

#[test]
fn tiles_say_what_they_rest_on() {
    let tiles = figures().tiles();
    let share = |count, of| Share { count, of };
    assert_eq!((tiles.stored, tiles.days, tiles.hours), (75, 10, 222));
    let platforms = BTreeMap::from([("instagram".to_owned(), 15), ("x".to_owned(), 60)]);
    assert_eq!(tiles.stored_by_platform, platforms);
    assert_eq!(tiles.by_model, share(40, 50));
    assert_eq!(tiles.confidence.by_rules, share(10, 50));
    let confidence = tiles.confidence;
    assert_eq!((confidence.answers, confidence.average), (40, Some(80.0)));
    assert_eq!((confidence.tenth, confidence.median), (Some(50), Some(84)));
    assert_eq!(
        (tiles.delivered, tiles.bounced, tiles.open),
        (share(36, 40), share(3, 40), 1)
    );
    assert_eq!(
        (tiles.complained, tiles.replied),
        (share(1, 36), share(2, 36))
    );
    assert_eq!(tiles.agreement, share(27, 32));
    assert_eq!((tiles.wait.mails, tiles.wait.still), (10, 11));
    assert_eq!(tiles.wait.median.map(f64::round), Some(1_120.0));
    let cost = tiles.cost;
    assert_eq!(
        (cost.per_lead, cost.per_qualified),
        (Some(500), Some(1_333))
    );
    assert_eq!((cost.micros, cost.per_mail), (40_000, Some(4_000)));
}

#[test]
fn tiles_of_nothing_claim_nothing() {
    let nothing = Figures {
        days: BTreeMap::new(),
        spreads: BTreeMap::new(),
        as_of: "2026-03-01T06:00:00Z".parse().unwrap(),
        ..figures()
    };
    let tiles = nothing.tiles();
    assert_eq!((tiles.days, tiles.hours, tiles.stored), (0, 0, 0));
    assert_eq!(tiles.confidence.average, None);
    assert_eq!((tiles.wait.median, tiles.cost.per_lead), (None, None));
    assert_eq!(tiles.delivered.rate(), None);
    assert_eq!(nothing.funnel().steps(), [0; 7]);
    assert_eq!(nothing.volume().len(), 10);
    assert!(nothing.elsewhere().is_empty());
}

#[test]
fn quantiles_of_few_are_left_out() {
    let tiles = figures().tiles();
    assert_eq!(tiles.confidence.enough(), tiles.confidence);
    let few = Confidence {
        answers: 29,
        ..tiles.confidence
    };
    let few = few.enough();
    assert_eq!((few.answers, few.average, few.median), (29, None, None));
    assert_eq!(few.by_rules, tiles.confidence.by_rules);
    let few = tiles.wait.enough();
    assert_eq!((few.mails, few.still, few.median), (10, 11, None));
}

#[test]
fn hours_end_with_present_one() {
    let hours: Vec<_> = figures().hours().collect();
    assert_eq!(hours.len(), 24);
    assert_eq!(hours[0].to_rfc3339(), "2026-03-14T07:00:00+00:00");
    assert_eq!(hours[23].to_rfc3339(), "2026-03-15T06:00:00+00:00");
}

#[test]
fn weeks_begin_on_monday() {
    let weeks = figures().weeks();
    let found: Vec<_> = weeks
        .iter()
        .map(|(week, funnel)| (*week, funnel.found))
        .collect();
    assert_eq!(found, [(day(2), 60), (day(9), 20)]);
    assert_eq!(figures().funnel().steps(), [80, 50, 30, 20, 10, 8, 1]);
    assert_eq!(figures().campaigns()[&2].found, 20);
}

#[test]
fn elsewhere_lists_largest_first() {
    let elsewhere = figures().elsewhere();
    let listed: Vec<(Option<&str>, Option<&str>, i64)> = elsewhere
        .iter()
        .map(|of| (of.state.as_deref(), of.reason.as_deref(), of.leads))
        .collect();
    assert_eq!(
        listed,
        [
            (Some("refused"), Some("consent_needed"), 9),
            (None, Some("no_email"), 7),
            (Some("review"), Some("country_review"), 5),
            (Some("queued"), Some("ramp"), 4),
            (Some("queued"), None, 2),
            (Some("unknown"), Some("no_answer"), 1),
        ]
    );
    assert_eq!(figures().scores(), [0, 0, 0, 0, 0, 0, 0, 12, 0, 3]);
    let ramp = Ramp {
        start: 50,
        growth: 2.0,
        cap: 1_000,
    };
    assert_eq!(figures().sending.allowed(ramp), 200);
}
