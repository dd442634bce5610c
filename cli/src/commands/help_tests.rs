//! What `--help` and the documentation say of every command.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::Arguments;
use crate::program::{EXIT_STATUSES, Status};
use clap::CommandFactory as _;

const DOCUMENTATION: &str = include_str!("../../../docs/commands.md");

fn subcommands() -> Vec<clap::Command> {
    let mut command = Arguments::command();
    command.build();
    command.get_subcommands().cloned().collect()
}

#[test]
fn every_command_has_examples_and_its_exit_statuses() {
    let mut names = Vec::new();
    for mut command in subcommands() {
        let help = command.render_long_help().to_string();
        let name = command.get_name().to_owned();
        assert!(help.contains("Exit status"), "{name}: {help}");
        assert!(
            help.contains(&format!("  continuity {name}")),
            "{name}: {help}"
        );
        names.push(name);
    }
    assert!(names.len() >= 11, "{names:?}");
}

#[test]
fn what_may_end_with_drift_can_be_told_to_end_with_0() {
    for mut command in subcommands() {
        let help = command.render_long_help().to_string();
        let (_, statuses) = help.split_once("Exit status").unwrap();
        let drift = statuses.contains("3 ") || statuses.contains("4 ");
        assert_eq!(
            help.contains("--exit-zero"),
            drift,
            "{}",
            command.get_name()
        );
    }
}

#[test]
fn the_documentation_names_every_command_and_every_exit_status() {
    for command in subcommands() {
        let row = format!("| `{}", command.get_name());
        assert!(DOCUMENTATION.contains(&row), "{row}");
    }
    let all = [
        Status::Fine,
        Status::Failed,
        Status::Drift,
        Status::Rejected,
    ];
    for code in all.into_iter().map(Status::code).chain([2]) {
        assert!(DOCUMENTATION.contains(&format!("| {code} |")), "{code}");
        assert!(EXIT_STATUSES.contains(&format!("{code} ")), "{code}");
    }
}

#[test]
fn every_variable_is_documented() {
    for command in subcommands() {
        for argument in command.get_arguments() {
            if let Some(name) = argument.get_env().and_then(|name| name.to_str()) {
                assert!(DOCUMENTATION.contains(&format!("`{name}`")), "{name}");
            }
        }
    }
}
