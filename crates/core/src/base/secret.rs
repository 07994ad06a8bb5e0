//! Comparing secrets.

use aws_lc_rs::{constant_time, digest};

/// Whether both are the same. How long that takes says nothing of how far they agree, nor of how
/// long the secret is.
pub fn same_secret(given: &str, secret: &str) -> bool {
    let hash = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    constant_time::verify_slices_are_equal(hash(given).as_ref(), hash(secret).as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_the_same() {
        assert!(same_secret("a secret", "a secret"));
        for other in ["", "a", "a secre", "a secret ", "A secret"] {
            assert!(!same_secret(other, "a secret"), "{other}");
        }
    }
}
