//! Takes account, address and codes out of a panel's words before anybody may see them.
//!
//! Panels echo what they were sent: a PHP warning quotes the query, a block page the host. What
//! must stay true: no text of a panel leaves `provider` but through a [`Redactor`], the whole text is searched
//! before it is cut (a cut in the middle of a password would hide it from the search), and a
//! code shows at most its last four characters.

use std::{borrow::Cow, iter};

use aho_corasick::{AhoCorasick, Input, MatchKind};

use crate::{order::cut, provider::Evidence};

/// Stands where a secret was.
const MASK: &str = "***";
/// Stands between several codes that are kept as one.
pub(super) const BETWEEN_CODES: &str = " / ";
/// Stands where a code was.
pub(super) const CODE_MASK: &str = "****";
/// Bytes of a code. A search for longer texts takes too long to build, and their parts are not looked for.
pub(super) const LONGEST_CODE: usize = 512;
/// Shorter secrets are only taken out as whole words: every `5` of a text is not the password.
const WORD_BELOW: usize = 4;
/// The beginning of a secret at the end of a text is taken out from this length on.
const PARTIAL_FROM: usize = 3;
/// Characters of a panel's own words that an answer keeps.
const WORDS_CHARS: usize = 1000;
/// Words of this length that look like a code are masked where the protocol expects none.
const CODE_LENGTH: usize = 8;

/// Finds the secrets of one account in any text.
pub(super) struct Redactor {
    find: Option<AhoCorasick>,
    needles: Vec<String>,
    longest: usize,
}

impl Redactor {
    /// Looks for these texts, whatever their case. Blank ones are ignored.
    pub(super) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut needles: Vec<String> = secrets
            .into_iter()
            .filter(|s| !s.trim().is_empty())
            .collect();
        needles.sort_unstable();
        needles.dedup();

        let find = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // Where one secret begins another, the rest of the longer one must go, too.
            .match_kind(MatchKind::LeftmostLongest)
            .build(&needles)
            .ok();
        let longest = needles.iter().map(String::len).max().unwrap_or(0);

        Self {
            find,
            needles,
            longest,
        }
    }

    /// A panel's own words, for the shop: without secrets and without the code that they may repeat, capped.
    pub(super) fn words(&self, text: &str, pin: Option<&str>) -> String {
        let clean = self.clean(text);
        let masked = pin.map(|pin| mask_pin(&clean, pin));
        cut(masked.as_ref().unwrap_or(&clean), WORDS_CHARS)
    }

    /// A panel's own words, for events and logs: also without anything that could be a code.
    pub(super) fn evidence(&self, text: &str, reference: &str) -> String {
        // Before the codes, which could be parts of secrets.
        let clean = self.clean(text);
        cut(&mask_codes(&clean, reference), Evidence::MAX_CHARS)
    }

    /// The whole text without the secrets.
    pub(super) fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(find) = &self.find else {
            // Without a search nothing may be shown; the builder only fails on absurd sizes.
            return Cow::Borrowed(MASK);
        };

        let mut out = String::new();
        let (mut from, mut look) = (0, 0);
        while let Some(hit) = find.find(Input::new(text).range(look..)) {
            if hit.len() < WORD_BELOW && !is_word(text, hit.start(), hit.end()) {
                // Another secret may begin within this one.
                look = hit.start() + 1;
                continue;
            }
            out.push_str(&text[from..hit.start()]);
            out.push_str(MASK);
            (from, look) = (hit.end(), hit.end());
        }

        let cut_off = self.partial_at_end(&text[from..]).map(|at| from + at);
        if from == 0 && cut_off.is_none() {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[from..cut_off.unwrap_or(text.len())]);
        out.push_str(cut_off.map_or("", |_| MASK));
        Cow::Owned(out)
    }

    /// Where the beginning of a secret stands at the end of a text that was cut off.
    fn partial_at_end(&self, end: &str) -> Option<usize> {
        let first = end.len().saturating_sub(self.longest);
        let last = end.len().checked_sub(PARTIAL_FROM)?;
        (first..=last).find(|at| {
            let rest = &end.as_bytes()[*at..];
            self.needles
                .iter()
                .any(|needle| starts_with(needle.as_bytes(), rest))
        })
    }
}

/// Whether a secret begins with these bytes, whatever the case.
fn starts_with(needle: &[u8], bytes: &[u8]) -> bool {
    needle
        .get(..bytes.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(bytes))
}

/// Whether no letter or digit touches the text from `start` to `end`.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    free(text[..start].chars().next_back()) && free(text[end..].chars().next())
}

/// A code as people may see it: nothing of a short one, the last characters of a longer one.
pub(super) fn mask(pin: &str) -> String {
    let chars = pin.chars().count();
    let kept = match chars {
        0..8 => 0,
        8..12 => 2,
        _ => 4,
    };
    let tail: String = pin.chars().skip(chars - kept).collect();
    let dash = if kept > 0 && pin.chars().nth(chars - kept - 1) == Some('-') {
        "-"
    } else {
        ""
    };
    format!("{CODE_MASK}{dash}{tail}")
}

/// Masks a known code wherever a text repeats it, also without its dashes and blanks; of several (`A / B`) each.
pub(super) fn mask_pin<'a>(text: &'a str, pin: &str) -> Cow<'a, str> {
    let codes = iter::once(pin).chain(pin.split(BETWEEN_CODES));
    let (long, codes): (Vec<&str>, Vec<&str>) = codes.partition(|code| code.len() > LONGEST_CODE);
    if long.into_iter().any(|code| text.contains(code)) {
        return Cow::Borrowed(MASK);
    }

    // All at once: an answer may bring thousands of codes.
    let (needles, shown): (Vec<String>, Vec<String>) =
        codes.into_iter().flat_map(spellings).unzip();
    let find = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(&needles);

    match find {
        Ok(find) if find.is_match(text) => Cow::Owned(find.replace_all(text, &shown)),
        Ok(_) => Cow::Borrowed(text),
        // The builder only fails on absurd sizes.
        Err(_) => Cow::Borrowed(MASK),
    }
}

/// A code as texts repeat it, and what stands there then; short ones are words of every text.
fn spellings(code: &str) -> impl Iterator<Item = (String, String)> {
    let bare = code.replace(|c: char| !c.is_alphanumeric(), "");
    let shown = mask(code);
    let long = |text: &String| text.chars().count() >= WORD_BELOW;
    let spelt = [code.to_owned(), bare].into_iter().filter(long);
    spelt.map(move |text| (text, shown.clone()))
}

/// Masks every word that could be a code, but for the reference that was asked about.
///
/// Such a word has at least [`CODE_LENGTH`] ASCII letters, digits and dashes, and holds a digit,
/// or a dash and no small letter.
pub(super) fn mask_codes<'a>(text: &'a str, reference: &str) -> Cow<'a, str> {
    let mut out = String::new();
    let mut from = 0;
    let mut rest = 0;

    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
        let (start, end) = (rest, rest + word.len());
        rest = end + text[end..].chars().next().map_or(0, char::len_utf8);
        if looks_like_code(word) && word != reference {
            out.push_str(&text[from..start]);
            out.push_str(CODE_MASK);
            from = end;
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }

    out.push_str(&text[from..]);
    Cow::Owned(out)
}

fn looks_like_code(word: &str) -> bool {
    let any = |what: fn(&u8) -> bool| word.as_bytes().iter().any(what);
    word.len() >= CODE_LENGTH
        && (any(u8::is_ascii_digit)
            || (word.contains('-') && any(u8::is_ascii_uppercase) && !any(u8::is_ascii_lowercase)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor(secrets: &[&str]) -> Redactor {
        Redactor::new(secrets.iter().map(|&s| s.to_owned()))
    }

    #[test]
    fn secrets_are_taken_out_whatever_their_case_and_place() {
        let redactor = redactor(&["bayi42", "gizli şifre", "gizli", "", " ", "7"]);
        for (text, want) in [
            ("Hatalı: BAYI42!", "Hatalı: ***!"),
            ("gizli şifre gizli", "*** ***"),
            ("xbayi42bayi42x", "x******x"),
            ("7 adet, 17 TL, (7)", "*** adet, 17 TL, (***)"),
            ("nothing of it", "nothing of it"),
            ("kod=bayi42&sifre=giz", "kod=***&sifre=***"),
            ("cut in the middle of bay", "cut in the middle of ***"),
            ("", ""),
        ] {
            assert_eq!(redactor.clean(text), want, "{text:?}");
        }
    }

    #[test]
    fn texts_are_capped_after_the_search() {
        let redactor = redactor(&["gizli-sifre9"]);
        let filler = "ş".repeat(Evidence::MAX_CHARS - 5);
        let shown = redactor.evidence(&format!("{filler} gizli-sifre9 AB12-CD34-EF56"), "");
        assert_eq!(shown, format!("{filler} ***…"));
        let shown = redactor.evidence(&format!("{filler}x AB12-CD34-EF56 x"), "");
        assert_eq!(shown, format!("{filler}x **…"));
        assert_eq!(
            redactor.words(&"x".repeat(2000), None).chars().count(),
            WORDS_CHARS
        );
        let filler = "ş".repeat(WORDS_CHARS - 8);
        let shown = redactor.words(&format!("{filler} AB12-CD34-EF56"), Some("AB12-CD34-EF56"));
        assert_eq!(shown, format!("{filler} ****-E…"));
    }

    #[test]
    fn a_secret_that_looks_like_a_code_goes_whole() {
        let redactor = redactor(&["p+ab12345678-x"]);
        assert_eq!(
            redactor.evidence("sifre p+ab12345678-x yok", ""),
            "sifre *** yok"
        );
    }

    #[test]
    fn a_code_shows_at_most_its_end() {
        for (pin, want) in [
            ("AB12-CD34-EF56-GH78", "****-GH78"),
            ("ABCDEFGHIJKL", "****IJKL"),
            ("12345678", "****78"),
            ("1234567", "****"),
            ("", "****"),
            ("şşşşşşşşşşşş", "****şşşş"),
        ] {
            assert_eq!(mask(pin), want);
        }
    }

    #[test]
    fn a_repeated_code_is_masked() {
        let pin = "AB12-CD34-EF56-GH78";
        let text = "AB12-CD34-EF56-GH78, AB12CD34EF56GH78!";
        assert_eq!(mask_pin(text, pin), "****-GH78, ****-GH78!");
        let two = "AB12-CD34 / EF56-GH78-IJ90";
        assert_eq!(
            mask_pin("AB12-CD34, EF56GH78IJ90", two),
            "****34, ****-IJ90"
        );
        let long = "AB12-".repeat(200);
        assert_eq!(mask_pin(&format!("kod {long} x"), &long), MASK);
        assert_eq!(mask_pin("12 adet 123", "12"), "12 adet 123");
        assert_eq!(mask_pin("1-2 adet 12", "1-2"), "1-2 adet 12");
    }

    #[test]
    fn words_that_could_be_codes_are_masked() {
        let asked = "2000000000000123";
        for (text, want) in [
            ("kod AB12-CD34-EF56 hazır", "kod **** hazır"),
            ("ABCD-EFGH", "****"),
            ("BAGLANTI_HATASI", "BAGLANTI_HATASI"),
            ("no 2000000000000123 yok", "no 2000000000000123 yok"),
            ("no 2000000000000124 yok", "no **** yok"),
            ("Siparisiniz tamamlandi 12.5", "Siparisiniz tamamlandi 12.5"),
            ("----------", "----------"),
            ("ş12345678ş", "ş****ş"),
        ] {
            assert_eq!(mask_codes(text, asked), want, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_secret_survives(
            before in "[a-zşığ|=& ]{0,30}",
            secret in "[A-Za-z0-9%+ş.-]{4,20}",
            after in "[a-zşığ|=& ]{0,30}",
        ) {
            let redactor = redactor(&[&secret]);
            let text = format!("{before}{secret}{after}");
            prop_assert!(!redactor.clean(&text).contains(&secret));
            prop_assert!(!redactor.evidence(&text, "").contains(&secret));
        }

        #[test]
        fn any_text_can_be_masked(text in ".{0,80}", reference in "[0-9]{1,20}") {
            let _ = mask_codes(&text, &reference);
            let _ = mask_pin(&text, &reference);
            let _ = mask(&text);
        }
    }
}
