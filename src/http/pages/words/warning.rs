//! The warnings, and what to do about each from where the reader stands.

use super::{breaker, fill, hold, job, trouble};
use crate::{
    attention::{Condition, Severity},
    http::pages::{
        format::Format,
        lang::{Lang, Say},
    },
};

/// What is the matter, in a sentence.
#[must_use]
pub fn warning(condition: &Condition, format: &Format) -> String {
    let values = values(condition, format);
    fill(format.lang.pick(say(condition)), &values.each())
}

/// What to do about it.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a table")]
pub const fn warning_remedy(condition: &Condition) -> Say {
    match condition {
        Condition::NoDaemon { .. } => [
            "Start it: `systemctl start orderwatch`; its log says why it ended.",
            "Başlatın: `systemctl start orderwatch`; neden durduğu günlüğünde yazar.",
            "شغّلها: `systemctl start orderwatch`؛ سبب توقفها في السجل.",
        ],
        Condition::DaemonStuck { .. } => [
            "Look into its log; if it does not come back, `systemctl restart orderwatch`. Nothing is lost.",
            "Günlüğüne bakın; düzelmezse `systemctl restart orderwatch`. Hiçbir şey kaybolmaz.",
            "راجع السجل؛ وإن لم تعد فنفّذ `systemctl restart orderwatch`. لا يضيع شيء.",
        ],
        Condition::ReloadRefused {} => [
            "`orderwatch config check` or the daemon's log names the fault; correct it and reload.",
            "Hatayı `orderwatch config check` ya da hizmetin günlüğü söyler; düzeltip yeniden yükleyin.",
            "يبيّن `orderwatch config check` أو سجل الخدمة الخطأ؛ صحّحه ثم أعد التحميل.",
        ],
        Condition::NotTakenUp { .. } => [
            "`orderwatch doctor` says what keeps orders from flowing.",
            "Siparişleri neyin durdurduğunu `orderwatch doctor` söyler.",
            "يبيّن `orderwatch doctor` ما يعيق الطلبات.",
        ],
        Condition::Late { .. } => [
            "Open a late order: it says why it waits.",
            "Geciken bir siparişi açın: neden beklediği yazar.",
            "افتح طلبًا متأخرًا: فيه سبب الانتظار.",
        ],
        Condition::Unconfirmed { .. } => [
            "Wait: it settles by itself, or is held for a decision.",
            "Bekleyin: kendiliğinden sonuçlanır ya da karar için bekletilir.",
            "انتظر: يُحسم تلقائيًا أو يُوقف بانتظار قرار.",
        ],
        Condition::Held { .. } => [
            "The inbox names each with what releases it.",
            "Bekleyen işler sayfası her biri için ne yapılacağını söyler.",
            "تبيّن صفحة «بانتظار قرار» ما يُفرج عن كل منها.",
        ],
        Condition::Unsettled { told: false, .. } => [
            "Configure [[notify.webhook]] so that the shop hears of them and settles them; see README.",
            "Mağazanın duyup sonuçlandırması için [[notify.webhook]] ayarlayın; README'ye bakın.",
            "اضبط [[notify.webhook]] ليعلم المتجر بها ويحسمها؛ انظر README.",
        ],
        Condition::Unsettled { told: true, .. } => [
            "Check what the shop's listener answers, or settle them in the shop.",
            "Mağazadaki alıcının ne yanıt verdiğine bakın ya da siparişleri mağazada sonuçlandırın.",
            "تحقق مما يجيب به مستقبِل المتجر، أو احسمها في المتجر.",
        ],
        Condition::NotWatched { .. } => [
            "Set poll.enabled = true and reload.",
            "poll.enabled = true yapıp yeniden yükleyin.",
            "اضبط poll.enabled = true وأعد التحميل.",
        ],
        Condition::BreakerOpen { .. } => [
            "Look whether the panel works and the account is right; it is tried again by itself.",
            "Panelin çalıştığına ve hesabın doğru olduğuna bakın; kendiliğinden yeniden denenir.",
            "تأكد من عمل اللوحة وصحة الحساب؛ تُعاد المحاولة تلقائيًا.",
        ],
        Condition::BalanceLow { .. } => [
            "Top the account up at the panel.",
            "Paneldeki hesaba bakiye yükleyin.",
            "اشحن رصيد الحساب في اللوحة.",
        ],
        Condition::SpendingNear { .. } => [
            "Look whether the purchases are right; raise dispatch.daily_limit if they are.",
            "Alımların doğru olduğuna bakın; doğruysa dispatch.daily_limit değerini artırın.",
            "تأكد من صحة المشتريات؛ فإن صحّت فارفع dispatch.daily_limit.",
        ],
        Condition::SpendingReached { .. } => [
            "Look whether the purchases are right; raise dispatch.daily_limit, then retry the held orders.",
            "Alımların doğru olduğuna bakın; dispatch.daily_limit değerini artırıp bekletilen siparişleri yeniden deneyin.",
            "تأكد من صحة المشتريات؛ ارفع dispatch.daily_limit ثم أعد محاولة الطلبات الموقوفة.",
        ],
        Condition::SecondDispatcher { .. } => [
            "Switch the shop's own sending off, look at the panel whether those orders were bought twice, then resume buying.",
            "Mağazanın kendi gönderimini kapatın, panelde bu siparişlerin iki kez alınıp alınmadığına bakın, sonra satın almayı sürdürün.",
            "أوقف إرسال المتجر نفسه، وتحقق في اللوحة إن اشتُريت تلك الطلبات مرتين، ثم استأنف الشراء.",
        ],
        Condition::BalanceUnexplained { .. } => [
            "Look at the panel who buys there: staff by hand, or a second dispatcher.",
            "Panelde kimin alım yaptığına bakın: elle personel ya da ikinci bir gönderici.",
            "تحقق في اللوحة من الذي يشتري: موظف يدويًا أو مُرسِل ثانٍ.",
        ],
        Condition::PlayerFields { .. } => [
            "Check with a customer of each that the goods reached the right account, then confirm it on the order's page; otherwise change znet.player_fields.",
            "Her ürün için bir müşteriye doğru hesaba ulaşıp ulaşmadığını sorun, sonra siparişin sayfasında onaylayın; değilse znet.player_fields değerini değiştirin.",
            "تأكد من عميل لكل منتج أن الشحن وصل إلى الحساب الصحيح ثم أكّده في صفحة الطلب؛ وإلا فغيّر znet.player_fields.",
        ],
        Condition::Paused { .. } => [
            "Resume buying once the cause is gone.",
            "Nedeni ortadan kalkınca satın almayı sürdürün.",
            "استأنف الشراء حين يزول السبب.",
        ],
        Condition::NotBuying { shadow: true } => [
            "Compare with `orderwatch shadow`, then set dispatch.mode = \"live\".",
            "`orderwatch shadow` ile karşılaştırın, sonra dispatch.mode = \"live\" yapın.",
            "قارن باستخدام `orderwatch shadow` ثم اضبط dispatch.mode = \"live\".",
        ],
        Condition::NotBuying { shadow: false } => [
            "Set dispatch.enabled = true and reload.",
            "dispatch.enabled = true yapıp yeniden yükleyin.",
            "اضبط dispatch.enabled = true وأعد التحميل.",
        ],
        Condition::JobMissing { .. } => [
            "Look into the daemon's log; the job can be run by hand on its page.",
            "Hizmetin günlüğüne bakın; görev kendi sayfasından elle çalıştırılabilir.",
            "راجع سجل الخدمة؛ يمكن تشغيل المهمة يدويًا من صفحتها.",
        ],
        Condition::JobFailing { .. } => [
            "It is tried again by itself; run it by hand to see at once whether the cause is gone.",
            "Kendiliğinden yeniden denenir; neden geçti mi diye elle çalıştırın.",
            "تُعاد المحاولة تلقائيًا؛ شغّلها يدويًا لترى فورًا إن زال السبب.",
        ],
        Condition::PushFailing { .. } => [
            "The stock page shows the passes; send stock from there to try now.",
            "Stok sayfası gönderimleri gösterir; şimdi denemek için oradan gönderin.",
            "تعرض صفحة المخزون العمليات؛ أرسل منها للمحاولة الآن.",
        ],
        Condition::StockPaused { .. } => [
            "`orderwatch stock resume` once the cause is gone.",
            "Nedeni ortadan kalkınca: `orderwatch stock resume`.",
            "بعد زوال السبب: `orderwatch stock resume`.",
        ],
        Condition::WebhookSilent {} => [
            "`orderwatch trendyol webhook list` shows whom it calls; `orderwatch trendyol webhook register` has it called again.",
            "Kimi aradığını `orderwatch trendyol webhook list` gösterir; `orderwatch trendyol webhook register` yeniden aratır.",
            "يعرض `orderwatch trendyol webhook list` من يستدعيه؛ ويعيد `orderwatch trendyol webhook register` الاستدعاء.",
        ],
        Condition::OrdersStale { .. } => [
            "The job that reads orders shows what is wrong; stock goes up again by itself.",
            "Siparişleri okuyan görev sorunu gösterir; stok kendiliğinden yeniden yükselir.",
            "تبيّن مهمة قراءة الطلبات المشكلة؛ ويرتفع المخزون تلقائيًا بعدها.",
        ],
        Condition::ShippedUntaken { .. } => [
            "The stock page names them. Pick the order, or release it if its pieces were not taken from here.",
            "Stok sayfası bunları listeler. Siparişi toplayın; ürünler buradan alınmadıysa rezervi bırakın.",
            "تسردها صفحة المخزون. التقط الطلب، أو حرّره إن لم تؤخذ قطعه من هنا.",
        ],
        Condition::UnknownOrderTables { .. } => [
            "Look whether they hold open orders; a newer version of orderwatch may know them.",
            "Açık sipariş içerip içermediklerine bakın; orderwatch'ın yeni bir sürümü onları tanıyabilir.",
            "تحقق هل فيها طلبات مفتوحة؛ قد تعرفها نسخة أحدث من orderwatch.",
        ],
        Condition::Quarantine { .. } => [
            "The stock page names them with Trendyol's words; mend them in the seller panel.",
            "Stok sayfası bunları Trendyol'un açıklamasıyla listeler; satıcı panelinde düzeltin.",
            "تسردها صفحة المخزون مع رد Trendyol؛ أصلحها في لوحة البائع.",
        ],
        Condition::NoticesFailing { .. } => [
            "Look whether the address works; they are repeated for a little more than a day.",
            "Adresin çalıştığına bakın; bir günden biraz fazla yeniden denenir.",
            "تأكد من عمل العنوان؛ تُعاد المحاولة أكثر من يوم بقليل.",
        ],
        Condition::NoticesGivenUp { .. } => [
            "Tell the receiver: the orders are in orderwatch.notices (given_up_at).",
            "Alıcıya bildirin: siparişler orderwatch.notices tablosunda (given_up_at).",
            "أبلغ المستلم: الطلبات في orderwatch.notices (given_up_at).",
        ],
        Condition::NoticesStranded { .. } => [
            "Put the [[notify.webhook]] with this name back, or let retention take them away.",
            "Bu adla [[notify.webhook]] kaydını geri koyun ya da silinmelerini bekleyin.",
            "أعد [[notify.webhook]] بهذا الاسم، أو دع الحذف الدوري يزيلها.",
        ],
    }
}

/// The page where more is said, where there is one.
#[must_use]
pub const fn warning_page(condition: &Condition) -> Option<&'static str> {
    Some(match condition {
        Condition::NoDaemon { .. }
        | Condition::DaemonStuck { .. }
        | Condition::ReloadRefused {}
        | Condition::NotBuying { .. }
        | Condition::NoticesFailing { .. }
        | Condition::NoticesGivenUp { .. }
        | Condition::NoticesStranded { .. }
        | Condition::NotWatched { .. }
        | Condition::Paused { .. } => return None,
        Condition::NotTakenUp { .. }
        | Condition::Late { .. }
        | Condition::Unsettled { .. }
        | Condition::PlayerFields { .. } => "/orders",
        Condition::Unconfirmed { .. } | Condition::Held { .. } => "/inbox",
        Condition::BreakerOpen { .. }
        | Condition::SecondDispatcher { .. }
        | Condition::BalanceUnexplained { .. }
        | Condition::BalanceLow { .. }
        | Condition::SpendingNear { .. }
        | Condition::SpendingReached { .. } => "/panels",
        Condition::JobMissing { .. } | Condition::JobFailing { .. } => "/jobs",
        Condition::PushFailing { .. }
        | Condition::StockPaused { .. }
        | Condition::WebhookSilent {}
        | Condition::OrdersStale { .. }
        | Condition::ShippedUntaken { .. }
        | Condition::UnknownOrderTables { .. }
        | Condition::Quarantine { .. } => "/stock",
    })
}

/// The colour of a warning.
#[must_use]
pub const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "bad",
        Severity::Warning => "warn",
        Severity::Notice => "info",
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
const fn say(condition: &Condition) -> Say {
    match condition {
        Condition::NoDaemon { .. } => [
            "No daemon is running: nothing is bought and nothing is watched.",
            "Hiçbir hizmet çalışmıyor: satın alma ve izleme yapılmıyor.",
            "لا توجد خدمة تعمل: لا شراء ولا متابعة.",
        ],
        Condition::DaemonStuck { .. } => [
            "A part of the daemon does not turn any more: {subject}.",
            "Hizmetin bir parçası artık ilerlemiyor: {subject}.",
            "توقف جزء من الخدمة: {subject}.",
        ],
        Condition::ReloadRefused {} => [
            "The last reload was refused: the daemon runs on its old settings.",
            "Son yeniden yükleme reddedildi: hizmet eski ayarlarıyla çalışıyor.",
            "رُفضت إعادة التحميل الأخيرة: تعمل الخدمة بإعداداتها القديمة.",
        ],
        Condition::NotTakenUp { .. } => [
            "Orders to be bought that nobody takes up: {count}.",
            "Satın alınacak ama kimsenin almadığı sipariş: {count}.",
            "طلبات للشراء لا يتولاها أحد: {count}.",
        ],
        Condition::Late { .. } => [
            "Late orders, due for more than a minute or past their time limit: {count}.",
            "Geciken sipariş (bir dakikadan uzun süredir sırası gelmiş ya da süresi dolmuş): {count}.",
            "طلبات متأخرة، حان موعدها منذ أكثر من دقيقة أو انتهت مهلتها: {count}.",
        ],
        Condition::Unconfirmed { .. } => [
            "Orders that may have been bought; the panel is being asked: {count}.",
            "Satın alınmış olabilecek, panele sorulan sipariş: {count}.",
            "طلبات ربما تم شراؤها وتُسأل عنها اللوحة: {count}.",
        ],
        Condition::Held { .. } => [
            "Orders that wait for a person: {count}. {subject}.",
            "Karar bekleyen sipariş: {count}. {subject}.",
            "طلبات تنتظر قرارًا: {count}. {subject}.",
        ],
        Condition::Unsettled { told: false, .. } => [
            "Orders that have ended and that the shop has not settled; nobody is told of them: {count}.",
            "Bitmiş ama mağazanın sonuçlandırmadığı sipariş; kimseye haber verilmiyor: {count}.",
            "طلبات انتهت ولم يحسمها المتجر، ولا يُبلَّغ بها أحد: {count}.",
        ],
        Condition::Unsettled { told: true, .. } => [
            "Orders that have ended and that the shop has not settled: {count}.",
            "Bitmiş ama mağazanın sonuçlandırmadığı sipariş: {count}.",
            "طلبات انتهت ولم يحسمها المتجر: {count}.",
        ],
        Condition::NotWatched { .. } => [
            "Orders that wait for an answer while no daemon asks the panels: {count}.",
            "Yanıt bekleyen ama hiçbir hizmetin panele sormadığı sipariş: {count}.",
            "طلبات تنتظر ردًا ولا خدمة تسأل اللوحات: {count}.",
        ],
        Condition::BreakerOpen { .. } => [
            "{subject} is left alone: {detail}; next probe {time}.",
            "{subject} paneline dokunulmuyor: {detail}; sonraki deneme {time}.",
            "تُركت {subject}: {detail}؛ المحاولة التالية {time}.",
        ],
        Condition::BalanceLow { limit: Some(_), .. } => [
            "The balance at {subject} is {amount}, less than {limit}.",
            "{subject} bakiyesi {amount}; {limit} sınırının altında.",
            "رصيد {subject} هو {amount}، أقل من {limit}.",
        ],
        Condition::BalanceLow { limit: None, .. } => [
            "The account at {subject} is empty: {amount}.",
            "{subject} hesabı boş: {amount}.",
            "حساب {subject} فارغ: {amount}.",
        ],
        Condition::SpendingNear { .. } => [
            "{amount} of {limit} were spent at {subject} in 24 hours.",
            "{subject} panelinde 24 saatte {limit} sınırının {amount} kadarı harcandı.",
            "صُرف {amount} من {limit} في {subject} خلال 24 ساعة.",
        ],
        Condition::SpendingReached { .. } => [
            "The spending limit at {subject} is reached ({amount} of {limit} in 24 hours); new orders are held.",
            "{subject} harcama sınırına ulaştı (24 saatte {amount} / {limit}); yeni siparişler bekletiliyor.",
            "بلغت {subject} حد الإنفاق ({amount} من {limit} خلال 24 ساعة)؛ تُوقف الطلبات الجديدة.",
        ],
        Condition::SecondDispatcher { .. } => [
            "Somebody else buys at {subject} too; orders of ours that name another purchase in the shop: {count}.",
            "{subject} panelinde başkası da satın alıyor; mağazada başka bir alımı gösteren siparişlerimiz: {count}.",
            "يشتري غيرنا أيضًا من {subject}؛ طلبات لنا تشير في المتجر إلى عملية شراء أخرى: {count}.",
        ],
        Condition::BalanceUnexplained { .. } => [
            "The balance at {subject} fell by {amount} in 24 hours that orderwatch did not spend.",
            "{subject} bakiyesi 24 saatte orderwatch'ın harcamadığı {amount} kadar düştü.",
            "انخفض رصيد {subject} خلال 24 ساعة بمقدار {amount} لم يصرفه orderwatch.",
        ],
        Condition::PlayerFields { .. } => [
            "Products sold with player fields that nobody has confirmed by a real order: {count}.",
            "Oyuncu alanları gerçek bir siparişle onaylanmadan satılan ürün: {count}.",
            "منتجات تُباع ولم تُؤكَّد حقول اللاعب فيها بطلب حقيقي: {count}.",
        ],
        Condition::Paused { panel: None, .. } => [
            "Buying is paused everywhere by {subject}: {detail}",
            "Satın alma her yerde {subject} tarafından duraklatıldı: {detail}",
            "أوقف {subject} الشراء مؤقتًا في كل مكان: {detail}",
        ],
        Condition::Paused { panel: Some(_), .. } => [
            "Buying at {place} is paused by {subject}: {detail}",
            "{place} panelinde satın alma {subject} tarafından duraklatıldı: {detail}",
            "أوقف {subject} الشراء مؤقتًا في {place}: {detail}",
        ],
        Condition::NotBuying { shadow: true } => [
            "Shadow mode: what would be bought is only written down.",
            "Gölge kipi: ne alınacağı yalnızca yazılıyor.",
            "وضع الظل: يُدوَّن فقط ما كان سيُشترى.",
        ],
        Condition::NotBuying { shadow: false } => [
            "Buying is switched off.",
            "Satın alma kapalı.",
            "الشراء معطَّل.",
        ],
        Condition::JobMissing { .. } => [
            "A job does not come: {subject}; it was expected {time}.",
            "Bir görev çalışmıyor: {subject}; beklenen zaman {time}.",
            "مهمة لا تعمل: {subject}؛ كان موعدها {time}.",
        ],
        Condition::JobFailing { .. } => [
            "The last run failed: {subject}. {detail}",
            "Son çalışma başarısız: {subject}. {detail}",
            "فشل آخر تشغيل: {subject}. {detail}",
        ],
        Condition::PushFailing { .. } => [
            "Stock could not be sent. {detail}",
            "Stok gönderilemedi. {detail}",
            "تعذر إرسال المخزون. {detail}",
        ],
        Condition::StockPaused { .. } => [
            "No stock is sent to Trendyol: paused by {subject}: {detail}",
            "Trendyol'a stok gönderilmiyor: {subject} duraklattı: {detail}",
            "لا يُرسل أي مخزون إلى Trendyol: أوقفه {subject}: {detail}",
        ],
        Condition::WebhookSilent {} => [
            "Trendyol does not call about orders: they are read with the pulls alone.",
            "Trendyol siparişler için bildirim göndermiyor: siparişler yalnızca aralıklı sorgularla okunuyor.",
            "لا يُبلغ Trendyol عن الطلبات: تُقرأ بالاستعلامات الدورية وحدها.",
        ],
        Condition::OrdersStale { .. } => [
            "Trendyol's orders were not read lately ({time}): stock is only lowered.",
            "Trendyol siparişleri yakın zamanda okunmadı ({time}): stok yalnızca düşürülüyor.",
            "لم تُقرأ طلبات Trendyol مؤخرًا ({time}): يُخفَّض المخزون فقط.",
        ],
        Condition::ShippedUntaken { .. } => [
            "Packages that were shipped although nobody took their pieces from the shelves: {count}. They stay reserved.",
            "Ürünleri raftan alınmadan kargolanan paket: {count}. Rezervde kalırlar.",
            "طرود شُحنت دون أن يأخذ أحد قطعها من الرفوف: {count}. تبقى محجوزة.",
        ],
        Condition::UnknownOrderTables { .. } => [
            "The warehouse has tables of orders that orderwatch does not know: {subject}. What stands there counts as sold.",
            "Depoda orderwatch'ın tanımadığı sipariş tabloları var: {subject}. Oradakiler satılmış sayılır.",
            "في المستودع جداول طلبات لا يعرفها orderwatch\u{200f}: {subject}. ما فيها يُعد مبيعًا.",
        ],
        Condition::Quarantine { .. } => [
            "Barcodes that Trendyol has refused: {count}.",
            "Trendyol'un reddettiği barkod: {count}.",
            "رموز رفضتها Trendyol\u{200f}: {count}.",
        ],
        Condition::NoticesFailing { .. } => [
            "{subject} does not take its notices: {count} wait.",
            "{subject} bildirimleri almıyor: {count} bekliyor.",
            "لا تستقبل {subject} إشعاراتها: {count} تنتظر.",
        ],
        Condition::NoticesGivenUp { .. } => [
            "Notices to {subject} were given up in the last 24 hours: {count}.",
            "Son 24 saatte {subject} için vazgeçilen bildirim: {count}.",
            "إشعارات إلى {subject} أُلغيت خلال آخر 24 ساعة: {count}.",
        ],
        Condition::NoticesStranded { .. } => [
            "Notices for {subject}, which is not in the configuration: {count}.",
            "Yapılandırmada olmayan {subject} için bekleyen bildirim: {count}.",
            "إشعارات إلى {subject} وهي ليست في الإعدادات: {count}.",
        ],
    }
}

/// What stands in the blanks.
#[derive(Default)]
struct Values {
    subject: String,
    detail: String,
    place: String,
    count: String,
    amount: String,
    limit: String,
    time: String,
}

impl Values {
    fn each(&self) -> [(&'static str, &str); 7] {
        [
            ("subject", &self.subject),
            ("detail", &self.detail),
            ("place", &self.place),
            ("count", &self.count),
            ("amount", &self.amount),
            ("limit", &self.limit),
            ("time", &self.time),
        ]
    }
}

fn values(condition: &Condition, format: &Format) -> Values {
    let lang = format.lang;
    let money = |amount| format.money(amount, "TRY");
    let mut values = Values::default();
    match condition {
        Condition::NoDaemon { .. }
        | Condition::ReloadRefused {}
        | Condition::NotBuying { .. }
        | Condition::WebhookSilent {} => {}
        Condition::DaemonStuck { loops } => values.subject = loops.join(", "),
        Condition::NotTakenUp { orders }
        | Condition::Late { orders }
        | Condition::Unconfirmed { orders }
        | Condition::NotWatched { orders }
        | Condition::PlayerFields { products: orders }
        | Condition::ShippedUntaken { packages: orders }
        | Condition::Unsettled { orders, .. }
        | Condition::Quarantine { items: orders } => values.count = format.count(orders),
        Condition::UnknownOrderTables { tables } => values.subject = tables.join(", "),
        Condition::Held { groups } => {
            let all: u64 = groups.iter().map(|group| group.orders).sum();
            values.count = format.count(all);
            let each = groups.iter().map(|group| {
                let reason = lang.pick(hold(group.reason));
                format!("{reason}: {}", format.count(group.orders))
            });
            values.subject = each.collect::<Vec<_>>().join(lang.pick(["; ", "; ", "؛ "]));
        }
        Condition::BreakerOpen {
            panel,
            reason,
            until,
        } => {
            values.subject = format.outside(&panel.name);
            lang.pick(breaker(*reason)).clone_into(&mut values.detail);
            values.time = format.distance(*until);
        }
        Condition::BalanceLow {
            panel,
            balance,
            limit,
        } => {
            values.subject = format.outside(&panel.name);
            values.amount = money(*balance);
            values.limit = limit.map(money).unwrap_or_default();
        }
        Condition::SpendingNear {
            panel,
            spent,
            limit,
        }
        | Condition::SpendingReached {
            panel,
            spent,
            limit,
        } => {
            values.subject = format.outside(&panel.name);
            values.amount = money(*spent);
            values.limit = money(*limit);
        }
        Condition::SecondDispatcher { panel, orders } => {
            values.subject = format.outside(&panel.name);
            values.count = format.count(orders);
        }
        Condition::BalanceUnexplained { panel, amount } => {
            values.subject = format.outside(&panel.name);
            values.amount = money(*amount);
        }
        Condition::Paused { panel, who, why } => {
            values.subject = format.outside(who);
            values.detail = format.outside(why);
            let panel = panel.as_deref().unwrap_or_default();
            values.place = format.outside(panel);
        }
        Condition::JobMissing { job, expected } => {
            values.subject = job_name(job, lang);
            values.time = format.distance(*expected);
        }
        Condition::JobFailing { job, error } => {
            values.subject = job_name(job, lang);
            values.detail = failure(error.as_deref(), format);
        }
        Condition::PushFailing { error, .. } => {
            values.detail = failure(error.as_deref(), format);
        }
        Condition::StockPaused { who, why } => {
            values.subject = format.outside(who);
            values.detail = format.outside(why);
        }
        Condition::OrdersStale { read_at } => {
            let never = format.words().page.never;
            values.time = read_at.map_or_else(|| never.to_owned(), |at| format.distance(at));
        }
        Condition::NoticesFailing { endpoint, notices }
        | Condition::NoticesGivenUp { endpoint, notices }
        | Condition::NoticesStranded { endpoint, notices } => {
            values.subject = format.outside(endpoint);
            values.count = format.count(notices);
        }
    }
    values
}

/// What a pass said when it failed.
fn failure(error: Option<&str>, format: &Format) -> String {
    error.map_or_else(String::new, |error| {
        format.outside(&trouble(error, format.lang))
    })
}

/// What a job is called, or its own name.
#[must_use]
pub fn job_name(name: &str, lang: Lang) -> String {
    job(name).map_or_else(|| name.to_owned(), |say| lang.pick(say).to_owned())
}
