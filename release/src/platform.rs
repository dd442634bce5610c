//! The platforms of the image, and whether a program is one for them.
//!
//! Invariant: a program that needs anything of the image but itself, or that is of another machine, is refused: in an
//! image from scratch it would end with "no such file or directory", on the nodes of that machine alone.

use anyhow::{Context as _, bail};
use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{Endianness, elf};

/// A machine that the image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Architecture {
    Amd64,
    Arm64,
}

impl Architecture {
    /// As OCI, and Go, name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// As Rust names what is built for it.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-unknown-linux-musl",
            Self::Arm64 => "aarch64-unknown-linux-musl",
        }
    }

    fn machine(self) -> u16 {
        match self {
            Self::Amd64 => elf::EM_X86_64,
            Self::Arm64 => elf::EM_AARCH64,
        }
    }

    /// Fails unless these are the bytes of a program that runs on this machine without anything else.
    pub(crate) fn check(self, program: &[u8]) -> anyhow::Result<()> {
        let file =
            ElfFile64::<Endianness>::parse(program).context("expected a program for Linux")?;
        let endian = file.endian();
        let machine = file.elf_header().e_machine(endian);
        if machine != self.machine() {
            bail!(
                "expected a program for {}, got one for another machine (ELF machine {machine})",
                self.name()
            );
        }
        let headers = file.elf_header().program_headers(endian, program)?;
        if headers
            .iter()
            .any(|header| header.p_type(endian) == elf::PT_INTERP)
        {
            bail!(
                "expected a static program, got one that loads a C library, which the image has not"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_a_program_that_loads_a_library() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let machine = if cfg!(target_arch = "x86_64") {
            Architecture::Amd64
        } else {
            Architecture::Arm64
        };
        let said = machine.check(&own).unwrap_err().to_string();
        assert!(said.contains("static program"), "{said}");
        // The same one, said to be static.
        let mut own = own;
        let headers = usize::try_from(u64::from_le_bytes(own[32..40].try_into().unwrap())).unwrap();
        let count = usize::from(u16::from_le_bytes(own[56..58].try_into().unwrap()));
        for at in (0..count).map(|index| headers + index * 56) {
            if own[at..at + 4] == elf::PT_INTERP.to_le_bytes() {
                own[at..at + 4].copy_from_slice(&elf::PT_NOTE.to_le_bytes());
            }
        }
        machine.check(&own).unwrap();
        let other = if machine == Architecture::Amd64 {
            Architecture::Arm64
        } else {
            Architecture::Amd64
        };
        let said = other.check(&own).unwrap_err().to_string();
        assert!(said.contains("another machine"), "{said}");
    }

    #[test]
    fn rejects_what_is_no_program() {
        for bytes in [&b""[..], b"#!/bin/sh\n", &[0x7f, b'E', b'L', b'F']] {
            let said = Architecture::Amd64.check(bytes).unwrap_err().to_string();
            assert_eq!(said, "expected a program for Linux");
        }
    }
}
