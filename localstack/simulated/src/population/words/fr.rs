use super::{Lexicon, Topic};

pub(super) const LEXICON: Lexicon = Lexicon {
    given: &[
        "Élodie",
        "Mathieu",
        "Solène",
        "Bastien",
        "Aïcha",
        "Gaëlle",
        "Florent",
        "Noémie",
        "Yanis",
        "Clémence",
        "Thibault",
        "Maëlys",
    ],
    family: &[
        "Lefranc",
        "Duchêne",
        "Benali",
        "Marchand",
        "Rousselot",
        "Delacour",
        "Tessier",
        "Vasseur",
        "Chevrier",
        "Moreau-Petit",
    ],
    topics: &[
        Topic {
            niche: "food",
            word: "la cuisine maison",
            roles: &["Pâtissière autodidacte", "Recettes de saison"],
            details: &[
                "Cuisine végétale sans prise de tête",
                "Le pain au levain, pas à pas",
            ],
        },
        Topic {
            niche: "travel",
            word: "le voyage lent",
            roles: &["Carnets de voyage", "Voyageuse en train"],
            details: &["Voyager léger avec deux enfants", "Itinéraires hors saison"],
        },
        Topic {
            niche: "beauty",
            word: "la beauté naturelle",
            roles: &[
                "Maquilleuse professionnelle",
                "Soins de la peau, sans blabla",
            ],
            details: &[
                "Beauté naturelle et petits prix",
                "J'analyse les étiquettes des crèmes",
            ],
        },
        Topic {
            niche: "fitness",
            word: "le yoga",
            roles: &["Professeure de yoga", "Coach sportif diplômé"],
            details: &[
                "Entraînement à la maison, sans matériel",
                "Course à pied et bonne humeur",
            ],
        },
        Topic {
            niche: "photography",
            word: "la photo argentique",
            roles: &["Photographe de mariage", "Photographe de rue"],
            details: &[
                "La photographie argentique au quotidien",
                "Mes réglages, expliqués",
            ],
        },
    ],
    partners: &[
        "Ouverte aux partenariats",
        "Partenariats bienvenus",
        "Collaborations avec des marques choisies",
    ],
    contacts: &["Contact : {}", "Pro : {}", "✉️ {}"],
    vague: &[
        "la vie, quoi",
        "je ne fais que passer",
        "rêveuse à plein temps",
    ],
    posts: &[
        "Quel programme affiliate choisir pour {} ? Je cherche du sérieux.",
        "Nouvel article : mes revenus affiliate avec {} ce trimestre {link}",
        "Affiliate et {} : mes trois erreurs de débutante.",
    ],
};
