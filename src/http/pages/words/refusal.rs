//! Why a step of a person cannot be done, and what can.

use super::{fill, hold, stage};
use crate::{
    http::pages::lang::{Lang, Say},
    order::person::{Refusal, Routing},
};

/// The refusal in a sentence.
#[must_use]
pub fn refusal(refusal: &Refusal, lang: Lang) -> String {
    let value = match refusal {
        Refusal::Final(at) | Refusal::GoesOn(at) => lang.pick(stage(*at)).to_owned(),
        Refusal::NotMendable(reason)
        | Refusal::Mendable(reason)
        | Refusal::NotToBeSent(reason)
        | Refusal::GiveOrKeep(reason)
        | Refusal::NothingToGive(reason) => lang.pick(hold(*reason)).to_owned(),
        Refusal::Decided(value)
        | Refusal::SentOtherwise(value)
        | Refusal::PanelDisabled(value)
        | Refusal::NoRoute(Routing::ByHand(value) | Routing::OtherKind(value)) => value.clone(),
        Refusal::TiedPanel(what) => lang.pick(tied(what)).to_owned(),
        Refusal::NotTracked
        | Refusal::TimedOut
        | Refusal::MayBeBought
        | Refusal::RowGone
        | Refusal::NoRoute(Routing::Missing | Routing::Nowhere) => String::new(),
    };
    fill(lang.pick(say(refusal)), &[("value", &value)])
}

const fn say(refusal: &Refusal) -> Say {
    match refusal {
        Refusal::NotTracked => [
            "orderwatch does not track this order.",
            "orderwatch bu siparişi izlemiyor.",
            "لا يتابع orderwatch هذا الطلب.",
        ],
        Refusal::Final(_) => [
            "The order is final: {value}.",
            "Sipariş kesinleşmiş: {value}.",
            "الطلب نهائي: {value}.",
        ],
        Refusal::TimedOut => [
            "The order timed out, which is final. Look for the reference at the panel, then approve or reject the order in the shop.",
            "Siparişin süresi doldu ve kesinleşti. Referansı panelde arayın, sonra siparişi mağazada onaylayın ya da reddedin.",
            "انتهت مهلة الطلب وهو نهائي. ابحث عن المرجع في اللوحة ثم اقبل الطلب أو ارفضه في المتجر.",
        ],
        Refusal::GoesOn(_) => [
            "The order goes on by itself: {value}.",
            "Sipariş kendiliğinden ilerliyor: {value}.",
            "الطلب يسير من تلقاء نفسه: {value}.",
        ],
        Refusal::MayBeBought => [
            "The order may have been bought. Look for its reference at the panel, then say what became of it.",
            "Sipariş satın alınmış olabilir. Referansını panelde arayın, sonra ne olduğunu bildirin.",
            "ربما تم شراء الطلب. ابحث عن مرجعه في اللوحة ثم حدّد مصيره.",
        ],
        Refusal::NotMendable(_) => [
            "A retry cannot mend this: {value}. Say what became of it instead.",
            "Yeniden denemek bunu çözmez: {value}. Bunun yerine ne olduğunu bildirin.",
            "لا تصلح إعادة المحاولة هذا: {value}. حدّد مصيره بدلًا من ذلك.",
        ],
        Refusal::Mendable(_) => [
            "It was not sent: {value}. Mend the cause and retry it, or reject the order in the shop.",
            "Gönderilmedi: {value}. Nedeni giderip yeniden deneyin ya da siparişi mağazada reddedin.",
            "لم يُرسل: {value}. أصلح السبب وأعد المحاولة، أو ارفض الطلب في المتجر.",
        ],
        Refusal::NotToBeSent(_) => [
            "It is known to be at the panel and is not sent again: {value}.",
            "Panelde olduğu biliniyor, yeniden gönderilmez: {value}.",
            "معروف أنه لدى اللوحة ولا يُعاد إرساله: {value}.",
        ],
        Refusal::GiveOrKeep(_) => [
            "Say whether the customer gets what the panel delivered: {value}.",
            "Müşteriye panelin teslim ettiği verilsin mi, bunu bildirin: {value}.",
            "حدّد هل يحصل العميل على ما سلّمته اللوحة: {value}.",
        ],
        Refusal::NothingToGive(_) => [
            "There is nothing to give or to keep back: {value}.",
            "Verilecek ya da alıkonacak bir şey yok: {value}.",
            "لا شيء لتسليمه أو الاحتفاظ به: {value}.",
        ],
        Refusal::RowGone => [
            "The shop's row is gone, so nobody wants the order any more.",
            "Mağaza kaydı silinmiş; siparişi artık isteyen yok.",
            "سجل المتجر محذوف، فلم يعد أحد يريد الطلب.",
        ],
        Refusal::Decided(_) => [
            "Staff decided the order in the shop (status {value}).",
            "Siparişe mağazada personel karar vermiş (durum {value}).",
            "حسم الموظفون الطلب في المتجر (الحالة {value}).",
        ],
        Refusal::SentOtherwise(_) => [
            "The shop's row says that the order was sent another way ({value}).",
            "Mağaza kaydına göre sipariş başka yolla gönderilmiş ({value}).",
            "يقول سجل المتجر إن الطلب أُرسل بطريق آخر ({value}).",
        ],
        Refusal::NoRoute(Routing::Missing) => [
            "The order's package has no route; give it one first.",
            "Siparişin paketinin yönlendirmesi yok; önce yönlendirin.",
            "ليس لباقة الطلب توجيه؛ حدّده أولًا.",
        ],
        Refusal::NoRoute(Routing::ByHand(_)) => [
            "The order's package is routed {value}; set it to auto and external first.",
            "Siparişin paketi {value} olarak yönlendirilmiş; önce auto ve external yapın.",
            "باقة الطلب موجَّهة {value}؛ اجعلها auto و external أولًا.",
        ],
        Refusal::NoRoute(Routing::Nowhere) => [
            "The order's package is routed to no panel of this shop; choose one first.",
            "Siparişin paketi bu mağazanın hiçbir paneline yönlendirilmemiş; önce bir panel seçin.",
            "باقة الطلب غير موجَّهة إلى أي لوحة من لوحات هذا المتجر؛ اختر واحدة أولًا.",
        ],
        Refusal::NoRoute(Routing::OtherKind(_)) => [
            "The order's package is routed to a panel of the kind {value}, which orderwatch does not talk to.",
            "Siparişin paketi, orderwatch'ın konuşmadığı {value} türünde bir panele yönlendirilmiş.",
            "باقة الطلب موجَّهة إلى لوحة من نوع {value} لا يتعامل معها orderwatch.",
        ],
        Refusal::TiedPanel(_) => [
            "The order may have been sent to a panel before and stays there, and that panel is {value}; mend it first.",
            "Sipariş daha önce bir panele gönderilmiş olabilir ve orada kalır; o panel ise {value}. Önce bunu düzeltin.",
            "ربما أُرسل الطلب إلى لوحة من قبل ويبقى فيها، وتلك اللوحة {value}؛ أصلحها أولًا.",
        ],
        Refusal::PanelDisabled(_) => [
            "The panel {value} is switched off in the shop; switch it on first.",
            "{value} paneli mağazada kapalı; önce açın.",
            "اللوحة {value} معطَّلة في المتجر؛ فعّلها أولًا.",
        ],
    }
}

/// What is wrong with the panel that an order is tied to.
fn tied(what: &'static str) -> Say {
    match what {
        "gone" => ["gone", "silinmiş", "محذوفة"],
        "another shop's now" => [
            "another shop's now",
            "artık başka mağazanın",
            "أصبحت لمتجر آخر",
        ],
        "of another kind now" => [
            "of another kind now",
            "artık başka türde",
            "أصبحت من نوع آخر",
        ],
        other => [other; 3],
    }
}
