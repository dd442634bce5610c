//! Guests written in WebAssembly text, for what no policy does.

use std::sync::{Arc, Mutex};

use host_harness::engine::{
    Engine, EngineError, EngineOptions, HostCallbacks, Instance, Limits, Module, SystemClock,
};

/// Every waPC function is imported, there is one page of memory, and `body` is `__guest_call`.
///
/// Text for use by the body: `kubewarden` at 0, `tracing` at 16, `log` at 32, `{"accepted":true}` at 64 (17 bytes),
/// `{"valid":true}` at 96 (14 bytes).
pub fn module(body: &str) -> Vec<u8> {
    module_with(body, "")
}

/// The same, with further definitions.
pub fn module_with(body: &str, more: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
        (import "wapc" "__console_log" (func $console_log (param i32 i32)))
        (import "wapc" "__host_call" (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "wapc" "__host_response" (func $host_response (param i32)))
        (import "wapc" "__host_response_len" (func $host_response_len (result i32)))
        (import "wapc" "__host_error" (func $host_error (param i32)))
        (import "wapc" "__host_error_len" (func $host_error_len (result i32)))
        (import "wapc" "__guest_request" (func $guest_request (param i32 i32)))
        (import "wapc" "__guest_response" (func $guest_response (param i32 i32)))
        (import "wapc" "__guest_error" (func $guest_error (param i32 i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "kubewarden")
        (data (i32.const 16) "tracing")
        (data (i32.const 32) "log")
        (data (i32.const 64) "{{\"accepted\":true}}")
        (data (i32.const 96) "{{\"valid\":true}}")
        (global $count (mut i32) (i32.const 0))
        {more}
        (func (export "__guest_call") (param $operation i32) (param $length i32) (result i32)
            {body}))"#
    ))
    .unwrap()
}

pub fn engine() -> Engine {
    Engine::new(&EngineOptions::default()).unwrap()
}

pub fn compile(bytes: &[u8]) -> Result<Module, EngineError> {
    engine().compile(bytes)
}

pub fn start(module: &Module, limits: Limits) -> Result<Instance, EngineError> {
    module.instantiate(limits, Arc::new(SystemClock), Arc::new(Echo::default()))
}

/// One call of the operation `test` in a fresh instance.
pub fn call(bytes: &[u8], payload: &[u8]) -> Result<Vec<u8>, EngineError> {
    let module = compile(bytes)?;
    start(&module, Limits::default())?.call("test", payload.to_vec())
}

/// Answers with the payload, and fails where that is empty.
#[derive(Default)]
pub struct Echo(pub Mutex<Vec<String>>);

impl HostCallbacks for Echo {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let call = format!("{binding}/{namespace}/{operation}");
        self.0.lock().unwrap().push(call.clone());
        if payload.is_empty() {
            Err(format!("{call}: nothing to say"))
        } else {
            Ok(payload.to_vec())
        }
    }
}

/// A policy that reads the ConfigMap `n` in `ns`: it accepts if it gets it, and rejects with 403 otherwise. Settings
/// are valid if they are empty. It logs one line.
pub fn policy() -> Vec<u8> {
    let resource = r#"{"api_version":"v1","kind":"ConfigMap","name":"n","namespace":"ns","label_selector":null,"field_selector":null,"disable_cache":false,"field_masks":null}"#;
    let accepted = r#"{"accepted":true,"warnings":["a warning"]}"#;
    let rejected = r#"{"accepted":false,"message":"first line\nsecond line","code":403,"audit_annotations":{"drift":"signer"}}"#;
    let log = r#"{"level":"INFO","message":"image","drift":"signer"}"#;
    let texts = [
        (1024, resource),
        (1280, accepted),
        (1408, rejected),
        (1600, log),
        (1700, r#"{"valid":false,"message":"unknown field"}"#),
        (1800, r#""v1""#),
        (1900, "kubernetes"),
        (1920, "get_resource"),
    ];
    let data: String = texts
        .iter()
        .map(|(at, text)| format!("(data (i32.const {at}) {text:?})\n"))
        .collect();
    let answer = |at: usize, text: &str| {
        format!(
            "(call $guest_response (i32.const {at}) (i32.const {})) (return (i32.const 1))",
            text.len()
        )
    };
    let body = format!(
        "(if (i32.eq (local.get $operation) (i32.const 16)) (then {version}))
         (if (i32.eq (local.get $operation) (i32.const 17)) (then
             (if (i32.eq (local.get $length) (i32.const 2)) (then {valid}))
             {invalid}))
         (drop (call $host_call (i32.const 0) (i32.const 10) (i32.const 16) (i32.const 7)
             (i32.const 32) (i32.const 3) (i32.const 1600) (i32.const {log_length})))
         (if (call $host_call (i32.const 0) (i32.const 10) (i32.const 1900) (i32.const 10)
             (i32.const 1920) (i32.const 12) (i32.const 1024) (i32.const {resource_length}))
             (then {accept}))
         {reject}
         (i32.const 0)",
        version = answer(1800, r#""v1""#),
        valid = answer(96, r#"{"valid":true}"#),
        invalid = answer(1700, r#"{"valid":false,"message":"unknown field"}"#),
        log_length = log.len(),
        resource_length = resource.len(),
        accept = answer(1280, accepted),
        reject = answer(1408, rejected),
    );
    module_with(&body, &data)
}
