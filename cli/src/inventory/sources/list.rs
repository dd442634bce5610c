//! `--images`: one reference a line.

use super::files::bounded;
use super::{Gathered, Gathering, SourceError};
use signature_continuity::request::RequestedImage;
use std::fs::File;
use std::io;
use std::path::Path;

const MOST_IMAGES: usize = 100_000;
/// Longer than any reference: name, tag and digest.
const LONGEST_LINE: usize = 1024;

/// Reads a list of references from a file, or from standard input where the path is `-`. Blank lines, and what follows
/// a `#` at a line's beginning or after a space, are left out.
///
/// # Errors
/// When it cannot be read.
pub fn list(path: &Path) -> Result<Gathered, SourceError> {
    let (what, text) = if path == Path::new("-") {
        ("standard input".to_owned(), bounded(io::stdin().lock()))
    } else {
        let text = File::open(path).and_then(bounded);
        (format!("`{}`", path.display()), text)
    };
    let text = text.map_err(|source| SourceError { what, source })?;
    Ok(of_text(&text))
}

pub(super) fn of_text(text: &str) -> Gathered {
    let mut gathering = Gathering::default();
    let mut images = 0_usize;
    for (number, line) in text.lines().enumerate() {
        let image = without_comment(line).trim();
        if image.is_empty() {
            continue;
        }
        if image.len() > LONGEST_LINE {
            gathering.note(&format!(
                "line {} was not read: it is longer than a reference can be",
                number + 1
            ));
            continue;
        }
        images += 1;
        if images > MOST_IMAGES {
            gathering.note(&format!(
                "only the first {MOST_IMAGES} images were read: line {} and those after it were not",
                number + 1
            ));
            break;
        }
        gathering.add(RequestedImage::new(image, Vec::new()), None, None);
    }
    gathering.finish()
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.split_once(" #").map_or(line, |(image, _)| image)
}
