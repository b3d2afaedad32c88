//! The files of a folder: `KIND/NAME`, and beside each `KIND/NAME.expected.json` with what must happen.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;

/// What a file is an input of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A list for the collector.
    Csv,
    /// Messages in the feedback queue.
    Feedback,
    /// Requests to the web function.
    Unsubscribe,
    /// Answers of the model, or bios.
    Model,
    /// Drafts, as the model writes them.
    Text,
    /// An answer of X.
    X,
    /// Countries and moments.
    Time,
}

impl Kind {
    /// All, in the order in which they run.
    pub const ALL: [Self; 7] = [
        Self::Csv,
        Self::Feedback,
        Self::Unsubscribe,
        Self::Model,
        Self::Text,
        Self::X,
        Self::Time,
    ];

    /// Its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Feedback => "feedback",
            Self::Unsubscribe => "unsubscribe",
            Self::Model => "model",
            Self::Text => "text",
            Self::X => "x",
            Self::Time => "time",
        }
    }
}

/// Ends the name of the file that says what must happen.
const EXPECTED: &str = ".expected.json";

/// What must happen to a file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// What the input meets: a source's parameters, or a lead's bio.
    #[serde(default)]
    pub(super) given: Value,
    /// Of the file as a whole.
    pub(super) whole: Option<Value>,
    /// Of each input in it; of a list, of the rows that it names by their line.
    #[serde(default)]
    pub(super) inputs: Vec<Value>,
}

/// A file of inputs.
#[derive(Debug)]
pub(super) struct CaseFile {
    pub(super) kind: Kind,
    pub(super) path: PathBuf,
    /// Its folder and name.
    pub(super) name: String,
    pub(super) content: Vec<u8>,
    pub(super) expected: Expected,
}

impl CaseFile {
    fn read(kind: Kind, path: PathBuf) -> Result<Self> {
        let read = |path: &Path| {
            fs::read(path).with_context(|| format!("could not read {}", path.display()))
        };
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let expected = path.with_file_name(format!(
            "{}{EXPECTED}",
            path.file_stem().unwrap_or_default().to_string_lossy()
        ));
        let expected = match expected.is_file() {
            true => serde_json::from_slice(&read(&expected)?)
                .with_context(|| format!("{} cannot be read", expected.display()))?,
            false => Expected::default(),
        };
        Ok(Self {
            kind,
            name: format!("{}/{file_name}", kind.name()),
            content: read(&path)?,
            expected,
            path,
        })
    }

    /// Its text, whatever cannot be read left out.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }

    /// Its JSON: the entries of a list, or the one value.
    pub(super) fn values(&self) -> Result<Vec<Value>> {
        let value = serde_json::from_slice(&self.content);
        let value: Value = value.with_context(|| format!("{} is no JSON", self.name))?;
        Ok(match value {
            Value::Array(values) => values,
            one => vec![one],
        })
    }

    /// What must happen to the input of this number, from 0.
    pub(super) fn must(&self, number: usize) -> Option<Value> {
        self.expected.inputs.get(number).cloned()
    }

    pub(super) fn ends_with(&self, ending: &str) -> bool {
        self.path.extension().is_some_and(|it| it == ending)
    }
}

/// The files of these kinds, by their names.
pub(super) fn read(folder: &Path, only: Option<Kind>) -> Result<Vec<CaseFile>> {
    let mut files = Vec::new();
    for kind in Kind::ALL {
        let folder = folder.join(kind.name());
        if only.is_some_and(|only| only != kind) || !folder.is_dir() {
            continue;
        }
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let explains = path.extension().is_some_and(|it| it == "md");
            let expects = path.to_string_lossy().ends_with(EXPECTED);
            if path.is_file() && !explains && !expects {
                // A function in a process of its own reads it, too.
                paths.push(path.canonicalize()?);
            }
        }
        paths.sort();
        for path in paths {
            files.push(CaseFile::read(kind, path)?);
        }
    }
    if files.is_empty() {
        let kinds = Kind::ALL.map(Kind::name).join(", ");
        bail!(
            "{} holds no cases: they stand in folders named {kinds}",
            folder.display()
        );
    }
    Ok(files)
}
