use super::*;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 27).unwrap()
}

fn asked(days: &str, campaign: &str, source: &str) -> Asked {
    Asked {
        days: days.to_owned(),
        campaign: campaign.to_owned(),
        source: source.to_owned(),
    }
}

#[test]
fn filters_are_read_or_refused_whole() {
    let scope = asked("", "", "").scope(today()).unwrap();
    assert_eq!((scope.days().count(), scope.to), (30, today()));
    assert_eq!((scope.campaign, scope.source), (None, None));
    let scope = asked("7", "4", "9").scope(today()).unwrap();
    assert_eq!(scope.from.to_string(), "2026-11-21");
    assert_eq!(scope.campaign, Some(CampaignId(4)));
    assert_eq!(scope.source, Some(SourceId(9)));
    for (days, campaign, source) in [
        ("8", "", ""),
        ("-7", "", ""),
        ("week", "", ""),
        ("7", "all", ""),
        ("7", "", "1.5"),
    ] {
        let scope = asked(days, campaign, source).scope(today());
        assert_eq!(scope, None, "{days} {campaign} {source}");
    }
}

#[test]
fn other_period_keeps_other_filters() {
    let asked = asked("7", "4", "");
    assert_eq!(asked.address("/", 90), "/?days=90&campaign=4&source=");
    let hostile = self::asked("", "\"><b>", "");
    assert!(!hostile.address("/", 7).contains(['"', '<']));
}

#[test]
fn funnel_steps_show_share_of_step_before() {
    let funnel = Funnel {
        found: 100,
        assessed: 90,
        qualified: 45,
        planned: 29,
        mailed: 20,
        delivered: 18,
        replied: 0,
    };
    let steps = steps(funnel);
    let shares: Vec<&str> = steps.iter().map(|step| step.share.as_str()).collect();
    assert_eq!(shares, ["", "90.0 %", "50.0 %", "64.4 %", "–", "–", "–"]);
    assert_eq!((steps[3].title, steps[3].leads), ("Planned", 29));
}

#[test]
fn elsewhere_is_said_in_sentences() {
    let of = |state: Option<&str>, reason: Option<&str>| {
        let elsewhere = Elsewhere {
            state: state.map(str::to_owned),
            reason: reason.map(str::to_owned),
            leads: 2,
        };
        stands(&elsewhere).0
    };
    assert_eq!(of(None, Some("no_email")), Reason::NoEmail.explain());
    assert_eq!(of(Some("queued"), Some("ramp")), Reason::Ramp.explain());
    assert_eq!(of(Some("unknown"), None), SendState::Unknown.explain());
    assert_eq!(of(None, Some("of a later version")), "of a later version");
}

#[test]
fn rates_need_thirty_and_name_their_interval() {
    let share = |count, of| Share { count, of };
    assert_eq!(write::rate(share(19, 1_486)), "1.3 %");
    assert_eq!(write::rate(share(1, 29)), "–");
    assert_eq!(write::interval(share(131, 1_451)), "95 %: 7.7–10.6 %");
    assert_eq!(
        write::interval(share(1, 20)),
        "fewer than 30, too few for a rate"
    );
    assert_eq!(
        write::rate_and_interval(share(131, 1_451)),
        "9.0 % (7.7–10.6)"
    );
    assert_eq!(write::rate_and_interval(share(0, 0)), "Too few");
}

#[test]
fn times_prices_and_speeds_are_short() {
    for (minutes, expected) in [
        (0.4, "0 min"),
        (59.0, "59 min"),
        (1_140.0, "19 h"),
        (4_464.0, "3.1 days"),
    ] {
        assert_eq!(write::duration(minutes), expected);
    }
    for (count, times, expected) in [
        (4_812, 30, "160"),
        (75, 10, "7.5"),
        (0, 0, "0"),
        (45_000, 30, "1,500"),
    ] {
        assert_eq!(write::per(count, times), expected);
    }
    for (micros, expected) in [
        (0, "0.00 ¢"),
        (8_199, "0.82 ¢"),
        (31_400, "3.1 ¢"),
        (1_200_000, "$1.20"),
    ] {
        assert_eq!(write::price(micros), expected);
    }
    let statement = "-- Why.\nselect a\n  from b\n";
    assert_eq!(write::one_line(statement), "select a from b");
    assert_eq!(write::beginning(statement), "select a from b");
    assert_eq!(write::beginning(&"é".repeat(200)).chars().count(), 161);
    assert_eq!(write::score_bin(0), "0–9");
    assert_eq!(write::score_bin(9), "90–100");
    assert_eq!(write::platform("linkedin"), "LinkedIn");
    assert_eq!(write::platform("mastodon"), "mastodon");
}
