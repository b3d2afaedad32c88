//! Which niche the words of a profile point to.

/// A niche and the words, in any language and in lower case, that point to it.
struct Niche {
    name: &'static str,
    words: &'static [&'static str],
}

const NICHES: &[Niche] = &[
    Niche {
        name: "fitness",
        words: &[
            "fitness",
            "yoga",
            "strength",
            "trainer",
            "trainerin",
            "workout",
            "marathon",
            "mobility",
            "krafttraining",
            "läufer",
            "coach sportif",
            "entraînement",
            "course à pied",
            "entrenador",
            "entrenamiento",
            "corredor",
            "treino",
            "corrida",
        ],
    },
    Niche {
        name: "food",
        words: &[
            "recipe",
            "baker",
            "cook",
            "sourdough",
            "cast iron",
            "one pot",
            "rezept",
            "bäcker",
            "sauerteig",
            "pâtissi",
            "recette",
            "cuisine",
            "levain",
            "receta",
            "cocin",
            "receita",
            "confeiteir",
            "pão",
            "ricett",
            "panettier",
            "lievito",
            "レシピ",
            "料理",
            "発酵",
        ],
    },
    Niche {
        name: "travel",
        words: &[
            "travel",
            "itinerar",
            "carry-on",
            "countries",
            "reise",
            "mit dem zug",
            "wohnmobil",
            "voyage",
            "itinéraire",
            "viaj",
            "ruta",
            "viage",
            "viagem",
            "roteiro",
            "viagg",
            "borghi",
            "旅行",
            "旅",
            "温泉",
        ],
    },
    Niche {
        name: "tech",
        words: &[
            "software",
            "gadget",
            "self-host",
            "keyboard",
            "smart home",
            "developer",
            "technik",
            "programador",
            "tecnolog",
            "domótica",
            "ガジェット",
            "プログラマー",
            "在宅ワーク",
        ],
    },
    Niche {
        name: "beauty",
        words: &[
            "esthetician",
            "skincare",
            "makeup",
            "ingredient",
            "maquill",
            "beauté",
            "peau",
            "crèmes",
            "trucca",
            "trucco",
            "pelle",
            "ingredienti",
            "スキンケア",
            "コスメ",
            "美容",
            "成分",
        ],
    },
    Niche {
        name: "finance",
        words: &[
            "budget",
            "finance",
            "spender",
            "spreadsheet",
            "index fund",
            "financeir",
            "finanças",
            "orçamento",
            "dívidas",
        ],
    },
    Niche {
        name: "parenting",
        words: &[
            "mom of",
            "dad blog",
            "parent",
            "toddler",
            "toy review",
            "mama von",
            "papa in",
            "familienalltag",
            "spielideen",
            "mãe",
            "maternidade",
            "brincadeira",
            "pai e",
        ],
    },
    Niche {
        name: "photography",
        words: &[
            "photograph",
            "preset",
            "natural light",
            "shooting",
            "réglages",
            "argentique",
        ],
    },
    Niche {
        name: "education",
        words: &[
            "teacher",
            "tutor",
            "study",
            "worksheet",
            "online course",
            "note-taking",
            "profesor",
            "profe de",
            "cursos",
            "fichas",
        ],
    },
    Niche {
        name: "outdoors",
        words: &[
            "hiker",
            "hiking",
            "trail",
            "climber",
            "camping",
            "wander",
            "kletter",
            "ausrüstung",
            "hüttentour",
            "escursion",
            "montagna",
            "trekking",
            "zaino",
        ],
    },
];

const PROHIBITED: &[Niche] = &[
    Niche {
        name: "gambling",
        words: &["betting", "casino", "free spins", "poker", "sportwetten"],
    },
    Niche {
        name: "health claims",
        words: &[
            "miracle",
            "natural cure",
            "lose 10 kg",
            "reverse diabetes",
            "detox mentor",
        ],
    },
    Niche {
        name: "adult",
        words: &["18+", "adults only", "uncensored", "nsfw"],
    },
    Niche {
        name: "get rich quick",
        words: &[
            "crypto signals",
            "forex",
            "guaranteed 5x",
            "double your money",
        ],
    },
];

/// The niche that most words point to.
pub(super) fn recognised(text: &str) -> Option<&'static str> {
    best(NICHES, text)
}

/// The niche that no programme may be offered to, if there is one.
pub(super) fn prohibited(text: &str) -> Option<&'static str> {
    best(PROHIBITED, text)
}

/// Whether the text, in lower case, points to the niche.
pub(super) fn speaks_for(niche: &str, text: &str) -> bool {
    NICHES
        .iter()
        .filter(|known| known.name == niche)
        .any(|known| known.words.iter().any(|word| text.contains(word)))
}

fn best(niches: &[Niche], text: &str) -> Option<&'static str> {
    let hits = |niche: &Niche| {
        niche
            .words
            .iter()
            .filter(|word| text.contains(**word))
            .count()
    };
    // Of equals the first one wins: `max_by_key` would take the last.
    niches
        .iter()
        .rev()
        .max_by_key(|niche| hits(niche))
        .filter(|niche| hits(niche) > 0)
        .map(|n| n.name)
}
