//! When a campaign is stopped: mailbox providers judge a domain by its bounces and complaints.

/// Days that count, today included (UTC).
pub const DAYS: i32 = 7;
/// A share of fewer mails than this says nothing.
pub const FLOOR: i64 = 200;
/// SES reviews an account at 0.1 % complaints; this stops before.
pub const COMPLAINED_PER_10_000: i64 = 8;
/// SES reviews an account at 5 % hard bounces; this stops before.
pub const BOUNCED_PER_10_000: i64 = 400;

/// A campaign's mails of the days that count, less what a person has forgiven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Mails that SES accepted.
    pub sent: i64,
    /// Of these, whose mailbox bounced for good.
    pub bounced: i64,
    /// Of these, whose recipient complained.
    pub complained: i64,
}

/// Which share was too high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trip {
    /// Complaints, which weigh more.
    ComplaintRate,
    /// Hard bounces.
    BounceRate,
}

impl Trip {
    /// The breaker's reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ComplaintRate => "complaint_rate",
            Self::BounceRate => "bounce_rate",
        }
    }
}

/// Whether these figures open a breaker. The statement that ingests events asks the same with the
/// same constants; a test holds the two together.
pub fn trips(figures: Figures) -> Option<Trip> {
    let Figures {
        sent,
        bounced,
        complained,
    } = figures;
    if sent < FLOOR {
        None
    } else if complained * 10_000 >= sent * COMPLAINED_PER_10_000 {
        Some(Trip::ComplaintRate)
    } else if bounced * 10_000 >= sent * BOUNCED_PER_10_000 {
        Some(Trip::BounceRate)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sent: i64, bounced: i64, complained: i64, trip: Option<Trip>) {
        let figures = Figures {
            sent,
            bounced,
            complained,
        };
        assert_eq!(trips(figures), trip, "{figures:?}");
    }

    #[test]
    fn a_breaker_says_which_share_was_too_high() {
        assert_eq!(Trip::ComplaintRate.as_str(), "complaint_rate");
        assert_eq!(Trip::BounceRate.as_str(), "bounce_rate");
    }

    #[test]
    fn a_breaker_opens_at_its_shares_and_not_before() {
        check(199, 199, 199, None);
        check(200, 7, 0, None);
        check(200, 8, 0, Some(Trip::BounceRate));
        check(200, 0, 1, Some(Trip::ComplaintRate));
        check(1_251, 0, 1, None);
        check(1_250, 0, 1, Some(Trip::ComplaintRate));
        check(1_250, 1_000, 1, Some(Trip::ComplaintRate));
        check(0, 0, 0, None);
    }
}
