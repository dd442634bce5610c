//! Every command that a document shows: those of `continuity` parse, and files of this repository that commands name are there.
//!
//! Commands are the lines that begin with `$ ` in blocks marked as `console`, and in other blocks and in backticks whatever begins with the
//! program's name and has more than it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;

use super::Arguments;

/// In the place of what is left out.
const PLACEHOLDERS: [&str; 4] = ["COMMAND", "…", "...", "SUBCOMMAND"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("docs"), root().join("deploy")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // Decision records say what was, too.
                if !path.ends_with("adr") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|it| it == "md") {
                found.push(path);
            }
        }
    }
    for file in std::fs::read_dir(root()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|it| it == "md") && !path.ends_with("CHANGELOG.md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// One command of a document.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    line: String,
    /// With its prompt, so that it is meant to be typed as it stands.
    whole: bool,
}

fn shown(markdown: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    let mut block: Option<&str> = None;
    for line in markdown.lines() {
        match (line.trim_start().strip_prefix("```"), block) {
            (Some(language), None) => block = Some(language),
            (Some(_), Some(_)) => block = None,
            (None, Some("console")) => {
                let command = line.strip_prefix("$ ");
                found.extend(command.map(|line| Shown {
                    line: line.to_owned(),
                    whole: true,
                }));
            }
            (None, Some("" | "sh" | "bash")) => {
                found.push(Shown {
                    line: line.trim().to_owned(),
                    whole: false,
                });
            }
            (None, Some(_)) => {}
            (None, None) => {
                let quoted = line.split('`').skip(1).step_by(2);
                found.extend(quoted.map(|line| Shown {
                    line: line.to_owned(),
                    whole: false,
                }));
            }
        }
    }
    found
}

/// The words of each command of a line: without comments, redirections, and what a pipe goes on to.
fn commands(line: &str) -> Vec<Vec<String>> {
    let line = line.split_once(" #").map_or(line, |(line, _)| line);
    let Some(words) = shlex::split(line) else {
        return Vec::new();
    };
    let mut commands = vec![Vec::new()];
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "|" | "&&" | "||" | ";" => commands.push(Vec::new()),
            ">" | "<" | "2>" => drop(words.next()),
            "2>&1" => {}
            _ => {
                let ended = word.strip_suffix(';').map(str::to_owned);
                let is_last = ended.is_some();
                if let Some(command) = commands.last_mut() {
                    command.push(ended.unwrap_or(word));
                }
                if is_last {
                    commands.push(Vec::new());
                }
            }
        }
    }
    commands.retain(|command| !command.is_empty());
    commands
}

/// Why the program would not take it. In a text a command may stand for all that it can be given: only its name and its flags
/// are held there.
fn refused(words: &[String], whole: bool) -> Option<String> {
    let error = Arguments::try_parse_from(words).err()?;
    let kind = error.kind();
    let is_shown = matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let is_unknown = matches!(
        kind,
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand
    );
    (is_unknown || whole && !is_shown).then(|| error.to_string())
}

#[test]
fn each_command_of_the_program_is_one() {
    let (mut whole, mut others) = (0, 0);
    let mut wrong = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for shown in shown(&text) {
            for words in commands(&shown.line) {
                let [program, rest @ ..] = words.as_slice() else {
                    continue;
                };
                if program != "continuity" || rest.is_empty() {
                    continue;
                }
                if rest
                    .iter()
                    .any(|word| PLACEHOLDERS.contains(&word.as_str()))
                {
                    continue;
                }
                if let Some(why) = refused(&words, shown.whole) {
                    wrong.push(format!("{}: {}: {why}", document.display(), shown.line));
                }
                if shown.whole { whole += 1 } else { others += 1 }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(whole >= 10 && others >= 20, "{whole}, {others}");
}

#[test]
fn each_file_of_this_repository_that_a_command_names_is_there() {
    let mut seen = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for shown in shown(&text) {
            for words in commands(&shown.line) {
                let program = words.first().map(String::as_str);
                if !matches!(program, Some("kubectl" | "helm" | "continuity" | "kwctl")) {
                    continue;
                }
                for word in &words {
                    let word = word.rsplit('=').next().unwrap_or_default();
                    if word.starts_with("deploy/") || word.starts_with("tests/") {
                        let path = root().join(word);
                        assert!(path.exists(), "{}: {}", document.display(), shown.line);
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen >= 5, "{seen}");
}

#[test]
fn what_is_not_a_command_is_told_from_what_is() {
    let text = "Say `continuity list --nonsense` and `continuity`.\n```console\n$ continuity status; continuity check   # both\nfine\n```\n```yaml\ncontinuity: 1\n```\n";
    let found = shown(text);
    assert_eq!(found.len(), 3);
    let both = commands(&found.last().unwrap().line);
    assert_eq!(both, [["continuity", "status"], ["continuity", "check"]]);
    assert!(refused(both.first().unwrap(), true).is_none());
    let wrong = commands(&found.first().unwrap().line);
    assert!(
        refused(wrong.first().unwrap(), false)
            .unwrap()
            .contains("--nonsense")
    );
    let piped = commands("continuity inventory --output html > page.html");
    assert_eq!(piped, [["continuity", "inventory", "--output", "html"]]);
}
