//! Which servers stand for the outside world: ours, unless somebody says otherwise on purpose.
//!
//! A variable that merely lies about in the shell is honoured where it stays on this machine: it is
//! then somebody's test server. To leave the machine takes a name that starts with `LOCAL_`.

use url::{Host, Url};

use crate::folder::Folder;

/// One outside service as the functions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) key: String,
    /// Whether the stand-in internet answers there, so that it can be asked what it saw.
    pub(crate) is_ours: bool,
}

/// Everything the functions reach that is neither AWS nor the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outside {
    pub(crate) openai: Service,
    pub(crate) x: Service,
    pub(crate) simulated: Service,
    /// What was left aside, and why.
    pub(crate) notices: Vec<String>,
}

/// The names under which a service can be given.
struct Names {
    base: &'static str,
    chosen_base: &'static str,
    chosen_key: &'static str,
    real_base: Option<&'static str>,
}

impl Outside {
    /// Reads the variables of `.env.example`'s section on the local cloud through `lookup`.
    pub(crate) fn from_lookup(folder: &Folder, lookup: &impl Fn(&str) -> Option<String>) -> Self {
        let internet = folder.internet_url();
        let mut notices = Vec::new();
        let mut service = |names: &Names, path: &str| {
            service(names, format!("{internet}{path}"), lookup, &mut notices)
        };
        let openai = Names {
            base: "OPENAI_BASE_URL",
            chosen_base: "LOCAL_OPENAI_BASE_URL",
            chosen_key: "LOCAL_OPENAI_API_KEY",
            real_base: Some("https://api.openai.com/v1"),
        };
        let x = Names {
            base: "X_API_BASE",
            chosen_base: "LOCAL_X_API_BASE",
            chosen_key: "LOCAL_X_BEARER_TOKEN",
            real_base: Some("https://api.x.com"),
        };
        let simulated = Names {
            base: "SIMULATED_API_BASE",
            chosen_base: "LOCAL_SIMULATED_API_BASE",
            chosen_key: "LOCAL_SIMULATED_API_KEY",
            real_base: None,
        };
        Self {
            openai: service(&openai, "/openai/v1"),
            x: service(&x, "/x"),
            simulated: service(&simulated, "/simulated"),
            notices,
        }
    }

    /// Whether any service is answered by the stand-in internet.
    pub(crate) fn needs_stand_in(&self) -> bool {
        [&self.openai, &self.x, &self.simulated]
            .iter()
            .any(|service| service.is_ours)
    }
}

fn service(
    names: &Names,
    ours: String,
    lookup: &impl Fn(&str) -> Option<String>,
    notices: &mut Vec<String>,
) -> Service {
    let given = |name: &str| lookup(name).filter(|value| !value.is_empty());
    let key = given(names.chosen_key);
    let stray = given(names.base);
    let stays_here = stray.clone().filter(|base| is_loopback(base));
    if let (Some(stray), None) = (&stray, &stays_here) {
        notices.push(format!(
            "{}={stray} leaves this machine and is ignored; {}=… is used on purpose",
            names.base, names.chosen_base
        ));
    }
    let real = names.real_base.filter(|_| key.is_some()).map(str::to_owned);
    // `cargo local env` puts our own address into a shell, where it is nobody else's.
    let chosen = given(names.chosen_base).or(real).or(stays_here);
    let chosen = chosen.filter(|base| base.trim_end_matches('/') != ours);
    Service {
        is_ours: chosen.is_none(),
        base: chosen.unwrap_or(ours),
        key: key.unwrap_or_else(|| "local".to_owned()),
    }
}

/// Whether a URL names this machine by its loopback interface.
pub(crate) fn is_loopback(url: &str) -> bool {
    match Url::parse(url).as_ref().map(Url::host) {
        // Hosts of schemes that the standard does not know are kept as text.
        Ok(Some(Host::Domain(name))) => {
            name == "localhost"
                || name
                    .parse()
                    .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        Ok(Some(Host::Ipv4(ip))) => ip.is_loopback(),
        Ok(Some(Host::Ipv6(ip))) => ip.is_loopback(),
        Ok(None) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn outside(variables: &[(&str, &str)]) -> Outside {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let folder = Folder::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        Outside::from_lookup(&folder, &lookup)
    }

    #[test]
    fn nothing_given_is_all_ours() {
        let found = outside(&[]);
        assert_eq!(found.openai.base, "http://127.0.0.1:4580/openai/v1");
        assert_eq!(found.x.base, "http://127.0.0.1:4580/x");
        assert_eq!(found.simulated.base, "http://127.0.0.1:4580/simulated");
        assert!(found.needs_stand_in() && found.notices.is_empty());
    }

    #[test]
    fn keys_and_addresses_of_the_shell_are_not_taken_up() {
        let found = outside(&[
            ("OPENAI_API_KEY", "sk-production"),
            ("X_BEARER_TOKEN", "AAAAproduction"),
            ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
            ("X_API_BASE", "https://api.x.com"),
        ]);
        assert!(found.openai.is_ours && found.x.is_ours);
        assert_eq!((&*found.openai.key, &*found.x.key), ("local", "local"));
        assert_eq!(found.notices.len(), 2);
        assert!(
            found.notices[0].contains("LOCAL_OPENAI_BASE_URL"),
            "{:?}",
            found.notices
        );
    }

    #[test]
    fn a_test_server_on_this_machine_stands_in_for_ours() {
        let found = outside(&[("OPENAI_BASE_URL", "http://localhost:9000/v1")]);
        assert_eq!(found.openai.base, "http://localhost:9000/v1");
        assert!(!found.openai.is_ours && found.x.is_ours && found.notices.is_empty());
    }

    #[test]
    fn our_own_address_in_the_shell_is_still_ours() {
        let found = outside(&[
            ("OPENAI_BASE_URL", "http://127.0.0.1:4580/openai/v1"),
            ("X_API_BASE", "http://127.0.0.1:4580/x"),
            ("SIMULATED_API_BASE", "http://127.0.0.1:4580/simulated"),
        ]);
        assert!(found.openai.is_ours && found.x.is_ours && found.simulated.is_ours);
    }

    #[test]
    fn a_key_given_on_purpose_reaches_the_real_service() {
        let found = outside(&[
            ("LOCAL_OPENAI_API_KEY", "sk-mine"),
            ("LOCAL_X_BEARER_TOKEN", "mine"),
        ]);
        assert_eq!(found.openai.base, "https://api.openai.com/v1");
        assert_eq!(found.openai.key, "sk-mine");
        assert_eq!(found.x.base, "https://api.x.com");
        let other = outside(&[("LOCAL_OPENAI_BASE_URL", "https://llm.example.com/v1")]);
        assert_eq!(other.openai.base, "https://llm.example.com/v1");
    }

    #[test]
    fn loopback_is_told_from_names_that_look_like_it() {
        for url in [
            "http://127.0.0.1:1",
            "http://localhost",
            "http://[::1]:8/v1",
            "postgres://u@127.0.0.1/x",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "x",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
