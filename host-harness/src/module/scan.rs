//! Which host calls a module can make, as far as its data shows.
//!
//! The names of host calls stand in the data of a module that makes them. That is how kwctl looks for them too; a name
//! that is put together at run time is not found.

use std::collections::BTreeSet;

use wasmparser::Payload;

use super::section::{SectionError, payloads};

/// Every host call there is, of this host and of others.
const HOST_CAPABILITIES: [(&str, &str); 11] = [
    ("oci", "v1/verify"),
    ("oci", "v1/manifest_digest"),
    ("oci", "v1/oci_manifest"),
    ("oci", "v1/oci_manifest_config"),
    ("oci", "v2/verify"),
    ("net", "v1/dns_lookup_host"),
    ("crypto", "v1/is_certificate_trusted"),
    ("kubernetes", "list_resources_by_namespace"),
    ("kubernetes", "list_resources_all"),
    ("kubernetes", "get_resource"),
    ("kubernetes", "can_i"),
];

/// The host calls whose names stand in the module's data.
///
/// # Errors
/// When the bytes are no module.
pub fn host_capabilities_in(module: &[u8]) -> Result<BTreeSet<String>, SectionError> {
    let mut segments = Vec::new();
    for payload in payloads(module)? {
        if let Payload::DataSection(section) = payload? {
            for data in section {
                segments.push(data.map_err(SectionError::Broken)?.data);
            }
        }
    }
    Ok(HOST_CAPABILITIES
        .into_iter()
        .filter(|(namespace, operation)| {
            let longer = HOST_CAPABILITIES
                .iter()
                .map(|(_, other)| *other)
                .filter(|other| other != operation && other.starts_with(operation));
            let longer: Vec<&str> = longer.collect();
            segments.iter().any(|data| contains(data, namespace, &[]))
                && segments
                    .iter()
                    .any(|data| contains(data, operation, &longer))
        })
        .map(|(namespace, operation)| format!("{namespace}/{operation}"))
        .collect())
}

/// Whether `name` stands somewhere in `data` without being the beginning of a longer one.
fn contains(data: &[u8], name: &str, longer: &[&str]) -> bool {
    let name = name.as_bytes();
    (0..data.len()).any(|start| {
        let rest = data.get(start..).unwrap_or_default();
        rest.starts_with(name)
            && !longer
                .iter()
                .any(|longer| rest.starts_with(longer.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn scan(data: &str) -> Vec<String> {
        let text = format!(r#"(module (memory 1) (data (i32.const 0) "{data}"))"#);
        let found = host_capabilities_in(&wat::parse_str(text).unwrap()).unwrap();
        found.into_iter().collect()
    }

    #[test]
    fn finds_names_that_stand_by_themselves() {
        assert_eq!(
            scan("kubewarden oci v1/manifest_digest"),
            ["oci/v1/manifest_digest"]
        );
        assert_eq!(scan("v1/manifest_digest"), Vec::<String>::new());
        assert_eq!(
            scan("oci v1/oci_manifest_config"),
            ["oci/v1/oci_manifest_config"]
        );
        assert_eq!(
            scan("ociv1/oci_manifest_configv1/oci_manifest"),
            ["oci/v1/oci_manifest", "oci/v1/oci_manifest_config"]
        );
    }
}
