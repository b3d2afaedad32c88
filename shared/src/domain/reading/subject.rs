//! A subject as a mail program shows it.

use mail_parser::MessageParser;

/// How often a subject is decoded: an encoded word may hold another one.
const ROUNDS: usize = 4;

/// The subject as it is read, its encoded words (RFC 2047) decoded and on one line.
pub fn decoded(subject: &str) -> String {
    let mut subject = one_line(subject);
    for _ in 0..ROUNDS {
        if !subject.contains("=?") {
            break;
        }
        let header = format!("Subject: {subject}\r\n\r\n");
        let read = MessageParser::default()
            .parse(header.as_bytes())
            .and_then(|message| message.subject().map(one_line));
        match read {
            Some(read) if read != subject => subject = read,
            _ => break,
        }
    }
    subject
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ").trim().to_owned()
}
