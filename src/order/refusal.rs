//! What a refusal is about. Only where the panel cannot sell now does another one help: a wrong player
//! is wrong there too.

named! {
    /// The class of a refusal, from the panel's own words.
    pub(crate) enum Refusal {
        /// The account does not hold enough.
        Balance = "balance",
        /// The panel or the product is not available now.
        Unavailable = "unavailable",
        /// Anything else: the player, the account's rights, a limit of the product.
        Other = "other",
    }
}

/// Folded ([`folded`]). The first seven are those by which the shop itself falls back.
const BALANCE: [&str; 17] = [
    "insufficient balance",
    "not enough balance",
    "no balance",
    "balance yetersiz",
    "bakiye yetersiz",
    "yetersiz bakiye",
    "bakiye yok",
    "insufficient funds",
    "balance is not enough",
    "balance is insufficient",
    "bakiyeniz yetersiz",
    "bakiyesi yetersiz",
    "yeterli bakiye",
    "bakiyeniz yok",
    "رصيد غير كاف",
    "رصيدك غير كاف",
    "لا يوجد رصيد",
];

/// The first eleven are those by which the shop itself falls back; `unavailable` is in some of them.
const UNAVAILABLE: [&str; 19] = [
    "unavailable",
    "maintenance",
    "bakim",
    "offline",
    "kapali",
    "out of stock",
    "stok yok",
    "not available",
    "service unavailable",
    "provider unavailable",
    "temporarily unavailable",
    "stokta yok",
    "stokta bulunm",
    "stok bulunm",
    "stok kalmadi",
    "stok tukendi",
    "stoklar tukendi",
    "غير متوفر",
    "صيانة",
];

/// By which a panel speaks of itself or of the account.
const ITSELF: [&str; 16] = [
    "bakim",
    "maintenance",
    "sistem",
    "system",
    "tekrar dene",
    "try again",
    "yogun",
    "busy",
    "bayi",
    "kullanici",
    "hesap",
    "account",
    "yetki",
    "permission",
    "ip adres",
    "صيانة",
];

/// By which it speaks of an order.
const ORDER: [&str; 10] = [
    "siparis",
    "kayit",
    "islem",
    "referans",
    "talep",
    "order",
    "record",
    "transaction",
    "طلب",
    "عملية",
];

/// Whether the text of an error is about the panel or the account, and not about the order that was asked about.
pub(crate) fn speaks_of_itself(text: &str) -> bool {
    let text = folded(text);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    says(&ITSELF) && !says(&ORDER)
}

impl Refusal {
    /// The class of a panel's text.
    #[must_use]
    pub(crate) fn of(text: &str) -> Self {
        let text = folded(text);
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));

        if says(&BALANCE) {
            Self::Balance
        } else if says(&UNAVAILABLE) {
            Self::Unavailable
        } else {
            Self::Other
        }
    }

    /// Whether another panel may sell what this one refused.
    #[must_use]
    pub(crate) const fn helps_elsewhere(self) -> bool {
        matches!(self, Self::Balance | Self::Unavailable)
    }
}

/// Small letters without Turkish marks and with single blanks: panels write `BAKİYE YETERSİZ`,
/// `bakiye yetersiz` and `Bakıye  yetersız`.
fn folded(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase);
    let plain: String = letters
        .filter_map(|letter| match letter {
            'ı' => Some('i'),
            'ş' => Some('s'),
            'ğ' => Some('g'),
            'ü' => Some('u'),
            'ö' => Some('o'),
            'ç' => Some('c'),
            // What a dotted capital I leaves behind.
            '\u{307}' => None,
            letter => Some(letter),
        })
        .collect();

    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_want_of_money_or_of_the_product_leads_to_another_panel() {
        use Refusal::{Balance, Other, Unavailable};
        for (text, want) in [
            ("Yetersiz bakiye", Balance),
            ("BAKİYE YETERSİZ", Balance),
            ("BAKIYE YETERSIZ!", Balance),
            ("Bakiyeniz yetersiz (12,50 TL)", Balance),
            ("Bakiye  yok", Balance),
            ("Yeterli bakiyeniz bulunmamaktadır", Balance),
            ("Insufficient balance", Balance),
            ("Not enough balance on account", Balance),
            ("عذراً، الرصيد غير كاف", Balance),
            ("لا يوجد رصيد", Balance),
            ("Sistem bakımda", Unavailable),
            ("SİSTEM BAKIM ÇALIŞMASI", Unavailable),
            ("Ürün şu an kapalı", Unavailable),
            ("Stok yok", Unavailable),
            ("Ürün stokta bulunmamaktadır", Unavailable),
            ("STOKLAR TÜKENDİ", Unavailable),
            ("Service temporarily unavailable", Unavailable),
            ("Out of stock", Unavailable),
            ("المنتج غير متوفر حاليا", Unavailable),
            ("الموقع تحت الصيانة", Unavailable),
            ("Oyuncu bulunamadı", Other),
            ("Geçersiz oyuncu", Other),
            ("Player not found", Other),
            ("Kullanıcı adı veya şifre hatalı", Other),
            ("Hatalı referans", Other),
            ("معرف اللاعب غير صحيح", Other),
            ("", Other),
        ] {
            assert_eq!(Refusal::of(text), want, "{text}");
            assert_eq!(want.helps_elsewhere(), want != Other);
        }
    }

    #[test]
    fn an_error_about_the_panel_or_the_account_is_none_about_the_order() {
        for (text, want) in [
            ("Sistem bakımda", true),
            ("SİSTEM YOĞUN, LÜTFEN TEKRAR DENEYİNİZ", true),
            ("Bayi bulunamadı", true),
            ("Kullanıcı adı veya şifre hatalı", true),
            ("System under maintenance", true),
            ("الموقع تحت الصيانة", true),
            ("Kayit bulunamadi", false),
            ("İşlem bulunamadı", false),
            ("Bayi siparişi bulunamadı", false),
            ("Order not found in the system", false),
            ("الطلب غير موجود", false),
            ("Bulunamadı", false),
            ("", false),
        ] {
            assert_eq!(speaks_of_itself(text), want, "{text}");
        }
    }
}
