//! Guests that fail in every way there is: each is one clear error, and none harms the host.

use std::sync::Arc;
use std::time::Duration;

use host_harness::engine::{EngineError, FixedClock, Limits};
use rstest::rstest;

use crate::guest::{Echo, call, compile, module, module_with, start};

/// Fetches the request to 4096 and answers with it.
pub const ECHO: &str = "
    (call $guest_request (i32.const 2048) (i32.const 4096))
    (call $guest_response (i32.const 4096) (local.get $length))
    (i32.const 1)";

#[test]
fn passes_request_and_response() {
    assert_eq!(call(&module(ECHO), b"hello").unwrap(), b"hello");
    assert_eq!(call(&module(ECHO), b"").unwrap(), b"");
}

#[test]
fn passes_host_calls_and_their_errors() {
    // Calls kubewarden/tracing/log with the request, and answers with what came back: response or error.
    let body = "
        (call $guest_request (i32.const 2048) (i32.const 4096))
        (if (result i32) (call $host_call (i32.const 0) (i32.const 10) (i32.const 16) (i32.const 7)
                (i32.const 32) (i32.const 3) (i32.const 4096) (local.get $length))
            (then
                (call $host_response (i32.const 8192))
                (call $guest_response (i32.const 8192) (call $host_response_len))
                (i32.const 1))
            (else
                (call $host_error (i32.const 8192))
                (call $guest_error (i32.const 8192) (call $host_error_len))
                (i32.const 0)))";
    assert_eq!(call(&module(body), b"hello").unwrap(), b"hello");
    let error = call(&module(body), b"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy failed in `test`: kubewarden/tracing/log: nothing to say"
    );
}

#[test]
fn starts_instances_in_order_and_afresh() {
    // Each start function appends its number, and each call counts; both must begin anew.
    let more = "
        (func $append (param $digit i32)
            (global.set $count (i32.add (i32.mul (global.get $count) (i32.const 10)) (local.get $digit))))
        (func (export \"wapc_init\") (call $append (i32.const 3)))
        (func (export \"_start\") (call $append (i32.const 1)))
        (func (export \"_initialize\") (call $append (i32.const 2)))";
    let body = "
        (call $append (i32.const 4))
        (i32.store (i32.const 4096) (global.get $count))
        (call $guest_response (i32.const 4096) (i32.const 4))
        (i32.const 1)";
    let module = compile(&module_with(body, more)).unwrap();
    for _ in 0..2 {
        let answer = start(&module, Limits::default())
            .unwrap()
            .call("test", Vec::new());
        assert_eq!(answer.unwrap(), 1234_u32.to_le_bytes());
    }
}

#[test]
fn accepts_start_functions_that_exit_with_success() {
    let start = |status| {
        let more = format!("(func (export \"_start\") (call $exit (i32.const {status})))");
        call(&module_with(ECHO, &more), b"x")
    };
    assert_eq!(start(0).unwrap(), b"x");
    let error = start(3).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy ended itself with status 3 in `_start`"
    );
}

#[test]
fn tells_traps_with_the_last_words() {
    let more = r#"(data (i32.const 512) "panicked at  src/lib.rs:1\n")"#;
    let body = "
        (i32.store (i32.const 2048) (i32.const 512))
        (i32.store (i32.const 2052) (i32.const 26))
        (drop (call $write (i32.const 2) (i32.const 2048) (i32.const 1) (i32.const 2056)))
        unreachable";
    let error = call(&module_with(body, more), b"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy trapped in `test`: wasm trap: wasm `unreachable` instruction executed; \
         its last words: panicked at src/lib.rs:1"
    );
}

#[test]
fn interrupts_endless_loops() {
    let module = compile(&module("(loop $forever (br $forever)) (i32.const 1)")).unwrap();
    let limits = Limits {
        time: Duration::from_millis(50),
        ..Limits::default()
    };
    let error = start(&module, limits)
        .unwrap()
        .call("test", Vec::new())
        .unwrap_err();
    assert!(matches!(error, EngineError::Timeout { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "the policy was interrupted after 0.05 s; a policy server rejects such a request with status 500"
    );
}

#[test]
fn interrupts_start_functions_too() {
    let more = "(func (export \"wapc_init\") (loop $forever (br $forever)))";
    let module = compile(&module_with(ECHO, more)).unwrap();
    let limits = Limits {
        time: Duration::from_millis(50),
        ..Limits::default()
    };
    let error = start(&module, limits).unwrap_err();
    assert!(matches!(error, EngineError::Timeout { .. }), "{error}");
}

#[test]
fn stops_memory_bombs() {
    // Grows by 1 MiB until it is refused, then dies as Rust does.
    let body = "
        (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
        unreachable";
    let module = compile(&module(body)).unwrap();
    let limits = Limits {
        memory: 4 << 20,
        ..Limits::default()
    };
    let error = start(&module, limits)
        .unwrap()
        .call("test", Vec::new())
        .unwrap_err();
    assert!(
        matches!(error, EngineError::OutOfMemory { limit, asked } if limit == 4 << 20 && asked > limit),
        "{error}"
    );
}

#[test]
fn rejects_modules_that_start_too_large() {
    let module = compile(&module(ECHO)).unwrap();
    let limits = Limits {
        memory: 1000,
        ..Limits::default()
    };
    let error = start(&module, limits).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the policy ran out of memory: it asked for 65536 bytes and may have 1000; \
         look for input without bounds, or raise the limit"
    );
}

#[test]
fn rejects_requests_that_do_not_fit() {
    let error = call(&module(ECHO), &[b'x'; 70_000]).unwrap_err();
    assert!(
        matches!(
            error,
            EngineError::BadPointer {
                call: "__guest_request",
                memory: 65_536,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn tells_stack_overflows() {
    let more =
        "(func $down (param i32) (result i32) (i32.add (call $down (local.get 0)) (i32.const 1)))";
    let error = call(&module_with("(call $down (i32.const 0))", more), b"").unwrap_err();
    assert!(
        matches!(error, EngineError::StackOverflow { .. }),
        "{error}"
    );
}

#[rstest]
#[case::console_log(
    "(call $console_log (i32.const 65000) (i32.const 1000))",
    "__console_log"
)]
#[case::negative_length("(call $console_log (i32.const 0) (i32.const -1))", "__console_log")]
#[case::negative_pointer(
    "(call $guest_response (i32.const -8) (i32.const 4))",
    "__guest_response"
)]
#[case::wrap_around("(call $guest_error (i32.const -1) (i32.const -1))", "__guest_error")]
#[case::response_beyond(
    "(call $guest_response (i32.const 65536) (i32.const 1))",
    "__guest_response"
)]
#[case::payload(
    "(drop (call $host_call (i32.const 0) (i32.const 10) (i32.const 16) (i32.const 7) (i32.const 32) (i32.const 3)
        (i32.const 1) (i32.const 2147483647)))",
    "__host_call"
)]
#[case::request_pointer(
    "(call $guest_request (i32.const 0) (i32.const 65533))",
    "__guest_request"
)]
#[case::operation_pointer(
    "(call $guest_request (i32.const -1) (i32.const 0))",
    "__guest_request"
)]
#[case::host_response(
    "(drop (call $host_call (i32.const 0) (i32.const 10) (i32.const 16) (i32.const 7) (i32.const 32) (i32.const 3)
        (i32.const 0) (i32.const 10)))
     (call $host_response (i32.const 65530))",
    "__host_response"
)]
#[case::host_error(
    "(drop (call $host_call (i32.const 0) (i32.const 10) (i32.const 16) (i32.const 7) (i32.const 32) (i32.const 3)
        (i32.const 0) (i32.const 0)))
     (call $host_error (i32.const 65530))",
    "__host_error"
)]
fn rejects_pointers_outside_of_memory(#[case] body: &str, #[case] function: &str) {
    let error = call(&module(&format!("{body} (i32.const 1)")), b"text").unwrap_err();
    assert!(
        matches!(&error, EngineError::BadPointer { call, .. } if *call == function),
        "{error}"
    );
}

#[rstest]
#[case::too_long("(i32.const 0) (i32.const 300)")]
#[case::not_utf8("(i32.const 4000) (i32.const 1)")]
fn rejects_names_that_are_none(#[case] binding: &str) {
    let body = format!(
        "(i32.store8 (i32.const 4000) (i32.const 255))
         (drop (call $host_call {binding} (i32.const 16) (i32.const 7) (i32.const 32) (i32.const 3)
             (i32.const 0) (i32.const 0)))
         (i32.const 1)"
    );
    let error = call(&module(&body), b"").unwrap_err();
    assert!(
        matches!(
            error,
            EngineError::BadName {
                what: "binding",
                ..
            }
        ),
        "{error}"
    );
}

#[rstest]
#[case::failed("(i32.const 0)")]
#[case::succeeded("(i32.const 1)")]
fn tells_silence_from_an_answer(#[case] body: &str) {
    let error = call(&module(body), b"").unwrap_err();
    assert!(matches!(error, EngineError::Silent { .. }), "{error}");
}

#[test]
fn does_not_take_a_response_for_success() {
    let body = "(call $guest_response (i32.const 0) (i32.const 4)) (i32.const 0)";
    assert!(matches!(
        call(&module(body), b""),
        Err(EngineError::Silent { .. })
    ));
}

#[rstest]
#[case::realtime(0)]
#[case::monotonic(1)]
fn gives_the_guest_a_fixed_clock(#[case] clock: u32) {
    let body = format!(
        "(drop (call $clock (i32.const {clock}) (i64.const 1) (i32.const 4096)))
         (call $guest_response (i32.const 4096) (i32.const 8))
         (i32.const 1)"
    );
    let module = compile(&module(&body)).unwrap();
    let start = Duration::from_secs(1_700_000_000);
    let fixed = Arc::new(FixedClock::new(start, Duration::ZERO));
    let mut instance = module
        .instantiate(Limits::default(), fixed, Arc::new(Echo::default()))
        .unwrap();
    let answer = instance.call("test", Vec::new()).unwrap();
    let nanoseconds = u64::from_le_bytes(answer.try_into().unwrap());
    assert_eq!(nanoseconds, u64::try_from(start.as_nanos()).unwrap());
    let again = instance.call("test", Vec::new()).unwrap();
    assert_eq!(u64::from_le_bytes(again.try_into().unwrap()), nanoseconds);
}
