//! What the help says.

use crate::local;

#[track_caller]
fn help(arguments: &[&str]) -> String {
    let output = local().args(arguments).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_help_names_every_command() {
    insta::assert_snapshot!(help(&["--help"]));
}

#[test]
fn the_help_of_the_demo_names_its_options() {
    insta::assert_snapshot!(help(&["demo", "--help"]));
}

#[test]
fn outreach_help_lists_operator_commands() {
    let text = help(&["outreach", "--help"]);
    for command in ["sends", "resolve", "breaker", "suppress"] {
        assert!(text.contains(command), "{text}");
    }
}

#[test]
fn a_wrong_parameter_is_explained() {
    let output = local()
        .args(["up", "--parameter", "SendingEnabled"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && text.contains("NAME=VALUE"),
        "{text}"
    );
}
