//! Records `tests/cases`: each case is a real run of the module against an embedded registry and a private Sigstore,
//! held against the drift and posture that the contract gives for it before it is written.
//!
//! `cargo run -p host-harness --example record-cases -- policy.wasm tests/cases`

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a program for those who work on the policy"
)]
#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::needless_question_mark,
    clippy::type_complexity,
    clippy::cloned_ref_to_slice_refs,
    reason = "a program that may stop at the first surprise"
)]

mod changed;
mod continuous;
mod shapes;
mod studio;
mod undetermined;

use std::path::PathBuf;

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: record-cases MODULE DIRECTORY";
    let module = arguments.next().context(usage)?;
    let out = arguments.next().context(usage)?;
    let mut studio = studio::Studio::open(&module, &out)?;
    continuous::record(&mut studio)?;
    changed::record(&mut studio)?;
    undetermined::record(&mut studio)?;
    shapes::record(&mut studio)?;
    println!("{} cases recorded in {}", studio.recorded(), out.display());
    Ok(())
}
