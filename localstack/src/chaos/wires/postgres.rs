//! The wire to PostgreSQL: a relay for one process that knows when a statement runs.

use std::io;
use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::faults::{Kind, Side};
use super::protocol::{Frames, Meaning, Session, message};
use super::{Next, Tap, whole};

/// A deadlock, which the functions answer by running their transaction again.
const FOR_ANOTHER: &str = "40P01";
/// A statement that was cancelled.
const CANCELLED: &str = "57014";

/// Carries one connection until either side ends or a fault ends it: both streams close with the
/// return.
pub(super) async fn relay(mut client: TcpStream, socket: &Path, tap: &Tap) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut server = UnixStream::connect(socket).await?;
    let (mut asked, mut answered) = (Frames::of_client(), Frames::default());
    let mut session = Session::default();
    // Messages up to the end of their group: a group is replaced or sent as one.
    let mut group = Vec::new();
    // Groups that the server has not answered yet, and the fault that the answer meets.
    let mut due = 0_usize;
    let (mut fault_after, mut held_back) = (None, Vec::new());
    let (mut from_client, mut from_server) = (vec![0; 16_384], vec![0; 16_384]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                asked.push(whole(&from_client, read?)?);
                while let Some(frame) = asked.next() {
                    let meaning = session.read(&frame);
                    if meaning == Meaning::Tls {
                        asked.begin_again();
                        client.write_all(b"N").await?;
                        continue;
                    }
                    group.extend_from_slice(&frame.bytes);
                    match meaning {
                        Meaning::Runs(kind, statement) => {
                            due += 1;
                            let fault = tap.meet(kind, statement);
                            match fault {
                                Some(fault) if fault.side == Side::Before => {
                                    match tap.strike(fault.action).await {
                                        Next::Proceed => {}
                                        Next::Close => return Ok(()),
                                        Next::Fail => group = failure(kind),
                                    }
                                }
                                other => fault_after = other,
                            }
                        }
                        Meaning::Ready => due += 1,
                        // The first message has no group, and neither has the client's last one.
                        Meaning::Other if matches!(frame.tag, 0 | b'X' | b'p') => {}
                        Meaning::Other | Meaning::Tls => continue,
                    }
                    server.write_all(&group).await?;
                    group.clear();
                }
            }
            read = server.read(&mut from_server) => {
                let bytes = whole(&from_server, read?)?;
                answered.push(bytes);
                while let Some(frame) = answered.next() {
                    if frame.tag == b'Z' {
                        due = due.saturating_sub(1);
                    }
                }
                if fault_after.is_none() {
                    client.write_all(bytes).await?;
                    continue;
                }
                held_back.extend_from_slice(bytes);
                if let Some(fault) = fault_after.take_if(|_| due == 0) {
                    match tap.strike(fault.action).await {
                        Next::Proceed => client.write_all(&held_back).await?,
                        Next::Close => return Ok(()),
                        Next::Fail => {
                            client.write_all(&shutdown()).await?;
                            return Ok(());
                        }
                    }
                    held_back.clear();
                }
            }
        }
    }
}

/// Has the server itself fail, so that its transaction is in the state that the function assumes.
fn failure(kind: Kind) -> Vec<u8> {
    let code = match kind {
        Kind::Inside => FOR_ANOTHER,
        _ => CANCELLED,
    };
    let statement =
        format!("do $$begin raise exception 'injected' using errcode = '{code}'; end$$\0");
    message(b'Q', statement.as_bytes())
}

/// What an administrator's shutdown sends instead of an answer, before the connection ends.
fn shutdown() -> Vec<u8> {
    message(b'E', b"SFATAL\0VFATAL\0C57P01\0Minjected\0\0")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use tokio::net::{TcpListener, UnixListener};

    use super::super::faults::{Action, Fault, Point};
    use super::*;

    /// A server that answers every `Q` with "ready", and reports what it was asked.
    async fn server(listener: UnixListener) -> Vec<String> {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut frames, mut buffer) = (Frames::of_client(), [0; 1024]);
        let mut asked = Vec::new();
        loop {
            let length = stream.read(&mut buffer).await.unwrap_or_default();
            if length == 0 {
                return asked;
            }
            frames.push(&buffer[..length]);
            while let Some(frame) = frames.next() {
                if frame.tag == b'Q' {
                    let text = String::from_utf8_lossy(&frame.bytes[5..]);
                    asked.push(text.trim_end_matches('\0').to_owned());
                }
                // The client may be gone; then the answer is dropped.
                let _ = stream.write_all(b"Z\0\0\0\x05I").await;
            }
        }
    }

    /// What the client got and the server was asked, with this fault at `COMMIT`.
    async fn run(fault: Option<(Action, Side)>) -> (Vec<u8>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let socket: PathBuf = folder.path().join("socket");
        let server = tokio::spawn(server(UnixListener::bind(&socket).unwrap()));
        let tap = Arc::new(Tap::alone("sender"));
        if let Some((action, side)) = fault {
            let point = Point {
                function: "sender".to_owned(),
                kind: Kind::Commit,
                request: "COMMIT after ".to_owned(),
            };
            tap.faults().plan(&point, 1, Fault { action, side });
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (client, _) = listener.accept().await.unwrap();
            relay(client, &socket, &tap).await
        });
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"\0\0\0\x08\0\x03\0\0").await.unwrap();
        let mut got = vec![0; 6];
        client.read_exact(&mut got).await.unwrap();
        client.write_all(&message(b'Q', b"COMMIT\0")).await.unwrap();
        got.resize(64, 0);
        let length = client.read(&mut got).await.unwrap_or_default();
        got.truncate(length);
        drop(client);
        (got, server.await.unwrap())
    }

    const READY: &[u8] = b"Z\0\0\0\x05I";

    #[tokio::test]
    async fn statement_without_fault_passes() {
        let (got, asked) = run(None).await;
        assert_eq!((&*got, &*asked), (READY, &["COMMIT".to_owned()][..]));
    }

    #[tokio::test]
    async fn cut_before_or_after_statement_loses_one_side() {
        let (got, asked) = run(Some((Action::Cut, Side::Before))).await;
        assert!(got.is_empty() && asked.is_empty(), "{asked:?}");
        let (got, asked) = run(Some((Action::Cut, Side::After))).await;
        assert_eq!((got.len(), &*asked), (0, &["COMMIT".to_owned()][..]));
    }

    #[tokio::test]
    async fn error_before_or_after_statement_reaches_client() {
        let (got, asked) = run(Some((Action::Error, Side::Before))).await;
        assert_eq!(got, READY);
        assert!(asked[0].contains("errcode = '57014'"), "{asked:?}");
        let (got, asked) = run(Some((Action::Error, Side::After))).await;
        assert_eq!((&*got, &*asked), (&*shutdown(), &["COMMIT".to_owned()][..]));
    }

    #[tokio::test]
    async fn delayed_statement_and_answer_arrive() {
        for side in [Side::Before, Side::After] {
            let (got, asked) = run(Some((Action::Delay, side))).await;
            assert_eq!((&*got, &*asked), (READY, &["COMMIT".to_owned()][..]));
        }
    }
}
