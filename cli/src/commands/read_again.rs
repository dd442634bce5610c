//! A signer to be approved, read again from the image that carries it: a short id names only who is proven there.

use anyhow::{anyhow, bail};
use signature_continuity::clean::clean;
use signature_continuity::provenance::Provenance;
use signature_continuity::reference::{ImageReference, Repository};
use signature_continuity::settings::Settings;
use signature_continuity::signer::Signer;

use crate::observation::Observe;
use crate::observation::SignedRepository;
use crate::store::Store;
use crate::store::names;

/// A signer as an image has it.
pub(super) struct ReadAgain {
    pub(super) repository: Repository,
    pub(super) signer: Signer,
    /// Where that image was built, by its proven certificate.
    pub(super) provenance: Option<Provenance>,
    pub(super) remark: Option<String>,
}

/// The signer of that id, as the image has it now.
pub(super) fn read_again(
    reference: &ImageReference,
    id: &str,
    settings: &Settings,
    store: &dyn Store,
    observer: &dyn Observe,
) -> anyhow::Result<ReadAgain> {
    let repository = settings.aliased(reference.repository());
    let lookup = names::find(store, &repository)?.lookup;
    let seen = observer
        .observe(reference, &lookup)
        .map_err(|why| anyhow!("{} cannot be looked at: {why}", reference.spelled()))?;
    let mut signers: Vec<Signer> = seen
        .signatures
        .iter()
        .map(|signature| signature.proven.signer().clone())
        .filter(|signer| signer.id().as_str().starts_with(id))
        .collect();
    signers.dedup();
    let signer = match signers.as_slice() {
        [one] => one.clone(),
        [] => {
            let there: Vec<String> = seen
                .signatures
                .iter()
                .map(|s| format!("{}  {}", s.proven.signer().id().short(), s.proven.signer()))
                .collect();
            if there.is_empty() {
                bail!(
                    "{repository}: no signer is proven on this image (it is {}), so none can be approved from it; continuity explain says why",
                    seen.observation.posture
                );
            }
            bail!(
                "{repository}: no signer of this image has an id that begins with {id}; there are:\n  {}",
                clean_lines(&there)
            );
        }
        _ => bail!(
            "{repository}: several signers of this image have an id that begins with {id}; type more of it"
        ),
    };
    let all = seen.signatures.iter();
    let own = all.filter(|s| s.proven.signer() == &signer);
    let elsewhere = own.clone().find_map(|s| match &s.signed_repository {
        SignedRepository::Elsewhere(name) => Some(name.clone()),
        SignedRepository::Here | SignedRepository::Unsaid => None,
    });
    let remark = elsewhere.map(|name| {
        format!("Beware: its signature on this image was made for {name}, not for this repository.")
    });
    let provenance = own.clone().find_map(|s| s.proven.provenance().cloned());
    Ok(ReadAgain {
        repository,
        signer,
        provenance,
        remark,
    })
}

fn clean_lines(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| clean(line, 500)).collect();
    lines.join("\n  ")
}
