//! The only way to a guest's memory.
//!
//! Invariant: every pointer and length that comes from the guest is held against the memory that it has before
//! anything is read, written or allocated.

use std::ops::Range;

use wasmtime::{AsContext, AsContextMut, Caller, Extern, Memory};

use super::error::EngineError;
use super::guest_state::GuestState;

/// Bindings, namespaces and operations are short; anything longer is not one.
const MAX_NAME: usize = 256;

/// A pointer and a length as the guest passes them. Both are unsigned, whatever the signature says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region {
    pointer: u32,
    length: usize,
}

impl Region {
    pub(crate) fn new(pointer: i32, length: i32) -> Self {
        Self {
            pointer: pointer.cast_unsigned(),
            // An address space of fewer than 32 bits is not supported by wasmtime anyway.
            length: usize::try_from(length.cast_unsigned()).unwrap_or(usize::MAX),
        }
    }

    fn range(self, call: &'static str, memory: usize) -> Result<Range<usize>, EngineError> {
        let outside = EngineError::BadPointer {
            call,
            pointer: self.pointer,
            length: self.length,
            memory,
        };
        let Ok(start) = usize::try_from(self.pointer) else {
            return Err(outside);
        };
        match start.checked_add(self.length) {
            Some(end) if end <= memory => Ok(start..end),
            Some(_) | None => Err(outside),
        }
    }
}

/// The guest's memory, on behalf of one host function.
pub(crate) struct GuestMemory {
    memory: Memory,
    call: &'static str,
}

impl GuestMemory {
    pub(crate) fn of(
        caller: &mut Caller<'_, GuestState>,
        call: &'static str,
    ) -> Result<Self, EngineError> {
        match caller.get_export("memory") {
            Some(Extern::Memory(memory)) => Ok(Self { memory, call }),
            _ => Err(EngineError::MissingExport {
                export: "memory",
                expected: "a linear memory",
            }),
        }
    }

    pub(crate) fn read(
        &self,
        context: impl AsContext,
        region: Region,
    ) -> Result<Vec<u8>, EngineError> {
        let data = self.memory.data(&context);
        let range = region.range(self.call, data.len())?;
        Ok(data.get(range).unwrap_or_default().to_vec())
    }

    pub(crate) fn read_name(
        &self,
        context: impl AsContext,
        region: Region,
        what: &'static str,
    ) -> Result<String, EngineError> {
        let bad = EngineError::BadName {
            call: self.call,
            what,
        };
        if region.length > MAX_NAME {
            return Err(bad);
        }
        let bytes = self.read(context, region)?;
        String::from_utf8(bytes).map_err(|_| bad)
    }

    pub(crate) fn write(
        &self,
        mut context: impl AsContextMut,
        pointer: i32,
        bytes: &[u8],
    ) -> Result<(), EngineError> {
        let data = self.memory.data_mut(&mut context);
        let region = Region {
            pointer: pointer.cast_unsigned(),
            length: bytes.len(),
        };
        let range = region.range(self.call, data.len())?;
        if let Some(target) = data.get_mut(range) {
            target.copy_from_slice(bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn accepts_regions_up_to_the_last_byte() {
        assert_eq!(Region::new(0, 0).range("c", 0).unwrap(), 0..0);
        assert_eq!(Region::new(10, 90).range("c", 100).unwrap(), 10..100);
    }

    #[test]
    fn rejects_regions_that_leave_the_memory() {
        for (pointer, length) in [
            (10, 91),
            (101, 0),
            (-1, 0),
            (0, -1),
            (-1, -1),
            (i32::MAX, i32::MAX),
        ] {
            let error = Region::new(pointer, length)
                .range("__host_call", 100)
                .unwrap_err();
            assert!(
                matches!(error, EngineError::BadPointer { memory: 100, .. }),
                "{pointer} {length}: {error}"
            );
        }
    }
}
