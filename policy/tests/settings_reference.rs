//! The reference of the settings, docs/settings.md: rendered from a table that is held against the code.
//!
//! Every field that the code reads has an entry, by its own word for what it expects beside an unknown field; every
//! example is read, and every bad one is refused with the text that the reference shows. After a change:
//! `UPDATE_DOCS=1 cargo test -p signature-continuity --test settings_reference`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "settings_reference/fields.rs"]
mod fields;

use fields::{FIELDS, OBJECTS};
use serde_json::{Value, json};
use signature_continuity::settings::Settings;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

const INTRODUCTION: &str = "# Settings

Every field, with what it is, its default, an example, and what is said to a value that is not one. This page is made from
the code's own tests: `UPDATE_DOCS=1 cargo test -p signature-continuity --test settings_reference`.

All fields at the top may be absent. Unknown fields are refused, and so are `null`, more than 1,000 entries in a list and more than
1 MiB in all: `validate_settings` answers with the path of the field and what was expected there.

- **Repositories** are normalised: `docker.io/library/nginx`, host in lower case, no `:443`. Tags and digests are no part of them.
- **Globs** are anchored at both ends. `*` is one segment of a path or a part of one; `**` is any number of segments, and at
  the end at least one: `ghcr.io/acme/**` is everything below `ghcr.io/acme`, and not `ghcr.io/acme-evil/x`.
- **Subjects** of signers are globs too. A final `*` after the `@` is the rest; `@{commit}` is a commit, 40 hex digits.
  **Do not write `@*`** where commits are meant: it is every branch as well, and whoever can push a branch is then pinned.
- **Durations** are a whole number and one of `ms`, `s`, `m`, `h`, `d`.
- A repository with an alias has two names. `enforce` matches either; so do pins, and where there are pins for both, those for
  the alias's name count; exceptions match the names as written.
";

/// Fields that stand instead of others, which then have to be absent.
const INSTEAD: [(&str, &[&str]); 2] = [
    ("pins[].anyOf[].publicKey", &["issuer", "subject"]),
    ("exceptions[].image", &["repository"]),
];

/// Settings in which the field at `path` (such as `pins[].anyOf[].issuer`) is `value`, and that are otherwise as short as
/// they can be.
fn settings_with(path: &str, value: Value) -> Value {
    let Some((parent, name)) = path.rsplit_once('.') else {
        return json!({path: value});
    };
    let (_, needed) = OBJECTS
        .iter()
        .find(|(object, _)| *object == parent)
        .unwrap();
    let mut fields = read(needed);
    fields[name] = value;
    for (_, others) in INSTEAD.iter().filter(|(field, _)| *field == path) {
        for other in *others {
            fields.as_object_mut().unwrap().remove(*other);
        }
    }
    match parent.strip_suffix("[]") {
        Some(list) => settings_with(list, json!([fields])),
        None => settings_with(parent, fields),
    }
}

fn refusal(settings: &Value) -> Option<String> {
    Settings::parse(settings.to_string().as_bytes())
        .err()
        .map(|error| error.to_string())
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn every_field_that_the_code_reads_has_an_entry() {
    let mut described: BTreeSet<String> = BTreeSet::new();
    for field in FIELDS {
        assert!(
            described.insert(field.path.to_owned()),
            "{} twice",
            field.path
        );
    }
    let mut read_by_the_code = BTreeSet::new();
    for object in [""].iter().chain(OBJECTS.iter().map(|(object, _)| object)) {
        let inside = |name: &str| match *object {
            "" => name.to_owned(),
            object => format!("{object}.{name}"),
        };
        let settings = settings_with(&inside("nobodyKnows"), json!(1));
        let said = refusal(&settings).unwrap();
        let (_, names) = said
            .split_once("unknown field `nobodyKnows`, expected ")
            .unwrap_or_else(|| panic!("{object}: {said}"));
        for name in names.split('`').skip(1).step_by(2) {
            read_by_the_code.insert(inside(name));
        }
    }
    assert_eq!(described, read_by_the_code);
}

#[test]
fn every_example_is_read() {
    for field in FIELDS.iter().filter(|field| !field.example.is_empty()) {
        let settings = settings_with(field.path, read(field.example));
        assert_eq!(refusal(&settings), None, "{}: {settings}", field.path);
    }
}

#[test]
fn every_bad_example_is_refused_at_its_field() {
    for field in FIELDS {
        let settings = settings_with(field.path, read(field.bad));
        let said = refusal(&settings);
        let said = said.unwrap_or_else(|| panic!("{} takes {settings}", field.path));
        let first = field.path.split(['.', '[']).next().unwrap();
        assert!(said.starts_with(first), "{}: {said}", field.path);
    }
}

/// A default that is written out is what the code does without the field.
#[test]
fn every_default_is_the_default() {
    let nothing = Settings::default();
    for field in FIELDS.iter().filter(|field| !field.path.contains("[]")) {
        let Ok(default) = serde_json::from_str::<Value>(field.default) else {
            continue;
        };
        let settings = settings_with(field.path, default);
        let read = Settings::parse(settings.to_string().as_bytes());
        // What is refused in any form has a default all the same.
        if let Ok(read) = read {
            assert_eq!(read, nothing, "{}", field.path);
        } else {
            assert!(field.path.starts_with("guard"), "{}", field.path);
        }
    }
}

#[test]
fn the_page_is_up_to_date() {
    let page = page();
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == page,
        "docs/settings.md is not what the code says: run this test with UPDATE_DOCS=1"
    );
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for field in FIELDS {
        let level = "#".repeat(2 + field.path.matches('.').count());
        writeln!(page, "\n{level} `{}`\n\n{}\n", field.path, field.text).unwrap();
        writeln!(page, "- is: {}", field.shape).unwrap();
        writeln!(page, "- default: {}", code(field.default)).unwrap();
        if !field.example.is_empty() {
            writeln!(page, "- example: {}", code(field.example)).unwrap();
        }
        let said = refusal(&settings_with(field.path, read(field.bad))).unwrap();
        writeln!(page, "- {} is refused: {}", code(field.bad), said).unwrap();
    }
    page
}

fn code(text: &str) -> String {
    match text {
        "" => "none, it has to be there".to_owned(),
        text if serde_json::from_str::<Value>(text).is_ok() => format!("`{text}`"),
        text => text.to_owned(),
    }
}
