//! What stands in rows: the shop's and the marketplace's words, and the sentences that orderwatch
//! writes there in English. What nobody knows is shown as it stands.

use crate::{
    http::pages::lang::{Lang, Say},
    order::{
        HoldReason, Language,
        words::{SENTENCES, Sentence},
    },
};

/// `product_orders.status`.
#[must_use]
pub fn shop_status(status: &str) -> Option<Say> {
    Some(match status {
        "pending" => ["pending", "bekliyor", "معلّق"],
        "approved" => ["approved", "onaylandı", "مقبول"],
        "rejected" => ["rejected", "reddedildi", "مرفوض"],
        _ => return None,
    })
}

/// `product_orders."externalStatus"`.
#[must_use]
pub fn external_status(status: &str) -> Option<Say> {
    Some(match status {
        "not_sent" => ["not sent", "gönderilmedi", "لم يُرسل"],
        "queued" => ["queued", "sırada", "في الانتظار"],
        "sent" => ["sent", "gönderildi", "أُرسل"],
        "pending" => ["pending", "bekliyor", "معلّق"],
        "processing" => ["processing", "işleniyor", "قيد المعالجة"],
        "completed" | "done" | "delivered" => ["completed", "tamamlandı", "مكتمل"],
        "failed" => ["failed", "başarısız", "فشل"],
        "rejected" => ["rejected", "reddedildi", "مرفوض"],
        "cancelled" => ["cancelled", "iptal edildi", "ملغى"],
        _ => return None,
    })
}

/// The state of a package at the marketplace.
#[must_use]
pub fn package_status(status: &str) -> Option<Say> {
    Some(match status {
        "Awaiting" => ["awaiting", "onay bekliyor", "بانتظار التأكيد"],
        "Created" => ["created", "oluşturuldu", "أُنشئت"],
        "Picking" => ["being picked", "hazırlanıyor", "قيد التجهيز"],
        "Invoiced" => ["invoiced", "faturalandı", "صدرت فاتورتها"],
        "Shipped" => ["shipped", "kargoda", "شُحنت"],
        "AtCollectionPoint" => [
            "at the collection point",
            "teslimat noktasında",
            "في نقطة الاستلام",
        ],
        "Delivered" => ["delivered", "teslim edildi", "سُلِّمت"],
        "UnDelivered" => ["not delivered", "teslim edilemedi", "تعذر تسليمها"],
        "Cancelled" => ["cancelled", "iptal edildi", "ملغاة"],
        "UnSupplied" => ["not supplied", "tedarik edilemedi", "تعذر توفيرها"],
        "UnPacked" => ["split up", "bölündü", "قُسِّمت"],
        "Returned" => ["returned", "iade edildi", "أُعيدت"],
        _ => return None,
    })
}

/// `"lastMessage"` in the reader's language, where orderwatch wrote it, in whichever; what a panel said
/// stays.
#[must_use]
pub fn shop_message(text: &str, lang: Lang) -> String {
    let held = HoldReason::ALL
        .into_iter()
        .flat_map(|reason| Language::ALL.map(|language| (reason, language)))
        .find(|(reason, language)| reason.said_in(*language) == text);
    if let Some((reason, _)) = held {
        return reason.said_in(lang.of_customer()).into_owned();
    }

    let Some((say, rest)) = sentence(text) else {
        return text.to_owned();
    };
    format!("{}{rest}", say.text(lang.of_customer()))
}

/// The sentence at the beginning of a message, and what follows it. Those with a blank stay as they are.
fn sentence(text: &str) -> Option<(Sentence, &str)> {
    let known = SENTENCES.iter().filter(|say| !say.0[0].contains("{}"));
    known
        .flat_map(|say| say.0.map(|written| (*say, written)))
        .find_map(|(say, written)| {
            let rest = text.strip_prefix(written)?;
            let whole = rest.is_empty() || rest.starts_with(['.', ':', ' ']);
            whole.then_some((say, rest))
        })
}

/// What a pass said when it failed, in the reader's language as far as it is ours.
#[must_use]
pub fn trouble(text: &str, lang: Lang) -> String {
    let refuses = lang.pick([
        "Trendyol refuses ",
        "Trendyol'un reddettiği: ",
        "رفضت Trendyol \u{200f}",
    ]);
    text.replace("Trendyol refuses ", refuses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_ours_are_in_the_readers_language() {
        for reason in HoldReason::ALL {
            let (en, tr) = (reason.sentence(), shop_message(reason.sentence(), Lang::Tr));
            assert_eq!(shop_message(en, Lang::En), en);
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
