//! What people read of an order: the names of its stages, steps and hold reasons, and the sentences
//! that orderwatch writes into the shop's rows.
//!
//! The shop shows `"lastMessage"` and the notes to the customer as they stand, so they are written in the
//! customer's language (`orders.customer_language`). Nothing is ever searched or decided by them.

use super::{EventKind, HoldReason, Stage};
use crate::text::{Lang, Say, sentences};

sentences!("hold");
sentences!("order");
sentences!("message");

/// A sentence of the shop's rows. A full stop is added where nothing follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sentence(pub(crate) Say);

impl Sentence {
    /// The bare text.
    #[must_use]
    pub(crate) const fn text(self, lang: Lang) -> &'static str {
        lang.pick(self.0)
    }

    /// As a sentence of its own.
    #[must_use]
    pub(crate) fn alone(self, lang: Lang) -> String {
        format!("{}.", self.text(lang))
    }

    /// Followed by the panel's own words where it gave any.
    #[must_use]
    pub(crate) fn quoting(self, lang: Lang, words: &str) -> String {
        if words.is_empty() {
            self.alone(lang)
        } else {
            format!("{}: {words}", self.text(lang))
        }
    }

    /// With its one blank filled in.
    #[must_use]
    pub(crate) fn with(self, lang: Lang, blank: &str) -> String {
        let text = self.text(lang);
        let parts = text.split_once('{').and_then(|(before, rest)| {
            let (_, after) = rest.split_once('}')?;
            Some((before, after))
        });

        parts.map_or_else(
            || text.to_owned(),
            |(before, after)| format!("{before}{blank}{after}"),
        )
    }
}

impl HoldReason {
    /// What is wrong: a clause without a full stop.
    #[must_use]
    pub(crate) const fn clause(self, lang: Lang) -> &'static str {
        lang.pick(hold(self))
    }

    /// The reason in two or three words, for lists and counts.
    #[must_use]
    pub(crate) const fn label(self, lang: Lang) -> &'static str {
        lang.pick(hold_label(self))
    }

    /// How to fix it.
    #[must_use]
    pub(crate) const fn fix(self, lang: Lang) -> &'static str {
        lang.pick(hold_fix(self))
    }

    /// What is wrong, as the shop's row says it; fits `"lastMessage"`.
    #[must_use]
    pub(crate) fn said_in(self, lang: Lang) -> String {
        let what = self.clause(lang);
        match lang {
            Lang::En => {
                // A clause begins with a capital letter, for the places where it stands alone.
                let (first, rest) = what.split_at(1);
                format!("Held: {}{rest}.", first.to_ascii_lowercase())
            }
            Lang::Tr => format!("Beklemede: {what}."),
            Lang::Ar => format!("معلَّق: {what}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::LAST_MESSAGE_CHARS;

    #[test]
    fn every_sentence_differs_by_language_and_fits_the_shops_column() {
        for sentence in SENTENCES {
            let [en, tr, ar] = sentence.0;
            assert!(en != tr && tr != ar && en != ar, "{en}");
            for text in sentence.0 {
                assert!(text.chars().count() < LAST_MESSAGE_CHARS, "{text}");
            }
        }
        for reason in HoldReason::ALL {
            let said = Lang::ALL.map(|language| reason.said_in(language));
            assert!(said[0] != said[1] && said[1] != said[2], "{reason}");
            for text in said {
                assert!(text.chars().count() <= LAST_MESSAGE_CHARS, "{text}");
            }
        }
    }

    #[test]
    fn the_panels_words_follow_after_a_colon() {
        assert_eq!(REFUSED.quoting(Lang::Tr, ""), "Panel reddetti.");
        assert_eq!(
            REFUSED.quoting(Lang::Tr, "Stok yok"),
            "Panel reddetti: Stok yok"
        );
        assert_eq!(
            TIMED_OUT.with(Lang::Tr, "24h"),
            "Süre doldu: 24h içinde yanıt gelmedi"
        );
    }
}
