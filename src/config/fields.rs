//! How single values are written, for `#[serde(deserialize_with)]`.
//!
//! A message says what to write instead and never repeats the value, which may be a secret under the
//! wrong key; who reports it adds the value where that is safe.

use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Tz;
use reqwest::Url;
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    outbound::{PlainHttp, names_forbidden},
    text::invisible::{foreign_digit, invisible},
};

/// Shorter delays would only burn a processor.
const SHORTEST_MS: u64 = 10;
/// Longer ones are a mistake in the unit.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// Text with rules of its own.
pub(super) fn text<'de, D: Deserializer<'de>, T>(
    from: D,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// Anything, with rules of its own.
fn any<'de, D: Deserializer<'de>, T>(
    from: D,
    parse: impl FnOnce(&Value) -> Result<T, String>,
) -> Result<T, D::Error> {
    parse(&Value::deserialize(from)?).map_err(D::Error::custom)
}

pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

/// `None` for an empty text.
pub(super) fn optional_secret<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SecretString>, D::Error> {
    text(from, |text| {
        Ok((!text.is_empty()).then(|| SecretString::from(text)))
    })
}

/// A duration that must not be zero.
pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    at_least::<SHORTEST_MS, D>(from)
}

pub(super) fn at_least<'de, const MILLIS: u64, D: Deserializer<'de>>(
    from: D,
) -> Result<Duration, D::Error> {
    any(from, |value| {
        parse_duration(value, Duration::from_millis(MILLIS))
    })
}

/// A duration that is neither zero nor longer than `SECONDS`.
pub(super) fn up_to<'de, const SECONDS: u64, D: Deserializer<'de>>(
    from: D,
) -> Result<Duration, D::Error> {
    let longest = Duration::from_secs(SECONDS);
    any(from, |value| {
        let value = parse_duration(value, Duration::from_millis(SHORTEST_MS))?;
        if value > longest {
            return Err(format!("must be at most {}", human(longest)));
        }
        Ok(value)
    })
}

/// At least one duration, each longer than the one before.
pub(super) fn ascending_durations<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<Duration>, D::Error> {
    any(from, |value| {
        let Value::Array(items) = value else {
            return Err("must be a list of durations, such as [\"10s\", \"30s\"]".to_owned());
        };

        let shortest = Duration::from_millis(SHORTEST_MS);
        let durations = items.iter().map(|item| parse_duration(item, shortest));
        let durations: Vec<Duration> = durations.collect::<Result<_, _>>()?;

        if durations.is_empty() {
            Err("must name at least one duration".to_owned())
        } else if durations.is_sorted_by(|a, b| a < b) {
            Ok(durations)
        } else {
            Err("must be ascending: each duration longer than the one before".to_owned())
        }
    })
}

fn parse_duration(value: &Value, shortest: Duration) -> Result<Duration, String> {
    let Value::String(text) = value else {
        return Err("must be a duration with its unit in quotes, such as \"90s\"".to_owned());
    };
    let Ok(value) = humantime::parse_duration(text) else {
        return Err(
            "must be a positive duration with a unit, such as \"90s\", \"5m\" or \"24h\""
                .to_owned(),
        );
    };

    if value < shortest {
        Err(format!("must be at least {}", human(shortest)))
    } else if value > LONGEST {
        Err("must be at most 366days".to_owned())
    } else {
        Ok(value)
    }
}

/// A duration as it is written in the file.
pub(super) fn human(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

pub(super) fn whole<'de, const MIN: u32, const MAX: u32, D: Deserializer<'de>>(
    from: D,
) -> Result<u32, D::Error> {
    any(from, |value| {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number
            .filter(|number| (MIN..=MAX).contains(number))
            .ok_or_else(|| format!("must be a whole number from {MIN} to {MAX}"))
    })
}

pub(super) fn number<'de, const MAX: u32, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    any(from, |value| {
        let number = value.as_f64();
        number
            .filter(|number| (0.0..=f64::from(MAX)).contains(number))
            .ok_or_else(|| format!("must be a number from 0 to {MAX}"))
    })
}

/// True, false, or left open (empty text).
pub(super) fn optional_bool<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    any(from, |value| match value {
        Value::Bool(value) => Ok(Some(*value)),
        Value::String(text) if text.is_empty() => Ok(None),
        // The environment knows texts only.
        Value::String(text) => match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err("must be true or false".to_owned()),
        },
        _ => Err("must be true or false".to_owned()),
    })
}

/// Digits, in quotes or as a number.
pub(super) fn digits<'de, D: Deserializer<'de>, T>(
    from: D,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    any(from, |value| match value {
        Value::String(text) => parse(text),
        // A fraction or an exponent makes it no number of a seller.
        Value::Number(number) if !number.is_f64() => parse(&number.to_string()),
        _ => Err("must be digits, with or without quotes".to_owned()),
    })
}

/// A sum of money in TRY, as text so that it stays exact; `None` for zero.
pub(super) fn money<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Decimal>, D::Error> {
    text(from, |text| {
        sum(text).map(|sum| (!sum.is_zero()).then_some(sum))
    })
}

/// As [`money`], but zero is a sum; `None` for an empty text.
pub(super) fn optional_money<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Decimal>, D::Error> {
    text(from, |text| match text {
        "" => Ok(None),
        text => sum(text).map(Some),
    })
}

fn sum(text: &str) -> Result<Decimal, String> {
    Decimal::from_str_exact(text)
        .ok()
        .filter(|sum| !sum.is_sign_negative())
        .ok_or_else(|| "must be a sum of money, such as \"2500.00\"".to_owned())
}

pub(super) fn time_zone<'de, D: Deserializer<'de>>(from: D) -> Result<Tz, D::Error> {
    text(from, |text| {
        text.parse()
            .map_err(|_| "must be the name of a time zone, such as \"Europe/Istanbul\"".to_owned())
    })
}

pub(super) fn time_of_day<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
    text(from, |text| {
        NaiveTime::parse_from_str(text.trim(), "%H:%M")
            .map_err(|_| "must be a time of day, such as \"23:50\"".to_owned())
    })
}

/// Hosts, without anything around them.
pub(super) fn plain_http<'de, D: Deserializer<'de>>(from: D) -> Result<PlainHttp, D::Error> {
    any(from, |value| {
        let wrong = || "must be a list of hosts, such as [\"panel.example\"]".to_owned();
        let hosts = Vec::<String>::deserialize(value).map_err(|_| wrong())?;
        PlainHttp::parse(&hosts)
            .map_err(|_| format!("{}, without http:// and without a port", wrong()))
    })
}

/// A UUID; `what` says of whom.
pub(super) fn uuid(text: &str, what: &str) -> Result<Uuid, String> {
    Uuid::try_parse(text).map_err(|_| {
        match invisible(text).or_else(|| foreign_digit(text)) {
            // It is copied, and looks as it should.
            Some(c) => no_key_has(c),
            None => format!("must be {what}, a UUID"),
        }
    })
}

/// An https address, or one of this machine.
pub(super) fn https(text: &str, example: &str) -> Result<Url, String> {
    let text = text.trim();
    if let Some(c) = invisible(text) {
        return Err(no_key_has(c));
    }

    let url = Url::parse(text).ok().filter(|url| {
        // A key travels with every request, so it leaves this machine encrypted only.
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let plain = url.scheme() == "http" && local;
        // Paths are put behind it, and what it holds besides is shown in lists.
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        let server = url.host_str().is_some() && !names_forbidden(url);
        (url.scheme() == "https" || plain) && server && bare
    });
    url.ok_or_else(|| format!("must be an https address, such as \"{example}\""))
}

/// Names a character by its number: most of them cannot be seen.
pub(super) fn no_key_has(c: char) -> String {
    let code = u32::from(c);
    format!("holds a character that no key has (U+{code:04X}): copy it anew")
}
