//! The licenses of everything that is in the program, as they ask to be passed on.
//!
//! Invariant: every package is named; one that came without a text is named with its license's expression.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::packages::Package;

const NAMES: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
];
/// How deep they are looked for: packages with C sources have those' licenses one folder further down.
const DEEPEST: usize = 2;
/// Longer than any license, so that nothing else is taken for one.
const LONGEST: u64 = 256 * 1024;

/// One text for all: each license once, below the packages that it is of.
pub(crate) fn text(packages: &[Package]) -> anyhow::Result<String> {
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages {
        let expression = package.license.as_deref().unwrap_or("no license named");
        let name = format!("{} {} ({expression})", package.name, package.version);
        let mut files = Vec::new();
        find(&package.directory, 1, &mut files)?;
        files.sort();
        if files.is_empty() {
            by_text.entry(String::new()).or_default().push(name);
            continue;
        }
        for file in files {
            let bytes = std::fs::read(&file)
                .with_context(|| format!("cannot read `{}`", file.display()))?;
            let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
            let packages = by_text.entry(text.trim_end().to_owned()).or_default();
            if packages.last() != Some(&name) {
                packages.push(name.clone());
            }
        }
    }
    let mut groups: Vec<(Vec<String>, String)> = by_text
        .into_iter()
        .map(|(text, names)| (names, text))
        .collect();
    groups.sort();
    let mut all =
        String::from("The program `continuity` is made of these packages, under these licenses.\n");
    for (names, text) in groups {
        all.push_str(
            "\n================================================================================\n",
        );
        for name in names {
            all.push_str(&name);
            all.push('\n');
        }
        if !text.is_empty() {
            all.push('\n');
            all.push_str(&text);
            all.push('\n');
        }
    }
    Ok(all)
}

fn find(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read `{}`", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if kind.is_dir() && depth < DEEPEST && name != "TARGET" {
            find(&path, depth + 1, found)?;
        } else if kind.is_file()
            && NAMES.iter().any(|start| name.starts_with(start))
            && !name.ends_with(".RS")
            && entry.metadata()?.len() <= LONGEST
        {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn package(name: &str, directory: &Path) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some("MIT".to_owned()),
            repository: None,
            checksum: None,
            directory: directory.to_owned(),
            uses: BTreeSet::new(),
        }
    }

    #[test]
    fn names_every_package_and_each_text_once() {
        let directory = tempfile::tempdir().unwrap();
        let folder = |name: &str, files: &[(&str, &str)]| {
            let path = directory.path().join(name);
            for (file, text) in files {
                let file = path.join(file);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
            std::fs::create_dir_all(&path).unwrap();
            package(name, &path)
        };
        let packages = [
            folder(
                "a",
                &[
                    ("LICENSE-MIT", "mit\n"),
                    ("license_test.rs", "code"),
                    ("README.md", "x"),
                ],
            ),
            folder(
                "b",
                &[("LICENSE.txt", "mit\r\n"), ("c-sources/COPYING", "bsd")],
            ),
            folder("c", &[]),
        ];
        let text = text(&packages).unwrap();
        let line = "=".repeat(80);
        assert_eq!(
            text,
            format!(
                "The program `continuity` is made of these packages, under these licenses.\n\n\
                 {line}\na 1.0.0 (MIT)\nb 1.0.0 (MIT)\n\nmit\n\n{line}\nb 1.0.0 (MIT)\n\nbsd\n\n{line}\nc 1.0.0 (MIT)\n"
            )
        );
    }
}
