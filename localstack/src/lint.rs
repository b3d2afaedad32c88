//! `template.yaml` under cfn-lint, as it is written and as SAM transforms it.

use std::path::Path;

use anyhow::{Result, bail};

use crate::python::Python;
use crate::session::Session;
use crate::settings::Settings;
use crate::{child, output, python, up};

/// Fails on any finding of cfn-lint.
pub(crate) async fn run(session: &Session) -> Result<()> {
    let settings = &session.settings;
    let _alone = session.alone().await?;
    let python = up::prepare(settings).await?;
    python::prepare_for_checks(&settings.paths, &settings.environment, &python).await?;

    let written = settings.paths.workspace.join("template.yaml");
    cfn_lint(settings, &python, &written).await?;
    output::step("Linted", "template.yaml");

    let transformed = settings.paths.root.join("template.transformed.json");
    let mut transform = settings.environment.daemon(python.program("python"));
    let script = settings
        .paths
        .workspace
        .join("localstack/executor/transform.py");
    transform.arg(script).arg(&written);
    let output = child::stdout(transform).await?;
    if !output.status.success() {
        bail!("SAM cannot transform template.yaml ({})", output.status);
    }
    std::fs::write(&transformed, output.stdout)?;
    cfn_lint(settings, &python, &transformed).await?;
    output::step("Linted", "template.yaml as SAM transforms it");
    Ok(())
}

async fn cfn_lint(settings: &Settings, python: &Python, template: &Path) -> Result<()> {
    let mut lint = settings.environment.daemon(python.program("cfn-lint"));
    lint.current_dir(&settings.paths.workspace).arg(template);
    child::run(lint).await
}
