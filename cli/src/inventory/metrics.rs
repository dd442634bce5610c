//! The inventory as metrics: Prometheus text, for a node exporter's textfile collector or a pushgateway.
//!
//! Invariant: no label has a value that somebody else can name, every series is always there (with 0 if need be), so
//! that alerts work from the first run, and a reader never meets half a file.

use super::Inventory;
use super::counts::Counts;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::Path;

/// The metrics of an inventory.
#[must_use]
pub fn text(inventory: &Inventory) -> String {
    let counts = Counts::of(inventory);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, inventory, &counts);
    text
}

/// Puts the metrics of an inventory in the place of a file, in one step.
///
/// # Errors
/// When the file cannot be written; it is then as it was.
pub(crate) fn save(inventory: &Inventory, path: &Path) -> std::io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text(inventory).as_bytes())?;
    readable_by_all(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Temporary files are their owner's; who collects metrics is usually somebody else.
#[cfg(unix)]
fn readable_by_all(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

fn write(text: &mut String, inventory: &Inventory, counts: &Counts) -> fmt::Result {
    gauge(text, "images", "Distinct images by signing posture.")?;
    for (posture, number) in &counts.postures {
        writeln!(text, "continuity_images{{posture=\"{posture}\"}} {number}")?;
    }
    gauge(
        text,
        "drift",
        "Distinct images by the drift that decides, and whether the settings enforce where they run.",
    )?;
    for ((drift, enforced), number) in &counts.drifts {
        writeln!(
            text,
            "continuity_drift{{drift=\"{drift}\",enforced=\"{enforced}\"}} {number}"
        )?;
    }
    gauge(
        text,
        "undetermined",
        "Images of which nothing could be found out, by cause.",
    )?;
    for (cause, number) in &counts.undetermined {
        writeln!(
            text,
            "continuity_undetermined{{cause=\"{cause}\"}} {number}"
        )?;
    }
    gauge(
        text,
        "left_out",
        "Images that the other figures lack: there was no time for them, or no room.",
    )?;
    let left_out = &inventory.left_out;
    for (why, number) in [("time", left_out.unreached), ("room", left_out.unlisted)] {
        writeln!(text, "continuity_left_out{{why=\"{why}\"}} {number}")?;
    }
    gauge(
        text,
        "baselines",
        "Repositories by the state of their baseline.",
    )?;
    for (state, number) in &counts.baselines {
        writeln!(text, "continuity_baselines{{state=\"{state}\"}} {number}")?;
    }
    gauge(text, "run_duration_seconds", "How long the run took.")?;
    writeln!(
        text,
        "continuity_run_duration_seconds {}",
        inventory.seconds
    )?;
    gauge(text, "last_run_timestamp_seconds", "When the run was.")?;
    writeln!(
        text,
        "continuity_last_run_timestamp_seconds {}",
        inventory.taken.timestamp()
    )?;
    gauge(
        text,
        "trust_root_age_seconds",
        "How old the trust root in use is; NaN where that is not known.",
    )?;
    match inventory.trust_root.as_of {
        Some(at) => writeln!(
            text,
            "continuity_trust_root_age_seconds {}",
            (inventory.taken - at).num_seconds()
        ),
        // Zero would say that it is fresh.
        None => writeln!(text, "continuity_trust_root_age_seconds NaN"),
    }
}

fn gauge(text: &mut String, name: &str, help: &str) -> fmt::Result {
    writeln!(text, "# HELP continuity_{name} {help}")?;
    writeln!(text, "# TYPE continuity_{name} gauge")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::inventory::sample;

    #[test]
    fn counts_what_was_found() {
        insta::assert_snapshot!("metrics", text(&sample::inventory()));
    }

    /// Names of series, without their values.
    fn series(text: &str) -> Vec<&str> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(series, _)| series)
            .collect()
    }

    #[test]
    fn every_series_is_always_there_and_nobody_else_names_one() {
        let mut nothing = sample::inventory();
        nothing.entries.clear();
        nothing.trust_root.as_of = None;
        let expected = text(&sample::inventory());
        assert_eq!(series(&text(&nothing)), series(&expected));
        assert_eq!(series(&text(&sample::hostile())), series(&expected));
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("continuity.prom");
        std::fs::write(&path, "old").unwrap();
        save(&sample::inventory(), &path).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            text(&sample::inventory())
        );
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        let missing = directory.path().join("missing/continuity.prom");
        assert!(save(&sample::inventory(), &missing).is_err());
    }
}
