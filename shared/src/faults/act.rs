//! Making it happen.

use rustix::{
    net::{Shutdown, getpeername, shutdown},
    process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open},
};
use url::Url;

use super::plan::{Action, Plan};
use crate::{config::variable, db::DbError};

/// Passes a point, alive or not.
#[expect(
    clippy::disallowed_methods,
    reason = "a delay is the fault that was asked for"
)]
pub(super) async fn pass(point: &'static str) -> Result<(), DbError> {
    let Some(action) = Plan::of_this_process().pass(point) else {
        return Ok(());
    };
    tracing::warn!(point, action = ?action, "a fault was asked for here");
    match action {
        Action::Error => return Err(DbError::asked_for()),
        Action::Delay(wait) => tokio::time::sleep(wait).await,
        Action::Panic => panic!("a fault was asked for at {point}"),
        Action::Abort => std::process::abort(),
        Action::DropConnection => drop_connections(),
    }
    Ok(())
}

/// Ends every connection of this process to the database, as a network would: both sides find out
/// when they use it.
fn drop_connections() {
    let port = variable("DATABASE_URL")
        .and_then(|url| Url::parse(&url).ok())
        .and_then(|url| url.port());
    let Ok(this) = pidfd_open(getpid(), PidfdFlags::empty()) else {
        return;
    };
    let descriptors = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
    for number in descriptors.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()) {
        // A second handle on the same socket; anything else has no peer.
        let Ok(socket) = pidfd_getfd(&this, number, PidfdGetfdFlags::empty()) else {
            continue;
        };
        let peer = getpeername(&socket).ok().flatten();
        let peer = peer.and_then(|address| std::net::SocketAddr::try_from(address).ok());
        if peer.is_some_and(|peer| Some(peer.port()) == port) {
            // Gone already is gone too.
            let _ = shutdown(&socket, Shutdown::Both);
        }
    }
}
