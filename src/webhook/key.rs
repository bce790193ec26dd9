//! Keys and signatures (Standard Webhooks, symmetric: HMAC-SHA256, version `v1`).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

/// How a key begins when it is written down.
const PREFIX: &str = "whsec_";
/// Bytes of a key, as the specification has it.
const FEWEST_BYTES: usize = 24;
const MOST_BYTES: usize = 64;

#[derive(Clone)]
pub struct Key(SecretSlice<u8>);

/// A text is not a key. Never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// It does not begin as a key does.
    #[error("must begin with whsec_")]
    Prefix,
    #[error("must be whsec_ and base64")]
    Encoding,
    /// Too short to be safe, or too long to be one.
    #[error("must hold 24 to 64 bytes behind whsec_, not {bytes}")]
    Length { bytes: usize },
}

impl Key {
    /// Reads `whsec_` and base64.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let code = text.strip_prefix(PREFIX).ok_or(InvalidKey::Prefix)?;
        let bytes = STANDARD.decode(code).map_err(|_| InvalidKey::Encoding)?;
        if (FEWEST_BYTES..=MOST_BYTES).contains(&bytes.len()) {
            Ok(Self(bytes.into()))
        } else {
            Err(InvalidKey::Length { bytes: bytes.len() })
        }
    }

    /// The signature of a notice: `v1,` and base64. `timestamp` is in seconds since 1970.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let signed = format!("{id}.{timestamp}.{body}");
        let digest = hmac(self.0.expose_secret(), signed.as_bytes());
        format!("v1,{}", STANDARD.encode(digest))
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn hmac(key: &[u8], message: &[u8]) -> impl AsRef<[u8]> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    hmac.update(message);
    hmac.finalize().into_bytes()
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the specification.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn signs_as_the_specification_does() {
        let key = Key::parse(SECRET).unwrap();
        let signature = key.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{key:?}"), "Key");
    }

    #[test]
    fn a_key_has_its_prefix_and_its_length() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        let length = |bytes| Err(InvalidKey::Length { bytes });
        for (text, want) in [
            (SECRET.replace("whsec_", ""), Err(InvalidKey::Prefix)),
            (
                "whsec_MfKQ9r8GKYqrTwjU PD8".into(),
                Err(InvalidKey::Encoding),
            ),
            ("whsec_".into(), length(0)),
            (of(23), length(23)),
            (of(24), Ok(())),
            (of(64), Ok(())),
            (of(65), length(65)),
        ] {
            assert_eq!(Key::parse(&text).map(drop), want, "{text}");
        }
    }

    proptest! {
        /// No other key and no other time has the same signature.
        #[test]
        fn a_signature_holds_for_one_key_and_one_text(
            key in prop::collection::vec(any::<u8>(), FEWEST_BYTES..=MOST_BYTES),
            id in "[a-z0-9-]{1,40}", timestamp: i64, body in ".{0,200}", flip in 0_usize..24,
        ) {
            let text = |key: &[u8]| format!("whsec_{}", STANDARD.encode(key));
            let signature = Key::parse(&text(&key)).unwrap().sign(&id, timestamp, &body);
            let mut other = key.clone();
            other[flip] ^= 1;
            let other = Key::parse(&text(&other)).unwrap();
            prop_assert_ne!(&signature, &other.sign(&id, timestamp, &body));
            let same = Key::parse(&text(&key)).unwrap();
            prop_assert_ne!(&signature, &same.sign(&id, timestamp.wrapping_add(1), &body));
            prop_assert_eq!(&signature, &same.sign(&id, timestamp, &body));
        }
    }
}
