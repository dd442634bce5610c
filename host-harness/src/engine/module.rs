//! Modules, compiled once and kept on disk.
//!
//! Invariant: a compiled module comes from exactly the bytes that were given, since wasmtime's cache is keyed by their
//! hash, the compiler's version and its settings. Without a cache directory everything works, only slower.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use wasmtime::{Cache, CacheConfig, Config, InstancePre, Linker};

use super::error::EngineError;
use super::guest_state::GuestState;
use super::wapc;

/// How often the time limit is looked at. Kubewarden ticks once a second and so cuts up to a second early; this is
/// exact enough to test budgets of some hundred milliseconds.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// How to set up an [`Engine`].
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// Where compiled modules are kept; nowhere if absent.
    pub cache_directory: Option<PathBuf>,
}

impl EngineOptions {
    /// Compiled modules are kept below the user's cache directory.
    #[must_use]
    pub fn cached() -> Self {
        Self {
            cache_directory: dirs::cache_dir()
                .map(|cache| cache.join("continuity").join("modules")),
        }
    }
}

/// wasmtime, set up for policies.
#[derive(Clone)]
pub struct Engine {
    engine: wasmtime::Engine,
    linker: Linker<GuestState>,
}

impl Engine {
    /// Sets up wasmtime and starts the thread that keeps the time.
    ///
    /// # Errors
    /// When this machine cannot run wasmtime.
    pub fn new(options: &EngineOptions) -> Result<Self, EngineError> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        config.cache(options.cache_directory.as_ref().and_then(open_cache));
        let engine = wasmtime::Engine::new(&config).map_err(EngineError::Setup)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p1::add_to_linker_sync(&mut linker, GuestState::wasi)
            .map_err(EngineError::Setup)?;
        wapc::add_to_linker(&mut linker).map_err(EngineError::Setup)?;
        keep_time(&engine)?;
        Ok(Self { engine, linker })
    }

    /// Compiles a module, or takes it from the cache.
    ///
    /// # Errors
    /// When it is no module, does not compile, or imports what policies do not import.
    pub fn compile(&self, bytes: &[u8]) -> Result<Module, EngineError> {
        if !bytes.starts_with(b"\0asm") {
            return Err(EngineError::NotWebAssembly {
                found: describe(bytes),
            });
        }
        let module = wasmtime::Module::new(&self.engine, bytes).map_err(EngineError::Compile)?;
        for (export, expected) in wapc::REQUIRED_EXPORTS {
            if module.get_export(export).is_none() {
                return Err(EngineError::MissingExport { export, expected });
            }
        }
        let instance_pre = self
            .linker
            .instantiate_pre(&module)
            .map_err(EngineError::Import)?;
        Ok(Module {
            instance_pre,
            size: bytes.len(),
        })
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// A compiled module, ready to be instantiated.
#[derive(Clone)]
pub struct Module {
    pub(super) instance_pre: InstancePre<GuestState>,
    size: usize,
}

impl Module {
    /// Size in bytes before compilation.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Module")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

fn open_cache(directory: &PathBuf) -> Option<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(directory);
    match Cache::new(config) {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::warn!(directory = %directory.display(), %error, "modules are compiled anew each time: no cache");
            None
        }
    }
}

/// Ticks for as long as the engine lives.
fn keep_time(engine: &wasmtime::Engine) -> Result<(), EngineError> {
    let engine = engine.weak();
    thread::Builder::new()
        .name("policy-timer".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })
        .map(|_| ())
        .map_err(|error| EngineError::Setup(error.into()))
}

fn describe(bytes: &[u8]) -> &'static str {
    match bytes.first() {
        None => "an empty file",
        Some(b'{' | b'[') => "something that looks like JSON",
        Some(byte) if byte.is_ascii_graphic() || byte.is_ascii_whitespace() => {
            "text (a policy definition ends in .yaml, .yml or .json)"
        }
        Some(_) => "other binary data",
    }
}
