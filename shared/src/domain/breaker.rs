//! When sending is stopped: SES and mailbox providers judge an account by its bounces and complaints.

use std::str::FromStr;

use super::ids::CampaignId;

/// Days that count, today included (UTC).
pub const DAYS: i32 = 7;
/// A share of fewer mails than this says little.
const FEW: i64 = 200;
/// SES reviews an account at 0.1 % complaints; this stops before.
const COMPLAINED_PER_10_000: i64 = 8;
/// SES reviews an account at 5 % hard bounces; this stops before.
const BOUNCED_PER_10_000: i64 = 400;
/// Of few mails, so many complaints are no accident.
const COMPLAINTS_OF_FEW: i64 = 3;
/// Of few mails, so many hard bounces are no accident, if they are also this share.
const BOUNCES_OF_FEW: i64 = 10;
const BOUNCED_OF_FEW_PER_10_000: i64 = 1_000;
/// One complaint says something about its campaign, not about all of them.
const COMPLAINTS_OF_ACCOUNT: i64 = 2;

/// Mails of the days that count, less what an operator has forgiven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Mails that SES accepted.
    pub sent: i64,
    /// Of these, whose mailbox bounced for good.
    pub bounced: i64,
    /// Of these, whose recipient complained.
    pub complained: i64,
}

/// Which share was too high, and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trip {
    ComplaintRate,
    BounceRate,
    AccountComplaintRate,
    AccountBounceRate,
}

impl Trip {
    pub const ALL: [Self; 4] = [
        Self::ComplaintRate,
        Self::BounceRate,
        Self::AccountComplaintRate,
        Self::AccountBounceRate,
    ];

    /// The breaker's reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ComplaintRate => "complaint_rate",
            Self::BounceRate => "bounce_rate",
            Self::AccountComplaintRate => "account_complaint_rate",
            Self::AccountBounceRate => "account_bounce_rate",
        }
    }

    /// What it means, in a sentence.
    pub fn explain(self) -> &'static str {
        match self {
            Self::ComplaintRate => {
                "Too many recipients of this campaign reported its mails as spam."
            }
            Self::BounceRate => "Too many of this campaign's mails bounced for good.",
            Self::AccountComplaintRate => {
                "Too many recipients of all campaigns together reported mails as spam."
            }
            Self::AccountBounceRate => "Too many mails of all campaigns together bounced for good.",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reason for an open breaker")]
pub struct UnknownTrip;

impl FromStr for Trip {
    type Err = UnknownTrip;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|trip| trip.as_str() == word).ok_or(UnknownTrip)
    }
}

/// Whether a campaign's figures open its breaker.
pub fn trips(figures: Figures) -> Option<Trip> {
    let Figures {
        sent,
        bounced,
        complained,
    } = figures;
    let share = |part: i64, per_10_000: i64| part * 10_000 >= sent * per_10_000;
    let few = sent < FEW;
    let complaints = if few {
        complained >= COMPLAINTS_OF_FEW
    } else {
        share(complained, COMPLAINED_PER_10_000)
    };
    let bounces = if few {
        bounced >= BOUNCES_OF_FEW && share(bounced, BOUNCED_OF_FEW_PER_10_000)
    } else {
        share(bounced, BOUNCED_PER_10_000)
    };
    if complaints {
        Some(Trip::ComplaintRate)
    } else if bounces {
        Some(Trip::BounceRate)
    } else {
        None
    }
}

/// Whether the figures of all campaigns that still send, taken together, stop them all.
pub fn trips_account(figures: Figures) -> Option<Trip> {
    match trips(figures)? {
        Trip::ComplaintRate if figures.complained >= COMPLAINTS_OF_ACCOUNT => {
            Some(Trip::AccountComplaintRate)
        }
        Trip::ComplaintRate => {
            let bounces_alone = Figures {
                complained: 0,
                ..figures
            };
            trips(bounces_alone).map(|_| Trip::AccountBounceRate)
        }
        _ => Some(Trip::AccountBounceRate),
    }
}

/// A campaign as its breaker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    pub campaign: CampaignId,
    /// Its breaker is open already.
    pub stopped: bool,
    pub ended: bool,
    pub figures: Figures,
}

/// A breaker that opens, and the figures that open it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    pub campaign: CampaignId,
    pub trip: Trip,
    pub figures: Figures,
}

/// Which breakers open. The mails of a campaign that is stopped count no more for the account: an
/// operator is at work on it, and stopping the others would not better its share.
pub fn openings(watched: &[Watched]) -> Vec<Opening> {
    let (mut opened, mut sending) = (Vec::new(), Vec::new());
    for campaign in watched.iter().filter(|campaign| !campaign.stopped) {
        match trips(campaign.figures) {
            Some(trip) => opened.push(Opening {
                campaign: campaign.campaign,
                trip,
                figures: campaign.figures,
            }),
            None => sending.push(campaign),
        }
    }
    let figures = sending
        .iter()
        .fold(Figures::default(), |sum, campaign| Figures {
            sent: sum.sent + campaign.figures.sent,
            bounced: sum.bounced + campaign.figures.bounced,
            complained: sum.complained + campaign.figures.complained,
        });
    if let Some(trip) = trips_account(figures) {
        let stopped = sending.into_iter().filter(|campaign| !campaign.ended);
        opened.extend(stopped.map(|campaign| Opening {
            campaign: campaign.campaign,
            trip,
            figures,
        }));
    }
    opened.sort_by_key(|opening| opening.campaign);
    opened
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(sent: i64, bounced: i64, complained: i64) -> Figures {
        Figures {
            sent,
            bounced,
            complained,
        }
    }

    #[track_caller]
    fn check(sent: i64, bounced: i64, complained: i64, trip: Option<Trip>) {
        let figures = figures(sent, bounced, complained);
        assert_eq!(trips(figures), trip, "{figures:?}");
    }

    #[test]
    fn shares_of_many_mails_trip_at_their_threshold() {
        check(200, 7, 0, None);
        check(200, 8, 0, Some(Trip::BounceRate));
        check(200, 0, 1, Some(Trip::ComplaintRate));
        check(1_251, 0, 1, None);
        check(1_250, 0, 1, Some(Trip::ComplaintRate));
        check(1_250, 1_000, 1, Some(Trip::ComplaintRate));
    }

    #[test]
    fn small_campaign_trips_at_absolute_counts() {
        check(0, 0, 0, None);
        check(9, 9, 0, None);
        check(10, 10, 0, Some(Trip::BounceRate));
        check(99, 9, 0, None);
        check(100, 10, 0, Some(Trip::BounceRate));
        check(101, 10, 0, None);
        check(150, 15, 0, Some(Trip::BounceRate));
        check(199, 19, 0, None);
        check(199, 20, 0, Some(Trip::BounceRate));
        check(199, 0, 2, None);
        check(3, 0, 3, Some(Trip::ComplaintRate));
    }

    #[test]
    fn account_trips_on_bounces_or_two_complaints() {
        for (figures, trip) in [
            (figures(750, 29, 0), None),
            (figures(750, 30, 0), Some(Trip::AccountBounceRate)),
            (figures(750, 0, 1), None),
            (figures(750, 0, 2), Some(Trip::AccountComplaintRate)),
            (figures(750, 30, 1), Some(Trip::AccountBounceRate)),
            (figures(750, 29, 1), None),
        ] {
            assert_eq!(trips_account(figures), trip, "{figures:?}");
        }
    }

    fn watched(id: i64, figures: Figures) -> Watched {
        Watched {
            campaign: CampaignId(id),
            stopped: false,
            ended: false,
            figures,
        }
    }

    fn opened(watched: &[Watched]) -> Vec<(i64, Trip)> {
        let openings = openings(watched);
        openings.iter().map(|o| (o.campaign.0, o.trip)).collect()
    }

    #[test]
    fn parallel_small_campaigns_stop_together() {
        let mut campaigns: Vec<_> = (1..=5).map(|id| watched(id, figures(150, 6, 0))).collect();
        let all: Vec<_> = (1..=5).map(|id| (id, Trip::AccountBounceRate)).collect();
        assert_eq!(opened(&campaigns), all);
        assert_eq!(openings(&campaigns)[0].figures, figures(750, 30, 0));
        campaigns[0].ended = true;
        assert_eq!(opened(&campaigns), all[1..], "its mails count all the same");
        campaigns[0].stopped = true;
        assert_eq!(opened(&campaigns), all[1..]);
        campaigns[1].figures.bounced = 5;
        assert_eq!(opened(&campaigns), []);
    }

    #[test]
    fn complaints_of_parallel_campaigns_are_added() {
        let campaigns: Vec<_> = (1..=2).map(|id| watched(id, figures(150, 0, 1))).collect();
        let both = [1, 2].map(|id| (id, Trip::AccountComplaintRate));
        assert_eq!(opened(&campaigns), both);
        assert_eq!(openings(&campaigns)[0].figures, figures(300, 0, 2));
        assert_eq!(opened(&campaigns[..1]), []);
    }

    #[test]
    fn trips_read_back_and_explain_themselves() {
        let mut sentences: Vec<_> = Trip::ALL.map(Trip::explain).into();
        sentences.dedup();
        assert_eq!(sentences.len(), Trip::ALL.len());
        for trip in Trip::ALL {
            assert_eq!(trip.as_str().parse(), Ok(trip));
            assert!(trip.explain().ends_with('.'), "{trip:?}");
        }
    }

    #[test]
    fn stopped_campaign_does_not_stop_the_others() {
        let bad = watched(1, figures(1_000, 100, 5));
        let good = watched(2, figures(1_000, 5, 0));
        assert_eq!(opened(&[bad, good]), [(1, Trip::ComplaintRate)]);
        let stopped = Watched {
            stopped: true,
            ..bad
        };
        assert_eq!(opened(&[stopped, good]), []);
    }

    #[test]
    fn lone_campaign_trips_for_its_own_reason() {
        let campaign = watched(1, figures(200, 8, 0));
        assert_eq!(opened(&[campaign]), [(1, Trip::BounceRate)]);
    }
}
