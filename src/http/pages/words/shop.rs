//! The shop's own words in its status columns; a word that nobody knows is shown as it stands.

use crate::http::pages::lang::Say;

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
