//! Whether a database is the one that this configuration belongs to.

use serde::Serialize;

/// HMAC of a constant under `RECIPIENT_HASH_KEY`: tells keys apart and reveals nothing of them.
pub type KeyFingerprint = [u8; 32];

/// What the database says about the key that a function holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyCheck {
    /// No function has worked on this database yet: it is marked with the key.
    First,
    Same,
    /// Mailboxes are hashed under another key: every opt-out would be overlooked.
    Different,
}

pub fn check_key(stored: Option<&[u8]>, held: &KeyFingerprint) -> KeyCheck {
    match stored {
        None => KeyCheck::First,
        Some(stored) if stored == held => KeyCheck::Same,
        Some(_) => KeyCheck::Different,
    }
}

/// Where a database is. Restoring a backup changes at least one of these: a dump gets a new cluster or
/// database, point-in-time recovery and a failover start a new timeline, a snapshot a new address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    pub cluster: i64,
    pub timeline: i32,
    pub database: i64,
    /// The host in the `DATABASE_URL` of the sender, or the socket's folder.
    pub address: String,
}

impl Origin {
    /// One line for the column `installation.origin`.
    pub fn to_line(&self) -> String {
        let Self {
            cluster,
            timeline,
            database,
            address,
        } = self;
        format!("cluster {cluster}, timeline {timeline}, database {database}, at {address}")
    }
}

/// Whether mails may leave from this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginCheck {
    /// No sender has worked on this database yet.
    First,
    Same,
    /// It may be a restored copy: a person confirms that nothing is sent twice.
    Moved,
}

pub fn check_origin(confirmed: Option<&str>, now: &Origin) -> OriginCheck {
    match confirmed {
        None => OriginCheck::First,
        Some(line) if line == now.to_line() => OriginCheck::Same,
        Some(_) => OriginCheck::Moved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin {
            cluster: 7,
            timeline: 1,
            database: 16_384,
            address: "db.example.com".to_owned(),
        }
    }

    #[test]
    fn key_check_tells_keys_apart() {
        assert_eq!(check_key(None, &[1; 32]), KeyCheck::First);
        assert_eq!(check_key(Some(&[1; 32]), &[1; 32]), KeyCheck::Same);
        assert_eq!(check_key(Some(&[2; 32]), &[1; 32]), KeyCheck::Different);
    }

    #[test]
    fn origin_check_notices_every_kind_of_restore() {
        let confirmed = origin().to_line();
        let check = |now: &Origin| check_origin(Some(&confirmed), now);
        assert_eq!(check(&origin()), OriginCheck::Same);
        let restores = [
            Origin {
                cluster: 8,
                ..origin()
            },
            Origin {
                timeline: 2,
                ..origin()
            },
            Origin {
                database: 5,
                ..origin()
            },
            Origin {
                address: "restored.example.com".to_owned(),
                ..origin()
            },
        ];
        for now in restores {
            assert_eq!(check(&now), OriginCheck::Moved, "{now:?}");
        }
        assert_eq!(check_origin(None, &origin()), OriginCheck::First);
    }
}
