//! Texts from outside may hold marks that turn the direction of what follows. What must stay true: such
//! a text turns nothing but itself, and a mark that would do more is seen.

use std::borrow::Cow;

/// Stands where a mark was.
pub(crate) const SEEN: char = '\u{fffd}';

/// The text without marks that override directions or reach beyond its end. Isolates that begin and
/// end within it stay, as do marks that only lean a single place.
#[must_use]
pub(crate) fn tamed(text: &str) -> Cow<'_, str> {
    if !text.contains(is_mark) {
        return Cow::Borrowed(text);
    }

    // Counted beforehand: an isolate stays only if something behind it ends it.
    let ends = text.chars().filter(|c| *c == '\u{2069}').count();
    let (mut open, mut ends) = (0_usize, ends);

    let tame = |c: char| match c {
        '\u{202a}'..='\u{202e}' => SEEN,
        // One that nothing ends would reach beyond the text.
        '\u{2066}'..='\u{2068}' if open >= ends => SEEN,
        '\u{2066}'..='\u{2068}' => {
            open += 1;
            c
        }
        '\u{2069}' => {
            ends -= 1;
            if open == 0 {
                SEEN
            } else {
                open -= 1;
                c
            }
        }
        _ => c,
    };

    Cow::Owned(text.chars().map(tame).collect())
}

/// Whether it holds letters that are written from right to left.
#[must_use]
pub(crate) fn has_right_to_left(text: &str) -> bool {
    text.chars().any(
        |c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'),
    )
}

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_reach_no_further_than_their_text() {
        assert!(matches!(tamed("player-1 محمد"), Cow::Borrowed(_)));
        assert_eq!(tamed("a\u{202e}b"), "a\u{fffd}b");
        assert_eq!(tamed("a\u{2069}b"), "a\u{fffd}b");
        assert_eq!(tamed("a\u{2067}b"), "a\u{fffd}b");
        let whole = "\u{2066}2027/01/15\u{2069} x \u{2068}y\u{2069}";
        assert_eq!(tamed(whole), whole);
        assert_eq!(
            tamed("\u{2066}\u{2067}a\u{2069}"),
            "\u{2066}\u{fffd}a\u{2069}"
        );
        assert_eq!(tamed("\u{2069}\u{2066}"), "\u{fffd}\u{fffd}");
    }
}
