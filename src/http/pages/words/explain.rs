//! Why an order waits and when it is looked at next, as a sentence: the reasons are values
//! ([`Why`], [`Next`]), English has its sentences there, and the other languages have theirs here.

use super::{breaker, fill, hold, hold_remedy, shop_status};
use crate::{
    http::pages::{
        bidi,
        format::Format,
        lang::{Lang, Say},
    },
    order::explain::{Ending, Explanation, Next, NoFallback, NotAdopted, Pause, Why},
};

/// Why it waits, or how it ended: a clause without a full stop.
#[must_use]
pub fn why(why: &Why, format: &Format) -> String {
    let lang = format.lang;
    match why {
        Why::Held(reason) => lang.pick(hold(*reason)).to_owned(),
        Why::Paused(pause) => paused(pause, format),
        _ if lang == Lang::En => bidi::tamed(&why.clause()).into_owned(),
        _ => fill(translated(why, lang), &blanks(why, format).each()),
    }
}

/// When it is looked at next: a clause without a full stop.
#[must_use]
pub fn next(explanation: &Explanation, format: &Format) -> String {
    let time = |at| format!("{} ({})", format.time(at), format.distance(at));
    let (say, value): (Say, String) = match explanation.next {
        Next::At(at) => (
            [
                "next look at {value}",
                "sonraki kontrol {value}",
                "الفحص التالي {value}",
            ],
            time(at),
        ),
        Next::Now => (
            ["next look at once", "hemen kontrol edilecek", "يُفحص فورًا"],
            String::new(),
        ),
        Next::Late(at) => (
            [
                "it should have been looked at by {value} and was not; look whether the daemon runs",
                "{value} itibarıyla kontrol edilmeliydi ama edilmedi; hizmetin çalıştığına bakın",
                "كان يجب فحصه في {value} ولم يُفحص؛ تأكد من أن الخدمة تعمل",
            ],
            time(at),
        ),
        Next::Sweep(Some(every)) => (
            [
                "the sweep looks at it within {value}",
                "tarama {value} içinde bakacak",
                "يفحصه المسح خلال {value}",
            ],
            format.span(every),
        ),
        Next::Sweep(None) => (
            [
                "the sweep would look at it, but is switched off",
                "tarama bakardı ama kapalı",
                "كان المسح سيفحصه لكنه معطَّل",
            ],
            String::new(),
        ),
        Next::Probe(at) => (
            [
                "next probe at {value}",
                "panel sonraki denemesi {value}",
                "المحاولة التالية مع اللوحة {value}",
            ],
            time(at),
        ),
        Next::Resumed => (
            [
                "it is looked at as soon as buying goes on",
                "satın alma sürünce bakılacak",
                "يُفحص حين يُستأنف الشراء",
            ],
            String::new(),
        ),
        Next::Mended => (
            [
                "it is looked at as soon as that changes",
                "bu değişince bakılacak",
                "يُفحص حين يتغير ذلك",
            ],
            String::new(),
        ),
        Next::Person => (
            [
                "it is not looked at before a person acts",
                "bir kişi işlem yapana kadar bakılmaz",
                "لا يُفحص قبل أن يتصرف شخص",
            ],
            String::new(),
        ),
        Next::Never => match explanation.ended_at() {
            Some(at) => (
                [
                    "final since {value}",
                    "{value} tarihinde kesinleşti",
                    "نهائي منذ {value}",
                ],
                time(at),
            ),
            None => (
                [
                    "it is not looked at again",
                    "bir daha bakılmaz",
                    "لا يُفحص مجددًا",
                ],
                String::new(),
            ),
        },
    };
    fill(format.lang.pick(say), &[("value", &value)])
}

/// What a person can do about it, where there is something to do.
#[must_use]
pub const fn remedy(why: &Why) -> Option<Say> {
    Some(match why {
        Why::Held(reason) => hold_remedy(*reason),
        Why::TooOld { .. } => [
            "Buy it by hand, or raise dispatch.max_order_age if such orders are to be bought.",
            "Elle satın alın ya da böyle siparişler alınacaksa dispatch.max_order_age değerini artırın.",
            "اشترِه يدويًا، أو ارفع dispatch.max_order_age إن كان المطلوب شراء مثل هذه الطلبات.",
        ],
        Why::NoRoute => [
            "Give the package a route in the shop.",
            "Mağazada pakete bir yönlendirme verin.",
            "حدّد توجيهًا للباقة في المتجر.",
        ],
        Why::ManualRouting { .. } => [
            "Handle the order by hand, or set the package's routing to auto.",
            "Siparişi elle tamamlayın ya da paketin yönlendirmesini auto yapın.",
            "عالج الطلب يدويًا، أو اجعل توجيه الباقة auto.",
        ],
        Why::RouteToNowhere | Why::PanelOfAnother => [
            "Choose a panel of this tenant in the package's routing.",
            "Paketin yönlendirmesinde bu mağazanın bir panelini seçin.",
            "اختر لوحة من لوحات هذا المتجر في توجيه الباقة.",
        ],
        Why::Forwarded => [
            "Look at the neighbouring tenant's order, which externalOrderId names; dispatch.buy_chained buys what came along a chain.",
            "externalOrderId içinde adı geçen komşu mağaza siparişine bakın; dispatch.buy_chained zincirle gelenleri satın alır.",
            "انظر إلى طلب المتجر المجاور المذكور في externalOrderId؛ dispatch.buy_chained يشتري ما وصل عبر السلسلة.",
        ],
        Why::PanelDisabled { .. } => [
            "Switch the panel on in the shop, or route the package to another panel.",
            "Paneli mağazada açın ya da paketi başka panele yönlendirin.",
            "فعّل اللوحة في المتجر أو وجّه الباقة إلى لوحة أخرى.",
        ],
        Why::Paused(_) => [
            "Resume buying on the overview.",
            "Genel bakış sayfasından satın almayı sürdürün.",
            "استأنف الشراء من صفحة النظرة العامة.",
        ],
        Why::BuyingOff => [
            "Set dispatch.enabled = true and restart the daemon.",
            "dispatch.enabled = true yapıp hizmeti yeniden başlatın.",
            "اضبط dispatch.enabled = true وأعد تشغيل الخدمة.",
        ],
        Why::Shadow => [
            "Set dispatch.mode = \"live\" and restart the daemon.",
            "dispatch.mode = \"live\" yapıp hizmeti yeniden başlatın.",
            "اضبط dispatch.mode = \"live\" وأعد تشغيل الخدمة.",
        ],
        Why::TimedOut => [
            "Look for the reference at the panel, then approve or reject the order in the shop: orderwatch does not touch it any more.",
            "Referansı panelde arayın, sonra siparişi mağazada onaylayın ya da reddedin: orderwatch artık dokunmaz.",
            "ابحث عن المرجع في اللوحة ثم اقبل الطلب أو ارفضه في المتجر: لن يمسّه orderwatch بعد الآن.",
        ],
        Why::Unconfirmed { .. } => [
            "If you know what became of it, say so below.",
            "Ne olduğunu biliyorsanız aşağıda bildirin.",
            "إن كنت تعرف مصيره فحدّده أدناه.",
        ],
        _ => return None,
    })
}

fn paused(pause: &Pause, format: &Format) -> String {
    let say: Say = if pause.everywhere {
        [
            "Buying is paused since {time} by {who}: {why}",
            "Satın alma {time} tarihinden beri {who} tarafından duraklatıldı: {why}",
            "الشراء متوقف مؤقتًا منذ {time} بواسطة {who}: {why}",
        ]
    } else {
        [
            "Buying at its panel is paused since {time} by {who}: {why}",
            "Panelinde satın alma {time} tarihinden beri {who} tarafından duraklatıldı: {why}",
            "الشراء من لوحته متوقف مؤقتًا منذ {time} بواسطة {who}: {why}",
        ]
    };
    let time = format.time(pause.at);
    let (who, why) = (format.outside(&pause.who), format.outside(&pause.why));
    let blanks = [("time", &*time), ("who", &who), ("why", &why)];
    fill(format.lang.pick(say), &blanks)
}

/// Turkish or Arabic, with blanks for what [`blanks`] gives.
fn translated(why: &Why, lang: Lang) -> &'static str {
    let [tr, ar] = clause(why);
    if lang == Lang::Ar { ar } else { tr }
}

/// The clause in Turkish and Arabic.
#[expect(clippy::too_many_lines, reason = "a table: one clause for each reason")]
const fn clause(why: &Why) -> [&'static str; 2] {
    match why {
        Why::Decided { .. } => [
            "Mağazada personel karar vermiş (durum: {value}), bu yüzden satın alınmıyor",
            "حسمه الموظفون في المتجر (الحالة: {value})، فلا يُشترى",
        ],
        Why::SentByShop => [
            "Mağaza kendisi gönderdi; orderwatch izlemeye alacak",
            "أرسله المتجر بنفسه؛ سيتابعه orderwatch",
        ],
        Why::LeftToShop(NotAdopted::Shadow) => [
            "Mağaza kendisi gönderdi ve ona bırakıldı: gölge kipinde başka bir sistem izliyor",
            "أرسله المتجر بنفسه وتُرك له: في وضع الظل يتابعه نظام آخر",
        ],
        Why::LeftToShop(NotAdopted::OtherProvider) => [
            "Mağaza kendisi gönderdi ve ona bırakıldı: orderwatch bu sağlayıcıyla konuşmuyor",
            "أرسله المتجر بنفسه وتُرك له: لا يتعامل orderwatch مع مزوّده",
        ],
        Why::LeftToShop(NotAdopted::NotWaiting) => [
            "Mağaza kendisi gönderdi ve ona bırakıldı: dış durumu bekleyen bir siparişinki değil",
            "أرسله المتجر بنفسه وتُرك له: حالته الخارجية ليست حالة انتظار",
        ],
        Why::LeftToShop(NotAdopted::NoTime) => [
            "Mağaza kendisi gönderdi ve ona bırakıldı: kaydı ne zaman gönderildiğini söylemiyor",
            "أرسله المتجر بنفسه وتُرك له: لا يذكر سجله وقت الإرسال",
        ],
        Why::LeftToShop(NotAdopted::NoNumber) => [
            "Mağaza kendisi gönderdi ve ona bırakıldı: kaydında ne panel ne de sorulacak bir numara var",
            "أرسله المتجر بنفسه وتُرك له: لا يذكر سجله لوحة ولا رقمًا يُسأل به",
        ],
        Why::Forwarded => [
            "Başka bir mağazaya aktarıldı ya da oradan geldi; mağaza izliyor",
            "حُوِّل إلى متجر آخر أو جاء منه؛ يتابعه المتجر",
        ],
        Why::LeftToShop(NotAdopted::TooOld) => [
            "Mağaza kendisi gönderdi ve ona bırakıldı: poll.give_up_after süresinden daha eski",
            "أرسله المتجر بنفسه وتُرك له: أقدم من poll.give_up_after",
        ],
        Why::TooOld { .. } => [
            "{value} süresinden eski, bu yüzden dokunulmuyor",
            "أقدم من {value}، فيُترك كما هو",
        ],
        Why::NoRoute => [
            "Paketinin yönlendirmesi yok, bu yüzden kimse satın almıyor",
            "ليس لباقته توجيه، فلا يشتريه أحد",
        ],
        Why::ManualRouting { .. } => [
            "Paketi elle yönlendiriliyor (mode: {value}), personele bırakıldı",
            "باقته موجَّهة يدويًا (mode: {value})، فتُرك للموظفين",
        ],
        Why::OtherRoute { .. } => [
            "Paketi dış panele değil {value} yönüne gidiyor, bu yüzden mağazaya bırakıldı",
            "باقته موجَّهة إلى {value} لا إلى لوحة خارجية، فتُرك للمتجر",
        ],
        Why::RouteToNowhere => [
            "Paketi otomatik yönlendiriliyor ama var olan bir panele değil; bekletilecek",
            "باقته موجَّهة تلقائيًا إلى لوحة غير موجودة؛ سيُوقف",
        ],
        Why::PanelOfAnother => [
            "Yönlendirmesi başka bir mağazanın hesabına gidiyor; bekletilecek",
            "يقود توجيهه إلى حساب متجر آخر؛ سيُوقف",
        ],
        Why::OtherKind { .. } => [
            "Paketi {value} paneline yönlendirilmiş; bu tür bir panelle orderwatch konuşmuyor, mağazaya bırakıldı",
            "باقته موجَّهة إلى {value}، وهي من نوع لا يتعامل معه orderwatch، فتُرك للمتجر",
        ],
        Why::PanelDisabled { .. } => [
            "Paneli {value} mağazada kapalı",
            "لوحته {value} معطَّلة في المتجر",
        ],
        Why::Paused(_) => ["Satın alma duraklatıldı", "الشراء متوقف مؤقتًا"],
        Why::BreakerOpen(_) => [
            "Bir deneme başarılı olana kadar panele dokunulmuyor: {value}",
            "تُترك لوحته حتى تنجح محاولة: {value}",
        ],
        Why::BuyingOff => [
            "Satın alma yapılandırmada kapalı",
            "الشراء معطَّل في الإعدادات",
        ],
        Why::Shadow => [
            "orderwatch gölge kipinde; yalnızca ne alacağını yazıyor",
            "يعمل orderwatch في وضع الظل ويدوّن فقط ما كان سيشتريه",
        ],
        Why::Ready => ["Gönderilmesine engel yok", "لا شيء يمنع إرساله"],
        Why::Unreachable { sure: true, .. } => [
            "Panele ulaşılamadı ({value}); satın alınmadı",
            "تعذر الوصول إلى اللوحة ({value})؛ لم يُشترَ شيء",
        ],
        Why::Unreachable { sure: false, .. } => [
            "İkinci kez gönderilecekti ama panele ulaşılamadı ({value})",
            "كان سيُرسل مرة ثانية لكن تعذر الوصول إلى اللوحة ({value})",
        ],
        Why::FallsBack => [
            "İlk panel reddetti; yedek panele gidiyor",
            "رفضته اللوحة الأولى؛ يُحوَّل إلى اللوحة البديلة",
        ],
        Why::Resend => [
            "Panelde olmadığı için aynı referansla ikinci kez gönderiliyor",
            "يُرسل مرة ثانية بالمرجع نفسه لأن اللوحة لا تملكه",
        ],
        Why::Expired => [
            "Süresi içinde gönderilemedi, artık gönderilmeyecek",
            "تعذر إرساله ضمن مهلته ولن يُرسل بعد الآن",
        ],
        Why::PanelGone => [
            "Paneli mağazadan silinmiş; sorulacak kimse yok",
            "لوحته محذوفة من المتجر، فلا يمكن سؤال أحد",
        ],
        Why::RowGone => ["Mağaza kaydı silinmiş", "سجل المتجر محذوف"],
        Why::Sending => ["Şu anda panele gönderiliyor", "يُرسل إلى اللوحة الآن"],
        Why::CutOff => [
            "Hizmet durduğunda gönderiliyordu; panele sorulacak, hiçbir şey yeniden gönderilmez",
            "كان قيد الإرسال حين توقفت الخدمة؛ تُسأل اللوحة ولا يُعاد إرسال شيء",
        ],
        Why::Asking => ["Şu anda panele soruluyor", "تُسأل اللوحة عنه الآن"],
        Why::Accepted { .. } => [
            "Panel kabul etti, henüz teslim etmedi{errors}",
            "قبلته اللوحة ولم تسلّمه بعد{errors}",
        ],
        Why::Processing { .. } => [
            "Panel işliyor, o zamandan beri {value} soruldu{errors}",
            "تعمل عليه اللوحة، سُئلت {value} منذ ذلك{errors}",
        ],
        Why::ChecksRanOut { .. } => [
            "Panel {value} sorulduktan sonra hâlâ işliyor",
            "ما زالت اللوحة تعمل عليه بعد سؤالها {value}",
        ],
        Why::LastCheck => [
            "Süresi doldu; son bir sorgu karar verecek",
            "انتهت مهلته؛ استعلام أخير يحسمه",
        ],
        Why::Unconfirmed { unknowns: 0, .. } => [
            "Satın alınmış olabilir; panel kesin yanıt vermedi, soruluyor{errors}",
            "ربما تم شراؤه؛ لم تعطِ اللوحة ردًا مؤكدًا وتُسأل{errors}",
        ],
        Why::Unconfirmed { .. } => [
            "Satın alınmış olabilir; panel {value} tanımadığını söyledi{errors}",
            "ربما تم شراؤه؛ قالت اللوحة {value} إنها لا تعرفه{errors}",
        ],
        // Said by its own words.
        Why::Held(_) => ["Bekletiliyor", "موقوف"],
        Why::Completed => ["Teslim edildi", "تم التسليم"],
        Why::SettledBought(_) => [
            "Satın alındı olarak sonuçlandırıldı ({value})",
            "حُسم كمشترى ({value})",
        ],
        Why::Refused(None) => [
            "Panel reddetti; satın alınmadı",
            "رفضته اللوحة؛ لم يُشترَ شيء",
        ],
        Why::Refused(Some(NoFallback::OtherKind { .. })) => [
            "Panel reddetti; satın alınmadı. Yedeği {value}, orderwatch'ın konuşmadığı türden bir hesap",
            "رفضته اللوحة؛ لم يُشترَ شيء. بديلها {value} حساب من نوع لا يتعامل معه orderwatch",
        ],
        Why::Refused(Some(NoFallback::WouldNotHelp { .. })) => [
            "Panel reddetti; satın alınmadı. Ret bakiye ya da ürünle ilgili olmadığından yedeği {value} denenmedi",
            "رفضته اللوحة؛ لم يُشترَ شيء. لم يُجرَّب البديل {value} لأن الرفض لا يتعلق بالرصيد أو المنتج",
        ],
        Why::Cancelled => ["Panel iptal etti", "ألغته اللوحة"],
        Why::SettledNotBought(_) => [
            "Satın alınmadı olarak sonuçlandırıldı ({value})",
            "حُسم كغير مشترى ({value})",
        ],
        Why::Failed => ["Panel reddetti ya da iptal etti", "رفضته اللوحة أو ألغته"],
        Why::TimedOut => [
            "Süresi içinde kesin yanıt gelmedi",
            "لم يصل رد نهائي ضمن المهلة",
        ],
        Why::NeverSent => [
            "Süresi içinde gönderilemedi; satın alınmadı",
            "تعذر إرساله ضمن المهلة؛ لم يُشترَ شيء",
        ],
        Why::WithdrawnRowGone => [
            "Mağaza kaydı silindiği için kapandı",
            "أُغلق لأن سجل المتجر حُذف",
        ],
        Why::Withdrawn => [
            "Gönderilmeden önce mağazada personel karar verdiği için kapandı",
            "أُغلق لأن الموظفين حسموه في المتجر قبل إرساله",
        ],
    }
}

/// What stands in the blanks of a clause.
struct Blanks {
    value: String,
    errors: String,
}

impl Blanks {
    fn each(&self) -> [(&'static str, &str); 2] {
        [("value", &self.value), ("errors", &self.errors)]
    }
}

fn blanks(why: &Why, format: &Format) -> Blanks {
    let lang = format.lang;
    let value = match why {
        Why::Decided { status } => shop_status(status)
            .map_or_else(|| format.outside(status), |say| lang.pick(say).to_owned()),
        Why::TooOld { limit } => format.span(*limit),
        Why::ManualRouting { mode } => format.outside(mode),
        Why::OtherRoute { provider_type } => format.outside(provider_type),
        Why::Refused(Some(
            NoFallback::OtherKind { name, .. } | NoFallback::WouldNotHelp { name },
        )) => format.outside(name),
        Why::OtherKind { name, kind } => format.outside(&format!("{name} ({kind})")),
        Why::PanelDisabled { name } => format.outside(name),
        Why::BreakerOpen(open) => lang.pick(breaker(open.reason)).to_owned(),
        Why::Unreachable { tries: n, .. }
        | Why::Processing { checks: n, .. }
        | Why::ChecksRanOut { checks: n }
        | Why::Unconfirmed { unknowns: n, .. } => times(*n, lang),
        Why::SettledBought(ending) | Why::SettledNotBought(ending) => {
            format.outside(&signed(ending))
        }
        _ => String::new(),
    };
    let errors = match why {
        Why::Accepted { errors }
        | Why::Processing { errors, .. }
        | Why::Unconfirmed { errors, .. } => *errors,
        _ => 0,
    };
    Blanks {
        value,
        errors: failing(errors, lang),
    }
}

fn signed(ending: &Ending) -> String {
    let parts = [ending.who.as_deref(), ending.why.as_deref()];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    parts.join(": ")
}

fn failing(errors: u32, lang: Lang) -> String {
    if errors == 0 {
        return String::new();
    }
    let say = [
        ", though asking has failed {value}",
        "; sorgu {value} başarısız oldu",
        "، وقد فشل السؤال {value}",
    ];
    fill(lang.pick(say), &[("value", &times(errors, lang))])
}

/// How often.
fn times(count: u32, lang: Lang) -> String {
    match (lang, count) {
        (Lang::En, 1) => "once".to_owned(),
        (Lang::En, _) => format!("{count} times"),
        (Lang::Tr, _) => format!("{count} kez"),
        (Lang::Ar, 1) => "مرة واحدة".to_owned(),
        (Lang::Ar, 2) => "مرتين".to_owned(),
        (Lang::Ar, 3..=10) => format!("{count} مرات"),
        (Lang::Ar, _) => format!("{count} مرة"),
    }
}
