//! Modules that are none, and modules that are kept.

use host_harness::engine::{Engine, EngineError, EngineOptions, Limits};
use rstest::rstest;

use crate::engine::ECHO;
use crate::guest::{compile, module, start};

#[rstest]
#[case::text(
    b"(module)",
    "got text (a policy definition ends in .yaml, .yml or .json)"
)]
#[case::empty(b"", "got an empty file")]
#[case::json(b"{}", "got something that looks like JSON")]
#[case::binary(b"\x7fELF", "got other binary data")]
fn rejects_what_is_no_module(#[case] bytes: &[u8], #[case] expected: &str) {
    let error = compile(bytes).unwrap_err().to_string();
    assert!(error.ends_with(expected), "{error}");
}

#[rstest]
#[case::truncated(b"\0asm\x01\0\0".to_vec())]
#[case::broken(b"\0asm\x01\0\0\0\xff\xff\xff".to_vec())]
fn rejects_modules_that_do_not_compile(#[case] bytes: Vec<u8>) {
    assert!(matches!(compile(&bytes), Err(EngineError::Compile(_))));
}

#[rstest]
#[case::nothing("(module)", "memory")]
#[case::no_call(r#"(module (memory (export "memory") 1))"#, "__guest_call")]
fn rejects_modules_without_the_exports_of_a_policy(#[case] text: &str, #[case] export: &str) {
    let error = compile(&wat::parse_str(text).unwrap()).unwrap_err();
    assert!(
        matches!(error, EngineError::MissingExport { export: found, .. } if found == export),
        "{error}"
    );
}

#[test]
fn rejects_exports_of_another_type() {
    let text = r#"(module (memory (export "memory") 1) (func (export "__guest_call")))"#;
    let module = compile(&wat::parse_str(text).unwrap()).unwrap();
    let error = start(&module, Limits::default()).unwrap_err();
    assert!(
        matches!(error, EngineError::MissingExport { .. }),
        "{error}"
    );
}

#[test]
fn rejects_imports_of_other_hosts() {
    let text = r#"(module (import "env" "magic" (func)) (memory (export "memory") 1)
        (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 0)))"#;
    let error = compile(&wat::parse_str(text).unwrap()).unwrap_err();
    assert!(matches!(error, EngineError::Import(_)), "{error}");
}

#[test]
fn keeps_compiled_modules_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let options = EngineOptions {
        cache_directory: Some(directory.path().to_owned()),
    };
    let bytes = module(ECHO);
    Engine::new(&options).unwrap().compile(&bytes).unwrap();
    let files = || walk(directory.path());
    assert!(files() > 0);
    let compiled = Engine::new(&options).unwrap().compile(&bytes).unwrap();
    let answer = start(&compiled, Limits::default())
        .unwrap()
        .call("test", b"x".to_vec());
    assert_eq!(answer.unwrap(), b"x");
}

fn walk(directory: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                walk(&entry.path())
            } else {
                1
            }
        })
        .sum()
}
