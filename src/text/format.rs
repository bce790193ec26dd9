//! Times, spans, numbers and money as the reader writes them.
//!
//! Digits are Western in every language: references, prices and order numbers are read aloud and
//! typed into panels. Times are those of the operator's zone.

use std::{fmt, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use super::{Lang, Say, bidi, fill};

super::sentences!("unit");

/// How values are written for one reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) lang: Lang,
    pub(crate) zone: Tz,
    /// The time of the page.
    pub(crate) now: DateTime<Utc>,
    /// For terminals, logs and programs: times in one form that sorts, and no marks of direction.
    pub(crate) plain: bool,
}

/// A time for `<time datetime="…">…</time>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// For programs: RFC 3339, UTC.
    pub(crate) machine: String,
    /// For people: in the operator's zone.
    pub(crate) shown: String,
    /// How far from now.
    pub(crate) distance: String,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Format {
    /// Of texts that do not say how far a time is from now.
    pub(crate) const PLAIN: Self = Self::plain(DateTime::UNIX_EPOCH);

    /// English in UTC.
    #[must_use]
    pub(crate) const fn plain(now: DateTime<Utc>) -> Self {
        Self {
            lang: Lang::En,
            zone: Tz::UTC,
            now,
            plain: true,
        }
    }

    const fn unit(&self) -> &'static Unit {
        Unit::of(self.lang)
    }

    /// A time with its date.
    #[must_use]
    pub(crate) fn time(&self, at: DateTime<Utc>) -> String {
        if self.plain {
            return at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        }

        // Written so that a browser breaks no line within the date.
        let day = match self.lang {
            Lang::En => "%-d %b %Y %H:%M:%S",
            Lang::Tr => "%d.%m.%Y %H:%M:%S",
            Lang::Ar => "%Y/%m/%d %H:%M:%S",
        };
        let time = at.with_timezone(&self.zone).format(day).to_string();
        self.left_to_right(time)
    }

    /// From left to right as a whole, whatever stands around it.
    fn left_to_right(&self, text: String) -> String {
        match self.lang {
            Lang::Ar => format!("\u{2066}{text}\u{2069}"),
            Lang::En | Lang::Tr => text,
        }
    }

    /// A text from outside within a sentence: its direction ends with it.
    #[must_use]
    pub(crate) fn outside(&self, text: &str) -> String {
        if self.plain {
            // A terminal obeys control characters.
            let seen = |c: char| if c.is_control() { bidi::SEEN } else { c };
            return text.chars().map(seen).collect();
        }

        let text = bidi::tamed(text);
        if self.lang == Lang::Ar || bidi::has_right_to_left(&text) {
            format!("\u{2068}{text}\u{2069}")
        } else {
            text.into_owned()
        }
    }

    /// A time of a day that is clear from what stands around it.
    #[must_use]
    pub(crate) fn clock(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%H:%M").to_string()
    }

    /// A day and an hour, short.
    #[must_use]
    pub(crate) fn day(&self, at: DateTime<Utc>) -> String {
        let day = match self.lang {
            Lang::En => "%-d %b %H:%M",
            Lang::Tr => "%d.%m. %H:%M",
            Lang::Ar => "%d/%m %H:%M",
        };
        at.with_timezone(&self.zone).format(day).to_string()
    }

    /// A time for a page.
    #[must_use]
    pub(crate) fn moment(&self, at: DateTime<Utc>) -> Moment {
        Moment {
            machine: at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            shown: self.time(at),
            distance: self.distance(at),
        }
    }

    /// How far a time is from now: `in 5 min`, `3 h ago`.
    #[must_use]
    pub(crate) fn distance(&self, at: DateTime<Utc>) -> String {
        let unit = self.unit();
        let ahead = at.signed_duration_since(self.now);
        if ahead.abs() < TimeDelta::seconds(1) {
            return unit.now.to_owned();
        }

        let span = self.span(ahead.abs().to_std().unwrap_or_default());
        if ahead > TimeDelta::zero() {
            unit.in_time(&span)
        } else {
            unit.ago(&span)
        }
    }

    /// How long before now a time was.
    #[must_use]
    pub(crate) fn since(&self, at: DateTime<Utc>) -> String {
        let length = self.now.signed_duration_since(at).to_std();
        self.span(length.unwrap_or_default())
    }

    /// A length of time: at most two units, milliseconds below a second.
    #[must_use]
    pub(crate) fn span(&self, length: Duration) -> String {
        if self.plain {
            let whole = Duration::from_secs(length.as_secs());
            let written = humantime::format_duration(whole).to_string();
            return written.split(' ').take(2).collect::<Vec<_>>().join(" ");
        }

        let unit = self.unit();
        let whole = length.as_secs();
        if whole == 0 && !length.is_zero() {
            // At least 1: time has passed.
            return format!("{} {}", length.as_millis().max(1), unit.milli);
        }

        let parts = [
            (whole / 86_400, unit.day),
            (whole / 3_600 % 24, unit.hour),
            (whole / 60 % 60, unit.minute),
            (whole % 60, unit.second),
        ];

        let first = parts.iter().position(|(count, _)| *count > 0);
        // No time at all is `0 s`.
        let first = first.unwrap_or(parts.len() - 1);
        let shown = parts[first..].iter().take(2).enumerate();
        let shown: Vec<String> = shown
            // `2 h` rather than `2 h 0 min`.
            .filter(|(place, (count, _))| *place == 0 || *count > 0)
            .map(|(_, (count, unit))| format!("{count} {unit}"))
            .collect();
        shown.join(" ")
    }

    /// How often: `once`, `3 times`.
    #[must_use]
    pub(crate) fn times(&self, count: u32) -> String {
        match (self.lang, count) {
            (Lang::En, 1) => "once".to_owned(),
            (Lang::En, 2) => "twice".to_owned(),
            (Lang::En, _) => format!("{count} times"),
            (Lang::Tr, _) => format!("{count} kez"),
            (Lang::Ar, 1) => "مرة واحدة".to_owned(),
            (Lang::Ar, 2) => "مرتين".to_owned(),
            // Arabic has the plural for 3 to 10 only.
            (Lang::Ar, 3..=10) => format!("{count} مرات"),
            (Lang::Ar, _) => format!("{count} مرة"),
        }
    }

    #[must_use]
    pub(crate) fn unknown_error(&self) -> &'static str {
        self.unit().unknown_error
    }

    #[must_use]
    pub(crate) fn never(&self) -> String {
        self.unit().never.to_owned()
    }

    /// Several things in one sentence.
    #[must_use]
    pub(crate) fn list(&self, things: &[String]) -> String {
        things.join(self.lang.pick([", ", ", ", "، "]))
    }

    /// What a word from outside is called, or the word as it stands.
    #[must_use]
    pub(crate) fn named(&self, known: Option<Say>, word: &str) -> String {
        known.map_or_else(|| self.outside(word), |say| self.lang.pick(say).to_owned())
    }

    /// Milliseconds as a length of time.
    #[must_use]
    pub(crate) fn millis(&self, millis: f64) -> String {
        if millis < 1.0 {
            return format!("0 {}", self.unit().milli);
        }
        let seconds = if millis.is_finite() {
            millis.max(0.0) / 1000.0
        } else {
            0.0
        };
        self.span(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    /// A count.
    #[must_use]
    pub(crate) fn count(&self, count: impl fmt::Display) -> String {
        self.digits(&count.to_string())
    }

    /// An exact amount with its currency.
    #[must_use]
    pub(crate) fn money(&self, amount: Decimal, currency: &str) -> String {
        let mut exact = amount.normalize();
        // Two digits at least, and never fewer than there are: nothing is rounded.
        exact.rescale(exact.scale().max(2));
        let amount = format!("{} {currency}", self.digits(&exact.to_string()));
        self.left_to_right(amount)
    }

    /// A number as people write it: grouped, with the language's marks.
    fn digits(&self, number: &str) -> String {
        let unit = self.unit();
        let (sign, number) = match number.strip_prefix('-') {
            Some(number) => ("-", number),
            None => ("", number),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));

        let mut grouped = String::with_capacity(number.len() + 4);
        grouped.push_str(sign);

        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push_str(unit.thousand);
            }
            grouped.push(digit);
        }

        if !part.is_empty() {
            grouped.push_str(unit.decimal);
            grouped.push_str(part);
        }

        grouped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(lang: Lang) -> Format {
        Format {
            lang,
            zone: chrono_tz::Europe::Istanbul,
            now: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            plain: false,
        }
    }

    #[test]
    fn numbers_and_money_follow_the_language() {
        let amount = Decimal::new(1_234_567_500, 3);
        let cases = [
            (Lang::En, "1,234,567.50 TRY"),
            (Lang::Tr, "1.234.567,50 TRY"),
            (Lang::Ar, "\u{2066}1,234,567.50 TRY\u{2069}"),
        ];
        for (lang, want) in cases {
            assert_eq!(format(lang).money(amount, "TRY"), want);
        }
        let en = format(Lang::En);
        assert_eq!(en.money(Decimal::new(-5, 0), "TRY"), "-5.00 TRY");
        assert_eq!(en.money(Decimal::new(10_125, 3), "TRY"), "10.125 TRY");
        assert_eq!(en.count(999), "999");
        assert_eq!(en.count(-1000), "-1,000");
    }

    #[test]
    fn spans_have_two_units_at_most() {
        let en = format(Lang::En);
        for (millis, want) in [
            (0, "0 s"),
            (1, "1 ms"),
            (999, "999 ms"),
            (61_000, "1 min 1 s"),
            (3_600_000, "1 h"),
            (3_605_000, "1 h"),
            (90_061_000, "1 d 1 h"),
        ] {
            assert_eq!(en.span(Duration::from_millis(millis)), want);
        }
        assert_eq!(format(Lang::Tr).span(Duration::from_mins(90)), "1 sa 30 dk");
    }

    #[test]
    fn a_text_from_outside_keeps_its_direction_to_itself() {
        let (en, ar) = (format(Lang::En), format(Lang::Ar));
        assert_eq!(en.outside("player-1"), "player-1");
        assert_eq!(en.outside("محمد"), "\u{2068}محمد\u{2069}");
        assert_eq!(ar.outside("player!"), "\u{2068}player!\u{2069}");
        assert_eq!(en.outside("a\u{202e}b\u{2069}"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let tr = format(Lang::Tr);
        assert_eq!(tr.time(tr.now), "15.01.2027 11:00:00");
        let later = tr.now + TimeDelta::minutes(5);
        assert_eq!(tr.distance(later), "5 dk sonra");
        let en = format(Lang::En);
        assert_eq!(en.time(en.now), "15 Jan 2027 11:00:00");
        let ar = format(Lang::Ar);
        assert_eq!(ar.time(ar.now), "\u{2066}2027/01/15 11:00:00\u{2069}");
        assert_eq!(en.distance(later), "in 5 min");
        assert_eq!(tr.distance(tr.now), "şimdi");
        assert_eq!(tr.moment(tr.now).machine, "2027-01-15T08:00:00.000Z");
    }
}
