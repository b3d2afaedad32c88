//! Writes a mail of every frame in every language into a folder, one file each:
//! `cargo run -p sender --example frames -- FOLDER`. SpamAssassin reads them
//! (`tests/spamassassin/check`).

use std::{env, error::Error, fs, path::PathBuf};

use sender::render::{Letter, render};
use shared::{
    config::Identity,
    domain::{
        content::Draft,
        email::EmailAddress,
        ids::SendId,
        lead::{Origin, Platform},
        letter::Addressee,
        unsubscribe::UnsubscribeKeys,
    },
};

/// Language, subject and message: what a model writes about a trail runner.
const DRAFTS: [(&str, &str, &str); 7] = [
    (
        "en",
        "A question about your trail running posts",
        "Your notes on shoes after 500 kilometres in the mud are the reason for this mail. People \
         who test before they praise are the ones we like to work with.\n\nWould you like to see \
         how our programme works?",
    ),
    (
        "de",
        "Eine Frage zu Ihren Beiträgen über Trailrunning",
        "Ihre Notizen über Schuhe nach 500 Kilometern im Schlamm sind der Grund für diese Mail. \
         Wer prüft, bevor er lobt, mit dem arbeiten wir gern.\n\nDarf ich Ihnen unser \
         Partnerprogramm kurz vorstellen?",
    ),
    (
        "fr",
        "Une question sur vos articles de trail",
        "Vos notes sur les chaussures après 500 kilomètres dans la boue sont la raison de ce \
         message. Nous aimons travailler avec des personnes qui essaient avant de \
         recommander.\n\nPuis-je vous présenter notre programme ?",
    ),
    (
        "es",
        "Una pregunta sobre tus publicaciones de trail",
        "Tus notas sobre zapatillas después de 500 kilómetros de barro son el motivo de este \
         correo. Nos gusta trabajar con quien prueba antes de recomendar.\n\n¿Te cuento cómo \
         funciona nuestro programa?",
    ),
    (
        "it",
        "Una domanda sui tuoi articoli di trail running",
        "Le tue note sulle scarpe dopo 500 chilometri nel fango sono il motivo di questo \
         messaggio. Ci piace lavorare con chi prova prima di consigliare.\n\nPosso raccontarti \
         come funziona il nostro programma?",
    ),
    (
        "pt",
        "Uma pergunta sobre as suas publicações de trail",
        "As suas notas sobre ténis depois de 500 quilómetros de lama são o motivo desta mensagem. \
         Gostamos de trabalhar com quem testa antes de recomendar.\n\nPosso mostrar como funciona \
         o nosso programa?",
    ),
    (
        "nl",
        "Een vraag over je berichten over trailrunning",
        "Je notities over schoenen na 500 kilometer modder zijn de reden voor dit bericht. We \
         werken graag met mensen die testen voordat ze aanraden.\n\nZal ik je vertellen hoe ons \
         programma werkt?",
    ),
];

/// The frames that a mail can have: where the profile is from, its name, whether the message greets.
const FRAMES: [(&str, Platform, Option<&str>, &str); 6] = [
    ("instagram", Platform::Instagram, Some("Ana Fit"), ""),
    ("linkedin", Platform::LinkedIn, Some("Ana Fit"), ""),
    ("facebook", Platform::Facebook, Some("Ana Fit"), ""),
    ("x-nameless", Platform::X, None, ""),
    ("list", Platform::Csv, Some("Ana Fit"), ""),
    ("greeting", Platform::Instagram, Some("Ana Fit"), "Hi Ana, "),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("name a folder")?);
    fs::create_dir_all(&folder)?;
    let identity = Identity {
        address: EmailAddress::parse("mara@partners.example.com")?,
        name: "Mara at Example Partners".to_owned(),
        reply_to: Some(EmailAddress::parse("mara@example.com")?),
        postal_address: "Example Partners, 1 High Street, Springfield, IL 62701, USA".to_owned(),
        public_base_url: "https://go.partners.example.com".parse()?,
        unsubscribe_mailbox: Some(EmailAddress::parse("stop@in.example.com")?),
    };
    let keys = UnsubscribeKeys::parse(&format!("k1:{}", "5a".repeat(32)))?;
    let to = EmailAddress::parse("ana@example.org")?;
    let now = chrono::DateTime::from_timestamp(1_780_000_000, 0).ok_or("no such time")?;
    let mut send = 0;
    for (language, subject, message) in DRAFTS {
        for (frame, platform, name, greeting) in FRAMES {
            send += 1;
            let draft = Draft {
                subject: subject.to_owned(),
                message: format!("{greeting}{message}"),
            };
            let letter = Letter {
                send: SendId(send),
                fence: 1,
                to: &to,
                draft: &draft,
                addressee: Addressee {
                    name,
                    language: Some(language),
                    platform,
                    origin: match platform {
                        Platform::Csv => Origin::List,
                        Platform::X
                        | Platform::Instagram
                        | Platform::Facebook
                        | Platform::LinkedIn => Origin::Service,
                    },
                    username: "anafit",
                    offer: "20 % of every sale of running shoes for twelve months, paid monthly",
                },
            };
            let mime = render(&letter, &identity, &keys, now)?;
            fs::write(folder.join(format!("{language}-{frame}.eml")), mime)?;
        }
    }
    Ok(())
}
