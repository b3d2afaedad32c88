//! A small HTTP server that gives the answers it was set up with.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) date: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        let date = now().format("%a, %d %b %Y %H:%M:%S GMT");
        Self {
            status,
            date: date.to_string(),
            body: body.into(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an answer carries the server's clock"
)]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// Serves on a port of its own until the test ends.
pub(crate) struct Server(SocketAddr);

impl Server {
    /// `answer` is given a request's body.
    pub(crate) fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = Arc::clone(&answer);
                // A client that went away is no failure of the server.
                thread::spawn(move || serve(stream, &*answer).ok());
            }
        });
        Self(address)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0)
    }
}

fn serve(stream: TcpStream, answer: &dyn Fn(&str) -> Reply) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let Reply { status, date, body } = answer(&String::from_utf8_lossy(&body));
    let length = body.len();
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status} Status\r\nDate: {date}\r\nContent-Type: text/xml\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
