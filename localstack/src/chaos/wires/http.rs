//! The wires that carry HTTP: to SES, SQS and the model, and to the Lambda Runtime API.

use std::io;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::faults::{Kind, Side};
use super::{Next, Tap, whole};

/// What a load balancer answers for a server that it does not reach.
const UNAVAILABLE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// What it answers for a server that was asked and whose answer it does not have.
const TIMED_OUT: &[u8] =
    b"HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const MOST_HEADERS: usize = 64;

/// Carries one connection until either side ends or a fault ends it.
pub(super) async fn relay(mut client: TcpStream, to: SocketAddr, tap: &Tap) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut server = TcpStream::connect(to).await?;
    server.set_nodelay(true)?;
    let mut asked = Vec::new();
    // The fault that the answer meets. A client asks again only when it has an answer.
    let mut fault_after = None;
    let (mut from_client, mut from_server) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                asked.extend_from_slice(whole(&from_client, read?)?);
                while let Some(request) = Request::first(&asked)? {
                    match tap.meet(request.kind, request.name) {
                        Some(fault) if fault.side == Side::Before => {
                            match tap.strike(fault.action).await {
                                Next::Proceed => {}
                                Next::Close => return reset(&client),
                                Next::Fail => return client.write_all(UNAVAILABLE).await,
                            }
                        }
                        other => fault_after = other,
                    }
                    let rest = asked.split_off(request.length);
                    server.write_all(&asked).await?;
                    asked = rest;
                }
            }
            read = server.read(&mut from_server) => {
                if read.is_err() {
                    // A failure of the server's connection is passed on.
                    return reset(&client);
                }
                let bytes = whole(&from_server, read?)?;
                // The stand-ins have done everything when they begin to answer.
                if let Some(fault) = fault_after.take() {
                    match tap.strike(fault.action).await {
                        Next::Proceed => {}
                        Next::Close => return reset(&client),
                        Next::Fail => return client.write_all(TIMED_OUT).await,
                    }
                }
                client.write_all(bytes).await?;
            }
        }
    }
}

/// Without a linger time of zero the close would look like an orderly end.
fn reset(client: &TcpStream) -> io::Result<()> {
    client.set_zero_linger()
}

/// A whole request at the start of what was received.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    kind: Kind,
    /// What it asks for, as the API has it.
    name: String,
    /// Its bytes, head and body.
    length: usize,
}

impl Request {
    /// None: it has not arrived whole yet.
    fn first(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let broken = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let httparse::Status::Complete(head_length) = head.parse(bytes).map_err(broken)? else {
            return Ok(None);
        };
        let header = |name: &str| {
            let mut all = head.headers.iter();
            let found = all.find(|header| header.name.eq_ignore_ascii_case(name));
            found.and_then(|header| std::str::from_utf8(header.value).ok())
        };
        let body = bytes.get(head_length..).unwrap_or_default();
        let is_chunked = header("transfer-encoding").is_some_and(|value| value.contains("chunked"));
        let length = if is_chunked {
            chunks(body)?
        } else {
            let length = header("content-length").unwrap_or("0").trim().parse();
            length.ok().filter(|length| *length <= body.len())
        };
        let path = head.path.unwrap_or_default();
        Ok(length.map(|length| {
            let body = body.get(..length).unwrap_or_default();
            let (kind, name) = name(
                head.method.unwrap_or_default(),
                path,
                header("x-amz-target"),
                body,
            );
            Self {
                kind,
                name,
                length: head_length + length,
            }
        }))
    }
}

/// The length of a chunked body; none while it is not whole.
fn chunks(body: &[u8]) -> io::Result<Option<usize>> {
    let mut at = 0;
    loop {
        let rest = body.get(at..).unwrap_or_default();
        match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((head, size))) => {
                // The chunk, and the line end behind it.
                at += head + usize::try_from(size).unwrap_or(usize::MAX - head - at - 2) + 2;
                if at > body.len() {
                    return Ok(None);
                }
                if size == 0 {
                    return Ok(Some(at));
                }
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

fn name(method: &str, path: &str, target: Option<&str>, body: &[u8]) -> (Kind, String) {
    for version in ["/2018-06-01/runtime/", "/2020-01-01/"] {
        if let Some((_, call)) = path.split_once(version) {
            // Without the id of the invocation.
            let words = call.split('/').filter(|word| !word.contains('-'));
            return (Kind::Runtime, words.collect::<Vec<_>>().join(" "));
        }
    }
    if let Some(action) = target {
        let action = action.rsplit('.').next().unwrap_or_default();
        let fields: Value = serde_json::from_slice(body).unwrap_or_default();
        let url = fields.get("QueueUrl").and_then(Value::as_str);
        let queue = url.and_then(|url| url.rsplit('/').next());
        return (
            Kind::Http,
            format!("{action} {}", queue.unwrap_or_default()),
        );
    }
    let mut pairs = url::form_urlencoded::parse(body);
    let request = match pairs.find(|(name, _)| name == "Action") {
        Some((_, action)) => action.into_owned(),
        None => format!("{method} {path}"),
    };
    (Kind::Http, request)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::net::TcpListener;

    use super::super::faults::{Action, Fault, Point};
    use super::*;

    fn first(text: &str) -> Option<(Kind, String, usize)> {
        let request = Request::first(text.as_bytes()).unwrap();
        request.map(|request| (request.kind, request.name, request.length))
    }

    #[test]
    fn request_is_named_by_what_it_asks_for() {
        let get = "GET /3/2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: a\r\n\r\n";
        let expected = (Kind::Runtime, "invocation next".to_owned(), get.len());
        assert_eq!(first(get), Some(expected));
        let answer = "POST /3/2018-06-01/runtime/invocation/0-0/response HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(first(answer).unwrap().1, "invocation response");
        let ses = "POST / HTTP/1.1\r\nContent-Length: 29\r\n\r\nAction=SendRawEmail&Version=1";
        assert_eq!(first(ses).unwrap().1, "SendRawEmail");
        let body = r#"{"QueueUrl":"http://a/000/enrich"}"#;
        let sqs = format!(
            "POST / HTTP/1.1\r\nx-amz-target: AmazonSQS.SendMessageBatch\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(first(&sqs).unwrap().1, "SendMessageBatch enrich");
    }

    #[test]
    fn request_is_whole_with_its_body_only() {
        let plain = "POST /a HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello";
        let chunked =
            "POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        for text in [plain, chunked] {
            for end in 0..text.len() {
                assert_eq!(first(&text[..end]), None, "{}", &text[..end]);
            }
            let two = [text, text].concat();
            assert_eq!(first(&two).unwrap().2, text.len());
        }
    }

    /// What the client got, and whether the server was asked, with this fault.
    async fn run(fault: Option<(Action, Side)>) -> (String, bool) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = server.local_addr().unwrap();
        let asked = tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut buffer = [0; 1024];
            let length = stream.read(&mut buffer).await.unwrap_or_default();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(answer).await;
            // Until the relay ends it.
            let _ = stream.read(&mut buffer).await;
            length > 0
        });
        let tap = Arc::new(Tap::alone("sender"));
        if let Some((action, side)) = fault {
            let point = Point {
                function: "sender".to_owned(),
                kind: Kind::Http,
                request: "GET /a".to_owned(),
            };
            tap.faults().plan(&point, 1, Fault { action, side });
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let relayed = tokio::spawn(async move {
            let (client, _) = listener.accept().await.unwrap();
            relay(client, to, &tap).await
        });
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
        let mut got = [0; 1024];
        let length = client.read(&mut got).await.unwrap_or_default();
        drop(client);
        let _ = relayed.await.unwrap();
        let status = String::from_utf8_lossy(got[..length].get(9..12).unwrap_or_default());
        (status.into_owned(), asked.await.unwrap())
    }

    #[tokio::test]
    async fn each_fault_stops_request_or_answer() {
        let expectations = [
            (None, "200", true),
            (Some((Action::Cut, Side::Before)), "", false),
            (Some((Action::Cut, Side::After)), "", true),
            (Some((Action::Error, Side::Before)), "503", false),
            (Some((Action::Error, Side::After)), "504", true),
            (Some((Action::Delay, Side::After)), "200", true),
        ];
        for (fault, status, asked) in expectations {
            let shown = format!("{fault:?}");
            assert_eq!(run(fault).await, (status.to_owned(), asked), "{shown}");
        }
    }
}
