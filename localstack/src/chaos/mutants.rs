//! Whether the harness bites: each guard is taken away once, and its scenario must find the violation.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::args::ChaosArgs;
use super::binaries;
use super::exhaustive::progress;
use super::scenarios::{self, Scenario};
use super::test_bed::Lab;
use crate::output;
use crate::settings::Settings;

/// The system without one of its guards.
#[derive(Debug, Clone, Copy)]
struct Mutant {
    name: &'static str,
    file: &'static str,
    /// What stands there once, and what stands there instead.
    edits: &'static [(&'static str, &'static str)],
    scenario: Scenario,
    /// The invariants of which the scenario must find one broken.
    breaks: &'static [&'static str],
}

const MUTANTS: [Mutant; 6] = [
    Mutant {
        name: "the SDK repeats calls to SES",
        file: "shared/src/clients/mailer.rs",
        edits: &[("RetryConfig::disabled()", "RetryConfig::standard()")],
        scenario: Scenario::LostAnswer,
        breaks: &["one mail per send"],
    },
    Mutant {
        name: "arm does not read the recipient again",
        file: "shared/src/db/sends/facts.sql",
        edits: &[("r.suppressed_at is not null as", "false as")],
        scenario: Scenario::OptOutBeforeArm,
        breaks: &["no call after an opt-out"],
    },
    Mutant {
        name: "arm does not lock the recipient",
        file: "shared/src/db/sends/arm.rs",
        edits: &[("        lock_mailboxes(tx, granted).await?;\n", "")],
        scenario: Scenario::OptOutDuringArm,
        breaks: &["no call after an opt-out"],
    },
    Mutant {
        name: "arm reads before it locks the recipient",
        file: "shared/src/db/sends/arm.rs",
        edits: &[
            ("        lock_mailboxes(tx, granted).await?;\n", ""),
            (
                "        write(tx, &changes, terms.lease).await?;\n",
                "        lock_mailboxes(tx, granted).await?;
                 write(tx, &changes, terms.lease).await?;\n",
            ),
        ],
        scenario: Scenario::ArmDuringOptOut,
        breaks: &["no call after an opt-out"],
    },
    Mutant {
        name: "the gate is asked after the grant",
        file: "shared/src/db/sends/claim.rs",
        edits: &[(
            "match examined.ask(examined.now) {",
            "match match (examined.ask(examined.now), &examined.facts.address) {
                 (Answer::Hold { record, .. }, crate::domain::gate::Address::Given(to)) => {
                     let (subject, message) = (String::new(), String::new());
                     let draft = crate::domain::content::Draft { subject, message };
                     Answer::Pass { to: to.clone(), draft, record }
                 }
                 (answer, _) => answer,
             } {",
        )],
        scenario: Scenario::ScarceQuota,
        breaks: &["the cap is used"],
    },
    Mutant {
        name: "settle ignores the fence",
        file: "shared/src/db/sends/settle.rs",
        edits: &[(
            "o.send.0 == row.id && o.fence == row.fence",
            "o.send.0 == row.id",
        )],
        scenario: Scenario::LateAnswer,
        breaks: &[
            "one mail per send",
            "one call per send",
            "a state only rises",
        ],
    },
];

/// What the copy of the checkout holds.
const COPIED: [&str; 9] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "clippy.toml",
    "functions",
    "localstack",
    "migrations",
    "rust-toolchain.toml",
    "shared",
];
/// What stands there beside the sources.
const LEFT_OUT: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// Tries each mutant, and first the system as it is. True when every mutant was found.
pub(crate) async fn run(settings: &Settings, lab: &mut Lab, args: &ChaosArgs) -> Result<bool> {
    let whole = lab.binaries.clone();
    let copy = settings.paths.root.join("mutant");
    copy_sources(&settings.paths.workspace, &copy)?;
    let bar = progress(MUTANTS.len());
    let mut table = output::table(["without a guard", "found by", "result", "intact", "mutant"]);
    let mut all_found = true;
    for mutant in MUTANTS {
        bar.set_message(mutant.name);
        lab.binaries.clone_from(&whole);
        let begun = Instant::now();
        let clear = scenarios::run(lab, args.seed, mutant.scenario).await?;
        let intact = begun.elapsed();
        if let Some(finding) = clear.findings.first() {
            bail!(
                "{}: {} even without a mutant",
                mutant.scenario.name(),
                finding.subject
            );
        }
        let file = copy.join(mutant.file);
        let original = fs::read_to_string(&file)?;
        fs::write(&file, mutated(&original, &mutant)?)?;
        let database = lab.cluster.template_url();
        let built = binaries::build_mutant(settings, &copy, &database, args.profile).await;
        fs::write(&file, original)?;
        lab.binaries.extend(built?);
        let begun = Instant::now();
        let run = scenarios::run(lab, args.seed, mutant.scenario).await?;
        let took = begun.elapsed();
        let found = run
            .findings
            .iter()
            .find(|f| mutant.breaks.contains(&f.invariant.as_str()));
        all_found &= found.is_some();
        let result = found.map_or_else(
            || "SURVIVED".to_owned(),
            |finding| finding.invariant.clone(),
        );
        let seconds = |took: Duration| format!("{:.0} s", took.as_secs_f64());
        table.add_row([
            mutant.name,
            mutant.scenario.name(),
            &result,
            &seconds(intact),
            &seconds(took),
        ]);
        bar.inc(1);
    }
    bar.finish_and_clear();
    lab.binaries = whole;
    output::line(table);
    Ok(all_found)
}

fn mutated(original: &str, mutant: &Mutant) -> Result<String> {
    let mut text = original.to_owned();
    for (from, to) in mutant.edits {
        match text.matches(from).count() {
            1 => text = text.replacen(from, to, 1),
            times => bail!("{from:?} stands {times} times in {}", mutant.file),
        }
    }
    Ok(text)
}

/// Brings the copy up to date; what did not change keeps its time, so that it is not built again.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    for name in COPIED {
        copy_tree(&from.join(name), &to.join(name))?;
    }
    // Cargo tells packages of one name apart by their versions, not by where they lie: without this,
    // what is built here would stand in for the original.
    let manifest = to.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)?;
    let (own, other) = ("version = \"0.0.0\"", "version = \"0.0.0-mutant\"");
    if text.matches(own).count() != 1 {
        bail!("the workspace's version is not where it was");
    }
    Ok(fs::write(&manifest, text.replacen(own, other, 1))?)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            if !LEFT_OUT.iter().any(|left_out| name == *left_out) {
                copy_tree(&from.join(&name), &to.join(&name))?;
            }
        }
        return remove_what_is_gone(from, to);
    }
    let content = fs::read(from).with_context(|| format!("could not read {}", from.display()))?;
    if fs::read(to).is_ok_and(|known| known == content) {
        return Ok(());
    }
    Ok(fs::write(to, content)?)
}

fn remove_what_is_gone(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(to)? {
        let path: PathBuf = entry?.path();
        let original = path.file_name().map(|name| from.join(name));
        if original.is_some_and(|original| !original.exists()) {
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else {
                fs::remove_file(path)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guard_that_is_taken_away_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for mutant in MUTANTS {
            let text = fs::read_to_string(root.join(mutant.file)).unwrap();
            mutated(&text, &mutant).unwrap();
            for name in mutant.breaks {
                assert!(super::super::oracle::INVARIANTS.contains(name), "{name}");
            }
        }
    }

    #[test]
    fn a_copy_follows_its_original() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let write = |name: &str, text: &str| fs::write(from.path().join(name), text).unwrap();
        fs::create_dir(from.path().join("target")).unwrap();
        write("kept", "1");
        write("gone", "2");
        copy_tree(from.path(), to.path()).unwrap();
        let time = |name: &str| {
            fs::metadata(to.path().join(name))
                .unwrap()
                .modified()
                .unwrap()
        };
        let before = time("kept");
        fs::remove_file(from.path().join("gone")).unwrap();
        write("new", "3");
        copy_tree(from.path(), to.path()).unwrap();
        assert_eq!(time("kept"), before);
        let names = ["kept", "gone", "new", "target"].map(|name| to.path().join(name).exists());
        assert_eq!(names, [true, false, true, false]);
    }
}
