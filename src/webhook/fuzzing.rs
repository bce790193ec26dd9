//! Keys and signatures: a receiver that knows the key and reads the specification comes to the same.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Key;
use crate::oracle;

/// A key in the first line, and below it what is signed.
pub(crate) fn signatures(data: &[u8]) {
    let (text, body) = oracle::first_line(data);
    let body = String::from_utf8_lossy(body);
    let key = match Key::parse(&text) {
        Ok(key) => key,
        Err(fault) => return quotes_nothing(&text, &fault.to_string()),
    };
    assert_eq!(format!("{key:?}"), "Key");

    let (id, time) = ("msg_4711", i64::try_from(body.len()).unwrap_or_default());
    let signature = key.sign(id, time, &body);
    assert!(verifies(&text, &signature, &format!("{id}.{time}.{body}")));
    for other in [
        format!("{id}.{time}.{body} "),
        format!("{id}.{}.{body}", time + 1),
    ] {
        assert!(!verifies(&text, &signature, &other));
    }
}

fn verifies(key: &str, signature: &str, signed: &str) -> bool {
    let parts = key.split_once('_').zip(signature.split_once(','));
    let Some(((_, key), ("v1", signature))) = parts else {
        return false;
    };
    let (Ok(key), Ok(signature)) = (STANDARD.decode(key), STANDARD.decode(signature)) else {
        return false;
    };
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return false;
    };
    hmac.update(signed.as_bytes());
    hmac.verify_slice(&signature).is_ok()
}

/// A fault of a key says nothing of it.
fn quotes_nothing(key: &str, fault: &str) {
    let words = key.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| word.len() >= 8) {
        assert!(!fault.contains(word), "{word} is shown: {fault}");
    }
}
