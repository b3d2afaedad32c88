use super::{Lexicon, Topic};

pub(super) const LEXICON: Lexicon = Lexicon {
    given: &[
        "Chiara", "Niccolò", "Ginevra", "Tommaso", "Elisa", "Raffaele", "Marta", "Ettore", "Noemi",
        "Lapo",
    ],
    family: &[
        "Bellandi",
        "Caruso",
        "Fontanelli",
        "Grimaldi",
        "Montanari",
        "Pellegrini",
        "Sartori",
        "Tedesco",
        "Zanardi",
    ],
    topics: &[
        Topic {
            niche: "food",
            word: "cucina di casa",
            roles: &["Ricette della nonna", "Panettiera per passione"],
            details: &[
                "Ricette veloci per chi lavora",
                "Lievito madre senza misteri",
            ],
        },
        Topic {
            niche: "travel",
            word: "viaggi lenti",
            roles: &["Viaggiatrice lenta", "Viaggi in treno"],
            details: &["Viaggi con bagaglio piccolo", "Borghi fuori stagione"],
        },
        Topic {
            niche: "beauty",
            word: "cura della pelle",
            roles: &["Truccatrice", "Cura della pelle, senza miti"],
            details: &[
                "Leggo gli ingredienti per te",
                "Trucco naturale in cinque minuti",
            ],
        },
        Topic {
            niche: "outdoors",
            word: "escursionismo",
            roles: &["Escursionista del fine settimana", "Guida di montagna"],
            details: &["Trekking con bambini", "Zaino leggero, passo lento"],
        },
    ],
    partners: &[
        "Aperta a collaborazioni",
        "Collaboro con piccoli marchi",
        "Affiliazioni scelte con cura",
    ],
    contacts: &["Contatti: {}", "Scrivimi: {}", "✉️ {}"],
    vague: &["ogni tanto passo di qui", "caffè e basta", "niente di che"],
    posts: &[
        "Quale programma affiliate usate per {}? Cerco qualcosa di serio.",
        "Nuovo articolo: i miei guadagni affiliate con {} {link}",
        "Affiliate e {}: tre errori da evitare.",
    ],
};
