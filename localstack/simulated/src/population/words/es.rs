use super::{Lexicon, Topic};

pub(super) const LEXICON: Lexicon = Lexicon {
    given: &[
        "Lucía", "Íñigo", "Marisol", "Joaquín", "Ximena", "Andrés", "Begoña", "Emilio", "Nuria",
        "Rodrigo", "Itziar", "Sofía",
    ],
    family: &[
        "Ibáñez",
        "Quiroga",
        "Montalvo",
        "Peñalver",
        "Zúñiga",
        "Carrasco",
        "Villalobos",
        "Echeverría",
        "Ocampo",
        "Santamaría",
    ],
    topics: &[
        Topic {
            niche: "food",
            word: "cocina casera",
            roles: &["Recetas de mi abuela", "Cocinera de domingo"],
            details: &[
                "Cocina casera en veinte minutos",
                "Recetas sin gluten que sí apetecen",
            ],
        },
        Topic {
            niche: "fitness",
            word: "entrenamiento en casa",
            roles: &["Entrenadora personal", "Corredor de montaña"],
            details: &[
                "Entrenamiento en casa sin material",
                "Yoga para espaldas cansadas",
            ],
        },
        Topic {
            niche: "travel",
            word: "viajes en tren",
            roles: &["Viajera lenta", "Blog de viajes en familia"],
            details: &[
                "Viajes con poco equipaje",
                "Rutas que no salen en las guías",
            ],
        },
        Topic {
            niche: "tech",
            word: "tecnología",
            roles: &["Programador y padre", "Tecnología explicada sin humo"],
            details: &[
                "Análisis de gadgets comprados por mí",
                "Domótica para principiantes",
            ],
        },
        Topic {
            niche: "education",
            word: "cursos en línea",
            roles: &["Profesora de matemáticas", "Profe de inglés"],
            details: &[
                "Cursos en línea para adultos",
                "Fichas gratis para primaria",
            ],
        },
    ],
    partners: &[
        "Abierta a colaboraciones",
        "Colaboro con marcas pequeñas",
        "Afiliados y colaboraciones",
    ],
    contacts: &["Contacto: {}", "Escríbeme: {}", "✉️ {}"],
    vague: &["aquí, pasando", "café y siesta", "todo va a salir bien"],
    posts: &[
        "¿Qué programa affiliate usáis para {}? Busco uno que pague a tiempo.",
        "Nuevo artículo: mis ingresos affiliate con {} {link}",
        "Affiliate y {}: lo que aprendí este año.",
    ],
};
