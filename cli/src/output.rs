//! What is printed, and where.
//!
//! Invariant: a reader that goes away ends the output, not the program: `continuity … | head -1` is silent.

pub use continuity_registry::cause;
pub mod columns;
pub mod progress;
pub mod terminal;
pub mod words;

use anyhow::Context as _;
use signature_continuity::clean::clean;
use std::io::{self, Write as _};
use std::path::Path;

/// How much of one line is shown.
const LONGEST_LINE: usize = 4000;

/// Writes lines to standard output.
///
/// # Errors
/// When that fails for another reason than that nobody reads any more.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                stdout.write_all(b"\n")
            }
        })
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a line to standard error. Nothing can be done if that fails.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

/// Lines as they are, each without what a terminal would obey or show in another order.
fn harmless(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| clean(line, LONGEST_LINE))
        .collect();
    lines.join("\n")
}

/// Writes a line of progress: only where somebody is watching.
pub fn progress(text: &str) {
    if terminal::can_draw() {
        note(text);
    }
}

/// Prints an error and what caused it.
pub fn report(error: &anyhow::Error) {
    let mut text = format!("error: {error}");
    let causes: Vec<String> = error.chain().skip(1).map(|it| words::plain(&it)).collect();
    if !causes.is_empty() {
        text.push_str("\n\nCaused by:");
        for (number, cause) in causes.iter().enumerate() {
            text.push_str(&format!(
                "\n{number:>4}: {}",
                cause.replace('\n', "\n      ")
            ));
        }
    }
    note(&text);
}

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// When it cannot be read.
pub fn read_text(path: &Path, what: &str) -> anyhow::Result<String> {
    if path == Path::new("-") {
        return std::io::read_to_string(std::io::stdin())
            .with_context(|| format!("cannot read {what} from standard input"));
    }
    std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {what} from `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn what_a_terminal_would_obey_is_not_written() {
        assert_eq!(
            harmless("  a\u{1b}[31m\u{202e}b\n   1: c"),
            "  a?[31m?b\n   1: c"
        );
    }
}
