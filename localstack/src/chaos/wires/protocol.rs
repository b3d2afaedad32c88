//! PostgreSQL's protocol, as far as it takes to know which statement a connection is about to run.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::collections::HashMap;

use super::faults::Kind;

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

    /// A client whose request for TLS was refused starts again.
    pub(super) fn begin_again(&mut self) {
        self.tagless = true;
    }
}

/// What a client's message means to the relay.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It belongs to a group of messages that is still growing.
    Other,
    /// It asks for TLS.
    Tls,
    /// It ends a group that runs this statement.
    Runs(Kind, String),
    /// It ends a group that runs nothing.
    Ready,
}

/// One connection's statements.
#[derive(Debug, Default)]
pub(super) struct Session {
    prepared: HashMap<Vec<u8>, String>,
    bound: Option<String>,
    executed: Option<String>,
    in_transaction: bool,
    /// What ran last: it distinguishes one `COMMIT` from another.
    last: String,
}

impl Session {
    pub(super) fn read(&mut self, frame: &Frame) -> Meaning {
        let mut parts = frame.body().split(|byte| *byte == 0);
        match frame.tag {
            0 if frame.body() == 80_877_103_u32.to_be_bytes() => return Meaning::Tls,
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
                    Some(statement) => self.runs(statement),
                    None => Meaning::Ready,
                };
            }
            b'Q' => return self.runs(text(parts.next())),
            _ => {}
        }
        Meaning::Other
    }

    fn runs(&mut self, statement: String) -> Meaning {
        let begins_with = |word: &str| {
            let start = statement.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        let (kind, named) = if begins_with("begin") {
            (Kind::Begin, format!("BEGIN after {}", self.last))
        } else if begins_with("commit") {
            (Kind::Commit, format!("COMMIT after {}", self.last))
        } else if self.in_transaction {
            (Kind::Inside, statement.clone())
        } else {
            (Kind::Alone, statement.clone())
        };
        self.in_transaction = match kind {
            Kind::Begin => true,
            Kind::Commit => false,
            _ => self.in_transaction && !begins_with("rollback"),
        };
        if matches!(kind, Kind::Inside | Kind::Alone) {
            self.last = statement;
        }
        Meaning::Runs(kind, named)
    }
}

/// A message of either side.
pub(super) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let tag = (tag != 0).then_some(tag);
    tag.into_iter()
        .chain(length.to_be_bytes())
        .chain(body.iter().copied())
        .collect()
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(session: &mut Session, tag: u8, body: &[u8]) -> Meaning {
        let bytes = message(tag, body);
        session.read(&Frame { tag, bytes })
    }

    #[test]
    fn messages_are_found_in_any_pieces() {
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
    fn statement_is_known_when_it_is_run() {
        let mut session = Session::default();
        let start = b"\0\x03\0\0user\0me\0\0";
        assert_eq!(read(&mut session, 0, start), Meaning::Other);
        let parse = read(&mut session, b'P', b"s1\0select 1\0\0\0");
        assert_eq!(parse, Meaning::Other);
        let prepared = read(&mut session, b'S', b"");
        assert_eq!(prepared, Meaning::Ready, "only prepared");
        for _ in 0..2 {
            read(&mut session, b'B', b"\0s1\0\0\0");
            read(&mut session, b'E', b"\0\0\0\0\0");
            let runs = Meaning::Runs(Kind::Alone, "select 1".to_owned());
            assert_eq!(read(&mut session, b'S', b""), runs);
        }
        let tls = 80_877_103_u32.to_be_bytes();
        assert_eq!(read(&mut session, 0, &tls), Meaning::Tls);
    }

    #[test]
    fn commit_is_named_after_its_transaction() {
        let mut session = Session::default();
        let mut runs =
            |statement: &str| read(&mut session, b'Q', &[statement.as_bytes(), b"\0"].concat());
        let expect = |kind, text: &str| Meaning::Runs(kind, text.to_owned());
        assert_eq!(runs("BEGIN"), expect(Kind::Begin, "BEGIN after "));
        assert_eq!(runs("update a"), expect(Kind::Inside, "update a"));
        assert_eq!(
            runs("COMMIT"),
            expect(Kind::Commit, "COMMIT after update a")
        );
        assert_eq!(runs("select 1"), expect(Kind::Alone, "select 1"));
        assert_eq!(runs("BEGIN"), expect(Kind::Begin, "BEGIN after select 1"));
        assert_eq!(runs("ROLLBACK"), expect(Kind::Inside, "ROLLBACK"));
        assert_eq!(runs("select 2"), expect(Kind::Alone, "select 2"));
    }
}
