//! What belongs to a guest while it serves one call: its WASI, its limits, and the texts that pass between it and the host.
//!
//! Invariant: texts are those of the call that is under way; whoever begins the next one clears them.

use std::sync::Arc;

use wasmtime_wasi::p1::WasiP1Ctx;

use super::HostCallbacks;
use super::limits::MemoryLimiter;

/// What the host functions share with each other during a call.
pub(crate) struct GuestState {
    wasi: WasiP1Ctx,
    pub(crate) limiter: MemoryLimiter,
    pub(crate) callbacks: Arc<dyn HostCallbacks>,
    pub(crate) operation: Vec<u8>,
    pub(crate) request: Vec<u8>,
    pub(crate) guest_response: Option<Vec<u8>>,
    pub(crate) guest_error: Option<Vec<u8>>,
    pub(crate) host_response: Vec<u8>,
    pub(crate) host_error: String,
}

impl GuestState {
    /// Before any call.
    pub(crate) fn new(
        wasi: WasiP1Ctx,
        limiter: MemoryLimiter,
        callbacks: Arc<dyn HostCallbacks>,
    ) -> Self {
        Self {
            wasi,
            limiter,
            callbacks,
            operation: Vec::new(),
            request: Vec::new(),
            guest_response: None,
            guest_error: None,
            host_response: Vec::new(),
            host_error: String::new(),
        }
    }

    pub(crate) fn wasi(&mut self) -> &mut WasiP1Ctx {
        &mut self.wasi
    }
}
