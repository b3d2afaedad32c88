//! What tests of several crates share.

use std::collections::HashSet;

use futures::future::join_all;
use shared::testing;
use sqlx::PgPool;

#[sqlx::test(migrations = false)]
async fn unique_words_drawn_at_once_differ(pool: PgPool) {
    const DRAWERS: usize = 4;
    const WORDS: usize = 500;
    let draw = async || {
        let mut words = Vec::new();
        for _ in 0..WORDS {
            words.push(testing::unique(&pool).await);
        }
        words
    };
    let words: HashSet<String> = join_all((0..DRAWERS).map(|_| draw()))
        .await
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(words.len(), DRAWERS * WORDS);
}
