//! The certificate authorities of the image: Mozilla's, at the version of the lock file.
//!
//! The program reads them from the file system, as every program on a node does, so that whoever has an authority of his
//! own puts it there, or names another file in SSL_CERT_FILE. An image from scratch has none unless it is given some.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Where programs look first.
pub(crate) const PATH: &str = "etc/ssl/certs/ca-certificates.crt";
/// The package that they are of.
pub(crate) const PACKAGE: &str = "webpki-root-certs";

/// One PEM block for each.
pub(crate) fn bundle() -> String {
    let mut text = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = STANDARD.encode(certificate);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = more;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_each_authority_once_in_lines_that_every_reader_takes() {
        let text = bundle();
        let count = text.matches("-----BEGIN CERTIFICATE-----\n").count();
        assert!(count > 100, "{count}");
        assert_eq!(count, webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
        assert!(
            text.lines()
                .all(|line| line.len() <= 64 && !line.is_empty())
        );
    }
}
