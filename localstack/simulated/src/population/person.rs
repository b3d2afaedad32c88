//! A person of the population, and one profile of theirs on one platform.

use serde::Serialize;

/// The language a person writes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Language {
    English,
    German,
    French,
    Spanish,
    Portuguese,
    Italian,
    Japanese,
}

impl Language {
    /// ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Italian => "it",
            Self::Japanese => "ja",
        }
    }
}

/// Where a profile lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Platform {
    X,
    Instagram,
    Facebook,
    #[serde(rename = "linkedin")]
    LinkedIn,
}

impl Platform {
    /// As it stands in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Instagram => "instagram",
            Self::Facebook => "facebook",
            Self::LinkedIn => "linkedin",
        }
    }
}

/// The kind of verification a profile carries on X; elsewhere only whether there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Verified {
    None,
    Blue,
    Business,
    Government,
}

impl Verified {
    /// As X writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Blue => "blue",
            Self::Business => "business",
            Self::Government => "government",
        }
    }
}

/// The kind of a profile: what the pipeline ought to do with it, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum ProfileKind {
    /// Fits, has an address, lives where one may write.
    Fitting,
    /// Fits, but the address is written in disguise (`ana [at] example.org`), in the bio only.
    Disguised,
    /// Fits, but gives no address.
    Unreachable,
    /// Few followers and nothing to say.
    Small,
    /// Something no programme may be offered to.
    Prohibited,
    /// Fits, but lives where consent is needed first.
    Consent,
    /// Fits, and lives somewhere else abroad.
    Abroad,
    /// Fits, lives abroad and gives no address.
    AbroadUnreachable,
    /// Fits, but the country is unknown.
    Nowhere,
    /// Gives a role address such as `info@`.
    Role,
    /// A second profile of a [`ProfileKind::Fitting`] person, with the same address.
    Twin,
    /// A bio with instructions for the model.
    Injection,
    /// A profile that is hard to read: no name, ten thousand emoji, invisible characters.
    Odd,
}

/// One profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// What the pipeline ought to do with it.
    pub kind: ProfileKind,
    /// Where it lives.
    pub platform: Platform,
    /// The platform's own identifier.
    pub id: String,
    /// Handle.
    pub username: String,
    /// Name as shown; may be empty.
    pub name: String,
    /// Biography; a website in it stands as its full address.
    pub bio: String,
    /// The address that the person publishes, however they write it.
    pub email: Option<String>,
    /// Whether the address is given as a field, or only in the bio.
    pub email_listed: bool,
    /// Website.
    pub website: Option<String>,
    /// Location as people write it.
    pub location: Option<String>,
    /// Where the person really lives (ISO 3166-1 alpha-2), if the profile shows it.
    pub country: Option<&'static str>,
    /// Whether the country is given as a field.
    pub country_listed: bool,
    /// Language of the bio.
    pub language: Language,
    /// What the person is about, as a classifier would call it.
    pub niche: &'static str,
    /// The topic in the person's own language.
    pub topic: &'static str,
    /// Followers.
    pub followers: u64,
    /// Verification.
    pub verified: Verified,
}

impl Profile {
    /// The profile's address. The hosts are subdomains of a reserved domain: a handle from a word
    /// table may well exist on the real platform, and its owner is not meant.
    pub fn url(&self) -> String {
        let user = &self.username;
        match self.platform {
            Platform::X => format!("https://x.example.com/{user}"),
            Platform::Instagram => format!("https://instagram.example.com/{user}/"),
            Platform::Facebook => format!("https://facebook.example.com/{user}"),
            Platform::LinkedIn => format!("https://linkedin.example.com/in/{user}"),
        }
    }
}
