//! `continuity completions`: for shells.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Arguments;
use crate::output;
use crate::program::Status;

/// Print the completions for a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  continuity completions bash >/etc/bash_completion.d/continuity\n  continuity completions zsh >~/.zfunc/_continuity\n  continuity completions fish >~/.config/fish/completions/continuity.fish\n\nExit status: 0 fine, 1 failed, 2 usage."
)]
pub(super) struct Completions {
    /// Which shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn execute(&self) -> anyhow::Result<Status> {
        output::print(&of(self.shell)?)?;
        Ok(Status::Fine)
    }
}

fn of(shell: Shell) -> anyhow::Result<String> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    Ok(String::from_utf8(script)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Shell::Bash)]
    #[case(Shell::Zsh)]
    #[case(Shell::Fish)]
    #[case(Shell::PowerShell)]
    #[case(Shell::Elvish)]
    fn every_subcommand_is_in_it(#[case] shell: Shell) {
        let script = of(shell).unwrap();
        let mut names = 0;
        for subcommand in Arguments::command().get_subcommands() {
            assert!(script.contains(subcommand.get_name()), "{subcommand}");
            names += 1;
            for below in subcommand.get_subcommands() {
                assert!(script.contains(below.get_name()), "{below}");
            }
        }
        assert!(names >= 5);
    }
}
