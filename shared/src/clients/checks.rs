//! Whether what mails need outside of this system is in place: SES, the pages behind their links, the clocks.
//! `outreach doctor` reports it in a terminal, the console on a page.

pub mod clock;
pub mod page;
pub mod ses;

use serde::Serialize;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    /// It works, but not as it should in production.
    Warn,
    Fail,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub status: Status,
    pub detail: String,
    /// What to do about it.
    pub advice: Option<String>,
}

/// All is well.
pub fn ok(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        check,
        status: Status::Ok,
        detail: detail.into(),
        advice: None,
    }
}

/// It works, but not as it should.
pub fn warn(check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding {
        check,
        status: Status::Warn,
        detail: detail.into(),
        advice: Some(advice.into()),
    }
}

/// It is broken.
pub fn fail(check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding {
        status: Status::Fail,
        ..warn(check, detail, advice)
    }
}
