//! Which module a command works on.

use std::path::{Path, PathBuf};

/// Where `make` puts the module, and how it says so.
const MODULE_VARIABLE: &str = "POLICY_WASM";
const MODULE_DEFAULT: &str = "policy.wasm";

/// The module that was named, or the one that was built here.
pub(super) fn module_path(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let path = std::env::var_os(MODULE_VARIABLE)
        .map_or_else(|| PathBuf::from(MODULE_DEFAULT), PathBuf::from);
    if !path.exists() {
        anyhow::bail!(
            "there is no module at `{}`; build it (`make policy.wasm`) or name one with --module",
            path.display()
        );
    }
    Ok(path)
}
