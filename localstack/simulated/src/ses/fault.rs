//! The possible results of a handover and of a mail.

use serde::{Deserialize, Serialize};

/// What can go wrong with a handover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SesFault {
    /// Accepted, and never answered.
    AcceptHang,
    /// Accepted, and the connection is reset.
    AcceptReset,
    /// Accepted, and the connection breaks in the middle of the answer.
    AcceptCutOff,
    /// Accepted, and answered with 500.
    AcceptServerError,
    /// Accepted, and answered with 503.
    AcceptUnavailable,
    /// Accepted, and answered with 200 and a body that is no answer.
    AcceptGarbage,
    /// Accepted, and answered after seven seconds.
    AcceptSlow,
    /// Not accepted, and never answered.
    Hang,
    /// Not accepted: the connection is reset.
    Reset,
    /// Not accepted: 500.
    ServerError,
    /// Not accepted: 503.
    Unavailable,
    /// Not accepted: throttled, whatever the rate.
    Throttled,
    /// Not accepted: the day's quota is used up, whatever the quota.
    OverQuota,
    /// Not accepted: the account may not send.
    AccountPaused,
    /// Not accepted: the configuration set may not send.
    ConfigurationSetPaused,
    /// Not accepted: this mail, and no other.
    MessageRejected,
    /// Not accepted: the sender is not verified.
    NotVerified,
}

impl SesFault {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::AcceptHang,
        Self::AcceptReset,
        Self::AcceptCutOff,
        Self::AcceptServerError,
        Self::AcceptUnavailable,
        Self::AcceptGarbage,
        Self::AcceptSlow,
        Self::Hang,
        Self::Reset,
        Self::ServerError,
        Self::Unavailable,
        Self::Throttled,
        Self::OverQuota,
        Self::AccountPaused,
        Self::ConfigurationSetPaused,
        Self::MessageRejected,
        Self::NotVerified,
    ];

    /// As it stands in JSON and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::AcceptHang => "accept_hang",
            Self::AcceptReset => "accept_reset",
            Self::AcceptCutOff => "accept_cut_off",
            Self::AcceptServerError => "accept_server_error",
            Self::AcceptUnavailable => "accept_unavailable",
            Self::AcceptGarbage => "accept_garbage",
            Self::AcceptSlow => "accept_slow",
            Self::Hang => "hang",
            Self::Reset => "reset",
            Self::ServerError => "server_error",
            Self::Unavailable => "unavailable",
            Self::Throttled => "throttled",
            Self::OverQuota => "over_quota",
            Self::AccountPaused => "account_paused",
            Self::ConfigurationSetPaused => "configuration_set_paused",
            Self::MessageRejected => "message_rejected",
            Self::NotVerified => "not_verified",
        }
    }

    /// Whether SES takes the mail: the person gets it, whatever answer the caller gets.
    pub fn accepts(self) -> bool {
        match self {
            Self::AcceptHang
            | Self::AcceptReset
            | Self::AcceptCutOff
            | Self::AcceptServerError
            | Self::AcceptUnavailable
            | Self::AcceptGarbage
            | Self::AcceptSlow => true,
            Self::Hang
            | Self::Reset
            | Self::ServerError
            | Self::Unavailable
            | Self::Throttled
            | Self::OverQuota
            | Self::AccountPaused
            | Self::ConfigurationSetPaused
            | Self::MessageRejected
            | Self::NotVerified => false,
        }
    }
}

/// The result of a mail that SES accepted. A `Send` event comes first in every case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryResult {
    /// Delivered.
    #[default]
    Delivered,
    /// Bounced for good: there is no such mailbox.
    HardBounce,
    /// Bounced for now: the mailbox is full.
    SoftBounce,
    /// Delivered, and reported as spam.
    Complained,
    /// Delayed for a while, then delivered.
    Delayed,
    /// Refused by SES itself, as a virus.
    Rejected,
    /// Delivered and opened.
    Opened,
    /// Delivered, opened and clicked.
    Clicked,
    /// No event follows the `Send` event.
    Silent,
}

/// When the events of a mail come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// All of them before the handover is answered; the answer waits for
    /// [`SesBehaviour::lead_ms`](super::SesBehaviour::lead_ms), so that they can be worked on by then.
    Before,
    /// After the answer, with [`SesBehaviour::lag_ms`](super::SesBehaviour::lag_ms).
    #[default]
    After,
    /// Never.
    Never,
    /// After the answer, each of them two times.
    Twice,
    /// After the answer, the last one first.
    Backwards,
}
