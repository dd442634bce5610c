//! The commands that the documentation shows: those of the harness run as printed and end as said, and those of kwctl
//! have only flags that kwctl has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use clap::CommandFactory as _;
use host_harness::commands::Arguments;

/// Those with commands of the two programs. Their paths are of the root of this repository.
const DOCUMENTS: [&str; 2] = ["README.md", "docs/kwctl.md"];
/// `kwctl run` and `kwctl annotate`, as its command-line reference lists them; `--sigstore-trust-config` is of later versions.
const KWCTL_FLAGS: [&str; 13] = [
    "--allow-context-aware",
    "--docker-config-json-path",
    "--execution-mode",
    "--metadata-path",
    "--output-path",
    "--record-host-capabilities-interactions",
    "--replay-host-capabilities-interactions",
    "--request-path",
    "--settings-json",
    "--settings-path",
    "--sigstore-trust-config",
    "--sources-path",
    "--usage-path",
];
const NOT_RUN: &str = "not run here";

/// A command of a document: its words, and the comment behind it.
struct Shown {
    program: String,
    arguments: Vec<String>,
    comment: String,
}

impl Shown {
    /// With which status it is said to end.
    fn status(&self) -> i32 {
        match self.comment.split_once("ends with ") {
            None => 0,
            Some((_, rest)) => {
                let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
                digits.parse().expect("a status behind `ends with`")
            }
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The lines that begin with `$ ` in blocks marked as `console`.
fn commands(markdown: &str) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut console = false;
    for line in markdown.lines() {
        if let Some(language) = line.strip_prefix("```") {
            console = language == "console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| console) {
            let (command, comment) = command.split_once(" #").unwrap_or((command, ""));
            let mut words = command.split_whitespace().map(str::to_owned);
            shown.push(Shown {
                program: words.next().unwrap_or_default(),
                arguments: words.collect(),
                comment: comment.trim().to_owned(),
            });
        }
    }
    shown
}

fn of_program(program: &str) -> Vec<(&'static str, Shown)> {
    let mut found = Vec::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let here = commands(&text)
            .into_iter()
            .filter(|shown| shown.program == program);
        found.extend(here.map(|shown| (document, shown)));
    }
    found
}

/// A folder that looks like the root of this repository with the module built, and that may be written to.
fn checkout() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let link = |target: PathBuf, name: &str| {
        assert!(target.exists(), "{} is not there", target.display());
        std::os::unix::fs::symlink(target, directory.path().join(name)).unwrap();
    };
    for name in ["metadata.yml", "README.md", "docs", "tests"] {
        link(root().join(name), name);
    }
    let module =
        std::env::var_os("POLICY_WASM").map_or_else(|| root().join("policy.wasm"), PathBuf::from);
    link(module, "policy.wasm");
    directory
}

#[test]
fn runs_what_the_documents_show_of_the_harness() {
    let directory = checkout();
    let mut statuses = BTreeSet::new();
    for (document, shown) in of_program("continuity-harness") {
        if shown.comment.contains(NOT_RUN) {
            continue;
        }
        let output = Command::cargo_bin("continuity-harness")
            .unwrap()
            .current_dir(directory.path())
            .env_clear()
            .env("HOME", directory.path())
            .args(&shown.arguments)
            .output()
            .unwrap();
        let status = output.status.code().unwrap();
        assert_eq!(
            status,
            shown.status(),
            "{document}: {:?}\n{}{}",
            shown.arguments,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        statuses.insert(status);
    }
    assert_eq!(statuses, BTreeSet::from([0, 1, 4]));
}

/// Also those that are not run: their flags are those of the program.
#[test]
fn shows_no_flag_that_the_harness_lacks() {
    let mut seen = 0;
    for (document, shown) in of_program("continuity-harness") {
        let command = shown.arguments.first().expect("a command");
        let output = Command::cargo_bin("continuity-harness")
            .unwrap()
            .args([command.as_str(), "--help"])
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        for flag in shown.arguments.iter().filter(|it| it.starts_with("--")) {
            assert!(
                help.contains(&format!("{flag} <")) || help.contains(&format!("{flag}\n")),
                "{document}: {command} {flag}"
            );
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn shows_no_flag_that_kwctl_lacks_and_no_file_that_is_not_there() {
    let all = of_program("kwctl");
    let names: BTreeSet<&str> = all.iter().map(|(document, _)| *document).collect();
    assert_eq!(names, BTreeSet::from(DOCUMENTS), "each shows kwctl");
    for (document, shown) in &all {
        for word in &shown.arguments {
            if word.starts_with("--") {
                assert!(KWCTL_FLAGS.contains(&word.as_str()), "{document}: {word}");
            } else if word.starts_with("tests/") {
                assert!(root().join(word).exists(), "{document}: {word}");
            }
        }
    }
}

#[test]
fn the_table_of_commands_has_each() {
    let text = std::fs::read_to_string(root().join("docs/commands.md")).unwrap();
    let (_, table) = text
        .split_once("## The program `continuity-harness`")
        .unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut names = 0;
    for command in Arguments::command().get_subcommands() {
        let row = format!("| `{}", command.get_name());
        assert!(table.contains(&row), "{row}");
        names += 1;
    }
    assert!(names >= 7, "{names}");
}

#[test]
fn reads_commands_of_console_blocks_alone() {
    let text = "$ kwctl no\n```console\n$ continuity-harness run a   # ends with 4\nallowed\n```\n```yaml\n$ no\n```\n";
    let found = commands(text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].arguments, ["run", "a"]);
    assert_eq!(found[0].status(), 4);
}
