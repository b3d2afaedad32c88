//! What the console reads: who may enter, and whose console it is.

use std::{collections::BTreeMap, time::Duration};

use url::Url;

use super::{InvalidEnvironment, Reader, Secret, hash_key, sender::ramp};
use crate::domain::{email::HashKey, person::Role, quota::Ramp, signing::KeyRing};

/// How long an answer may take. Below the function's timeout, so that whoever waits gets a page of ours.
pub const CONSOLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests of a person in a minute, unless it is set: a page of leads every tenth of a second.
const API_REQUESTS_PER_MINUTE: i32 = 600;

/// What the console reads.
#[derive(Debug, Clone)]
pub struct Console {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Finds a mailbox by an address that a person enters.
    pub hash_key: HashKey,
    /// Whose console it is, for the pages' head.
    pub name: String,
    /// For the preview of a mail; empty where it is not set.
    pub postal_address: String,
    /// Scheme and host of the pages, as a browser shows them. None: those of the function's own URL.
    pub origin: Option<Url>,
    /// The queues whose state it shows; the ones that are not named are not shown.
    pub queues: Vec<Queues>,
    /// How long it takes at most until the collector runs again; none where its schedule is not a plain rate.
    pub collects_every: Option<Duration>,
    /// The bucket that lists are uploaded to; none where nothing can be uploaded.
    pub import_bucket: Option<String>,
    /// The function that reads sources, asked to try one; none where none can be tried.
    pub collector_function: Option<String>,
    /// The stack whose functions it shows; none where CloudWatch is not asked.
    pub stack: Option<String>,
    /// Requests to the API that a person may send in a minute.
    pub requests_a_minute: i32,
    /// As the sender has it.
    pub ramp: Ramp,
    /// What the health page's checks ask about.
    pub mailing: Mailing,
    /// None while the variables of the issuer are missing: then nobody can enter.
    pub access: Option<Access>,
    /// What must be set before anybody can enter.
    pub missing: Vec<&'static str>,
}

/// What mails leave with, as it is written in the sender's environment: what is wrong with it a check says, and the
/// console with its kill switch starts all the same.
#[derive(Debug, Clone)]
pub struct Mailing {
    /// Who mails come from.
    pub sender: Option<String>,
    /// SES's configuration set.
    pub configuration_set: Option<String>,
    pub most_a_second: Option<String>,
    /// Base of the links in every mail.
    pub public_base_url: Option<String>,
}

/// A queue and where its messages go that nobody could work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queues {
    /// As pages call it.
    pub name: &'static str,
    pub url: String,
    pub dead_letters_url: String,
}

/// Who may enter (OpenID Connect), and how a session is known to be ours.
#[derive(Debug, Clone)]
pub struct Access {
    /// Exactly as the issuer writes itself into its tokens.
    pub issuer: String,
    pub client_id: String,
    /// Issuers that know public clients need none: PKCE proves who began.
    pub client_secret: Option<Secret>,
    pub scopes: String,
    /// The claim that holds a person's roles, by its literal name: a text, or a list of texts.
    pub role_claim: String,
    /// A value of that claim, and the role it gives.
    pub roles: BTreeMap<String, Role>,
    /// The audience of access tokens for the API. None: the API takes no tokens.
    pub api_audience: Option<String>,
    pub session_keys: KeyRing,
}

impl Console {
    /// Reads through `lookup`.
    pub fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut r = Reader::new(lookup);
        let database_url = Secret(r.required("DATABASE_URL"));
        let hash_key = hash_key(&mut r);
        let name = r.required("SENDER_NAME");
        let postal_address = r.optional("POSTAL_ADDRESS").unwrap_or_default();
        let origin = r.base_url("CONSOLE_ORIGIN", None);
        if origin
            .as_ref()
            .is_some_and(|url| url.path() != "/" || !is_safe(url))
        {
            r.problem(
                "CONSOLE_ORIGIN",
                "is an https origin without a path, such as https://team.example.com",
            );
        }
        let queues = queues(&mut r);
        let collects_every = r.optional("COLLECT_SCHEDULE").and_then(|text| rate(&text));
        let import_bucket = r.optional("IMPORT_BUCKET");
        let collector_function = r.optional("COLLECTOR_FUNCTION");
        let stack = r.optional("STACK_NAME");
        let requests_a_minute = r.or_default(
            "API_REQUESTS_PER_MINUTE",
            "a whole number",
            API_REQUESTS_PER_MINUTE,
        );
        let ramp = ramp(&mut r);
        let mailing = mailing(&mut r);
        let (access, missing) = access(&mut r);
        let config = hash_key.map(|hash_key| Self {
            database_url,
            hash_key,
            name,
            postal_address,
            origin,
            queues,
            collects_every,
            import_bucket,
            collector_function,
            stack,
            requests_a_minute,
            ramp,
            mailing,
            access,
            missing,
        });
        r.finish(config)
    }
}

fn mailing(r: &mut Reader<'_>) -> Mailing {
    Mailing {
        sender: r.optional("SENDER_ADDRESS"),
        configuration_set: r.optional("SES_CONFIGURATION_SET"),
        most_a_second: r.optional("SES_MAX_PER_SECOND"),
        public_base_url: r.optional("PUBLIC_BASE_URL"),
    }
}

/// Reads EventBridge's `rate(1 hour)`; of `cron(…)` nobody says how long it takes.
fn rate(text: &str) -> Option<Duration> {
    let (number, unit) = text
        .strip_prefix("rate(")?
        .strip_suffix(')')?
        .split_once(' ')?;
    let minutes = match unit.trim_end_matches('s') {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    Some(Duration::from_mins(number.checked_mul(minutes)?))
}

fn queues(r: &mut Reader<'_>) -> Vec<Queues> {
    let names = [
        ("enrich", "ENRICH_QUEUE_URL", "ENRICH_DEAD_LETTER_QUEUE_URL"),
        (
            "outreach",
            "OUTREACH_QUEUE_URL",
            "OUTREACH_DEAD_LETTER_QUEUE_URL",
        ),
        (
            "feedback",
            "FEEDBACK_QUEUE_URL",
            "FEEDBACK_DEAD_LETTER_QUEUE_URL",
        ),
    ];
    let mut queues = Vec::new();
    for (name, url, dead_letters_url) in names {
        let both = r.optional(url).zip(r.optional(dead_letters_url));
        queues.extend(both.map(|(url, dead_letters_url)| Queues {
            name,
            url,
            dead_letters_url,
        }));
    }
    queues
}

/// A stack without an issuer is a stack on its way, not a fault; a wrong value is one.
fn access(r: &mut Reader<'_>) -> (Option<Access>, Vec<&'static str>) {
    let issuer = r.optional("OIDC_ISSUER");
    let client_id = r.optional("OIDC_CLIENT_ID");
    let keys = r.optional("CONSOLE_SESSION_KEYS");
    let required = [
        ("OIDC_ISSUER", issuer.is_some()),
        ("OIDC_CLIENT_ID", client_id.is_some()),
        ("CONSOLE_SESSION_KEYS", keys.is_some()),
    ];
    let missing = required.iter().filter(|(_, given)| !given);
    let missing: Vec<_> = missing.map(|(name, _)| *name).collect();
    if let Some(issuer) = &issuer
        && let Err(why) = check_issuer(issuer)
    {
        r.problem("OIDC_ISSUER", why);
    }
    let session_keys = keys.and_then(|_| r.parsed("CONSOLE_SESSION_KEYS", KeyRing::parse));
    let roles = match r.optional("OIDC_ROLES") {
        None => Some(own_names()),
        Some(_) => r.parsed("OIDC_ROLES", parse_roles),
    };
    let client_secret = r.optional("OIDC_CLIENT_SECRET").map(Secret);
    let scopes = r.optional("OIDC_SCOPES");
    let role_claim = r.optional("OIDC_ROLE_CLAIM");
    let api_audience = r.optional("OIDC_API_AUDIENCE");
    let named = issuer.zip(client_id);
    let access = named.zip(session_keys).zip(roles);
    let access = access.map(|(((issuer, client_id), session_keys), roles)| Access {
        issuer,
        client_id,
        client_secret,
        scopes: scopes.unwrap_or_else(|| "openid profile email".to_owned()),
        role_claim: role_claim.unwrap_or_else(|| "roles".to_owned()),
        roles,
        api_audience,
        session_keys,
    });
    (access, missing)
}

fn check_issuer(issuer: &str) -> Result<(), &'static str> {
    let url = Url::parse(issuer).map_err(|_| "is not an https address")?;
    if !is_safe(&url) {
        return Err("is not an https address");
    }
    let tenant = url
        .path()
        .trim_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    let of_microsoft = url.host_str() == Some("login.microsoftonline.com");
    if of_microsoft && ["common", "organizations", "consumers"].contains(&tenant) {
        return Err(
            "names no tenant: with `common` anybody who has an account at Microsoft would be let to \
                    the door, and its tokens name another issuer",
        );
    }
    Ok(())
}

/// TLS, except on this very machine.
fn is_safe(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let here = host == "localhost"
        || host == "127.0.0.1"
        || host == "[::1]"
        || host.ends_with(".localhost");
    url.scheme() == "https" || url.scheme() == "http" && here
}

fn own_names() -> BTreeMap<String, Role> {
    let roles = <Role as strum::VariantArray>::VARIANTS;
    roles
        .iter()
        .map(|role| (role.as_str().to_owned(), *role))
        .collect()
}

/// Reads `value=role,value=role`.
fn parse_roles(text: &str) -> Result<BTreeMap<String, Role>, &'static str> {
    let entry = |entry: &str| {
        let (value, role) = entry.rsplit_once('=')?;
        Some((value.trim().to_owned(), role.trim().parse().ok()?))
    };
    let roles: Option<_> = text.split(',').map(entry).collect();
    roles.ok_or("write it as value=role, several parted by commas, with the roles viewer, reviewer, operator, admin")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: (&str, &str) = ("OIDC_ISSUER", "https://login.example.org/team");
    const CLIENT: (&str, &str) = ("OIDC_CLIENT_ID", "console");

    fn read(changes: &[(&str, &str)]) -> Result<Console, InvalidEnvironment> {
        let key = "0f".repeat(32);
        let table = [
            ("DATABASE_URL", "postgres://secret@db/outreach"),
            ("RECIPIENT_HASH_KEY", &key),
            ("SENDER_NAME", "Ana at Example"),
        ];
        Console::from_lookup(&|name| {
            let mut given = changes.iter().chain(&table);
            Some(given.find(|(known, _)| *known == name)?.1.to_owned())
        })
    }

    fn keys() -> String {
        format!("k1:{}", "0f".repeat(32))
    }

    #[test]
    fn stack_without_issuer_says_what_is_missing() {
        let config = read(&[]).unwrap();
        assert!(config.access.is_none());
        assert_eq!(
            config.missing,
            ["OIDC_ISSUER", "OIDC_CLIENT_ID", "CONSOLE_SESSION_KEYS"]
        );
        let config = read(&[ISSUER, CLIENT]).unwrap();
        assert!(config.access.is_none());
        assert_eq!(config.missing, ["CONSOLE_SESSION_KEYS"]);
    }

    #[test]
    fn roles_are_their_own_names_unless_mapped() {
        let keys = keys();
        let given = [ISSUER, CLIENT, ("CONSOLE_SESSION_KEYS", keys.as_str())];
        let access = read(&given).unwrap().access.unwrap();
        assert_eq!(access.roles.get("admin"), Some(&Role::Admin));
        let mapped = ("OIDC_ROLES", "cn=heads=admin, sales=reviewer");
        let access = read(&[&given[..], &[mapped]].concat())
            .unwrap()
            .access
            .unwrap();
        assert_eq!(access.roles.get("cn=heads"), Some(&Role::Admin));
        assert_eq!(access.roles.get("sales"), Some(&Role::Reviewer));
        assert_eq!(access.roles.get("admin"), None);
    }

    #[test]
    fn schedule_says_how_long_it_takes() {
        for (text, minutes) in [
            ("rate(1 minute)", Some(1)),
            ("rate(2 hours)", Some(120)),
            ("rate(1 day)", Some(1_440)),
            ("cron(0 8 ? * MON-FRI *)", None),
            ("rate(hour)", None),
        ] {
            let config = read(&[("COLLECT_SCHEDULE", text)]).unwrap();
            assert_eq!(
                config.collects_every,
                minutes.map(Duration::from_mins),
                "{text}"
            );
        }
        assert_eq!(read(&[]).unwrap().collects_every, None);
    }

    #[test]
    fn wrong_values_are_named_without_being_shown() {
        for (name, value) in [
            ("OIDC_ISSUER", "http://login.example.org"),
            (
                "OIDC_ISSUER",
                "https://login.microsoftonline.com/common/v2.0",
            ),
            ("OIDC_ISSUER", "login.example.org"),
            ("OIDC_ROLES", "heads=chief"),
            ("OIDC_ROLES", "heads"),
            ("CONSOLE_SESSION_KEYS", "k1:c0ffee"),
            ("CONSOLE_ORIGIN", "http://team.example.com"),
            ("CONSOLE_ORIGIN", "https://team.example.com/console"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && !error.contains("c0ffee"), "{error}");
        }
        assert!(read(&[("CONSOLE_ORIGIN", "http://console.lambda-url.localhost:4566")]).is_ok());
    }
}
