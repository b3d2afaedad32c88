//! Who did something, in a reader's words: the audit log names people as the issuer does.

use std::collections::BTreeMap;

use shared::{
    db::{DbError, PgConnection, console::sessions},
    domain::audit::Actor,
};

/// The names of those who have signed in, by the issuer's id of each.
#[derive(Debug, Default)]
pub(crate) struct People(BTreeMap<String, String>);

impl People {
    pub(crate) async fn load(conn: &mut PgConnection) -> Result<Self, DbError> {
        Ok(Self(sessions::names(conn).await?))
    }

    /// The actor of a record.
    pub(crate) fn who(&self, actor: &str) -> String {
        match Actor::read(actor) {
            Actor::Person(subject) => {
                let known = self.0.get(subject);
                known.map_or_else(|| subject.to_owned(), Clone::clone)
            }
            Actor::Operator(name) => format!("{name}, at a terminal"),
            Actor::Program(name) => format!("The {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actors_are_named_as_people_know_them() {
        let names = [("mara".to_owned(), "Mara Keller".to_owned())];
        let people = People(names.into());
        for (actor, expected) in [
            ("person:mara", "Mara Keller"),
            ("person:00u4", "00u4"),
            ("operator:ben", "ben, at a terminal"),
            ("sender", "The sender"),
        ] {
            assert_eq!(people.who(actor), expected);
        }
    }
}
