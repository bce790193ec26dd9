//! Who acts and why, from a form; the name is remembered for the next time.

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{store::Person, worker::signature};

/// The cookie that keeps the name.
const COOKIE: &str = "orderwatch_name";
/// Longest name that is remembered: a cookie has little room.
const REMEMBERED: usize = 80;

/// A person, if both texts say something.
#[must_use]
pub(crate) fn person(who: &str, why: &str) -> Option<Person> {
    let (who, why) = (signature::words(who).ok()?, signature::words(why).ok()?);
    Some(Person { who, why })
}

/// The name that was signed with last.
pub(super) fn remembered(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == COOKIE)?;
    let name = percent_decode_str(value).decode_utf8().ok()?;
    // A cookie is input like any other.
    signature::words(&name).ok()
}

/// The header that remembers a name for half a year.
pub(super) fn remember(person: &Person) -> Option<HeaderValue> {
    if person.who.chars().count() > REMEMBERED {
        return None;
    }
    let name = utf8_percent_encode(&person.who, NON_ALPHANUMERIC);
    let cookie = format!("{COOKIE}={name}; Max-Age=15552000; HttpOnly; SameSite=Strict");
    HeaderValue::from_str(&cookie).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_says_who_and_why() {
        let signed = person(" Ayşe \n Yılmaz ", "seen  there").unwrap();
        assert_eq!((&*signed.who, &*signed.why), ("Ayşe Yılmaz", "seen there"));
        assert!(person("Ayşe", " ").is_none());
        assert!(person("", "why").is_none());
        assert!(person("Ayşe", &"x".repeat(signature::LONGEST + 1)).is_none());
    }

    #[test]
    fn a_name_comes_back_from_its_cookie() {
        let signed = person("محمد; x", "why").unwrap();
        let set = remember(&signed).unwrap();
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, pair.parse().unwrap());
        assert_eq!(remembered(&headers).as_deref(), Some("محمد; x"));
    }
}
