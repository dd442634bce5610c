//! The names that registries are asked by, and that commands print: those that pods spell.

use signature_continuity::glob::Rewrite;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::Settings;

/// How pods spell a repository: where an alias leads to it, by the alias. Nobody may be able to reach the other name from
/// here, and nobody has to.
#[must_use]
pub fn spelled(settings: &Settings, repository: &Repository) -> String {
    let by_alias = settings.aliases.iter().find_map(|alias| {
        let back = Rewrite::new(alias.to().clone(), alias.from().clone()).ok()?;
        let name: ImageReference = back.apply(repository.as_str())?.parse().ok()?;
        (settings.aliased(name.repository()) == *repository).then(|| name.name().to_owned())
    });
    by_alias.unwrap_or_else(|| repository.to_string())
}
