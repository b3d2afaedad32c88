//! Which PostgreSQL is used: the embedded one, unless `LOCAL_DATABASE_URL` names another.

use std::path::Path;

use url::Url;

use crate::paths::Paths;

/// The database of the pipeline on the embedded server.
const NAME: &str = "outreach";

/// The database that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// On the server in our folder.
    Embedded,
    /// On another server, named by `LOCAL_DATABASE_URL`.
    Given(String),
}

impl Database {
    /// Only `LOCAL_DATABASE_URL` is followed, and only to a database that was made here
    /// (`migrate.rs`). A plain `DATABASE_URL` may be a deployed stack's, on this machine too: the end of
    /// a tunnel is. The second value is a notice of what was ignored.
    pub(crate) fn from_lookup(
        paths: &Paths,
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> (Self, Option<String>) {
        let given = |name: &str| lookup(name).filter(|url| !url.is_empty());
        if let Some(url) = given("LOCAL_DATABASE_URL") {
            return (Self::Given(url), None);
        }
        // What `cargo local env` printed.
        let is_ours =
            |url: &str| socket(url).is_some_and(|path| Path::new(&path) == paths.postgres());
        let notice = given("DATABASE_URL").filter(|url| !is_ours(url)).map(|_| {
            "DATABASE_URL is not followed; LOCAL_DATABASE_URL=… names a PostgreSQL for the local cloud"
                .to_owned()
        });
        (Self::Embedded, notice)
    }

    /// The URL of the pipeline's database.
    pub(crate) fn url(&self, paths: &Paths) -> String {
        match self {
            Self::Embedded => embedded_url(paths, NAME),
            Self::Given(url) => url.clone(),
        }
    }

    /// The pipeline's database with what the function of this name may do (migrations, roles). The login
    /// of another server may not be a member of that role: there the functions work as its owner.
    pub(crate) fn url_of(&self, paths: &Paths, function: &str) -> Option<String> {
        let as_role = || format!("{}&options[role]=outreach_{function}", self.url(paths));
        matches!(self, Self::Embedded).then(as_role)
    }

    /// The URL of a database beside it, for what must not touch the pipeline's data.
    pub(crate) fn url_beside(&self, paths: &Paths, suffix: &str) -> String {
        match self {
            Self::Embedded => embedded_url(paths, &format!("{NAME}_{suffix}")),
            Self::Given(url) => Url::parse(url).map_or_else(
                |_| url.clone(),
                |mut beside| {
                    beside.set_path(&format!("{}_{suffix}", beside.path().trim_end_matches('/')));
                    beside.into()
                },
            ),
        }
    }
}

fn embedded_url(paths: &Paths, name: &str) -> String {
    let paths = paths.postgres();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("host", &paths.to_string_lossy());
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
        let paths = Paths::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        Database::from_lookup(&paths, &|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    const NEAR: &str = "postgres://dana@localhost:5432/outreach";
    const FAR: &str = "postgres://app@db.example.com/production";
    const SOCKET: &str = "postgres://dana@/outreach?host=/var/run/postgresql";

    #[test]
    fn plain_database_url_is_never_followed() {
        for url in [NEAR, FAR, SOCKET] {
            let (found, notice) = choose(&[("DATABASE_URL", url)]);
            assert_eq!(found, Database::Embedded, "{url}");
            assert!(notice.unwrap().contains("LOCAL_DATABASE_URL"));
        }
        assert_eq!(choose(&[]), (Database::Embedded, None));
    }

    #[test]
    fn local_database_url_names_another_server() {
        for url in [NEAR, FAR, SOCKET] {
            let given = [("LOCAL_DATABASE_URL", url), ("DATABASE_URL", FAR)];
            assert_eq!(choose(&given), (Database::Given(url.to_owned()), None));
        }
    }

    #[test]
    fn what_env_printed_is_the_embedded_server_again() {
        let paths = Paths::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        let url = Database::Embedded.url(&paths);
        assert_eq!(
            url,
            "postgresql://postgres@localhost/outreach?host=%2Fcheckout%2F.local%2Fpostgres"
        );
        assert_eq!(
            choose(&[("DATABASE_URL", &url)]),
            (Database::Embedded, None)
        );
    }

    #[test]
    fn function_works_with_its_role_on_embedded_server_only() {
        let paths = Paths::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        let url = Database::Embedded.url_of(&paths, "web").unwrap();
        assert!(url.ends_with("&options[role]=outreach_web"), "{url}");
        let given = Database::Given(NEAR.to_owned());
        assert_eq!(given.url_of(&paths, "web"), None);
    }

    #[test]
    fn a_database_beside_keeps_server_and_options() {
        let paths = Paths::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        let url = "postgres://dana@localhost:5432/outreach?sslmode=disable".to_owned();
        let given = Database::Given(url);
        assert_eq!(
            given.url_beside(&paths, "test"),
            "postgres://dana@localhost:5432/outreach_test?sslmode=disable"
        );
    }
}
