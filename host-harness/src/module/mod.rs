//! Policy modules: the code, and what it says about itself.
//!
//! Invariant: the metadata belongs to exactly the bytes that are run.

mod metadata;
mod scan;
mod section;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use metadata::{ExecutionMode, Metadata, Operation, PolicyType, Rule};
pub use scan::host_capabilities_in;
pub use section::{METADATA_SECTION, SectionError, read_section, replace_section};

use crate::engine::{Engine, EngineError, Module};

/// A policy, ready to run.
#[derive(Debug, Clone)]
pub struct PolicyModule {
    /// The code.
    pub module: Module,
    /// What it says about itself; nothing before it was annotated.
    pub metadata: Option<Metadata>,
}

/// Why a module cannot be used.
#[derive(Debug, Error)]
pub enum ModuleError {
    /// The file cannot be read.
    #[error("cannot read the module `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its sections cannot be read.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// Its metadata is not what Kubewarden writes.
    #[error("the module's metadata cannot be read; annotate it again")]
    Metadata(#[source] serde_json::Error),
}

impl PolicyModule {
    /// Reads and compiles the module in a file.
    ///
    /// # Errors
    /// When it cannot be read, is no module, or its metadata is broken.
    pub fn read(engine: &Engine, path: &Path) -> Result<Self, ModuleError> {
        let bytes = std::fs::read(path).map_err(|source| ModuleError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::compile(engine, &bytes)
    }

    /// Compiles a module.
    ///
    /// # Errors
    /// When it is none, or its metadata is broken.
    pub fn compile(engine: &Engine, bytes: &[u8]) -> Result<Self, ModuleError> {
        let module = engine.compile(bytes)?;
        let metadata = read_section(bytes, METADATA_SECTION)?
            .map(|section| serde_json::from_slice(&section).map_err(ModuleError::Metadata))
            .transpose()?;
        Ok(Self { module, metadata })
    }
}
