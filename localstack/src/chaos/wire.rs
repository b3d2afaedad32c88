//! PostgreSQL's protocol, as far as it takes to know which statement a connection is about to run.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::collections::HashMap;

/// Splits a stream into messages: a tag, a length that counts itself, a body. The first message of
/// a client has no tag.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
    tagless: bool,
}

/// One message, and the bytes it came as.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// 0 for the client's first message.
    pub(super) tag: u8,
    pub(super) bytes: Vec<u8>,
}

impl Frame {
    fn body(&self) -> &[u8] {
        let head = if self.tag == 0 { 4 } else { 5 };
        self.bytes.get(head..).unwrap_or_default()
    }
}

impl Frames {
    /// Of a client that has just connected.
    pub(super) fn of_client() -> Self {
        Self {
            tagless: true,
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message.
    pub(super) fn next(&mut self) -> Option<Frame> {
        let head = usize::from(!self.tagless);
        let length = self.buffer.get(head..head + 4)?.try_into().ok()?;
        let whole = head + usize::try_from(u32::from_be_bytes(length)).ok()?.max(4);
        if self.buffer.len() < whole {
            return None;
        }
        let rest = self.buffer.split_off(whole);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        let tag = if self.tagless {
            0
        } else {
            bytes.first().copied().unwrap_or_default()
        };
        self.tagless = false;
        Some(Frame { tag, bytes })
    }

    /// A client whose wish for TLS was turned down begins again.
    pub(super) fn begin_again(&mut self) {
        self.tagless = true;
    }
}

/// What a client's message means to the proxy.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing that matters here.
    Other,
    /// It asks for TLS.
    Tls,
    /// A statement is about to be run and, outside a transaction, committed.
    Runs(String),
    /// The server answers "ready", and nothing was run.
    Ready,
}

/// One connection's statements.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// The connection's application name: which function it is.
    pub(super) actor: String,
    prepared: HashMap<Vec<u8>, String>,
    bound: Option<String>,
    executed: Option<String>,
}

impl Session {
    pub(super) fn read(&mut self, frame: &Frame) -> Meaning {
        let mut parts = frame.body().split(|byte| *byte == 0);
        match frame.tag {
            0 if frame.body() == 80_877_103_u32.to_be_bytes() => return Meaning::Tls,
            0 => self.actor = application_name(frame.body()),
            b'P' => {
                let name = parts.next().unwrap_or_default().to_vec();
                self.prepared.insert(name, text(parts.next()));
            }
            b'B' => {
                let _portal = parts.next();
                let name = parts.next().unwrap_or_default();
                self.bound = self.prepared.get(name).cloned();
            }
            b'E' => self.executed = self.bound.take(),
            b'S' => {
                return match self.executed.take() {
                    Some(statement) => Meaning::Runs(statement),
                    None => Meaning::Ready,
                };
            }
            b'Q' => return Meaning::Runs(text(parts.next())),
            _ => {}
        }
        Meaning::Other
    }
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

/// From the pairs of names and values behind the protocol's version.
fn application_name(body: &[u8]) -> String {
    let words: Vec<&[u8]> = body
        .get(4..)
        .unwrap_or_default()
        .split(|b| *b == 0)
        .collect();
    let mut pairs = words.chunks_exact(2);
    let found = pairs.find(|pair| pair.first() == Some(&&b"application_name"[..]));
    text(found.and_then(|pair| pair.get(1).copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        let tag = (tag != 0).then_some(tag);
        tag.into_iter()
            .chain(length)
            .chain(body.iter().copied())
            .collect()
    }

    fn read(session: &mut Session, tag: u8, body: &[u8]) -> Meaning {
        let bytes = message(tag, body);
        session.read(&Frame { tag, bytes })
    }

    #[test]
    fn messages_are_found_however_the_stream_is_cut() {
        let start = message(0, b"\0\x03\0\0user\0me\0\0");
        let stream = [start.clone(), message(b'Q', b"begin\0"), message(b'S', b"")].concat();
        for size in [1, 3, 7, stream.len()] {
            let mut frames = Frames::of_client();
            let mut found = Vec::new();
            for piece in stream.chunks(size) {
                frames.push(piece);
                found.extend(std::iter::from_fn(|| frames.next()));
            }
            let tags: Vec<u8> = found.iter().map(|frame| frame.tag).collect();
            assert_eq!(tags, [0, b'Q', b'S']);
            assert_eq!(found[0].bytes, start);
        }
    }

    #[test]
    fn a_statement_is_known_when_it_is_run() {
        let mut session = Session::default();
        let start = b"\0\x03\0\0user\0me\0application_name\0sender\0\0";
        assert_eq!(read(&mut session, 0, start), Meaning::Other);
        assert_eq!(session.actor, "sender");
        assert_eq!(
            read(&mut session, b'P', b"s1\0select 1\0\0\0"),
            Meaning::Other
        );
        assert_eq!(
            read(&mut session, b'S', b""),
            Meaning::Ready,
            "only prepared"
        );
        for _ in 0..2 {
            read(&mut session, b'B', b"\0s1\0\0\0");
            read(&mut session, b'E', b"\0\0\0\0\0");
            let runs = Meaning::Runs("select 1".to_owned());
            assert_eq!(read(&mut session, b'S', b""), runs);
        }
        let simple = read(&mut session, b'Q', b"COMMIT\0");
        assert_eq!(simple, Meaning::Runs("COMMIT".to_owned()));
        let tls = 80_877_103_u32.to_be_bytes();
        assert_eq!(read(&mut session, 0, &tls), Meaning::Tls);
    }
}
