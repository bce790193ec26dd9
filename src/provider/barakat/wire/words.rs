//! The words and sentences of a barakat panel that mean something, in English, Turkish and Arabic.
//!
//! What must stay true: a word that is in no set has no meaning. The lists of sentences may grow, for
//! most of them only make an answer less certain; [`NOT_KNOWN`] does not, for an order that is not
//! known may be sent again.

/// What the state of an order may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Success,
    Failed,
    Waiting,
}

impl Word {
    /// Whatever its case and the blanks around it; `None` when it is in no set.
    pub(super) fn of(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            // The live shop takes `accept` for delivered.
            "success" | "ok" | "done" | "complete" | "completed" | "accept" => Some(Self::Success),
            "reject" | "rejected" | "failed" | "fail" | "error" | "cancelled" | "canceled" => {
                Some(Self::Failed)
            }
            "wait" | "pending" | "processing" | "inprogress" | "queued" | "queue" | "accepted" => {
                Some(Self::Waiting)
            }
            _ => None,
        }
    }
}

/// The panel has seen our number before. Folded ([`folded`]), as are all lists here.
const REPEATED: [&str; 7] = [
    "already",
    "duplicate",
    "mukerrer",
    "zaten",
    "daha once",
    "مكرر",
    "موجود مسبقا",
];

/// Beside `uuid` these say the same.
const TAKEN: [&str; 3] = ["exist", "used", "unique"];

/// Something broke inside the panel, perhaps after it bought.
const TROUBLE: [&str; 16] = [
    "timeout",
    "time out",
    "timed out",
    "internal",
    "server error",
    "exception",
    "sql",
    "try again",
    "gateway",
    "tekrar dene",
    "sunucu hata",
    "zaman asimi",
    "خطا في الخادم",
    "حاول مره",
    "اعد المحاوله",
    "انتهت المهله",
];

/// The panel does not know something.
const NOT_KNOWN: [&str; 5] = [
    "not found",
    "no order",
    "does not exist",
    "bulunamad",
    "غير موجود",
];

/// What it does not know is something else than the order.
const OTHER_THING: [&str; 24] = [
    "product",
    "package",
    "user",
    "player",
    "account",
    "customer",
    "token",
    "page",
    "route",
    "endpoint",
    // As databases put it.
    "relation",
    "column",
    // A field that the question lacks.
    "no order_",
    "urun",
    "paket",
    "kullanici",
    "oyuncu",
    "hesap",
    "sayfa",
    "المنتج",
    "المستخدم",
    "اللاعب",
    "الحساب",
    "الصفحه",
];

pub(super) fn is_ok(word: &str) -> bool {
    word.trim().eq_ignore_ascii_case("ok")
}

/// Whether a folded text says that the panel has our number already.
pub(super) fn says_repeated(text: &str) -> bool {
    says(text, &REPEATED) || (text.contains("uuid") && says(text, &TAKEN))
}

/// Whether a folded text leaves open what the panel did.
pub(super) fn says_trouble(text: &str) -> bool {
    says(text, &TROUBLE)
}

/// Whether a folded text says that something is not known, which may be the order.
pub(super) fn says_not_known(text: &str) -> bool {
    says(text, &NOT_KNOWN)
}

/// Whether a folded text names what is not the order.
pub(super) fn says_other_thing(text: &str) -> bool {
    says(text, &OTHER_THING)
}

fn says(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| text.contains(phrase))
}

/// Small letters without marks and with single blanks, so that each sentence is listed once: Turkish
/// programs write `TİMEOUT` and `tımeout`, Arabic ones vowel marks and several kinds of alef.
pub(super) fn folded(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase);
    let plain: String = letters.filter_map(plain).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(letter: char) -> Option<char> {
    match letter {
        'ı' => Some('i'),
        'ş' => Some('s'),
        'ğ' => Some('g'),
        'ü' => Some('u'),
        'ö' => Some('o'),
        'ç' => Some('c'),
        'أ' | 'إ' | 'آ' => Some('ا'),
        'ة' => Some('ه'),
        // Marks on their own, Latin and Arabic, and the stroke that only makes a word longer.
        '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{655}' | '\u{640}' => None,
        letter => Some(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_listed_as_texts_are_compared() {
        let lists: [&[&str]; 5] = [&REPEATED, &TAKEN, &TROUBLE, &NOT_KNOWN, &OTHER_THING];
        for phrase in lists.concat() {
            assert_eq!(folded(phrase), phrase);
        }
    }

    #[test]
    fn letters_are_compared_without_their_marks() {
        for (text, want) in [
            ("  DAHA  ÖNCE\nkullanıldı ", "daha once kullanildi"),
            ("TİMEOUT tımeout", "timeout timeout"),
            ("o\u{308}nce", "once"),
            ("مُكرّر", "مكرر"),
            ("خطأ في الخـادم", "خطا في الخادم"),
            ("", ""),
        ] {
            assert_eq!(folded(text), want, "{text:?}");
        }
    }
}
