//! The sentences that orderwatch wrote into the shop's rows, in the reader's language: they stand there in
//! the language of the customers.

use crate::{
    order::{
        HoldReason,
        words::{SENTENCES, Sentence},
    },
    text::Lang,
};

/// `"lastMessage"` in the reader's language, where orderwatch wrote it, in whichever; what a panel said
/// stays.
#[must_use]
pub(crate) fn shop_message(text: &str, lang: Lang) -> String {
    // The shop's language may have been changed since the sentence was written.
    let held = HoldReason::ALL
        .into_iter()
        .flat_map(|reason| Lang::ALL.map(|language| (reason, language)))
        .find(|(reason, language)| reason.said_in(*language) == text);
    if let Some((reason, _)) = held {
        return reason.said_in(lang);
    }

    let Some((say, rest)) = sentence(text) else {
        return text.to_owned();
    };
    format!("{}{rest}", say.text(lang))
}

/// The sentence at the beginning of a message, and what follows it.
fn sentence(text: &str) -> Option<(Sentence, &str)> {
    // What fills the blank of a sentence cannot be recognised again, so those with one stay as they are.
    let known = SENTENCES.iter().filter(|say| !say.0[0].contains('{'));
    known
        .flat_map(|say| say.0.map(|written| (*say, written)))
        .find_map(|(say, written)| {
            let rest = text.strip_prefix(written)?;
            // Otherwise a longer word begins with the same letters.
            let whole = rest.is_empty() || rest.starts_with(['.', ':', ' ']);
            whole.then_some((say, rest))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_ours_are_in_the_readers_language() {
        for reason in HoldReason::ALL {
            let en = reason.said_in(Lang::En);
            let tr = shop_message(&en, Lang::Tr);
            assert_eq!(shop_message(&en, Lang::En), en);
            assert_ne!(tr, en);
            assert_eq!(shop_message(&tr, Lang::En), en, "written in Turkish");
        }
        let tr = |text| shop_message(text, Lang::Tr);
        assert_eq!(tr("Completed."), "Tamamlandı.");
        let text = "Cancelled by the panel: İşlem iptal edildi";
        assert_eq!(tr(text), "Panel iptal etti: İşlem iptal edildi");
        let text = "Refused by the panel; trying the fallback panel.";
        assert_eq!(tr(text), "Panel reddetti; yedek panel deneniyor.");
        assert_eq!(shop_message(text, Lang::En), text);
        for text in ["", "Completedly", "Kod gönderildi"] {
            assert_eq!(tr(text), text);
        }
    }
}
