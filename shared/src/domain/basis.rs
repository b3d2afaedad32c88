//! Whether a first mail may be sent at all: the lawful basis, by country.
//!
//! Not legal advice. The table holds cautious defaults; a campaign overrides a row on its owner's
//! responsibility.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use super::country::Country;

/// What a country asks before a first commercial mail to a published address.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BasisRule {
    /// Opt-out regime: allowed with identity, postal address and a working unsubscribe.
    Allow,
    /// Allowed under conditions that only a person can judge.
    Review,
    /// Prior consent is needed.
    Consent,
    /// No person there is written to, whatever they agreed to: a campaign's own choice, never a law's.
    Never,
}

/// Why a recipient may be written to, as recorded in `recipients.basis`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Basis {
    /// The person agreed, provably (GDPR, art. 7).
    Consent,
    /// A written balancing test stands behind it (GDPR, art. 6(1)(f)).
    LegitimateInterest,
    /// Mail that a contract with the person needs.
    Contract,
}

impl BasisRule {
    /// As a form offers it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Review => "Review",
            Self::Consent => "Ask for consent",
            Self::Never => "Never",
        }
    }

    /// What follows from it for a mail.
    pub fn explain(self) -> &'static str {
        match self {
            Self::Allow => {
                "Mails leave without a person’s look. Each says who writes, gives your postal address, and can be unsubscribed from."
            }
            Self::Review => {
                "A reviewer reads each mail first, and judges whether the country’s conditions are met."
            }
            Self::Consent => {
                "Nothing leaves unless the person’s consent, or a contract with them, is recorded."
            }
            Self::Never => "Nobody there is written to, whatever they agreed to.",
        }
    }
}

impl Basis {
    pub fn from_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// A campaign's own rules, by country.
pub type BasisRules = BTreeMap<Country, BasisRule>;

/// The rule of a country: the campaign's own, else the table's, else review. Unknown is review.
pub fn basis_rule(country: Option<Country>, overrides: &BasisRules) -> BasisRule {
    let Some(country) = country else {
        return BasisRule::Review;
    };
    if let Some(rule) = overrides.get(&country) {
        return *rule;
    }
    default_rule(country).map_or(BasisRule::Review, |(rule, _)| rule)
}

/// The table's rule of a country, and the reason for it; `None` where it has no row.
pub fn default_rule(country: Country) -> Option<(BasisRule, &'static str)> {
    DEFAULTS
        .iter()
        .find(|(code, _, _)| *code == country.as_str())
        .map(|(_, rule, why)| (*rule, *why))
}

/// Country, rule and the reason for it.
pub const DEFAULTS: &[(&str, BasisRule, &str)] = &[
    (
        "US",
        BasisRule::Allow,
        "CAN-SPAM: opt-out, also for a first mail",
    ),
    (
        "DE",
        BasisRule::Consent,
        "UWG § 7: prior consent, also between businesses",
    ),
    ("AT", BasisRule::Consent, "TKG § 174: prior consent"),
    (
        "IT",
        BasisRule::Consent,
        "Codice privacy, art. 130: prior consent",
    ),
    (
        "PL",
        BasisRule::Consent,
        "electronic communications law: prior consent",
    ),
    (
        "DK",
        BasisRule::Consent,
        "Markedsføringsloven § 10: prior consent",
    ),
    (
        "NO",
        BasisRule::Consent,
        "Markedsføringsloven § 15: prior consent",
    ),
    ("ES", BasisRule::Consent, "LSSI, art. 21: prior consent"),
    ("CH", BasisRule::Consent, "UWG, art. 3: prior consent"),
    (
        "CA",
        BasisRule::Consent,
        "CASL: express or implied consent, provable by the sender",
    ),
    (
        "GB",
        BasisRule::Review,
        "PECR: companies opt-out, sole traders consent",
    ),
    (
        "FR",
        BasisRule::Review,
        "business opt-out if related to the job",
    ),
    ("IE", BasisRule::Review, "business opt-out under conditions"),
    ("SE", BasisRule::Review, "business opt-out under conditions"),
    ("FI", BasisRule::Review, "business opt-out under conditions"),
    ("NL", BasisRule::Review, "business opt-out in part"),
    (
        "BE",
        BasisRule::Review,
        "opt-out only for impersonal business addresses",
    ),
    (
        "PT",
        BasisRule::Review,
        "companies opt-out, natural persons consent",
    ),
    (
        "AU",
        BasisRule::Review,
        "Spam Act: consent inferred from a relevant, published address",
    ),
    (
        "NZ",
        BasisRule::Review,
        "UEM Act: deemed consent from a relevant, published address",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(code: &str) -> BasisRule {
        basis_rule(code.parse().ok(), &BasisRules::new())
    }

    #[test]
    fn country_without_a_row_is_for_a_person() {
        assert_eq!(rule("US"), BasisRule::Allow);
        assert_eq!(rule("DE"), BasisRule::Consent);
        assert_eq!(rule("FR"), BasisRule::Review);
        assert_eq!(rule("JP"), BasisRule::Review, "a country without a row");
        assert_eq!(rule("nowhere"), BasisRule::Review, "no country at all");
    }

    #[test]
    fn campaign_override_never_applies_to_unknown_country() {
        let own: BasisRules = serde_json::from_str(r#"{"US":"consent","JP":"allow"}"#).unwrap();
        assert_eq!(basis_rule("US".parse().ok(), &own), BasisRule::Consent);
        assert_eq!(basis_rule("JP".parse().ok(), &own), BasisRule::Allow);
        assert_eq!(basis_rule(None, &own), BasisRule::Review);
    }

    #[test]
    fn every_row_is_a_country_and_says_why() {
        for (code, _, why) in DEFAULTS {
            assert_eq!(code.parse::<Country>().unwrap().as_str(), *code);
            assert!(why.len() > 10, "{code}");
        }
    }
}
