//! What the model writes to people, in their own language.

/// The sentences of one language: `{name}`, `{quote}` and `{niche}` are filled in.
pub(super) struct Phrases {
    pub(super) unnamed: &'static str,
    pub(super) subjects: [&'static str; 2],
    pub(super) quoting: [&'static str; 3],
    /// For a profile that says nothing worth quoting.
    pub(super) plain: &'static str,
}

const ENGLISH: Phrases = Phrases {
    unnamed: "there",
    subjects: [
        "{name}, a question about your {niche} posts",
        "An idea for your {niche} audience",
    ],
    quoting: [
        "Hi {name}, your line “{quote}” made me stop and read on. The people who follow you for that \
         are the people our programme is made for. Would you like to see the details? A short reply \
         is enough.",
        "Hi {name}, I found your profile while looking for people who really know {niche}. “{quote}” \
         sounds like somebody who tests things before praising them. May I send you an outline of \
         our affiliate programme?",
        "Hello {name}, “{quote}” is the kind of sentence I was hoping to find. We run a small \
         affiliate programme that fits what you write about {niche}. If you are curious, just reply \
         and I will send you the terms.",
    ],
    plain: "Hi {name}, I came across your profile while looking for people to work with. We run a \
            small affiliate programme. If you are curious, just reply and I will tell you more.",
};

const GERMAN: Phrases = Phrases {
    unnamed: "zusammen",
    subjects: [
        "{name}, eine Frage zu Ihren Beiträgen",
        "Eine Idee für Ihr Publikum",
    ],
    quoting: [
        "Hallo {name}, bei „{quote}“ bin ich hängen geblieben. Wer Ihnen deshalb folgt, für den ist \
         unser Partnerprogramm gemacht. Darf ich Ihnen kurz mehr dazu schreiben?",
        "Guten Tag {name}, „{quote}“ klingt nach jemandem, der Dinge prüft, bevor er sie lobt. Wir \
         betreiben ein kleines Partnerprogramm, das dazu passt. Eine kurze Antwort genügt, wenn Sie \
         mehr wissen möchten.",
        "Hallo {name}, ich habe nach Menschen gesucht, die sich wirklich auskennen, und fand \
         „{quote}“. Hätten Sie Interesse an den Bedingungen unseres Partnerprogramms?",
    ],
    plain: "Hallo {name}, ich bin auf Ihr Profil gestoßen. Wir betreiben ein kleines \
            Partnerprogramm. Wenn Sie neugierig sind, genügt eine kurze Antwort.",
};

const FRENCH: Phrases = Phrases {
    unnamed: "à vous",
    subjects: [
        "{name}, une question sur vos publications",
        "Une idée pour votre audience",
    ],
    quoting: [
        "Bonjour {name}, votre phrase « {quote} » m'a arrêté. Les personnes qui vous suivent pour \
         cela sont celles pour qui notre programme est fait. Puis-je vous en dire plus ?",
        "Bonjour {name}, « {quote} » : voilà quelqu'un qui essaie avant de recommander. Nous avons \
         un petit programme d'affiliation qui irait bien avec vos sujets. Une courte réponse suffit.",
        "Bonjour {name}, je cherchais des personnes qui connaissent leur sujet et j'ai lu \
         « {quote} ». Voulez-vous recevoir les conditions de notre programme ?",
    ],
    plain: "Bonjour {name}, je suis tombé sur votre profil. Nous avons un petit programme \
            d'affiliation. Si vous êtes curieux, une courte réponse suffit.",
};

const SPANISH: Phrases = Phrases {
    unnamed: "qué tal",
    subjects: [
        "{name}, una pregunta sobre tus publicaciones",
        "Una idea para tu audiencia",
    ],
    quoting: [
        "Hola, {name}: tu frase «{quote}» me hizo seguir leyendo. Quienes te siguen por eso son las \
         personas para las que existe nuestro programa. ¿Te cuento los detalles?",
        "Hola, {name}: «{quote}» suena a alguien que prueba antes de recomendar. Tenemos un pequeño \
         programa de afiliados que encaja con lo que publicas. Basta una respuesta corta.",
        "Hola, {name}: buscaba a gente que sabe de lo suyo y encontré «{quote}». ¿Quieres que te \
         envíe las condiciones de nuestro programa?",
    ],
    plain: "Hola, {name}: he visto tu perfil. Tenemos un pequeño programa de afiliados. Si te \
            interesa, basta una respuesta corta.",
};

const PORTUGUESE: Phrases = Phrases {
    unnamed: "tudo bem",
    subjects: [
        "{name}, uma pergunta sobre as suas publicações",
        "Uma ideia para o seu público",
    ],
    quoting: [
        "Olá, {name}! A sua frase “{quote}” fez-me continuar a ler. Quem segue você por isso é quem \
         o nosso programa procura. Posso enviar os detalhes?",
        "Olá, {name}! “{quote}” parece coisa de quem testa antes de recomendar. Temos um pequeno \
         programa de afiliados que combina com os seus temas. Basta uma resposta curta.",
        "Olá, {name}! Procurava pessoas que conhecem o assunto e encontrei “{quote}”. Quer receber \
         as condições do nosso programa?",
    ],
    plain: "Olá, {name}! Encontrei o seu perfil. Temos um pequeno programa de afiliados. Se tiver \
            curiosidade, basta uma resposta curta.",
};

const ITALIAN: Phrases = Phrases {
    unnamed: "a te",
    subjects: [
        "{name}, una domanda sui tuoi post",
        "Un'idea per chi ti segue",
    ],
    quoting: [
        "Ciao {name}, la tua frase «{quote}» mi ha fatto continuare a leggere. Chi ti segue per \
         questo è la persona per cui esiste il nostro programma. Posso mandarti i dettagli?",
        "Ciao {name}, «{quote}» sembra di qualcuno che prova prima di consigliare. Abbiamo un \
         piccolo programma di affiliazione adatto ai tuoi temi. Basta una risposta breve.",
        "Ciao {name}, cercavo persone che conoscono il loro tema e ho trovato «{quote}». Vuoi \
         ricevere le condizioni del nostro programma?",
    ],
    plain: "Ciao {name}, ho visto il tuo profilo. Abbiamo un piccolo programma di affiliazione. Se \
            sei curioso, basta una risposta breve.",
};

const JAPANESE: Phrases = Phrases {
    unnamed: "ご担当者",
    subjects: [
        "{name}さん、ご投稿についてのご相談",
        "フォロワーの皆さまへのご提案",
    ],
    quoting: [
        "{name}さん、はじめまして。「{quote}」という一文に惹かれて拝見しました。私たちのアフィリエイト\
         プログラムと相性がよいと感じています。詳細をお送りしてもよろしいでしょうか。",
        "{name}さん、こんにちは。「{quote}」から、実際に試してから紹介される方だと感じました。小さな\
         アフィリエイトプログラムを運営しています。ご興味があれば短いご返信をお願いいたします。",
        "{name}さん、はじめまして。詳しい方を探していて「{quote}」を見つけました。プログラムの条件を\
         お送りしてもよろしいでしょうか。",
    ],
    plain: "{name}さん、はじめまして。プロフィールを拝見しました。小さなアフィリエイトプログラムを運営\
            しています。ご興味があれば短いご返信をお願いいたします。",
};

const DUTCH: Phrases = Phrases {
    unnamed: "daar",
    subjects: [
        "{name}, een vraag over je berichten",
        "Een idee voor je volgers",
    ],
    quoting: [
        "Hallo {name}, door je zin “{quote}” las ik verder. Wie je daarom volgt, is voor wie ons \
         partnerprogramma bedoeld is. Mag ik je er kort meer over schrijven?",
        "Hallo {name}, “{quote}” klinkt als iemand die dingen test voordat hij ze aanraadt. Wij hebben \
         een klein partnerprogramma dat daarbij past. Een kort antwoord is genoeg.",
        "Hallo {name}, ik zocht mensen die hun onderwerp echt kennen en vond “{quote}”. Zal ik je de \
         voorwaarden van ons programma sturen?",
    ],
    plain: "Hallo {name}, ik kwam je profiel tegen. Wij hebben een klein partnerprogramma. Ben je \
            nieuwsgierig, dan is een kort antwoord genoeg.",
};

/// The code of the language that the instructions name, if they name one: "two to four sentences in German".
pub(super) fn wanted_language(instructions: &str) -> Option<&'static str> {
    let (_, wanted) = instructions.split_once("sentences in ")?;
    let languages = [
        ("English", "en"),
        ("German", "de"),
        ("French", "fr"),
        ("Spanish", "es"),
        ("Italian", "it"),
        ("Portuguese", "pt"),
        ("Dutch", "nl"),
    ];
    let found = languages.iter().find(|(name, _)| wanted.starts_with(name));
    found.map(|(_, code)| *code)
}

/// The sentences for a language code; English where there are none.
pub(super) fn phrases(language: &str) -> &'static Phrases {
    match language {
        "de" => &GERMAN,
        "fr" => &FRENCH,
        "es" => &SPANISH,
        "pt" => &PORTUGUESE,
        "it" => &ITALIAN,
        "nl" => &DUTCH,
        "ja" => &JAPANESE,
        _ => &ENGLISH,
    }
}
