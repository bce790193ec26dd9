//! Names of the facts in events and reports; one that nobody knows is shown by its own name.

use crate::http::pages::lang::Say;

/// A fact of an event.
#[must_use]
pub fn detail_name(name: &str) -> Option<Say> {
    Some(match name {
        "answer" => ["kind of answer", "yanıt türü", "نوع الرد"],
        "took_ms" => ["took", "sürdü", "المدة"],
        "http_status" => ["HTTP status", "HTTP durumu", "حالة HTTP"],
        "body" => ["text", "metin", "النص"],
        "trouble" => ["trouble", "sorun", "المشكلة"],
        "next_look" => ["next look", "sonraki kontrol", "الفحص التالي"],
        "reason" => ["reason", "neden", "السبب"],
        "cost" => ["cost", "maliyet", "التكلفة"],
        "reference" => ["reference", "referans", "المرجع"],
        "integration" => ["panel", "panel", "اللوحة"],
        "who" => ["who", "kim", "من"],
        "why" => ["why", "neden", "السبب"],
        "where" => ["where", "nerede", "أين"],
        "database" => [
            "the database says",
            "veritabanı diyor ki",
            "رد قاعدة البيانات",
        ],
        "result" => ["result", "sonuç", "النتيجة"],
        "stage" => ["stage", "aşama", "المرحلة"],
        "shop" => ["the shop says", "mağaza diyor ki", "المتجر يقول"],
        "panel" => ["the panel says", "panel diyor ki", "اللوحة تقول"],
        "from" => ["from", "önceki", "من"],
        "to" => ["to", "sonraki", "إلى"],
        "what" => ["what", "ne", "ماذا"],
        "evidence" => ["evidence", "kanıt", "الدليل"],
        "held" => ["was held", "bekletme nedeni", "سبب الإيقاف"],
        "shop_row_left" => [
            "the shop's row stayed as it was",
            "mağaza kaydı olduğu gibi kaldı",
            "بقي سجل المتجر كما كان",
        ],
        "external_status" => ["external status", "dış durum", "الحالة الخارجية"],
        "status" => ["status", "durum", "الحالة"],
        _ => return None,
    })
}

/// The class of an answer ([`AnswerClass`](crate::provider::AnswerClass)).
#[must_use]
pub fn answer_class(class: &str) -> Option<Say> {
    Some(match class {
        "text" => ["text", "metin", "نص"],
        "html" => ["a page (HTML)", "bir sayfa (HTML)", "صفحة (HTML)"],
        "empty" => ["empty", "boş", "فارغ"],
        "cut" => ["cut off", "yarım", "مقطوع"],
        "none" => ["no answer", "yanıt yok", "لا رد"],
        _ => return None,
    })
}

/// Why an order was withdrawn; what a person writes stands for itself.
#[must_use]
pub fn withdrawn_why(why: &str) -> Option<Say> {
    Some(match why {
        "decided_by_hand" => [
            "decided by hand in the shop",
            "mağazada elle karar verildi",
            "حُسم يدويًا في المتجر",
        ],
        "row_gone" => [
            "the shop's row is gone",
            "mağaza kaydı silinmiş",
            "سجل المتجر محذوف",
        ],
        _ => return None,
    })
}

/// What a person did, or where.
#[must_use]
pub fn by_person(word: &str) -> Option<Say> {
    Some(match word {
        "page" => ["on the page", "sayfada", "في الصفحة"],
        "api" => ["by the API", "API ile", "عبر واجهة API"],
        "cli" => ["on the command line", "komut satırında", "من سطر الأوامر"],
        "retry" => ["retry", "yeniden deneme", "إعادة المحاولة"],
        "resolve bought" => ["bought", "satın alındı", "تم شراؤه"],
        "resolve not bought" => ["not bought", "satın alınmadı", "لم يتم شراؤه"],
        "resolve not bought, send again" => [
            "not bought, send again",
            "satın alınmadı, yeniden gönder",
            "لم يتم شراؤه، أعد الإرسال",
        ],
        _ => return None,
    })
}

/// A figure of a job's report.
#[must_use]
pub fn report_name(name: &str) -> Option<Say> {
    Some(match name {
        "error" => ["error", "hata", "خطأ"],
        "adopted" => ["taken over", "devralınan", "مستلَم"],
        "held" => ["held", "bekletilen", "موقوف"],
        "revived" => ["made due", "sıraya alınan", "أُعيد إلى الدور"],
        "ended" => ["ended", "kapatılan", "مُغلق"],
        "asked" => ["asked", "sorulan", "سُئل"],
        "failed" => ["failed", "başarısız", "فشل"],
        "low" => ["low", "düşük", "منخفض"],
        "events" => ["steps deleted", "silinen adım", "خطوات محذوفة"],
        "orders" => ["orders", "sipariş", "طلبات"],
        "job_runs" => ["runs deleted", "silinen çalışma", "تشغيلات محذوفة"],
        "notices" => ["notices deleted", "silinen bildirim", "إشعارات محذوفة"],
        "packages" => ["packages", "paket", "شحنات"],
        "changed" => ["changed", "değişen", "متغيّر"],
        "new_orders" => ["new orders", "yeni sipariş", "طلبات جديدة"],
        "barcodes" => ["barcodes", "barkod", "باركود"],
        "reserved" => ["reserved", "ayrılmış", "محجوز"],
        "items" => ["items", "kalem", "أصناف"],
        "units" => ["pieces", "adet", "قطع"],
        "batches" => ["requests taken", "kabul edilen istek", "طلبيات مقبولة"],
        "requests" => ["requests", "istek", "طلبيات"],
        "looks" => ["looked at", "bakılan", "مفحوص"],
        "waiting" => ["waiting", "bekleyen", "منتظر"],
        "stale" => ["out of date", "güncel olmayan", "غير محدّث"],
        "data_warnings" => ["odd records", "sorunlu kayıt", "سجلات غير سليمة"],
        "troubles" => ["troubles", "sorunlar", "مشكلات"],
        "claims" => ["claims", "iade talebi", "مطالبات"],
        "new" => ["new", "yeni", "جديد"],
        "orphans" => ["watched by nobody", "kimsenin izlemediği", "لا يتابعها أحد"],
        "settled" => [
            "settled by the shop",
            "mağazada sonuçlanmış",
            "حسمها المتجر",
        ],
        "sent_by_others" => ["sent by others", "başkalarının gönderdiği", "أرسلها غيرنا"],
        "overwritten" => [
            "overwritten by another dispatcher",
            "başka gönderenin üzerine yazdığı",
            "كتب فوقها مرسل آخر",
        ],
        "told" | "reported" => ["reported", "bildirilen", "أُبلغ"],
        "busy" => ["busy", "meşgul", "مشغول"],
        "written" => ["written", "yazılan", "كُتب"],
        "stats" => ["statistics deleted", "silinen istatistik", "إحصاءات محذوفة"],
        "shadow" => [
            "shadow rows deleted",
            "silinen gölge kaydı",
            "سجلات ظل محذوفة",
        ],
        "stranded" => [
            "stranded notices",
            "adresi olmayan bildirim",
            "إشعارات بلا عنوان",
        ],
        "picking" => ["picking reports", "toplama bildirimi", "تقارير الالتقاط"],
        "later" => ["tried again later", "sonra denenecek", "يُعاد لاحقًا"],
        "given_up" => ["given up", "vazgeçilen", "متروك"],
        "needless" => ["not needed", "gerek kalmayan", "غير لازم"],
        "wide" => ["looked far back", "geriye dönük okuma", "قراءة واسعة"],
        "not_shown" => ["could not be shown", "gösterilemeyen", "تعذر عرضها"],
        "unreadable" => ["could not be read", "okunamayan", "تعذرت قراءتها"],
        "seen" => ["seen", "görülen", "مشاهَد"],
        "panels" => ["panels", "panel", "لوحات"],
        _ => return None,
    })
}
