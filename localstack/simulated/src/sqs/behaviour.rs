//! SQS's faults.

use serde::{Deserialize, Serialize};

use crate::faults::Plan;

/// What can go wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SqsFault {
    /// A send: 500, nothing stored.
    SendRefused,
    /// A send: the connection is reset, nothing stored.
    SendLost,
    /// A send: everything stored, and the connection is reset.
    SendAnswerLost,
    /// A send of a batch: 200, and every second entry, the first included, is listed as failed.
    /// A send of one message: 500, nothing stored.
    SendPartly,
    /// A send: throttled, nothing stored.
    SendThrottled,
    /// A change of visibility: 500, nothing changed.
    HideRefused,
    /// A change of visibility: the change is made, and the connection is reset.
    HideAnswerLost,
    /// A change of visibility of a batch: 200, and every second entry is listed as failed.
    HidePartly,
}

impl SqsFault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SendRefused,
        Self::SendLost,
        Self::SendAnswerLost,
        Self::SendPartly,
        Self::SendThrottled,
        Self::HideRefused,
        Self::HideAnswerLost,
        Self::HidePartly,
    ];

    fn concerns_sends(self) -> bool {
        match self {
            Self::SendRefused
            | Self::SendLost
            | Self::SendAnswerLost
            | Self::SendPartly
            | Self::SendThrottled => true,
            Self::HideRefused | Self::HideAnswerLost | Self::HidePartly => false,
        }
    }
}

/// The faults that SQS is set to. Faults of sends and of changes of visibility are planned apart.
#[derive(Debug)]
pub struct SqsBehaviour {
    sends: Plan<SqsFault>,
    hides: Plan<SqsFault>,
}

impl SqsBehaviour {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            sends: Plan::new(seed),
            hides: Plan::new(seed),
        }
    }

    /// The next so many requests that it concerns meet this fault.
    pub fn next(&mut self, count: u64, fault: SqsFault) -> &mut Self {
        self.plan(fault).push_next(fault, count);
        self
    }

    /// Every request that it concerns meets this fault.
    pub fn always(&mut self, fault: SqsFault) -> &mut Self {
        self.plan(fault).set_always(Some(fault));
        self
    }

    /// This share (0 to 1) of the requests that it concerns meets this fault; the seed and the
    /// content decide which.
    pub fn share(&mut self, fault: SqsFault, share: f64) -> &mut Self {
        self.plan(fault).set_share(fault, share);
        self
    }

    /// No faults.
    pub fn clear(&mut self) -> &mut Self {
        self.sends.clear();
        self.hides.clear();
        self
    }

    pub(super) fn pick_for_send(&mut self, content: &str) -> Option<SqsFault> {
        self.sends.pick_if_any(content)
    }

    pub(super) fn pick_for_hide(&mut self, content: &str) -> Option<SqsFault> {
        self.hides.pick_if_any(content)
    }

    fn plan(&mut self, fault: SqsFault) -> &mut Plan<SqsFault> {
        if fault.concerns_sends() {
            &mut self.sends
        } else {
            &mut self.hides
        }
    }
}
