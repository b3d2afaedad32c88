use super::{Lexicon, Topic};

pub(super) const LEXICON: Lexicon = Lexicon {
    given: &[
        "Inês",
        "João",
        "Conceição",
        "Tiago",
        "Beatriz",
        "Caetano",
        "Luísa",
        "Vinícius",
        "Thaís",
        "Gonçalo",
        "Marília",
        "Davi",
    ],
    family: &[
        "Figueiredo",
        "Assunção",
        "Camargo",
        "Nóbrega",
        "Teixeira",
        "Valadares",
        "Guimarães",
        "Moraes",
        "Sepúlveda",
        "Brandão",
    ],
    topics: &[
        Topic {
            niche: "food",
            word: "receitas caseiras",
            roles: &["Receitas da minha avó", "Confeiteira em casa"],
            details: &[
                "Receitas veganas sem complicação",
                "Pão de fermentação natural",
            ],
        },
        Topic {
            niche: "fitness",
            word: "treino em casa",
            roles: &["Personal trainer", "Professora de yoga"],
            details: &[
                "Treino em casa em quinze minutos",
                "Corrida para quem odeia correr",
            ],
        },
        Topic {
            niche: "travel",
            word: "viagens de comboio",
            roles: &["Viajante a tempo inteiro", "Diário de viagem"],
            details: &["Viagens com mochila pequena", "Roteiros para famílias"],
        },
        Topic {
            niche: "parenting",
            word: "vida em família",
            roles: &["Mãe de dois", "Pai e cozinheiro de serviço"],
            details: &["Maternidade sem filtro", "Brincadeiras para dias de chuva"],
        },
        Topic {
            niche: "finance",
            word: "finanças pessoais",
            roles: &["Educadora financeira", "Finanças pessoais sem gravata"],
            details: &[
                "Orçamento familiar passo a passo",
                "Saí das dívidas, agora ensino",
            ],
        },
    ],
    partners: &[
        "Aberta a parcerias",
        "Parcerias com marcas que uso",
        "Afiliada de produtos que testo",
    ],
    contacts: &["Contato: {}", "Parcerias: {}", "✉️ {}"],
    vague: &["só observando", "café e silêncio", "um dia de cada vez"],
    posts: &[
        "Que programa affiliate vocês usam para {}? Procuro um sério.",
        "Post novo: quanto ganhei com links affiliate de {} {link}",
        "Affiliate e {}: o que ninguém me contou.",
    ],
};
