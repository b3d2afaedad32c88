//! Which migrations a database has, next to those of this binary.

use sqlx::PgConnection;

use super::{DbError, MIGRATOR};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    Current,
    /// Some are to be applied; all of them to an empty database.
    Behind {
        pending: usize,
    },
    /// A newer version migrated it.
    Newer {
        version: i64,
    },
    /// This migration was another one.
    Foreign {
        version: i64,
    },
    /// Tables without a record of what made them.
    Unrecorded,
    /// This migration was not finished.
    Interrupted {
        version: i64,
    },
}

struct Applied {
    version: i64,
    checksum: Vec<u8>,
    success: bool,
}

/// Compares the database's migrations with those of this binary.
pub async fn state(conn: &mut PgConnection) -> Result<SchemaState, DbError> {
    let failed = DbError::on("read which migrations were applied");
    let (recorded, used): (bool, bool) = sqlx::query_as(
        "select to_regclass('_sqlx_migrations') is not null, to_regclass('leads') is not null",
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(&failed)?;
    if !recorded && used {
        return Ok(SchemaState::Unrecorded);
    }
    let mut applied = Vec::new();
    if recorded {
        let rows: Vec<(i64, Vec<u8>, bool)> = sqlx::query_as(
            "select version, checksum, success from _sqlx_migrations order by version",
        )
        .fetch_all(conn)
        .await
        .map_err(&failed)?;
        applied.extend(
            rows.into_iter()
                .map(|(version, checksum, success)| Applied {
                    version,
                    checksum,
                    success,
                }),
        );
    }
    Ok(compare(&applied))
}

fn compare(applied: &[Applied]) -> SchemaState {
    let newest = MIGRATOR.iter().map(|ours| ours.version).max();
    for found in applied {
        let version = found.version;
        if !found.success {
            return SchemaState::Interrupted { version };
        }
        let ours = MIGRATOR.iter().find(|ours| ours.version == version);
        match ours {
            Some(ours) if ours.checksum.as_ref() == found.checksum.as_slice() => {}
            None if Some(version) > newest => return SchemaState::Newer { version },
            _ => return SchemaState::Foreign { version },
        }
    }
    match MIGRATOR.iter().count() - applied.len() {
        0 => SchemaState::Current,
        pending => SchemaState::Behind { pending },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Vec<Applied> {
        let applied = MIGRATOR.iter().map(|ours| Applied {
            version: ours.version,
            checksum: ours.checksum.to_vec(),
            success: true,
        });
        applied.collect()
    }

    #[test]
    fn compare_tells_current_behind_newer_and_foreign() {
        assert_eq!(compare(&ours()), SchemaState::Current);
        let pending = ours().len();
        assert_eq!(compare(&[]), SchemaState::Behind { pending });
        let mut other = ours();
        other[0].checksum = vec![1];
        let version = other[0].version;
        assert_eq!(compare(&other), SchemaState::Foreign { version });
        other[0].success = false;
        assert_eq!(compare(&other), SchemaState::Interrupted { version });
        let mut newer = ours();
        newer.push(Applied {
            version: 9_999,
            checksum: vec![1],
            success: true,
        });
        let version = 9_999;
        assert_eq!(compare(&newer), SchemaState::Newer { version });
    }
}
