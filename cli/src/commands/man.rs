//! `continuity man`: the manual, from the same definitions as `--help`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_mangen::Man;

use super::Arguments;
use crate::output;
use crate::program::Status;

/// Print the manual page, or write one for each command.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  continuity man | man -l -\n  continuity man --output-dir /usr/local/share/man/man1\n\nExit status: 0 fine, 1 failed, 2 usage."
)]
pub(super) struct Manual {
    /// Write a page for each command into this directory, which is made if need be.
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

impl Manual {
    pub(super) fn execute(&self) -> anyhow::Result<Status> {
        match &self.output_dir {
            None => output::print(&page(Arguments::command())?)?,
            Some(directory) => write_all(directory).with_context(|| {
                format!("cannot write the manual pages to `{}`", directory.display())
            })?,
        }
        Ok(Status::Fine)
    }
}

/// The page of one command.
fn page(command: clap::Command) -> anyhow::Result<String> {
    let mut roff = Vec::new();
    Man::new(command).render(&mut roff)?;
    Ok(String::from_utf8(roff)?)
}

fn write_all(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    // Without this the pages of subcommands would name themselves without what they are called below.
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    clap_mangen::generate_to(command, directory)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// As roff writes it.
    fn escaped(name: &str) -> String {
        name.replace('-', "\\-")
    }

    #[test]
    fn every_subcommand_is_in_the_page() {
        let page = page(Arguments::command()).unwrap();
        for subcommand in Arguments::command().get_subcommands() {
            let name = format!("continuity\\-{}(1)", escaped(subcommand.get_name()));
            assert!(page.contains(&name), "{name}: {page}");
        }
        assert!(page.contains("4 would be rejected"));
    }

    #[test]
    fn every_command_has_a_page() {
        let directory = tempfile::tempdir().unwrap();
        let below = directory.path().join("man1");
        write_all(&below).unwrap();
        assert!(below.join("continuity.1").exists());
        for subcommand in Arguments::command().get_subcommands() {
            let name = format!("continuity-{}", subcommand.get_name());
            assert!(below.join(format!("{name}.1")).exists(), "{name}");
            for deeper in subcommand.get_subcommands() {
                let name = format!("{name}-{}.1", deeper.get_name());
                let text = std::fs::read_to_string(below.join(&name)).unwrap();
                assert!(text.contains("continuity"), "{name}");
            }
        }
    }
}
