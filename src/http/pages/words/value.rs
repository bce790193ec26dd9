//! Words of values: exhaustive, so that a new value cannot be without a text.

use crate::{
    breaker::Reason,
    http::pages::lang::Say,
    order::{EventKind, Stage},
    stock::rule::{Verdict, Wait},
};

/// A stage.
#[must_use]
pub const fn stage(stage: Stage) -> Say {
    match stage {
        Stage::Queued => ["queued", "sırada", "في الانتظار"],
        Stage::Dispatching => ["being sent", "gönderiliyor", "قيد الإرسال"],
        Stage::Submitted => ["at the panel", "panelde", "لدى اللوحة"],
        Stage::Unconfirmed => ["unconfirmed", "doğrulanmamış", "غير مؤكد"],
        Stage::Held => ["held", "bekletiliyor", "موقوف"],
        Stage::Completed => ["completed", "tamamlandı", "مكتمل"],
        Stage::Failed => ["failed", "başarısız", "فشل"],
        Stage::TimedOut => ["timed out", "süresi doldu", "انتهت المهلة"],
        Stage::Withdrawn => ["withdrawn", "geri çekildi", "مسحوب"],
    }
}

/// A step of an order.
#[must_use]
pub const fn event(kind: EventKind) -> Say {
    match kind {
        EventKind::Claimed => ["taken up", "işleme alındı", "بدأت المعالجة"],
        EventKind::Accepted => ["accepted by the panel", "panel kabul etti", "قبلته اللوحة"],
        EventKind::Refused => [
            "refused by the panel; nothing was bought",
            "panel reddetti; satın alınmadı",
            "رفضته اللوحة؛ لم يُشترَ",
        ],
        EventKind::FellBack => [
            "refused; goes to the fallback panel",
            "reddedildi; yedek panele gidiyor",
            "رُفض؛ يُحوَّل إلى اللوحة البديلة",
        ],
        EventKind::NotSent => ["could not be sent", "gönderilemedi", "تعذر الإرسال"],
        EventKind::Unsure => ["no sure answer", "kesin yanıt yok", "لا رد مؤكد"],
        EventKind::LeaseExpired => [
            "cut off while being sent",
            "gönderilirken kesildi",
            "انقطع أثناء الإرسال",
        ],
        EventKind::Processing => [
            "the panel is working on it",
            "panel işliyor",
            "اللوحة تعمل عليه",
        ],
        EventKind::Checked => [
            "asked; nothing new",
            "soruldu; yenilik yok",
            "استُعلم عنه؛ لا جديد",
        ],
        EventKind::CheckFailed => [
            "the panel could not be asked",
            "panele sorulamadı",
            "تعذر سؤال اللوحة",
        ],
        EventKind::NotKnown => [
            "the panel does not know it",
            "panel tanımıyor",
            "اللوحة لا تعرفه",
        ],
        EventKind::CodeMissing => [
            "delivered without its code; asked again",
            "kodsuz teslim edildi; yeniden soruluyor",
            "سُلِّم بلا كود؛ يُعاد السؤال",
        ],
        EventKind::Completed => ["delivered", "teslim edildi", "تم التسليم"],
        EventKind::Cancelled => ["cancelled by the panel", "panel iptal etti", "ألغته اللوحة"],
        EventKind::TimedOut => ["time limit over", "süre doldu", "انتهت المهلة"],
        EventKind::Held => ["held", "bekletildi", "أُوقف"],
        EventKind::Resend => [
            "to be sent a second time",
            "ikinci kez gönderilecek",
            "سيُرسل مرة ثانية",
        ],
        EventKind::Adopted => [
            "taken over from the shop",
            "mağazadan devralındı",
            "استُلم من المتجر",
        ],
        EventKind::Swept => [
            "made due by the sweep",
            "tarama sıraya aldı",
            "أعاده المسح إلى الدور",
        ],
        EventKind::Released => [
            "released by a person",
            "bir kişi serbest bıraktı",
            "أفرج عنه شخص",
        ],
        EventKind::Resolved => ["settled by a person", "bir kişi sonuçlandırdı", "حسمه شخص"],
        EventKind::Withdrawn => ["withdrawn by the shop", "mağaza geri çekti", "سحبه المتجر"],
        EventKind::Contradiction => [
            "shop and panel disagree",
            "mağaza ve panel çelişiyor",
            "تعارض بين المتجر واللوحة",
        ],
        EventKind::Overwritten => [
            "also sent by somebody else",
            "başkası da gönderdi",
            "أرسله غيرنا أيضًا",
        ],
        EventKind::Confirmed => [
            "delivery to the right account confirmed",
            "doğru hesaba teslim onaylandı",
            "أُكد الوصول إلى الحساب الصحيح",
        ],
        EventKind::PinShown => ["code shown", "kod gösterildi", "عُرض الكود"],
        EventKind::LateAnswer => ["late answer", "geç gelen yanıt", "رد متأخر"],
    }
}

/// Why a breaker is open.
#[must_use]
pub const fn breaker(reason: Reason) -> Say {
    match reason {
        Reason::Failures => [
            "the panel failed several times in a row",
            "panel art arda birkaç kez hata verdi",
            "فشلت اللوحة عدة مرات متتالية",
        ],
        Reason::Blocked => [
            "the panel answers with nothing or with a page: wrong account or address, or this server's address is not on its list",
            "panel boş ya da sayfa döndürüyor: hesap veya adres yanlış ya da bu sunucunun adresi listesinde değil",
            "ترد اللوحة بلا شيء أو بصفحة: الحساب أو العنوان خطأ، أو عنوان هذا الخادم ليس في قائمتها",
        ],
    }
}

/// What a stock pass does with a product.
#[must_use]
pub const fn verdict(verdict: Verdict) -> Say {
    match verdict {
        Verdict::InSync => ["in sync", "güncel", "متطابق"],
        Verdict::Send { .. } => ["send {units}", "{units} gönderilir", "يُرسل {units}"],
        Verdict::Wait(why) => wait(why),
    }
}

/// Why a product is not sent; `{time}` is when that changes.
#[must_use]
pub const fn wait(why: Wait) -> Say {
    match why {
        Wait::UnderWay { .. } => [
            "a push is under way; without its result it is looked at again at {time}",
            "gönderim sürüyor; sonucu gelmezse {time} saatinde yeniden bakılır",
            "الإرسال جارٍ؛ إن لم تصل نتيجته يُفحص مجددًا {time}",
        ],
        Wait::Settling { .. } => [
            "the rest may be sales that no order tells of yet; raised at {time} if nothing changes",
            "kalanı henüz siparişi gelmemiş satış olabilir; değişmezse {time} saatinde artırılır",
            "قد يكون الباقي مبيعات لم يصل طلبها بعد؛ يُرفع {time} إن لم يتغير شيء",
        ],
        Wait::OrdersToRead => [
            "raised once the orders have been read again",
            "siparişler yeniden okununca artırılır",
            "يُرفع بعد قراءة الطلبات مجددًا",
        ],
        Wait::StaleOrders => [
            "the orders were not read lately, so stock is only lowered",
            "siparişler yakın zamanda okunmadı, stok yalnızca düşürülür",
            "لم تُقرأ الطلبات مؤخرًا، فيُخفَّض المخزون فقط",
        ],
        Wait::Unseen => [
            "what is on sale could not be looked at yet",
            "satıştaki miktara henüz bakılamadı",
            "تعذر فحص المعروض حتى الآن",
        ],
        Wait::NotListed => [
            "Trendyol does not list it, so nothing is sent",
            "Trendyol listelemiyor, bir şey gönderilmez",
            "غير مدرج في Trendyol، فلا يُرسل شيء",
        ],
        Wait::Contradictory => [
            "Trendyol answers several quantities at once, so it is not raised",
            "Trendyol aynı anda birkaç miktar bildiriyor, artırılmaz",
            "يجيب Trendyol بعدة كميات معًا، فلا يُرفع",
        ],
        Wait::Quarantined { .. } => [
            "Trendyol refused it; tried again at {time}",
            "Trendyol reddetti; yeniden deneme {time}",
            "رفضته Trendyol؛ المحاولة التالية {time}",
        ],
        Wait::Repeated { .. } => [
            "the same was sent within 15 minutes; sent again at {time}",
            "aynısı 15 dakika içinde gönderildi; yeniden gönderim {time}",
            "أُرسل مثله خلال 15 دقيقة؛ يُعاد الإرسال {time}",
        ],
    }
}

/// A periodic job, by the name in `job_runs`; one of a later version keeps its name.
#[must_use]
pub fn job(name: &str) -> Option<Say> {
    Some(match name {
        "sweep" => [
            "Sweep: orders that nobody watches",
            "Tarama: kimsenin izlemediği siparişler",
            "المسح: طلبات لا يتابعها أحد",
        ],
        "balance" => [
            "Balances of the panels",
            "Panellerin bakiyeleri",
            "أرصدة اللوحات",
        ],
        "retention" => ["Deleting what is old", "Eskileri silme", "حذف القديم"],
        "pull-orders" => [
            "Trendyol: reading orders",
            "Trendyol: siparişleri okuma",
            "Trendyol: قراءة الطلبات",
        ],
        "push-stock" => [
            "Trendyol: sending stock",
            "Trendyol: stok gönderme",
            "Trendyol: إرسال المخزون",
        ],
        "pull-returns" => [
            "Trendyol: reading returns",
            "Trendyol: iadeleri okuma",
            "Trendyol: قراءة المرتجعات",
        ],
        "verify-stock" => [
            "Trendyol: comparing the stock",
            "Trendyol: stok karşılaştırma",
            "Trendyol: مطابقة المخزون",
        ],
        _ => return None,
    })
}

/// How a pass ended (`job_runs.outcome`); `None` while it runs or when its process died.
#[must_use]
pub fn job_outcome(outcome: Option<&str>) -> Say {
    match outcome {
        Some("done") => ["done", "tamam", "تم"],
        Some(_) => ["failed", "başarısız", "فشل"],
        None => [
            "running, or its process died",
            "çalışıyor ya da süreci öldü",
            "قيد التشغيل أو توقفت عمليتها",
        ],
    }
}

/// What a package means for the stock (`packages.effect`).
#[must_use]
pub fn package_effect(effect: &str) -> Option<Say> {
    Some(match effect {
        "reserved" => ["holds its units", "adetlerini tutuyor", "يحجز وحداته"],
        "left" => ["has left", "yola çıktı", "غادر"],
        "released" => ["cancelled", "iptal", "ملغى"],
        "superseded" => [
            "replaced by another package",
            "başka paketle değişti",
            "حلّت محله شحنة أخرى",
        ],
        "returned" => ["returned", "iade", "مرتجع"],
        "unknown" => [
            "unknown status: holds its units",
            "bilinmeyen durum: adetlerini tutuyor",
            "حالة مجهولة: يحجز وحداته",
        ],
        _ => return None,
    })
}

/// The state of a request that sends stock (`stock_batches.state`).
#[must_use]
pub fn batch_state(state: &str) -> Option<Say> {
    Some(match state {
        "sending" => [
            "being sent, or its process died",
            "gönderiliyor ya da süreci öldü",
            "قيد الإرسال أو توقفت عمليته",
        ],
        "queued" => [
            "taken; results are awaited",
            "alındı; sonuç bekleniyor",
            "قُبل؛ بانتظار النتائج",
        ],
        "unknown" => [
            "no sure answer; read back",
            "kesin yanıt yok; geri okunuyor",
            "لا رد مؤكد؛ يُقرأ مجددًا",
        ],
        "refused" => ["refused", "reddedildi", "رُفض"],
        "settled" => ["settled", "sonuçlandı", "حُسم"],
        "expired" => [
            "results expired; read back",
            "sonuç süresi geçti; geri okunuyor",
            "انتهت صلاحية النتائج؛ يُقرأ مجددًا",
        ],
        _ => return None,
    })
}

/// The warehouse's table that an order stands in (`order_places.place`).
#[must_use]
pub fn place(place: &str) -> Option<Say> {
    Some(match place {
        "created" => ["new", "yeni", "جديد"],
        "picking" => ["picking", "toplanıyor", "قيد التجهيز"],
        "shipped" => ["shipped", "kargoda", "شُحن"],
        "delivered" => ["delivered", "teslim edildi", "سُلّم"],
        "cancelled" => ["cancelled", "iptal", "ملغى"],
        _ => return None,
    })
}
