//! The cookie of somebody who logged in: its end, signed with the token. Nothing is kept here, so it
//! holds across restarts and replicas, and a new token ends every session.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as CODE};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

pub(crate) const COOKIE: &str = "orderwatch_session";
pub(crate) const LASTS: TimeDelta = TimeDelta::hours(12);
/// Parts the session from everything else that may be signed with the token some day.
const PURPOSE: &[u8] = b"orderwatch session v1 ";

/// A session that begins now.
#[must_use]
pub(crate) fn begin(token: &SecretString, now: DateTime<Utc>) -> String {
    let end = (now + LASTS).timestamp().to_string();
    let tag = mac(token, &end).map(|mac| CODE.encode(mac.finalize().into_bytes()));
    format!("{end}.{}", tag.unwrap_or_default())
}

/// Whether it is one of ours, and not over.
#[must_use]
pub(crate) fn holds(token: &SecretString, session: &str, now: DateTime<Utc>) -> bool {
    let Some((end, tag)) = session.split_once('.') else {
        return false;
    };

    let (Some(mac), Ok(tag)) = (mac(token, end), CODE.decode(tag)) else {
        return false;
    };

    // Compared in constant time, so that no tag can be guessed byte by byte.
    let ours = mac.verify_slice(&tag).is_ok();
    let ends = end
        .parse()
        .ok()
        .and_then(|end| DateTime::from_timestamp(end, 0));
    ours && ends.is_some_and(|end| now < end)
}

fn mac(token: &SecretString, end: &str) -> Option<Hmac<Sha256>> {
    // Never fails: HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(token.expose_secret().as_bytes()).ok()?;
    mac.update(PURPOSE);
    mac.update(end.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_of_its_token_and_ends() {
        let token = SecretString::from("a-token-of-some-length");
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let session = begin(&token, now);
        assert!(holds(&token, &session, now));
        assert!(holds(&token, &session, now + LASTS - TimeDelta::seconds(1)));
        assert!(!holds(&token, &session, now + LASTS));
        assert!(!holds(&"another-token-of-some".into(), &session, now));
        let (end, tag) = session.split_once('.').unwrap();
        let later: i64 = end.parse::<i64>().unwrap() + 1;
        for forged in [
            format!("{later}.{tag}"),
            format!("{end}.{}", &tag[2..]),
            format!("{end}."),
            end.to_owned(),
            format!("{end}.ü{}", &tag[2..]),
            String::new(),
        ] {
            assert!(!holds(&token, &forged, now), "{forged}");
        }
    }
}
