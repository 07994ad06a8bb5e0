//! Takes the RSA key out of an X.509 certificate (RFC 5280) or a public key, both in PEM (RFC
//! 7468). No signature of a certificate is checked: they come from a URL that is believed.

use base64::{Engine as _, engine::general_purpose::STANDARD};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The object identifier of RSA keys, 1.2.840.113549.1.1.1, as it is encoded.
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The key as `RSAPublicKey` of RFC 8017 in DER; `None` when there is none.
pub(super) fn rsa_key(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (text, _) = rest.split_once("-----END ")?;
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(text).ok()?;
    let mut outer = Der(&der);
    let info = match label {
        "CERTIFICATE" => public_key_info(outer.take(SEQUENCE)?)?,
        "PUBLIC KEY" => outer.take(SEQUENCE)?,
        _ => return None,
    };
    let mut info = Der(info);
    let algorithm = info.take(SEQUENCE)?;
    let bits = info.take(BIT_STRING)?;
    // The first byte counts the unused bits of the last one.
    let (unused, key) = bits.split_first()?;
    let whole = algorithm.starts_with(RSA) && *unused == 0;
    // What the key holds is looked at when it is used; that it is one sequence is looked at here.
    let is_key = Der(key).take(SEQUENCE).is_some();
    (whole && is_key).then(|| key.to_vec())
}

/// The public key in what a certificate holds.
fn public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    let mut signed = Der(Der(certificate).take(SEQUENCE)?);
    if signed.0.first() == Some(&VERSION) {
        signed.take(VERSION)?;
    }
    signed.take(INTEGER)?;
    // The signature's algorithm, the issuer, how long it is good, whose it is.
    for _ in 0..4 {
        signed.take(SEQUENCE)?;
    }
    signed.take(SEQUENCE)
}

/// DER (X.690), read from the front.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// What is in the next value, if that has this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        // From 0x80 on it counts the bytes of the length; four are more than any certificate has.
        let length = match first.checked_sub(0x80) {
            None => usize::from(*first),
            Some(count @ 1..=4) => {
                let (digits, after) = rest.split_at_checked(usize::from(count))?;
                rest = after;
                digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))
            }
            Some(_) => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        (*found == tag).then_some(content)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest;

    use super::*;

    /// Made with `openssl req -x509 -newkey rsa:2048`.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIDHTCCAgWgAwIBAgIUWcTRNxf+CvXT8L4FFzqguK9PHE0wDQYJKoZIhvcNAQEL\n\
BQAwHTEbMBkGA1UEAwwSdG9rZW5zLmV4YW1wbGUub3JnMCAXDTI2MTEyMTA0MjEy\n\
OVoYDzIxMjYxMDI4MDQyMTI5WjAdMRswGQYDVQQDDBJ0b2tlbnMuZXhhbXBsZS5v\n\
cmcwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCp0FXefRuJr58wdepc\n\
j3K7SWIc2uQJxBxBi3QyOxqT58Jpt05I7aVnLm8zZ9Yin9emUKoHW6sHR/OTJGOX\n\
LipbxgmiUsSJ6/beWojJydoWga13iTW3bGBjkZuMRBZZMSBxRU0LeS9VDNLMGTkL\n\
8EV/OUEmvr5dviduImv1fn24SkJ7OHEUQ4CfxX7k/hBrAblVN8yuZIxOydFrMh+l\n\
OPshuTaRPNdox0dfTbOPWOuAYosdFJsnBgkcPwwovufr6RI8SXju/v+4U0gz8NGL\n\
QjNMkZ8b9feqDfvIVah6hEOUK7g2gdklxjt93Pijg3VpFxXbSRC2uzHsEk6f/Go9\n\
qpmZAgMBAAGjUzBRMB0GA1UdDgQWBBQOiex2Cs08UyNT3ac4Gz7lmwmfvzAfBgNV\n\
HSMEGDAWgBQOiex2Cs08UyNT3ac4Gz7lmwmfvzAPBgNVHRMBAf8EBTADAQH/MA0G\n\
CSqGSIb3DQEBCwUAA4IBAQAMYmGlVchAOBUnEG2NI9+eLkcf//Bt2eGGqgUqjb8t\n\
GYSfuDXDSs1LnL26iiYGsuKzeenomcqHXMn5Z2qe0ccPFZZZUgHhnBhJQMaltmkK\n\
9xOEqYom5BBHvMyc9TuKdvSgV0lz8TRGqEZg8HRcCm9bR2kyKYH+EsSiK1jSwo7N\n\
ATTcnAFgWZrqpkA1B5486hfj6ZjNN6PnbXJfsg/3OBpEftPfdjDkZPx97098L3Qy\n\
+XOEWvKSbB0Ouq1cdv9TvICGRD/7BJkrZCuLY72NDrlmqT+VLuVkphE4UN3OPmWd\n\
l/qIRYiIRbSUptSBL0MW7l88i6PzdcpqSFd1k/6EPdSy\n\
-----END CERTIFICATE-----\n\
";

    /// The key of that certificate, as `openssl x509 -pubkey` prints it.
    const PUBLIC_KEY: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqdBV3n0bia+fMHXqXI9y\n\
u0liHNrkCcQcQYt0Mjsak+fCabdOSO2lZy5vM2fWIp/XplCqB1urB0fzkyRjly4q\n\
W8YJolLEiev23lqIycnaFoGtd4k1t2xgY5GbjEQWWTEgcUVNC3kvVQzSzBk5C/BF\n\
fzlBJr6+Xb4nbiJr9X59uEpCezhxFEOAn8V+5P4QawG5VTfMrmSMTsnRazIfpTj7\n\
Ibk2kTzXaMdHX02zj1jrgGKLHRSbJwYJHD8MKL7n6+kSPEl47v7/uFNIM/DRi0Iz\n\
TJGfG/X3qg37yFWoeoRDlCu4NoHZJcY7fdz4o4N1aRcV20kQtrsx7BJOn/xqPaqZ\n\
mQIDAQAB\n\
-----END PUBLIC KEY-----\n\
";

    /// SHA-256 of what `openssl rsa -RSAPublicKey_out -outform DER` writes.
    const KEY_HASH: &str = "9b78c2d64d1834c9c297a1c1b69f8a303b99eba7df98504784f25834d418692b";

    fn hash(key: &[u8]) -> String {
        let hash = digest::digest(&digest::SHA256, key);
        hash.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    #[test]
    fn both_hold_the_same_key() {
        assert_eq!(hash(&rsa_key(CERTIFICATE).unwrap()), KEY_HASH);
        assert_eq!(hash(&rsa_key(PUBLIC_KEY).unwrap()), KEY_HASH);
    }

    #[test]
    fn what_is_cut_or_changed_is_no_key_and_never_a_panic() {
        let body: String = CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(body).unwrap();
        let pem = |der: &[u8]| {
            let text = STANDARD.encode(der);
            rsa_key(&format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----"))
        };
        assert_eq!(hash(&pem(&der).unwrap()), KEY_HASH);
        for length in 0..der.len() {
            assert_eq!(pem(&der[..length]), None);
            let mut changed = der.clone();
            changed[length] ^= 0xff;
            let _ = pem(&changed);
        }
        assert_eq!(rsa_key(&CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY")), None);
        assert_eq!(rsa_key("-----BEGIN CERTIFICATE-----"), None);
    }
}
