//! Who decides: what is kept with an approval or an end.
//!
//! Invariant: nobody is recorded as "unknown"; where the store knows its users, its word is kept.

use signature_continuity::clean::clean;

use crate::output;
use crate::output::cause::with_cause;
use crate::program::UsageError;
use crate::store::Store;

/// Who decides: by the store's own word, where it knows its users; else as told, or the user of this machine. A name that is
/// told does not hide the account.
pub(super) fn who(by: Option<&str>, store: &dyn Store) -> anyhow::Result<String> {
    let told = by.map(str::trim).filter(|name| !name.is_empty());
    let name = match (store.user(), told) {
        (Ok(Some(account)), Some(told)) if told != account => format!("{told} ({account})"),
        (Ok(Some(account)), _) => account,
        (Ok(None), Some(told)) => told.to_owned(),
        (Ok(None), None) => of_this_machine().ok_or_else(|| {
            UsageError(
                "nobody knows who decides: $USER is not set; say it with --by NAME".to_owned(),
            )
        })?,
        (Err(error), Some(told)) => {
            output::note(&format!(
                "note: {}; it is recorded as told: {told}",
                with_cause(&error)
            ));
            told.to_owned()
        }
        (Err(error), None) => {
            return Err(anyhow::Error::new(error)
                .context("nobody knows who decides; say it with --by NAME"));
        }
    };
    Ok(clean(&name, 200))
}

fn of_this_machine() -> Option<String> {
    let named = ["USER", "LOGNAME", "USERNAME"].iter();
    let mut names = named.filter_map(|name| std::env::var(name).ok());
    names.find(|name| !name.trim().is_empty())
}
