//! Every way in which running a module can fail, one sentence each.

use std::time::Duration;

use thiserror::Error;

/// Why a module could not be compiled, started or asked.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The bytes are something else than a WebAssembly module.
    #[error("expected a WebAssembly module, which starts with the bytes `\\0asm`, got {found}")]
    NotWebAssembly {
        /// What it looks like.
        found: &'static str,
    },
    /// wasmtime cannot be set up.
    #[error("the WebAssembly engine cannot be set up")]
    Setup(#[source] wasmtime::Error),
    /// The module does not compile.
    #[error("the module does not compile")]
    Compile(#[source] wasmtime::Error),
    /// The module wants something that no policy host offers.
    #[error(
        "the module imports what a policy host does not offer, so it was made for another host"
    )]
    Import(#[source] wasmtime::Error),
    /// The module lacks what a waPC policy exports.
    #[error(
        "the module does not export `{export}` ({expected}), so it is no waPC policy; was it built for another execution mode?"
    )]
    MissingExport {
        /// The export's name.
        export: &'static str,
        /// What it ought to be.
        expected: &'static str,
    },
    /// The guest wanted more memory than it may have.
    #[error(
        "the policy ran out of memory: it asked for {asked} bytes and may have {limit}; \
         look for input without bounds, or raise the limit"
    )]
    OutOfMemory {
        /// Bytes it asked for in all.
        asked: usize,
        /// Bytes it may have.
        limit: usize,
    },
    /// The guest ran for longer than it may.
    #[error(
        "the policy was interrupted after {} s; a policy server rejects such a request with status 500",
        limit.as_secs_f32()
    )]
    Timeout {
        /// How long it may run.
        limit: Duration,
    },
    /// The guest's stack overflowed.
    #[error(
        "the policy ran out of stack in `{operation}`; look for recursion that input can deepen"
    )]
    StackOverflow {
        /// The operation asked for.
        operation: String,
    },
    /// The guest trapped.
    #[error("the policy trapped in `{operation}`: {cause}{}", quoted(last_words))]
    Trap {
        /// The operation asked for.
        operation: String,
        /// What kind of trap.
        cause: String,
        /// The end of what it wrote to its standard error, where a panic message is.
        last_words: String,
    },
    /// The guest named memory that it does not have.
    #[error(
        "the policy passed a pointer outside its memory to `{call}`: {length} bytes at {pointer}, \
         where its memory has {memory}"
    )]
    BadPointer {
        /// The host function.
        call: &'static str,
        /// Where it points.
        pointer: u32,
        /// How many bytes it claims.
        length: usize,
        /// How many bytes there are.
        memory: usize,
    },
    /// The guest passed a name that is none.
    #[error("the policy passed a {what} to `{call}` that is no short UTF-8 text")]
    BadName {
        /// The host function.
        call: &'static str,
        /// Which of its arguments.
        what: &'static str,
    },
    /// The guest ended itself.
    #[error(
        "the policy ended itself with status {status} in `{operation}`{}",
        quoted(last_words)
    )]
    Exit {
        /// The operation asked for.
        operation: String,
        /// Its exit status.
        status: i32,
        /// The end of what it wrote to its standard error.
        last_words: String,
    },
    /// The guest says that it failed.
    #[error("the policy failed in `{operation}`: {message}")]
    Guest {
        /// The operation asked for.
        operation: String,
        /// What it says.
        message: String,
    },
    /// The guest says that it failed, and nothing else; or that it succeeded, without an answer.
    #[error("the policy gave neither an answer nor an error in `{operation}`")]
    Silent {
        /// The operation asked for.
        operation: String,
    },
    /// Anything else that wasmtime reports.
    #[error("the policy could not be run in `{operation}`")]
    Other {
        /// The operation asked for.
        operation: String,
        /// What wasmtime says.
        #[source]
        source: wasmtime::Error,
    },
}

fn quoted(last_words: &str) -> String {
    let words = last_words.trim();
    if words.is_empty() {
        String::new()
    } else {
        format!("; its last words: {words}")
    }
}
