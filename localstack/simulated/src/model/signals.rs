//! Words that suggest that the person wants to be contacted.

const PARTNERSHIP: &[&str] = &[
    "affiliate",
    "collab",
    "partner",
    "brand",
    "kooperation",
    "partenariat",
    "collaboration",
    "colabora",
    "parceria",
    "afilia",
    "affilia",
    "アフィリエイト",
    "コラボ",
];

const CONTACT: &[&str] = &[
    "business",
    "work with me",
    "say hi",
    "contact",
    "kontakt",
    "anfragen",
    "contato",
    "contatti",
    "scrivimi",
    "escríbeme",
    "✉",
    "お仕事",
    "連絡先",
];

pub(super) fn speaks_of_partners(text: &str) -> bool {
    PARTNERSHIP.iter().any(|word| text.contains(word))
}

pub(super) fn invites_contact(text: &str) -> bool {
    CONTACT.iter().any(|word| text.contains(word))
}
