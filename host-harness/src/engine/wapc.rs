//! The waPC functions that a policy imports, and those that it exports.
//!
//! A call works like this: the host stores operation and payload, calls `__guest_call` with their lengths, and the
//! guest fetches both through `__guest_request` and leaves its answer through `__guest_response` or `__guest_error`.
//! The other way round, the guest calls `__host_call` and fetches `__host_response` or `__host_error` by their lengths.

use wasmtime::{Caller, Linker};

use super::error::EngineError;
use super::guest_state::GuestState;
use super::memory::{GuestMemory, Region};

pub(crate) const GUEST_CALL: &str = "__guest_call";
pub(crate) const GUEST_CALL_TYPE: &str = "a function of two 32-bit integers that returns one";
/// Called after instantiation, in this order, where the module has them.
pub(crate) const START_FUNCTIONS: [&str; 3] = ["_start", "_initialize", "wapc_init"];
pub(crate) const REQUIRED_EXPORTS: [(&str, &str); 2] =
    [("memory", "a linear memory"), (GUEST_CALL, GUEST_CALL_TYPE)];

const MODULE: &str = "wapc";
const CONSOLE_LOG: &str = "__console_log";
const HOST_CALL: &str = "__host_call";
const HOST_RESPONSE: &str = "__host_response";
const HOST_RESPONSE_LENGTH: &str = "__host_response_len";
const HOST_ERROR: &str = "__host_error";
const HOST_ERROR_LENGTH: &str = "__host_error_len";
const GUEST_REQUEST: &str = "__guest_request";
const GUEST_RESPONSE: &str = "__guest_response";
const GUEST_ERROR: &str = "__guest_error";

type Guest<'a> = Caller<'a, GuestState>;

/// The eight integers of `__host_call`: pointers and lengths of binding, namespace, operation and payload.
type HostCallArguments = (i32, i32, i32, i32, i32, i32, i32, i32);

pub(crate) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        CONSOLE_LOG,
        |mut guest: Guest<'_>, pointer: i32, length: i32| {
            let memory = GuestMemory::of(&mut guest, CONSOLE_LOG)?;
            let text = memory.read(&guest, Region::new(pointer, length))?;
            tracing::debug!(target: "guest", "{}", String::from_utf8_lossy(&text));
            Ok(())
        },
    )?;
    linker.func_wrap(
        MODULE,
        HOST_CALL,
        |mut guest: Guest<'_>, a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32| {
            Ok(i32::from(host_call(&mut guest, (a, b, c, d, e, f, g, h))?))
        },
    )?;
    linker.func_wrap(
        MODULE,
        HOST_RESPONSE,
        |mut guest: Guest<'_>, pointer: i32| {
            let response = guest.data().host_response.clone();
            write(&mut guest, HOST_RESPONSE, pointer, &response)
        },
    )?;
    linker.func_wrap(MODULE, HOST_RESPONSE_LENGTH, |guest: Guest<'_>| {
        short(guest.data().host_response.len())
    })?;
    linker.func_wrap(MODULE, HOST_ERROR, |mut guest: Guest<'_>, pointer: i32| {
        let error = guest.data().host_error.clone();
        write(&mut guest, HOST_ERROR, pointer, error.as_bytes())
    })?;
    linker.func_wrap(MODULE, HOST_ERROR_LENGTH, |guest: Guest<'_>| {
        short(guest.data().host_error.len())
    })?;
    linker.func_wrap(
        MODULE,
        GUEST_REQUEST,
        |mut guest: Guest<'_>, operation_pointer: i32, pointer: i32| {
            let request = guest.data().request.clone();
            let operation = guest.data().operation.clone();
            write(&mut guest, GUEST_REQUEST, pointer, &request)?;
            write(&mut guest, GUEST_REQUEST, operation_pointer, &operation)
        },
    )?;
    linker.func_wrap(
        MODULE,
        GUEST_RESPONSE,
        |mut guest: Guest<'_>, pointer: i32, length: i32| {
            let memory = GuestMemory::of(&mut guest, GUEST_RESPONSE)?;
            let response = memory.read(&guest, Region::new(pointer, length))?;
            guest.data_mut().guest_response = Some(response);
            Ok(())
        },
    )?;
    linker.func_wrap(
        MODULE,
        GUEST_ERROR,
        |mut guest: Guest<'_>, pointer: i32, length: i32| {
            let memory = GuestMemory::of(&mut guest, GUEST_ERROR)?;
            let error = memory.read(&guest, Region::new(pointer, length))?;
            guest.data_mut().guest_error = Some(error);
            Ok(())
        },
    )?;
    Ok(())
}

/// Whether the host call succeeded.
fn host_call(guest: &mut Guest<'_>, arguments: HostCallArguments) -> wasmtime::Result<bool> {
    let (b_pointer, b_length, n_pointer, n_length, o_pointer, o_length, pointer, length) =
        arguments;
    let memory = GuestMemory::of(guest, HOST_CALL)?;
    let binding = memory.read_name(&*guest, Region::new(b_pointer, b_length), "binding")?;
    let namespace = memory.read_name(&*guest, Region::new(n_pointer, n_length), "namespace")?;
    let operation = memory.read_name(&*guest, Region::new(o_pointer, o_length), "operation")?;
    let payload = memory.read(&*guest, Region::new(pointer, length))?;
    let answer = guest
        .data()
        .callbacks
        .call(&binding, &namespace, &operation, &payload);
    let state = guest.data_mut();
    match answer {
        Ok(response) => {
            state.host_response = response;
            state.host_error.clear();
            Ok(true)
        }
        Err(error) => {
            state.host_response.clear();
            state.host_error = error;
            Ok(false)
        }
    }
}

fn write(
    guest: &mut Guest<'_>,
    call: &'static str,
    pointer: i32,
    bytes: &[u8],
) -> wasmtime::Result<()> {
    let memory = GuestMemory::of(guest, call)?;
    Ok(memory.write(&mut *guest, pointer, bytes)?)
}

fn short(length: usize) -> wasmtime::Result<i32> {
    i32::try_from(length).map_err(|_| {
        EngineError::OutOfMemory {
            asked: length,
            limit: i32::MAX.try_into().unwrap_or(usize::MAX),
        }
        .into()
    })
}
