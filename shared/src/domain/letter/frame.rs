//! The sentences around the personal message, in each language that there is a frame in.
//!
//! A test holds that every sentence has its blanks, and SpamAssassin is asked about every frame
//! (`tests/spamassassin`): some words that sound harmless cost points.

use super::language::Language;

/// The sentences of one language. `{…}` are blanks.
#[derive(Debug)]
pub struct Frame {
    /// The mail's `lang`.
    pub language: Language,
    /// To `{name}`.
    pub greeting: &'static str,
    /// Without a name.
    pub greeting_without_name: &'static str,
    pub closing: &'static str,
    /// Who writes, and that it is commercial: CAN-SPAM, 15 U.S.C. § 7704(a)(5)(A)(i), "clear and
    /// conspicuous identification that the message is an advertisement or solicitation" (no set
    /// words); Directive 2000/31/EC, Art. 6(a) and (b); GDPR, Art. 14(1)(a) and (c). `{sender}`,
    /// `{offer}`.
    pub commercial: &'static str,
    /// The source of the data, and that it is public: GDPR, Art. 14(2)(f). `{platform}`,
    /// `{username}`.
    pub from_profile: &'static str,
    /// The same for a recipient from an imported list.
    pub from_list: &'static str,
    /// Not asked for by law in so many words; it is fair to say (GDPR, Art. 5(1)(a)).
    pub software: &'static str,
    /// The right to object, clearly and apart from the rest: GDPR, Art. 21(2) to (4), Art.
    /// 14(2)(c); the opt-out: CAN-SPAM, 15 U.S.C. § 7704(a)(3)(A) and (a)(5)(A)(ii). The headers
    /// of RFC 8058 do not replace it.
    pub objection: &'static str,
    /// The link that follows.
    pub unsubscribe: &'static str,
    /// The link to the rest of the notice: GDPR, Art. 12(1), Art. 14(1) and (2).
    pub privacy: &'static str,
}

// The postal address (CAN-SPAM, 15 U.S.C. § 7704(a)(5)(A)(iii)) is the sender's own and needs no
// sentence.

const ENGLISH: Frame = Frame {
    language: Language::English,
    greeting: "Hello {name},",
    greeting_without_name: "Hello,",
    closing: "Kind regards,",
    commercial: "This is a commercial message from {sender}. What we offer: {offer}.",
    from_profile: "Your details come from your public {platform} profile ({username}).",
    from_list: "Your address comes from a contact list that was passed on to us.",
    software: "Software helped us prepare this message.",
    objection: "You can object to our messages at any time, without giving a reason. We will not \
                write to you again.",
    unsubscribe: "Unsubscribe",
    privacy: "What we store about you, where it comes from and how to have it deleted",
};

const GERMAN: Frame = Frame {
    language: Language::German,
    greeting: "Hallo {name},",
    greeting_without_name: "Guten Tag,",
    closing: "Freundliche Grüße",
    commercial: "Dies ist eine werbliche Nachricht von {sender}. Unser Angebot: {offer}.",
    from_profile: "Auf Sie aufmerksam wurden wir durch Ihr öffentliches Profil auf {platform} \
                   ({username}).",
    from_list: "Ihre Adresse stammt aus einer Kontaktliste, die wir erhalten haben.",
    software: "Beim Verfassen dieser Nachricht hat uns eine Software geholfen.",
    objection: "Sie können unseren Nachrichten jederzeit und ohne Angabe von Gründen \
                widersprechen. Wir schreiben Ihnen dann nicht mehr.",
    unsubscribe: "Abmelden",
    privacy: "Was wir über Sie gespeichert haben, woher es stammt und wie Sie es löschen lassen \
              können",
};

const FRENCH: Frame = Frame {
    language: Language::French,
    greeting: "Bonjour {name},",
    greeting_without_name: "Bonjour,",
    closing: "Bien cordialement,",
    commercial: "Ceci est un message commercial de {sender}. Notre proposition : {offer}.",
    from_profile: "Nous vous connaissons par votre profil public {platform} ({username}).",
    from_list: "Votre adresse provient d’une liste de contacts qui nous a été transmise.",
    software: "Un logiciel nous a aidés à préparer ce message.",
    objection: "Vous pouvez vous opposer à nos messages à tout moment, sans avoir à vous \
                justifier. Nous ne vous écrirons plus.",
    unsubscribe: "Se désinscrire",
    privacy: "Les données que nous conservons sur vous, leur origine et comment les faire effacer",
};

const SPANISH: Frame = Frame {
    language: Language::Spanish,
    greeting: "Hola, {name}:",
    greeting_without_name: "Hola:",
    closing: "Un saludo,",
    commercial: "Este es un mensaje comercial de {sender}. Nuestra propuesta: {offer}.",
    from_profile: "Te conocemos por tu perfil público de {platform} ({username}).",
    from_list: "Tu dirección procede de una lista de contactos que nos han facilitado.",
    software: "Un programa nos ha ayudado a preparar este mensaje.",
    objection: "Puedes oponerte a nuestros mensajes en cualquier momento y sin dar explicaciones. \
                No volveremos a escribirte.",
    unsubscribe: "Darse de baja",
    privacy: "Qué datos tuyos guardamos, de dónde proceden y cómo pedir que se borren",
};

const ITALIAN: Frame = Frame {
    language: Language::Italian,
    greeting: "Ciao {name},",
    greeting_without_name: "Buongiorno,",
    closing: "Un cordiale saluto,",
    commercial: "Questo è un messaggio commerciale di {sender}. La nostra proposta: {offer}.",
    from_profile: "Ti conosciamo grazie al tuo profilo pubblico su {platform} ({username}).",
    from_list: "Il tuo indirizzo proviene da un elenco di contatti che ci è stato fornito.",
    software: "Un software ci ha aiutato a preparare questo messaggio.",
    objection: "Puoi opporti ai nostri messaggi in qualsiasi momento, senza doverne spiegare il \
                motivo. Non ti scriveremo più.",
    unsubscribe: "Annulla l’iscrizione",
    privacy: "Quali dati conserviamo su di te, da dove provengono e come farli cancellare",
};

// Worded so that it reads well on both sides of the Atlantic.
const PORTUGUESE: Frame = Frame {
    language: Language::Portuguese,
    greeting: "Olá, {name}!",
    greeting_without_name: "Olá!",
    closing: "Atenciosamente,",
    commercial: "Esta é uma mensagem comercial de {sender}. A nossa proposta: {offer}.",
    from_profile: "Conhecemos o seu trabalho pelo seu perfil público no {platform} ({username}).",
    from_list: "O seu endereço vem de uma lista de contatos que nos foi fornecida.",
    software: "Um programa nos ajudou a preparar esta mensagem.",
    objection: "Pode opor-se às nossas mensagens a qualquer momento, sem indicar o motivo. Não \
                voltaremos a escrever.",
    unsubscribe: "Cancelar as mensagens",
    privacy: "Que dados seus guardamos, de onde vêm e como pedir que sejam apagados",
};

const DUTCH: Frame = Frame {
    language: Language::Dutch,
    greeting: "Hallo {name},",
    greeting_without_name: "Goedendag,",
    closing: "Met vriendelijke groet,",
    commercial: "Dit is een commercieel bericht van {sender}. Ons aanbod: {offer}.",
    from_profile: "We kennen je via je openbare {platform}-profiel ({username}).",
    from_list: "Je adres komt uit een contactlijst die we hebben ontvangen.",
    software: "Software heeft ons geholpen dit bericht voor te bereiden.",
    objection: "Je kunt op elk moment en zonder opgave van redenen bezwaar maken tegen onze \
                berichten. We schrijven je dan niet meer.",
    unsubscribe: "Afmelden",
    privacy: "Welke gegevens we van je bewaren, waar ze vandaan komen en hoe je ze laat wissen",
};

pub const FRAMES: [&Frame; 7] = [
    &ENGLISH,
    &GERMAN,
    &FRENCH,
    &SPANISH,
    &ITALIAN,
    &PORTUGUESE,
    &DUTCH,
];

impl Frame {
    /// The frame for a message in this language (`pt` as well as `pt-BR`); the English one where
    /// there is none or the language is not known.
    pub fn of(language: Option<&str>) -> &'static Self {
        FRAMES
            .into_iter()
            .find(|frame| frame.is_for(language))
            .unwrap_or(&ENGLISH)
    }

    /// Whether it is in this language.
    pub fn is_for(&self, language: Option<&str>) -> bool {
        language
            .and_then(|tag| tag.split(['-', '_']).next())
            .is_some_and(|tag| tag.eq_ignore_ascii_case(self.language.code()))
    }
}

/// How a message opens that greets by itself, without doubt.
const GREETINGS: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "good morning",
    "good afternoon",
    "good evening",
    "hallo",
    "guten tag",
    "guten morgen",
    "guten abend",
    "sehr geehrte",
    "moin",
    "servus",
    "grüß",
    "bonjour",
    "bonsoir",
    "salut",
    "coucou",
    "hola",
    "buenas tardes",
    "buenos días",
    "buen día",
    "estimada",
    "estimado",
    "ciao",
    "buongiorno",
    "buonasera",
    "salve",
    "gentile",
    "olá",
    "oi",
    "bom dia",
    "boa tarde",
    "boa noite",
    "prezada",
    "prezado",
    "hoi",
    "goedendag",
    "goedemorgen",
    "goedemiddag",
    "goedenavond",
    "geachte",
    "hej",
];

/// Words that greet only when a name and a comma follow: "Liebe zum Detail" does not.
const GREETINGS_BEFORE_NAMES: &[&str] = &[
    "dear", "liebe", "lieber", "cher", "chère", "querida", "querido", "cara", "caro", "beste",
    "dag",
];

/// Longest name that a greeting is expected to hold, in words.
const NAME_WORDS: usize = 4;

/// Whether the message begins with a greeting of its own.
pub fn greets(message: &str) -> bool {
    let message = message.trim_start().to_lowercase();
    let starts_with = |greeting: &str| {
        message
            .strip_prefix(greeting)
            .is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
    };
    let opening = message
        .split([',', '!', ':', '\n'])
        .next()
        .unwrap_or_default();
    let is_short =
        opening.len() < message.len() && opening.split_whitespace().count() <= NAME_WORDS + 1;
    GREETINGS.iter().any(|greeting| starts_with(greeting))
        || is_short && GREETINGS_BEFORE_NAMES.iter().any(|word| starts_with(word))
        // Japanese has no frame, and puts the name first.
        || ["こんにちは", "はじめまして"].iter().any(|greeting| opening.contains(greeting))
}
