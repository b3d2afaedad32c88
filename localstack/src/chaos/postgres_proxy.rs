//! A relay in front of PostgreSQL that loses connections: before a statement is committed, or
//! after, while its answer is on the way. The function cannot tell the two apart.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;

use super::cuts::{Cuts, When};
use super::wire::{Frames, Meaning, Session};

/// A running relay; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct PostgresProxy {
    port: u16,
    cuts: Arc<Mutex<Cuts>>,
    task: JoinHandle<()>,
}

impl PostgresProxy {
    /// Listens on a free port for the server whose socket lies in `folder`.
    pub(crate) async fn start(folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let cuts = Arc::<Mutex<Cuts>>::default();
        let (socket, shared) = (folder.join(".s.PGSQL.5432"), Arc::clone(&cuts));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (socket, cuts) = (socket.clone(), Arc::clone(&shared));
                // A connection that fails is what this is for.
                tokio::spawn(async move { drop(relay(client, socket, &cuts).await) });
            }
        });
        Ok(Self { port, cuts, task })
    }

    /// The address of a database behind it.
    pub(crate) fn url(&self, database: &str) -> String {
        let port = self.port;
        format!("postgresql://postgres@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// What is to be cut, and what was seen.
    pub(crate) fn cuts(&self) -> MutexGuard<'_, Cuts> {
        lock(&self.cuts)
    }
}

impl Drop for PostgresProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(cuts: &Mutex<Cuts>) -> MutexGuard<'_, Cuts> {
    cuts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries one connection until either side ends or it is cut: both streams close with the return.
async fn relay(mut client: TcpStream, socket: PathBuf, cuts: &Mutex<Cuts>) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut server = UnixStream::connect(socket).await?;
    let (mut asked, mut answered) = (Frames::of_client(), Frames::default());
    let mut session = Session::default();
    // Answers that are still due, and whether the last of them ends it all.
    let mut due = 0_usize;
    let mut cut_after = false;
    let (mut from_client, mut from_server) = (vec![0; 16_384], vec![0; 16_384]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let bytes = whole(&from_client, read?)?;
                asked.push(bytes);
                let mut onward = Vec::with_capacity(bytes.len());
                while let Some(frame) = asked.next() {
                    match session.read(&frame) {
                        Meaning::Other => {}
                        Meaning::Ready => due += 1,
                        Meaning::Tls => {
                            asked.begin_again();
                            client.write_all(b"N").await?;
                            continue;
                        }
                        Meaning::Runs(statement) => {
                            due += 1;
                            let when = lock(cuts).decide(&session.actor, &statement);
                            match when {
                                None => {}
                                // What came before may have run; without this it is undone.
                                Some(When::Before) => {
                                    server.write_all(&onward).await?;
                                    return Ok(());
                                }
                                Some(When::After) => cut_after = true,
                            }
                        }
                    }
                    onward.extend_from_slice(&frame.bytes);
                }
                server.write_all(&onward).await?;
            }
            read = server.read(&mut from_server) => {
                let bytes = whole(&from_server, read?)?;
                answered.push(bytes);
                while let Some(frame) = answered.next() {
                    if frame.tag == b'Z' {
                        due = due.saturating_sub(1);
                    }
                }
                match cut_after {
                    false => client.write_all(bytes).await?,
                    true if due == 0 => return Ok(()),
                    true => {}
                }
            }
        }
    }
}

/// What was read; nothing means that the other side is gone.
fn whole(buffer: &[u8], length: usize) -> io::Result<&[u8]> {
    match buffer.get(..length) {
        Some(bytes) if length > 0 => Ok(bytes),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    /// A server that answers every `Q` with "ready", and tells what it was asked.
    async fn server(listener: UnixListener) -> Vec<u8> {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut frames, mut buffer) = (Frames::of_client(), [0; 1024]);
        let mut tags = Vec::new();
        loop {
            let length = stream.read(&mut buffer).await.unwrap_or_default();
            if length == 0 {
                return tags;
            }
            frames.push(&buffer[..length]);
            while let Some(frame) = frames.next() {
                tags.push(frame.tag);
                // The answer to somebody who is gone goes nowhere.
                let _ = stream.write_all(b"Z\0\0\0\x05I").await;
            }
        }
    }

    /// What the client hears and the server was asked, with this cut at `COMMIT`.
    async fn run(when: Option<When>) -> (Vec<u8>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let server = tokio::spawn(server(listener));
        let proxy = PostgresProxy::start(folder.path()).await.unwrap();
        if let Some(when) = when {
            proxy.cuts().next("sender", "COMMIT", when, 1);
        }
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        client
            .write_all(b"\0\0\0\x21\0\x03\0\0application_name\0sender\0\0")
            .await
            .unwrap();
        let mut heard = vec![0; 6];
        client.read_exact(&mut heard).await.unwrap();
        client.write_all(b"Q\0\0\0\x0bCOMMIT\0").await.unwrap();
        client.shutdown().await.unwrap();
        heard.clear();
        client.read_to_end(&mut heard).await.unwrap_or_default();
        (heard, server.await.unwrap())
    }

    #[tokio::test]
    async fn without_a_cut_question_and_answer_arrive() {
        // The client's end may overtake the answer, as it may on any network.
        let (_, asked) = run(None).await;
        assert_eq!(asked, [0, b'Q']);
    }

    #[tokio::test]
    async fn cut_before_the_server_never_hears_it_and_cut_after_the_client_does_not() {
        assert_eq!(run(Some(When::Before)).await, (vec![], vec![0]));
        assert_eq!(run(Some(When::After)).await, (vec![], vec![0, b'Q']));
    }
}
