//! Records `tests/cases`: each case is a real run of the module against an embedded registry and a private Sigstore,
//! held against the drift and posture that the contract gives for it before it is written.
//!
//! Keys, names and the clock are the same in every recording, so that what changes in a folder is what changed.
//!
//! `cargo run -p host-harness --example record-cases -- policy.wasm tests/cases [--only NAME]…`

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
mod expected;
mod hostile;
mod published_name;
mod recording;
mod shapes;
mod studio;
mod take;
mod undetermined;
mod weaker;

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};

use recording::{Recorded, Recording};

const USAGE: &str = "usage: record-cases MODULE DIRECTORY [--only NAME]...";

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let module = arguments.next().context(USAGE)?.into();
    let out: std::path::PathBuf = arguments.next().context(USAGE)?.into();
    let mut only = BTreeSet::new();
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--only", Some(name)) => only.insert(name),
            _ => bail!(USAGE),
        };
    }
    let recording = Recording {
        module,
        out: out.clone(),
        only,
    };
    let Recorded { cases, removed } = recording.run()?;
    for name in removed {
        println!("removed {name}, which is no case any more");
    }
    println!("{cases} cases recorded in {}", out.display());
    Ok(())
}
