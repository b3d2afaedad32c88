//! The settings of all functions: complete, readable, and in agreement with each other.

use std::collections::BTreeMap;

use shared::clients::checks::{Finding, fail, ok, warn};
use shared::config::{Collector, Console, Enricher, Feedback, InvalidEnvironment, Sender, Web};
use url::{Host, Url};

use crate::connection::whereabouts;
use crate::stack::{FUNCTIONS, Stack, Variables};

const CHECK: &str = "settings";

pub(super) fn check(stack: &Stack) -> Vec<Finding> {
    let lookup = |name: &str| stack.setting(name);
    let mut findings = missing(&stack.functions);
    findings.extend(problems(stack));
    findings.extend(differences(&stack.functions));
    findings.extend(contradictions(&lookup, stack.database_url.expose()));
    if findings.is_empty() {
        findings.push(ok(CHECK, "are complete and agree with each other"));
    }
    findings
}

/// Functions of this version that the stack lacks.
fn missing(deployed: &BTreeMap<String, Variables>) -> Vec<Finding> {
    let known = FUNCTIONS.iter().filter(|_| !deployed.is_empty());
    known
        .filter(|name| !deployed.contains_key(**name))
        .map(|name| {
            warn(
                CHECK,
                format!("{name} is not deployed"),
                "deploy this version",
            )
        })
        .collect()
}

/// One finding for each wrong variable, with the functions that read it.
fn problems(stack: &Stack) -> Vec<Finding> {
    fn of<T>(read: Result<T, InvalidEnvironment>) -> Vec<String> {
        read.err()
            .map(InvalidEnvironment::into_problems)
            .unwrap_or_default()
    }
    let of_function = |function| move |name: &str| stack.setting_of(function, name);
    let functions = [
        (
            "collector",
            of(Collector::from_lookup(&of_function("collector"))),
        ),
        (
            "enricher",
            of(Enricher::from_lookup(&of_function("enricher"))),
        ),
        ("sender", of(Sender::from_lookup(&of_function("sender")))),
        (
            "feedback",
            of(Feedback::from_lookup(&of_function("feedback"))),
        ),
        ("web", of(Web::from_lookup(&of_function("web")))),
        ("console", of(Console::from_lookup(&of_function("console")))),
    ];
    let is_deployed =
        |function: &str| stack.functions.is_empty() || stack.functions.contains_key(function);
    let mut readers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (function, problems) in functions.into_iter().filter(|(name, _)| is_deployed(name)) {
        for problem in problems {
            readers.entry(problem).or_default().push(function);
        }
    }
    let finding = |(problem, functions): (String, Vec<&str>)| {
        let detail = format!("{problem} ({})", functions.join(", "));
        let advice = "set the template parameter and deploy; .env.example explains each variable";
        fail(CHECK, detail, advice)
    };
    readers.into_iter().map(finding).collect()
}

/// Settings that one function reads otherwise than another.
fn differences(functions: &BTreeMap<String, Variables>) -> Vec<Finding> {
    let mut values: BTreeMap<&str, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
    for (function, variables) in functions {
        for (name, value) in variables {
            let value = match name.as_str() {
                // Each may log as it likes.
                "RUST_LOG" => continue,
                name if name.starts_with("AWS_") => continue,
                // Each may have a role of its own.
                "DATABASE_URL" => whereabouts(value),
                _ => value.clone(),
            };
            let readers = values.entry(name).or_default().entry(value).or_default();
            readers.push(function);
        }
    }
    let differing = values.into_iter().filter(|(_, readers)| readers.len() > 1);
    let finding = |(name, readers): (&str, BTreeMap<String, Vec<&str>>)| {
        // The values may be secrets.
        let groups: Vec<String> = readers.values().map(|group| group.join(", ")).collect();
        let detail = format!("{name} is not the same in {}", groups.join(" and in "));
        fail(
            CHECK,
            detail,
            "deploy again: the template gives all functions the same",
        )
    };
    differing.map(finding).collect()
}

fn contradictions(lookup: &dyn Fn(&str) -> Option<String>, database_url: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if lookup("SENDING_ENABLED").as_deref() != Some("true") {
        findings.push(warn(
            CHECK,
            "SENDING_ENABLED is not true, so planned mails wait",
            "deploy with SendingEnabled=true once you have read what would go out",
        ));
    }
    if lookup("OPENAI_API_KEY").is_none() {
        findings.push(warn(
            CHECK,
            "OPENAI_API_KEY is not set: the rules score, no text is written, and a person must review",
            "set OpenAiApiKey if a model is to write",
        ));
    }
    if lookup("PUBLIC_BASE_URL").is_some_and(|url| is_insecure(&url)) {
        findings.push(fail(
            CHECK,
            "PUBLIC_BASE_URL is not https: anybody on the way could read and press unsubscribe links",
            "give an https address in PublicBaseUrl",
        ));
    }
    let mailbox = lookup("UNSUBSCRIBE_MAILBOX");
    let reply_to = lookup("REPLY_TO_ADDRESS").or_else(|| lookup("SENDER_ADDRESS"));
    if mailbox.is_some() && same(mailbox.as_deref(), reply_to.as_deref()) {
        findings.push(fail(
            CHECK,
            "replies go to UNSUBSCRIBE_MAILBOX, which no person reads",
            "give another ReplyToAddress, or another UnsubscribeMailbox",
        ));
    }
    let unsubscribe = lookup("UNSUBSCRIBE_KEYS")
        .unwrap_or_default()
        .to_lowercase();
    let recipient = lookup("RECIPIENT_HASH_KEY")
        .unwrap_or_default()
        .to_lowercase();
    if !recipient.is_empty() && unsubscribe.contains(&recipient) {
        findings.push(warn(
            CHECK,
            "RECIPIENT_HASH_KEY is also one of UNSUBSCRIBE_KEYS",
            "generate another unsubscribe key; keep RECIPIENT_HASH_KEY as it is",
        ));
    }
    let theirs = lookup("DATABASE_URL").map(|url| whereabouts(&url));
    let ours = whereabouts(database_url);
    if theirs.as_ref().is_some_and(|theirs| *theirs != ours) {
        findings.push(fail(
            CHECK,
            format!(
                "the functions work on {}, not on {ours}",
                theirs.unwrap_or_default()
            ),
            "name the functions' own database in --database-url",
        ));
    }
    findings
}

fn same(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other)
        .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

fn is_insecure(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() != "https" && !loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATABASE: &str = "postgres://app@db.example.com/outreach";
    const KEY: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

    #[track_caller]
    fn check(changes: &[(&str, &str)], expected: Option<&str>) {
        let key = format!("k1:{KEY}");
        let settings = BTreeMap::from([
            ("SENDING_ENABLED", "true"),
            ("OPENAI_API_KEY", "sk-1"),
            ("PUBLIC_BASE_URL", "https://go.example.com"),
            ("SENDER_ADDRESS", "mara@example.com"),
            ("DATABASE_URL", DATABASE),
        ]);
        let lookup = |name: &str| {
            let changed = changes.iter().find(|(known, _)| *known == name);
            let value = changed
                .map(|(_, value)| *value)
                .or(settings.get(name).copied());
            value.map(|value| {
                if value == "KEY" {
                    key.clone()
                } else {
                    value.to_owned()
                }
            })
        };
        let found = contradictions(&lookup, DATABASE);
        let details: Vec<&str> = found.iter().map(|found| &*found.detail).collect();
        match expected {
            None => assert!(details.is_empty(), "{details:?}"),
            Some(text) => assert!(
                details.len() == 1 && details[0].contains(text),
                "{details:?}"
            ),
        }
    }

    #[test]
    fn differences_name_variable_and_functions_without_values() {
        let given = |key: &str, role: &str| {
            Variables::from([
                ("RECIPIENT_HASH_KEY".to_owned(), key.to_owned()),
                ("RUST_LOG".to_owned(), role.to_owned()),
                (
                    "DATABASE_URL".to_owned(),
                    format!("postgres://{role}@db.example.com/outreach"),
                ),
            ])
        };
        let functions = |key: &str| {
            BTreeMap::from([
                ("collector".to_owned(), given(KEY, "collector")),
                ("feedback".to_owned(), given(key, "feedback")),
                ("sender".to_owned(), given(KEY, "sender")),
            ])
        };
        assert_eq!(differences(&functions(KEY)), []);
        let found = differences(&functions("another"));
        let detail = "RECIPIENT_HASH_KEY is not the same in collector, sender and in feedback";
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].detail, detail);
    }

    #[test]
    fn missing_names_functions_of_a_newer_version() {
        let deployed = |names: &[&str]| {
            let functions = names
                .iter()
                .map(|name| ((*name).to_owned(), Variables::new()));
            missing(&functions.collect()).len()
        };
        assert_eq!(deployed(&FUNCTIONS), 0);
        assert_eq!(deployed(&FUNCTIONS[1..]), 1);
        assert_eq!(
            deployed(&[]),
            0,
            "the settings of this shell are of all functions"
        );
    }

    #[test]
    fn contradictions_name_each_pair_that_disagrees() {
        check(&[], None);
        check(&[("SENDING_ENABLED", "false")], Some("planned mails wait"));
        check(&[("OPENAI_API_KEY", "")], None);
        check(
            &[("PUBLIC_BASE_URL", "http://go.example.com")],
            Some("not https"),
        );
        check(&[("PUBLIC_BASE_URL", "http://127.0.0.1:4566/x")], None);
        check(
            &[("UNSUBSCRIBE_MAILBOX", "Mara@example.com")],
            Some("no person reads"),
        );
        check(
            &[("RECIPIENT_HASH_KEY", KEY), ("UNSUBSCRIBE_KEYS", "KEY")],
            Some("also one of"),
        );
        check(
            &[("DATABASE_URL", "postgres://app@other.example.com/outreach")],
            Some("not on"),
        );
    }
}
