//! What stands in rows: the shop's and the marketplace's words, and the sentences that orderwatch
//! writes there in English. What nobody knows is shown as it stands.

use super::hold;
use crate::{
    http::pages::lang::{Lang, Say},
    order::HoldReason,
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

/// `"lastMessage"` in the reader's language, where orderwatch wrote it; what a panel said stays.
#[must_use]
pub fn shop_message(text: &str, lang: Lang) -> String {
    let held = HoldReason::ALL
        .into_iter()
        .find(|reason| reason.sentence() == text);
    if let Some(reason) = held.filter(|_| lang != Lang::En) {
        return format!("{}.", lang.pick(hold(reason)));
    }
    let Some((say, rest)) = sentence(text) else {
        return text.to_owned();
    };
    format!("{}{rest}", lang.pick(say))
}

/// The sentence at the beginning of a message, and what follows it.
fn sentence(text: &str) -> Option<(Say, &str)> {
    SENTENCES.iter().find_map(|say| {
        let rest = text.strip_prefix(say[0])?;
        let whole = rest.is_empty() || rest.starts_with(['.', ':', ' ']);
        whole.then_some((*say, rest))
    })
}

/// In English as they are written; the longer of two that begin alike comes first.
const SENTENCES: [Say; 10] = [
    ["Completed", "Tamamlandı", "اكتمل"],
    ["Sent to the panel", "Panele gönderildi", "أُرسل إلى اللوحة"],
    [
        "The panel is working on it",
        "Panel işliyor",
        "اللوحة تعمل عليه",
    ],
    ["Cancelled by the panel", "Panel iptal etti", "ألغته اللوحة"],
    [
        "Refused by the panel; trying the fallback panel",
        "Panel reddetti; yedek panel deneniyor",
        "رفضته اللوحة؛ تُجرَّب اللوحة البديلة",
    ],
    ["Refused by the panel", "Panel reddetti", "رفضته اللوحة"],
    [
        "The panel cannot be reached; the order will be sent when it can",
        "Panele ulaşılamıyor; ulaşılınca sipariş gönderilecek",
        "تعذر الوصول إلى اللوحة؛ سيُرسل الطلب عند توفرها",
    ],
    [
        "The panel gave no sure answer; it is being asked what became of the order",
        "Panel kesin yanıt vermedi; siparişin ne olduğu soruluyor",
        "لم تعطِ اللوحة ردًا مؤكدًا؛ ويجري سؤالها عن مصير الطلب",
    ],
    [
        "The panel does not know the order; it is sent again with the same reference",
        "Panel siparişi bilmiyor; aynı referansla yeniden gönderiliyor",
        "لا تعرف اللوحة الطلب؛ يُعاد إرساله بالمرجع نفسه",
    ],
    [
        "Timeout: no response after",
        "Süre doldu: şu süre içinde yanıt gelmedi:",
        "انتهت المهلة دون رد، وهي",
    ],
];

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
