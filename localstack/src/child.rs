//! Children that end with the command: a build, an installer, the tests.
//!
//! Each runs in a process group of its own, so that an interrupted command takes everything the
//! child started with it.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Output, Stdio};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStdin};

/// Runs `command` to its end, its output on ours.
pub(crate) async fn status(command: Command) -> Result<ExitStatus> {
    let mut group = Group::spawn(command, |command| {
        command.stdin(Stdio::null());
    })?;
    let status = group.child.wait().await?;
    group.leader = None;
    Ok(status)
}

/// As [`status`], and whatever is not success is an error that names the command.
pub(crate) async fn run(command: Command) -> Result<()> {
    let shown = shown(&command);
    let status = status(command).await?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Runs `command` to its end and gives back what it printed on stdout; stderr stays ours.
pub(crate) async fn stdout(command: Command) -> Result<Output> {
    collect(command, Stdio::inherit(), &[]).await
}

/// Runs `command` to its end in silence and gives back everything it printed.
pub(crate) async fn output(command: Command) -> Result<Output> {
    collect(command, Stdio::piped(), &[]).await
}

/// As [`output`], with this on its stdin.
pub(crate) async fn fed(command: Command, input: &[u8]) -> Result<Output> {
    collect(command, Stdio::piped(), input).await
}

async fn collect(command: Command, stderr: Stdio, input: &[u8]) -> Result<Output> {
    let Group { child, leader } = &mut Group::spawn(command, |command| {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr);
    })?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let (_, read_out, read_err, status) = tokio::join!(
        write(child.stdin.take(), input),
        read(&mut stdout, &mut out),
        read(&mut stderr, &mut err),
        child.wait()
    );
    read_out.and(read_err)?;
    *leader = None;
    Ok(Output {
        status: status?,
        stdout: out,
        stderr: err,
    })
}

/// What does not listen to its end says why in its own words.
async fn write(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stdin, input).await;
    }
}

async fn read(
    from: &mut Option<impl tokio::io::AsyncRead + Unpin>,
    into: &mut Vec<u8>,
) -> Result<()> {
    if let Some(from) = from {
        tokio::io::AsyncReadExt::read_to_end(from, into).await?;
    }
    Ok(())
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A child and all it starts; dropped before its end, the whole group is ended.
struct Group {
    child: Child,
    leader: Option<Pid>,
}

impl Group {
    fn spawn(mut command: Command, prepare: impl FnOnce(&mut Command)) -> Result<Self> {
        prepare(&mut command);
        command.process_group(0);
        let shown = shown(&command);
        let child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("could not start `{shown}`"))?;
        let leader = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        Ok(Self { child, leader })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // A failure does not matter: the group may have ended at this moment.
            let _ = kill_process_group(leader, Signal::TERM);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::environment::Environment;
    use crate::paths::Paths;
    use crate::{process, wait};

    fn shell(script: &str) -> Command {
        let paths = Paths::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
        let path = ("PATH".into(), "/usr/bin:/bin".into());
        let mut command = Environment::seal([path], &paths).command("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn output_and_status_come_back() {
        let output = output(shell("echo out; echo err >&2; exit 3"))
            .await
            .unwrap();
        assert_eq!(
            (&*output.stdout, &*output.stderr),
            (&b"out\n"[..], &b"err\n"[..])
        );
        assert_eq!(output.status.code(), Some(3));
        let error = run(shell("exit 3")).await.unwrap_err().to_string();
        assert_eq!(error, "`sh -c exit 3` failed (exit status: 3)");
    }

    #[tokio::test]
    async fn interrupted_child_ends_with_its_children() {
        let numbers = tempfile::NamedTempFile::new().unwrap();
        let path = numbers.path().display();
        let running = run(shell(&format!("sleep 600 & echo $! > {path}; wait")));
        let limit = Duration::from_secs(20);
        let pause = Duration::from_millis(10);
        let grandchild = wait::until("the grandchild's number", limit, pause, async || {
            Ok(std::fs::read_to_string(numbers.path())?
                .trim()
                .parse::<u32>()
                .ok())
        });
        let grandchild = tokio::select! {
            _ = running => panic!("ended by itself"),
            grandchild = grandchild => grandchild.unwrap(),
        };
        // `select!` has dropped the run, as Ctrl-C does.
        let gone = async || Ok(process::started_at(grandchild).is_none().then_some(()));
        wait::until("the grandchild to be gone", limit, pause, gone)
            .await
            .unwrap();
    }
}
