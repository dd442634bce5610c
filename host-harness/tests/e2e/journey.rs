//! `docs/install.md` and `docs/operate.md`, followed step by step as a new user would: each of their commands in a shell, in order,
//! against a real API server and a real registry, and what each prints beside what the document says.
//!
//! What is not here is Kubewarden's controller and nodes: after each command the policies that the API server has are served,
//! and pods get the status of one that runs. `UPDATE_DOCS=1` writes what commands print into the documents.

mod cluster;

use super::manifests::root;
use cluster::Journey;

/// In the place of lines that are not shown.
const LEFT_OUT: &str = "…";

/// A command of the document, and the lines below it.
struct Step {
    /// The line that it stands in.
    at: usize,
    command: String,
    comment: String,
    printed: Vec<String>,
}

impl Step {
    fn status(&self) -> i32 {
        let status = self.comment.split_once("ends with ");
        status.map_or(0, |(_, status)| status.trim().parse().unwrap())
    }
}

fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut console = false;
    for (at, line) in document.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            console = language == "console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| console) {
            let (command, comment) = command.split_once("   # ").unwrap_or((command, ""));
            steps.push(Step {
                at,
                command: command.trim().to_owned(),
                comment: comment.to_owned(),
                printed: Vec::new(),
            });
        } else if console {
            steps.last_mut().unwrap().printed.push(line.to_owned());
        }
    }
    steps
}

/// How many characters a word with a digit in it has that is a digest, an id or a hash.
const LONG: usize = 8;

/// Without what is another one each time: numbers, digests and hashes, and how far columns are apart.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    for word in line.split_whitespace() {
        for part in word.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let run = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let has_digit = run.contains(|c: char| c.is_ascii_digit());
            match (has_digit, run.len() >= LONG) {
                (false, _) => plain.push_str(run),
                (true, true) => plain.push('#'),
                (true, false) => {
                    for c in run.chars() {
                        match c {
                            '0'..='9' if plain.ends_with('#') => {}
                            '0'..='9' => plain.push('#'),
                            c => plain.push(c),
                        }
                    }
                }
            }
            plain.push_str(&part[run.len()..]);
        }
        plain.push(' ');
    }
    // Times in UTC, with a fraction of the second or without.
    plain.replace("#Z", "#").replace("#:#.#", "#:#")
}

/// Whether these lines are those, in any order: what is looked at at once ends as it ends.
fn is_said_in_some_order(shown: &[String], said: &[String]) -> bool {
    let sorted = |lines: &[String]| {
        let mut lines: Vec<String> = lines.iter().map(|line| plain(line)).collect();
        lines.sort();
        lines
    };
    sorted(shown) == sorted(said)
}

/// Whether these lines are those, in order; a line `…` is any number of them.
fn is_said(shown: &[String], said: &[String]) -> bool {
    match shown {
        [] => said.is_empty(),
        [first, rest @ ..] if first == LEFT_OUT => {
            (0..=said.len()).any(|from| is_said(rest, &said[from..]))
        }
        [first, rest @ ..] => said
            .split_first()
            .is_some_and(|(line, others)| plain(line) == plain(first) && is_said(rest, others)),
    }
}

/// Follows a document, after these commands and what happens then.
fn follow(document: &str, before: &[&str], then: impl FnOnce(&Journey)) {
    let path = root().join(document);
    let document = std::fs::read_to_string(&path).unwrap();
    let mut journey = Journey::begin();
    for command in before {
        let (status, said) = journey.shell(command);
        assert_eq!(status, 0, "{said}");
        journey.reconcile();
    }
    then(&journey);
    let mut lines: Vec<String> = document.lines().map(str::to_owned).collect();
    let mut wrong = Vec::new();
    let mut blessed = Vec::new();
    let mut followed = 0;
    for step in steps(&document) {
        if step.comment.contains("not run here") {
            continue;
        }
        let (status, said) = journey.shell(&step.command);
        let said: Vec<String> = said
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        let is_said = is_said(&step.printed, &said) || is_said_in_some_order(&step.printed, &said);
        if status != step.status() || !is_said {
            let said = said.join("\n");
            wrong.push(format!("$ {}   ended with {status}\n{said}", step.command));
        }
        if !is_said && !step.printed.iter().any(|line| line == LEFT_OUT) {
            blessed.push((step.at, step.printed.len(), said));
        }
        journey.reconcile();
        journey.run_pods();
        followed += 1;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        // From the end, so that the numbers of lines hold.
        for (at, length, said) in blessed.into_iter().rev() {
            lines.splice(at + 1..at + 1 + length, said);
        }
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(followed >= 8, "{followed}");
}

#[test]
fn the_first_day_is_as_the_document_says() {
    follow("docs/install.md", &[], |_| ());
}

#[test]
fn what_is_done_later_is_as_the_document_says() {
    let before = [
        "kubectl apply --server-side -f deploy/rendered/watch.yaml",
        "continuity learn --policy deploy/rendered/watch.yaml --history",
    ];
    follow("docs/operate.md", &before, Journey::release_in_a_bundle);
}

#[test]
fn what_is_shown_is_held_against_what_is_said() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let said = lines("a   12 s\nb\nc");
    assert!(is_said(&lines("a 9 s\nb\nc"), &said));
    assert!(is_said(&lines("a 9 s\n…\nc"), &said));
    assert!(is_said(&lines("…"), &said));
    assert!(!is_said(&lines("a 9 s\nc"), &said));
    assert!(!is_said(&lines("a 9 s\nb"), &said));
    assert!(!is_said(&lines("…\nd"), &said));
    assert!(is_said_in_some_order(&lines("c\nb\na 1 s"), &said));
    assert!(!is_said_in_some_order(&lines("c\nb"), &said));
    let id = "continuity-c35316388a2b1cf5 at 2026-11-28T14:50:13.120388954Z";
    let other = "continuity-0e31 at 2026-11-28T14:50:13Z".replace("0e31", "285d22facff47ea6");
    assert_eq!(plain(id), plain(&other));
    assert_ne!(plain("2 images"), plain("2 repositories"));
}
