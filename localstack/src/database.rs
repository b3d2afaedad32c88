//! Which PostgreSQL is used: the embedded one, unless a local one is given.

use std::path::Path;

use url::Url;

use crate::folder::Folder;
use crate::outside::is_loopback;

/// The database of the pipeline on the embedded server.
const NAME: &str = "outreach";

/// The database that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// On the server in our folder.
    Embedded,
    /// On a server that somebody else runs; the variable that named it.
    Given { url: String, variable: &'static str },
}

impl Database {
    /// `LOCAL_DATABASE_URL` always wins; `DATABASE_URL` only where it names this machine, because
    /// a shell may hold a production one. The second value says what was left aside.
    pub(crate) fn from_lookup(
        folder: &Folder,
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> (Self, Option<String>) {
        let given = |name: &str| lookup(name).filter(|url| !url.is_empty());
        if let Some(url) = given("LOCAL_DATABASE_URL") {
            return (
                Self::Given {
                    url,
                    variable: "LOCAL_DATABASE_URL",
                },
                None,
            );
        }
        match given("DATABASE_URL") {
            // What `cargo local env` printed.
            Some(url) if socket(&url).is_some_and(|path| Path::new(&path) == folder.postgres()) => {
                (Self::Embedded, None)
            }
            Some(url) if is_loopback(&url) || socket(&url).is_some() => (
                Self::Given {
                    url,
                    variable: "DATABASE_URL",
                },
                None,
            ),
            Some(_) => {
                let notice = "DATABASE_URL names a server on another machine and is ignored; \
                              LOCAL_DATABASE_URL=… is used on purpose";
                (Self::Embedded, Some(notice.to_owned()))
            }
            None => (Self::Embedded, None),
        }
    }

    /// The URL of the pipeline's database.
    pub(crate) fn url(&self, folder: &Folder) -> String {
        match self {
            Self::Embedded => embedded_url(folder, NAME),
            Self::Given { url, .. } => url.clone(),
        }
    }

    /// The URL of a database beside it, for what must not touch the pipeline's data.
    pub(crate) fn url_beside(&self, folder: &Folder, suffix: &str) -> String {
        match self {
            Self::Embedded => embedded_url(folder, &format!("{NAME}_{suffix}")),
            Self::Given { url, .. } => Url::parse(url).map_or_else(
                |_| url.clone(),
                |mut beside| {
                    beside.set_path(&format!("{}_{suffix}", beside.path().trim_end_matches('/')));
                    beside.into()
                },
            ),
        }
    }
}

fn embedded_url(folder: &Folder, name: &str) -> String {
    let folder = folder.postgres();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("host", &folder.to_string_lossy());
    // The host that is written out is not asked: the URL standard knows no user without a host, and
    // PostgreSQL's own parameter wins over it.
    format!("postgresql://postgres@localhost/{name}?{}", query.finish())
}

/// The folder of the Unix socket that a URL names.
fn socket(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, value)| name == "host" && value.starts_with('/'))
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(variables: &[(&str, &str)]) -> (Database, Option<String>) {
        let folder = Folder::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        Database::from_lookup(&folder, &|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: Option<(&str, &'static str)>, noticed: bool) {
        let expected = expected.map_or(Database::Embedded, |(url, variable)| Database::Given {
            url: url.to_owned(),
            variable,
        });
        let (found, notice) = choose(variables);
        assert_eq!((found, notice.is_some()), (expected, noticed));
    }

    #[test]
    fn a_given_database_wins_when_it_is_on_this_machine_or_meant() {
        let near = "postgres://dana@localhost:5432/outreach";
        let far = "postgres://app@db.example.com/production";
        let through_socket = "postgres://dana@/outreach?host=/var/run/postgresql";
        check(&[], None, false);
        check(
            &[("DATABASE_URL", near)],
            Some((near, "DATABASE_URL")),
            false,
        );
        check(
            &[("DATABASE_URL", through_socket)],
            Some((through_socket, "DATABASE_URL")),
            false,
        );
        check(&[("DATABASE_URL", far)], None, true);
        check(
            &[("LOCAL_DATABASE_URL", far)],
            Some((far, "LOCAL_DATABASE_URL")),
            false,
        );
        let both = [("DATABASE_URL", far), ("LOCAL_DATABASE_URL", near)];
        check(&both, Some((near, "LOCAL_DATABASE_URL")), false);
    }

    #[test]
    fn what_env_printed_is_the_embedded_server_again() {
        let folder = Folder::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        let url = Database::Embedded.url(&folder);
        assert_eq!(
            url,
            "postgresql://postgres@localhost/outreach?host=%2Fcheckout%2F.local%2Fpostgres"
        );
        check(&[("DATABASE_URL", &url)], None, false);
    }

    #[test]
    fn a_database_beside_keeps_server_and_options() {
        let folder = Folder::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        let url = "postgres://dana@localhost:5432/outreach?sslmode=disable".to_owned();
        let given = Database::Given {
            url,
            variable: "DATABASE_URL",
        };
        assert_eq!(
            given.url_beside(&folder, "test"),
            "postgres://dana@localhost:5432/outreach_test?sslmode=disable"
        );
    }
}
