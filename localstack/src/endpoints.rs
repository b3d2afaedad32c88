//! Which servers answer as the outside services: our stand-ins, unless others are named on purpose.
//!
//! A variable that happens to be set in the shell is honoured where it stays on this machine: it is
//! then a test server. To leave the machine takes a name that starts with `LOCAL_`.

use url::{Host, Url};

use crate::paths::Paths;

/// One outside service as the functions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) key: String,
    /// Whether the stand-ins answers there, so that it can be asked what it saw.
    pub(crate) is_ours: bool,
}

/// Everything the functions reach that is neither AWS nor the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) openai: Service,
    pub(crate) x: Service,
    pub(crate) simulated: Service,
    /// Who signs people in to the console: always the stand-in. Another one is given as parameters of the
    /// template (`cargo local up -p OidcIssuer=…`), since it has to know this console.
    pub(crate) issuer: String,
    /// What was ignored, and why.
    pub(crate) notices: Vec<String>,
}

/// The names under which a service can be given.
struct Names {
    base: &'static str,
    chosen_base: &'static str,
    chosen_key: &'static str,
    real_base: Option<&'static str>,
}

impl Endpoints {
    /// Reads the variables of `.env.example`'s section on the local cloud through `lookup`.
    pub(crate) fn from_lookup(paths: &Paths, lookup: &impl Fn(&str) -> Option<String>) -> Self {
        let stand_ins = paths.stand_ins_url();
        let mut notices = Vec::new();
        let mut service = |names: &Names, path: &str| {
            service(names, format!("{stand_ins}{path}"), lookup, &mut notices)
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
            issuer: format!("{stand_ins}/oidc"),
            notices,
        }
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
    // `cargo local env` puts our own address into a shell, where it is still ours.
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

    fn endpoints(variables: &[(&str, &str)]) -> Endpoints {
        let lookup = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let paths = Paths::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        Endpoints::from_lookup(&paths, &lookup)
    }

    #[test]
    fn no_variables_means_stand_ins_only() {
        let found = endpoints(&[]);
        assert_eq!(found.openai.base, "http://127.0.0.1:4580/openai/v1");
        assert_eq!(found.x.base, "http://127.0.0.1:4580/x");
        assert_eq!(found.simulated.base, "http://127.0.0.1:4580/simulated");
        assert_eq!(found.issuer, "http://127.0.0.1:4580/oidc");
        assert!(found.openai.is_ours && found.notices.is_empty());
    }

    #[test]
    fn shell_keys_and_addresses_are_ignored() {
        let found = endpoints(&[
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
    fn local_test_server_replaces_the_stand_in() {
        let found = endpoints(&[("OPENAI_BASE_URL", "http://localhost:9000/v1")]);
        assert_eq!(found.openai.base, "http://localhost:9000/v1");
        assert!(!found.openai.is_ours && found.x.is_ours && found.notices.is_empty());
    }

    #[test]
    fn stand_in_address_from_shell_is_recognised() {
        let found = endpoints(&[
            ("OPENAI_BASE_URL", "http://127.0.0.1:4580/openai/v1"),
            ("X_API_BASE", "http://127.0.0.1:4580/x"),
            ("SIMULATED_API_BASE", "http://127.0.0.1:4580/simulated"),
        ]);
        assert!(found.openai.is_ours && found.x.is_ours && found.simulated.is_ours);
    }

    #[test]
    fn local_prefixed_key_reaches_the_real_service() {
        let found = endpoints(&[
            ("LOCAL_OPENAI_API_KEY", "sk-mine"),
            ("LOCAL_X_BEARER_TOKEN", "mine"),
        ]);
        assert_eq!(found.openai.base, "https://api.openai.com/v1");
        assert_eq!(found.openai.key, "sk-mine");
        assert_eq!(found.x.base, "https://api.x.com");
        let other = endpoints(&[("LOCAL_OPENAI_BASE_URL", "https://llm.example.com/v1")]);
        assert_eq!(other.openai.base, "https://llm.example.com/v1");
    }

    #[test]
    fn loopback_is_distinguished_from_similar_names() {
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
