//! The one connection of an environment that was frozen meanwhile.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use shared::{
    config::Secret,
    db::{self, PgPool},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
    sync::Notify,
};

/// Passes on what the two send until it is stopped: the line stays open and is silent.
async fn relay(
    mut client: TcpStream,
    mut server: impl AsyncRead + AsyncWrite + Unpin,
    cut: Arc<Notify>,
) {
    tokio::select! {
        ended = copy_bidirectional(&mut client, &mut server) => drop(ended),
        () = cut.notified() => std::future::pending().await,
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn silently_dead_connection_is_replaced(pool: PgPool) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let options = pool.connect_options();
    let url = format!(
        "postgresql://{}@127.0.0.1:{}/{}?sslmode=disable",
        options.get_username(),
        listener.local_addr().unwrap().port(),
        options.get_database().unwrap(),
    );
    let cut = Arc::new(Notify::new());
    let passing = tokio::spawn({
        let cut = Arc::clone(&cut);
        async move {
            while let Ok((client, _)) = listener.accept().await {
                let cut = Arc::clone(&cut);
                if let Some(folder) = options.get_socket() {
                    let socket = folder.join(format!(".s.PGSQL.{}", options.get_port()));
                    tokio::spawn(relay(
                        client,
                        UnixStream::connect(socket).await.unwrap(),
                        cut,
                    ));
                } else {
                    let address = (options.get_host(), options.get_port());
                    tokio::spawn(relay(
                        client,
                        TcpStream::connect(address).await.unwrap(),
                        cut,
                    ));
                }
            }
        }
    });
    let through = db::connect_lazily(&Secret::new(url), "test").unwrap();
    drop(db::acquire(&through).await.unwrap());
    while through.num_idle() == 0 {
        tokio::task::yield_now().await;
    }
    cut.notify_waiters();
    let acquired = tokio::time::timeout(Duration::from_secs(4), db::acquire(&through)).await;
    let mut conn = acquired.expect("another connection, in time").unwrap();
    let one: i32 = sqlx::query_scalar("select 1")
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert_eq!(one, 1);
    passing.abort();
}
