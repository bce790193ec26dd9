//! What customers read: the sentences that orderwatch writes into the shop's rows, in three languages.
//!
//! The shop shows `"lastMessage"` and the notes to the customer as they stand, so they are written in the
//! customer's language (`orders.customer_language`). Nothing is ever searched or decided by them.

use std::{borrow::Cow, fmt};

use serde::Deserialize;

use super::HoldReason;

/// A language of the shop's customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Turkish.
    #[default]
    Tr,
    /// Arabic.
    Ar,
    /// English.
    En,
}

/// A sentence: English, Turkish, Arabic. `{}` is filled in; a full stop is added where nothing follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence(pub [&'static str; 3]);

macro_rules! sentences {
    ($($(#[$doc:meta])* $name:ident => [$en:literal, $tr:literal, $ar:literal],)+) => {
        $($(#[$doc])* pub const $name: Sentence = Sentence([$en, $tr, $ar]);)+

        /// Every sentence; of two that begin alike the longer one comes first.
        pub const SENTENCES: &[Sentence] = &[$($name),+];
    };
}

sentences! {
    /// Bought and delivered.
    COMPLETED => ["Completed", "Tamamlandı", "اكتمل"],
    /// The panel accepted the purchase.
    SENT => ["Sent to the panel", "Panele gönderildi", "أُرسل إلى اللوحة"],
    /// The panel has it in hand.
    WORKING => ["The panel is working on it", "Panel işliyor", "اللوحة تعمل عليه"],
    /// The panel took the purchase back.
    CANCELLED => ["Cancelled by the panel", "Panel iptal etti", "ألغته اللوحة"],
    /// Not bought; another panel is tried.
    FALLS_BACK => [
        "Refused by the panel; trying the fallback panel",
        "Panel reddetti; yedek panel deneniyor",
        "رفضته اللوحة؛ تُجرَّب اللوحة البديلة"
    ],
    /// Not bought.
    REFUSED => ["Refused by the panel", "Panel reddetti", "رفضته اللوحة"],
    /// Nothing left this machine.
    UNREACHABLE => [
        "The panel cannot be reached; the order will be sent when it can",
        "Panele ulaşılamıyor; ulaşılınca sipariş gönderilecek",
        "تعذر الوصول إلى اللوحة؛ سيُرسل الطلب عند توفرها"
    ],
    /// It may have been bought.
    UNSURE => [
        "The panel gave no sure answer; it is being asked what became of the order",
        "Panel kesin yanıt vermedi; siparişin ne olduğu soruluyor",
        "لم تعطِ اللوحة ردًا مؤكدًا؛ ويجري سؤالها عن مصير الطلب"
    ],
    /// The panel does not have it.
    SENT_AGAIN => [
        "The panel does not know the order; it is sent again with the same reference",
        "Panel siparişi bilmiyor; aynı referansla yeniden gönderiliyor",
        "لا تعرف اللوحة الطلب؛ يُعاد إرساله بالمرجع نفسه"
    ],
    /// The panel says delivered, and the code is not there.
    CODE_MISSING => [
        "The panel says delivered but has not given the code yet; it is asked again",
        "Panel teslim edildi diyor ama kodu henüz vermedi; yeniden soruluyor",
        "تقول اللوحة إن الطلب سُلِّم لكنها لم تعطِ الكود بعد؛ ويُعاد سؤالها"
    ],
    /// No final answer within the time limit. In English as the shop writes it itself.
    TIMED_OUT => [
        "Timeout: no response after {}",
        "Süre doldu: {} içinde yanıt gelmedi",
        "انتهت المهلة: لا رد خلال {}"
    ],
    /// Never sent within the time limit.
    NEVER_SENT => [
        "Timeout: could not be sent within {}; nothing was bought.",
        "Süre doldu: {} içinde gönderilemedi; hiçbir şey satın alınmadı.",
        "انتهت المهلة: تعذر الإرسال خلال {}؛ لم يُشترَ شيء."
    ],
    /// A person released it.
    RELEASED => [
        "Released by {}. It will be sent.",
        "Serbest bırakan: {}. Sipariş gönderilecek.",
        "أفرج عنه: {}. سيُرسل الطلب."
    ],
    /// A person says that the panel has it.
    IS_BOUGHT => [
        "Bought, says {}. The panel is asked again.",
        "Satın alındı, bildiren: {}. Panele yeniden soruluyor.",
        "تم شراؤه، أفاد بذلك: {}. تُسأل اللوحة مجددًا."
    ],
    /// A person says that the panel does not have it.
    NOT_BOUGHT_AGAIN => [
        "Not bought, says {}. It is sent again with the same reference.",
        "Satın alınmadı, bildiren: {}. Aynı referansla yeniden gönderiliyor.",
        "لم يُشترَ، أفاد بذلك: {}. يُعاد إرساله بالمرجع نفسه."
    ],
    /// A person ended it as bought.
    SETTLED_BOUGHT => [
        "Settled as bought by {}.",
        "Satın alındı olarak kapatan: {}.",
        "أُغلق كمشترى، أغلقه: {}."
    ],
    /// A person ended it as not bought.
    SETTLED_NOT_BOUGHT => [
        "Settled as not bought by {}.",
        "Satın alınmadı olarak kapatan: {}.",
        "أُغلق كغير مشترى، أغلقه: {}."
    ],
    /// A person gave the customer the code.
    CODE_GIVEN => [
        "The code was given by {}.",
        "Kodu veren: {}.",
        "سلَّم الكود: {}."
    ],
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Tr, Self::Ar, Self::En];

    /// The code of BCP 47.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Tr => "tr",
            Self::Ar => "ar",
            Self::En => "en",
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::En => 0,
            Self::Tr => 1,
            Self::Ar => 2,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Sentence {
    /// The bare text.
    #[must_use]
    pub const fn text(self, language: Language) -> &'static str {
        self.0[language.place()]
    }

    /// As a sentence of its own.
    #[must_use]
    pub fn alone(self, language: Language) -> String {
        format!("{}.", self.text(language))
    }

    /// Followed by the panel's own words where it gave any.
    #[must_use]
    pub fn quoting(self, language: Language, words: &str) -> String {
        if words.is_empty() {
            self.alone(language)
        } else {
            format!("{}: {words}", self.text(language))
        }
    }

    /// With its blank filled in.
    #[must_use]
    pub fn with(self, language: Language, blank: &str) -> String {
        self.text(language).replace("{}", blank)
    }
}

impl HoldReason {
    /// What is wrong, as the customer's row says it; fits `"lastMessage"`.
    #[must_use]
    pub fn said_in(self, language: Language) -> Cow<'static, str> {
        let what = held(self)[language.place()];
        match language {
            Language::En => Cow::Borrowed(self.sentence()),
            Language::Tr => Cow::Owned(format!("Beklemede: {what}.")),
            Language::Ar => Cow::Owned(format!("معلَّق: {what}.")),
        }
    }
}

/// What is wrong with a held order: English, Turkish, Arabic.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one table, a line per language")]
pub const fn held(reason: HoldReason) -> [&'static str; 3] {
    match reason {
        HoldReason::NoMapping => [
            "This package is not mapped to a product of the panel",
            "Bu paket panelin bir ürünüyle eşleştirilmemiş",
            "هذه الباقة غير مربوطة بمنتج في اللوحة",
        ],
        HoldReason::AmbiguousMapping => [
            "This package is mapped to more than one product of the panel",
            "Bu paket panelin birden fazla ürünüyle eşleştirilmiş",
            "هذه الباقة مربوطة بأكثر من منتج في اللوحة",
        ],
        HoldReason::ForeignReference => [
            "The order already has a reference that orderwatch did not give; it may have been bought",
            "Siparişte orderwatch'ın vermediği bir referans var; satın alınmış olabilir",
            "للطلب مرجع لم يُنشئه orderwatch؛ ربما تم شراؤه",
        ],
        HoldReason::NoPlayerId => [
            "The player id is missing",
            "Oyuncu kimliği eksik",
            "معرّف اللاعب ناقص",
        ],
        HoldReason::QuantityNotOne => [
            "The panel sells one unit per order; this order asks for another quantity",
            "Panel sipariş başına bir adet satar; bu siparişte başka bir adet isteniyor",
            "تبيع اللوحة وحدة واحدة لكل طلب، وهذا الطلب بكمية أخرى",
        ],
        HoldReason::NotInCatalogue => [
            "The panel does not list the mapped product",
            "Eşleştirilen ürün panelin listesinde yok",
            "المنتج المربوط غير موجود في قائمة اللوحة",
        ],
        HoldReason::ContradictoryRouting => [
            "The package is routed automatically but to no panel of this shop",
            "Paket otomatik yönlendiriliyor ama bu mağazanın hiçbir paneline değil",
            "الباقة موجَّهة تلقائيًا ولكن ليس إلى لوحة من لوحات هذا المتجر",
        ],
        HoldReason::IntegrationIncomplete => [
            "The panel's address, account or password is missing or unusable",
            "Panelin adresi, hesabı veya şifresi eksik ya da kullanılamıyor",
            "عنوان اللوحة أو حسابها أو كلمة مرورها ناقصة أو غير صالحة",
        ],
        HoldReason::Unconfirmed => [
            "It may have been bought; the panel gives no sure answer",
            "Satın alınmış olabilir; panel kesin yanıt vermiyor",
            "ربما تم شراؤه؛ لا تعطي اللوحة ردًا مؤكدًا",
        ],
        HoldReason::NoReference => [
            "It was sent before without a numeric reference, so the panel cannot be asked",
            "Daha önce sayısal referans olmadan gönderilmiş; panele sorulamıyor",
            "أُرسل سابقًا بلا مرجع رقمي، فلا يمكن سؤال اللوحة",
        ],
        HoldReason::ReferenceShared => [
            "Another order has the same reference, so the panel's answer is not about this one alone",
            "Başka bir siparişin de referansı aynı; panelin yanıtı yalnızca bu siparişe ait değil",
            "لطلب آخر المرجع نفسه، فرد اللوحة لا يخص هذا الطلب وحده",
        ],
        HoldReason::PinTooLong => [
            "Completed, but the code is too long for the shop's field; it is kept whole in orderwatch",
            "Tamamlandı ama kod mağazanın alanına sığmıyor; tamamı orderwatch'ta saklanıyor",
            "اكتمل، لكن الكود أطول من حقل المتجر؛ وهو محفوظ كاملًا في orderwatch",
        ],
        HoldReason::WaitedTooLong => [
            "It waited too long to be bought without asking",
            "Sormadan satın almak için çok uzun süre bekledi",
            "انتظر أطول من أن يُشترى دون سؤال",
        ],
        HoldReason::DailyLimit => [
            "The spending limit of this panel is reached",
            "Bu panelin harcama sınırına ulaşıldı",
            "بلغت هذه اللوحة حد الإنفاق",
        ],
        HoldReason::ShopRowRefused => [
            "The shop's database refused the result; it is kept in orderwatch",
            "Mağazanın veritabanı sonucu kabul etmedi; sonuç orderwatch'ta saklanıyor",
            "رفضت قاعدة بيانات المتجر النتيجة؛ وهي محفوظة في orderwatch",
        ],
        HoldReason::ListedWithoutOyun => [
            "The panel lists the mapped product without its oyun_bilgi_id",
            "Panel, eşleştirilen ürünü oyun_bilgi_id olmadan listeliyor",
            "تسرد اللوحة المنتج المربوط بلا oyun_bilgi_id",
        ],
        HoldReason::ListedWithoutKupur => [
            "The panel lists the mapped product without its kupur",
            "Panel, eşleştirilen ürünü kupur olmadan listeliyor",
            "تسرد اللوحة المنتج المربوط بلا kupur",
        ],
        HoldReason::PanelOfAnother => [
            "The package's route leads to an account of another tenant; orderwatch buys with the order's own tenant's accounts only",
            "Paketin yönlendirmesi başka bir mağazanın hesabına gidiyor; orderwatch yalnızca siparişin kendi mağazasının hesaplarıyla satın alır",
            "يقود توجيه الباقة إلى حساب متجر آخر؛ لا يشتري orderwatch إلا بحسابات متجر الطلب نفسه",
        ],
        HoldReason::DecidedThenDelivered => [
            "Staff decided the order; the panel delivered it all the same",
            "Siparişe personel karar verdi; panel yine de teslim etti",
            "حسم الموظفون الطلب؛ ومع ذلك سلّمته اللوحة",
        ],
        HoldReason::DecidedThenCancelled => [
            "Staff approved the order; the panel did not deliver it",
            "Siparişi personel onayladı; panel teslim etmedi",
            "قبل الموظفون الطلب؛ لكن اللوحة لم تسلّمه",
        ],
        HoldReason::DeliveredWithoutCode => [
            "The panel says delivered but gives no code, and this product always had one",
            "Panel teslim edildi diyor ama kod vermiyor; bu ürünün her zaman kodu olurdu",
            "تقول اللوحة إنه سُلِّم دون كود، وهذا المنتج كان يأتي دائمًا بكود",
        ],
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
                assert_eq!(text.contains("{}"), en.contains("{}"), "{text}");
            }
        }
        for reason in HoldReason::ALL {
            let said = Language::ALL.map(|language| reason.said_in(language));
            assert!(said[0] != said[1] && said[1] != said[2], "{reason}");
            for text in said {
                assert!(text.chars().count() <= LAST_MESSAGE_CHARS, "{text}");
            }
        }
    }

    #[test]
    fn the_panels_words_follow_after_a_colon() {
        assert_eq!(REFUSED.quoting(Language::Tr, ""), "Panel reddetti.");
        assert_eq!(
            REFUSED.quoting(Language::Tr, "Stok yok"),
            "Panel reddetti: Stok yok"
        );
        assert_eq!(
            TIMED_OUT.with(Language::Tr, "24h"),
            "Süre doldu: 24h içinde yanıt gelmedi"
        );
    }
}
