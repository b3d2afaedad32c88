//! The part of X's query language that campaigns use: words, phrases, `OR`, `-`, groups, operators.

use crate::population::Post;

/// A query, as alternatives inside conjunctions inside alternatives.
#[derive(Debug, PartialEq)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    Word(String),
    Phrase(String),
    Language(String),
    HasLink,
    MinLikes(u64),
    From(String),
    /// True of every post of the population, such as not being a repost.
    Everything,
    /// True of none, such as being a repost.
    Nothing,
}

/// A piece of a query.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Or,
    Minus,
    Quoted(String),
    Bare(String),
}

impl Query {
    /// What is wrong with the query, in words, if it cannot be read.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        let query = any(&mut rest)?;
        if !rest.is_empty() {
            return Err("There were errors processing your request: unmatched ')'".to_owned());
        }
        if !query.stands_alone() {
            return Err(
                "There were errors processing your request: Rules must contain at least one \
                        positive, standalone operator"
                    .to_owned(),
            );
        }
        Ok(query)
    }

    pub(super) fn matches(&self, post: &Post) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(post)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(post)),
            Self::Not(part) => !part.matches(post),
            Self::Word(word) => {
                words(&post.text).any(|other| other == *word)
                    // Languages without spaces are searched by what the text contains.
                    || (!word.is_ascii() && post.text.to_lowercase().contains(word))
            }
            Self::Phrase(phrase) => post.text.to_lowercase().contains(phrase),
            Self::Language(code) => post.language == code,
            Self::HasLink => post.link.is_some(),
            Self::MinLikes(likes) => post.likes >= *likes,
            Self::From(author) => post.author_id == *author,
            Self::Everything => true,
            Self::Nothing => false,
        }
    }

    fn stands_alone(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::stands_alone),
            Self::Word(_) | Self::Phrase(_) | Self::From(_) => true,
            Self::Not(_)
            | Self::Language(_)
            | Self::HasLink
            | Self::MinLikes(_)
            | Self::Everything
            | Self::Nothing => false,
        }
    }
}

/// The words of a text in lower case; `#` and `$` belong to the word behind them.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '#' | '_' | '$'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '-' => tokens.push(Token::Minus),
            '"' => {
                let phrase: String = letters.by_ref().take_while(|c| *c != '"').collect();
                if text.matches('"').count() % 2 == 1 {
                    return Err(
                        "There were errors processing your request: missing '\"'".to_owned()
                    );
                }
                tokens.push(Token::Quoted(phrase.to_lowercase()));
            }
            c if c.is_whitespace() => {}
            c => {
                let mut word = String::from(c);
                while let Some(c) = letters.next_if(|c| !c.is_whitespace() && !"()\"".contains(*c))
                {
                    word.push(c);
                }
                tokens.push(if word == "OR" {
                    Token::Or
                } else {
                    Token::Bare(word)
                });
            }
        }
    }
    Ok(tokens)
}

fn any(rest: &mut &[Token]) -> Result<Query, String> {
    let mut parts = vec![all(rest)?];
    while let [Token::Or, behind @ ..] = rest {
        *rest = behind;
        parts.push(all(rest)?);
    }
    Ok(Query::Any(parts))
}

fn all(rest: &mut &[Token]) -> Result<Query, String> {
    let mut parts = Vec::new();
    while let [first, behind @ ..] = rest {
        match first {
            Token::Or | Token::Close => break,
            Token::Open => {
                *rest = behind;
                let group = any(rest)?;
                let [Token::Close, behind @ ..] = rest else {
                    return Err("There were errors processing your request: missing ')'".to_owned());
                };
                *rest = behind;
                parts.push(group);
            }
            Token::Minus => {
                let [term @ (Token::Bare(_) | Token::Quoted(_)), behind @ ..] = behind else {
                    return Err(
                        "There were errors processing your request: only a single operator \
                                can be negated"
                            .to_owned(),
                    );
                };
                *rest = behind;
                parts.push(Query::Not(Box::new(single(term)?)));
            }
            Token::Bare(_) | Token::Quoted(_) => {
                *rest = behind;
                parts.push(single(first)?);
            }
        }
    }
    if parts.is_empty() {
        return Err("There were errors processing your request: no viable alternative".to_owned());
    }
    Ok(Query::All(parts))
}

fn single(token: &Token) -> Result<Query, String> {
    let text = match token {
        Token::Quoted(phrase) => return Ok(Query::Phrase(phrase.clone())),
        Token::Bare(text) => text,
        Token::Open | Token::Close | Token::Or | Token::Minus => return Ok(Query::Nothing),
    };
    let Some((operator, value)) = text.split_once(':') else {
        return Ok(Query::Word(text.to_lowercase()));
    };
    let unknown =
        || format!("There were errors processing your request: unknown operator '{text}'");
    match (operator, value) {
        ("lang", code) => Ok(Query::Language(code.to_lowercase())),
        ("from", author) => Ok(Query::From(author.to_owned())),
        ("has", "links") => Ok(Query::HasLink),
        ("has", "hashtags" | "mentions" | "media" | "images" | "videos") => Ok(Query::Nothing),
        ("is", "retweet" | "repost" | "reply" | "quote" | "verified" | "nullcast") => {
            Ok(Query::Nothing)
        }
        ("min_likes", likes) => likes.parse().map(Query::MinLikes).map_err(|_| unknown()),
        ("min_replies" | "min_reposts", count) => match count.parse::<u64>() {
            Ok(0) => Ok(Query::Everything),
            Ok(_) => Ok(Query::Nothing),
            Err(_) => Err(unknown()),
        },
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::Query;
    use crate::population::Post;

    #[track_caller]
    fn check(query: &str, text: &str, expected: bool) {
        let post = Post {
            id: 1,
            author_id: "7".to_owned(),
            text: text.to_owned(),
            language: "en",
            link: None,
            likes: 12,
        };
        assert_eq!(
            Query::parse(query).unwrap().matches(&post),
            expected,
            "{query} in {text}"
        );
    }

    #[test]
    fn and_binds_tighter_than_or() {
        check("affiliate fitness OR food", "good food", true);
        check("affiliate (fitness OR food)", "good food", false);
        check(
            "affiliate (fitness OR food)",
            "Affiliate offers in #food? food!",
            true,
        );
    }

    #[test]
    fn a_minus_negates_one_term() {
        check("affiliate -is:retweet", "affiliate", true);
        check("affiliate -food", "affiliate food", false);
        check(
            "\"affiliate program\" lang:en",
            "My affiliate program",
            true,
        );
        check("affiliate lang:de", "affiliate", false);
        check("affiliate min_likes:13", "affiliate", false);
        check("料理", "料理のaffiliate", true);
    }

    #[test]
    fn query_that_x_refuses_is_refused() {
        for query in [
            "(((",
            "a)",
            "lang:en",
            "-food",
            "a min_faves:3",
            "a -(b c)",
            "\"a",
            "a OR",
        ] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
    }
}
