//! Why an order is held, and what to do about it, for whoever stands before the page.

use crate::{http::pages::lang::Say, order::HoldReason};

/// What is wrong.
pub use crate::order::words::held as hold;

/// What to do about it.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one table, a line per language")]
pub const fn hold_remedy(reason: HoldReason) -> Say {
    match reason {
        HoldReason::NoMapping => [
            "Map the package to the panel's product, then retry the order.",
            "Paketi panelin ürünüyle eşleştirin, sonra siparişi yeniden deneyin.",
            "اربط الباقة بمنتج اللوحة ثم أعد محاولة الطلب.",
        ],
        HoldReason::AmbiguousMapping => [
            "Leave one mapping for the package, then retry the order.",
            "Paket için tek eşleştirme bırakın, sonra siparişi yeniden deneyin.",
            "أبقِ ربطًا واحدًا للباقة ثم أعد محاولة الطلب.",
        ],
        HoldReason::ForeignReference => [
            "Look for that reference at the panel; retry the order only if nothing was bought.",
            "Bu referansı panelde arayın; yalnızca satın alınmadıysa siparişi yeniden deneyin.",
            "ابحث عن هذا المرجع في اللوحة، ولا تُعد المحاولة إلا إذا لم يُشترَ شيء.",
        ],
        HoldReason::NoPlayerId => [
            "Enter the player id in the order, then retry it.",
            "Siparişe oyuncu kimliğini girin, sonra yeniden deneyin.",
            "أدخل معرّف اللاعب في الطلب ثم أعد المحاولة.",
        ],
        HoldReason::QuantityNotOne => [
            "Split the order into single units, or handle it by hand.",
            "Siparişi tek adetlere bölün ya da elle tamamlayın.",
            "قسّم الطلب إلى وحدات مفردة أو عالجه يدويًا.",
        ],
        HoldReason::NotInCatalogue => [
            "Correct the mapping, or route the package to another panel, then retry the order.",
            "Eşleştirmeyi düzeltin ya da paketi başka panele yönlendirin, sonra siparişi yeniden deneyin.",
            "صحّح الربط أو وجّه الباقة إلى لوحة أخرى ثم أعد محاولة الطلب.",
        ],
        HoldReason::ListedWithoutOyun | HoldReason::ListedWithoutKupur => [
            "Ask the panel for both numbers, enter them in the mapping's meta as \"oyun\" and \"kupur\", then retry the order.",
            "Panelden iki numarayı öğrenip eşleştirmenin meta alanına \"oyun\" ve \"kupur\" olarak girin, sonra siparişi yeniden deneyin.",
            "اسأل اللوحة عن الرقمين وأدخلهما في meta الخاصة بالربط باسم \"oyun\" و\"kupur\" ثم أعد محاولة الطلب.",
        ],
        HoldReason::ContradictoryRouting => [
            "Choose a panel of this shop in the package's routing, then retry the order.",
            "Paketin yönlendirmesinde bu mağazanın bir panelini seçin, sonra siparişi yeniden deneyin.",
            "اختر لوحة من لوحات هذا المتجر في توجيه الباقة ثم أعد محاولة الطلب.",
        ],
        HoldReason::PanelOfAnother => [
            "Give this tenant an integration of its own at that panel, map and route the package to it, then retry the order.",
            "Bu mağazaya o panelde kendi hesabını ekleyin, paketi eşleştirip ona yönlendirin, sonra siparişi yeniden deneyin.",
            "أضف لهذا المتجر حسابًا خاصًا به في تلك اللوحة واربط الباقة ووجّهها إليه ثم أعد محاولة الطلب.",
        ],
        HoldReason::IntegrationIncomplete => [
            "Complete the panel (address, account, password) in the shop, then retry the order.",
            "Mağazada panelin adresini, hesabını ve şifresini tamamlayın, sonra siparişi yeniden deneyin.",
            "أكمل بيانات اللوحة في المتجر (العنوان والحساب وكلمة المرور) ثم أعد محاولة الطلب.",
        ],
        HoldReason::Unconfirmed => [
            "Look for the reference at the panel, then say below what became of it.",
            "Referansı panelde arayın, sonra ne olduğunu aşağıda bildirin.",
            "ابحث عن المرجع في اللوحة ثم حدّد مصيره أدناه.",
        ],
        HoldReason::NoReference => [
            "Look for the purchase at the panel, then say below what became of it.",
            "Satın almayı panelde arayın, sonra ne olduğunu aşağıda bildirin.",
            "ابحث عن عملية الشراء في اللوحة ثم حدّد مصيرها أدناه.",
        ],
        HoldReason::ReferenceShared => [
            "Look at the panel which of the two orders was bought, then settle both.",
            "İki siparişten hangisinin alındığına panelde bakın, sonra ikisini de sonuçlandırın.",
            "تحقق في اللوحة أي الطلبين تم شراؤه، ثم احسم كليهما.",
        ],
        HoldReason::PinTooLong => [
            "Show the code, give it to the customer, then say below that it was bought.",
            "Kodu gösterip müşteriye verin, sonra aşağıda satın alındığını bildirin.",
            "اعرض الكود وسلّمه للعميل، ثم حدّد أدناه أنه تم شراؤه.",
        ],
        HoldReason::WaitedTooLong => [
            "Ask whether it is still wanted, then retry the order.",
            "Hâlâ istenip istenmediğini sorun, sonra siparişi yeniden deneyin.",
            "اسأل إن كان ما زال مطلوبًا ثم أعد محاولة الطلب.",
        ],
        HoldReason::DailyLimit => [
            "Wait until less was spent in the last 24 hours, or raise dispatch.daily_limit; then retry the order.",
            "Son 24 saatteki harcama azalana kadar bekleyin ya da dispatch.daily_limit değerini artırın; sonra siparişi yeniden deneyin.",
            "انتظر حتى ينخفض إنفاق آخر 24 ساعة أو ارفع dispatch.daily_limit، ثم أعد محاولة الطلب.",
        ],
        HoldReason::ShopRowRefused => [
            "The timeline has the database's words; settle it in the shop, then say below what became of it.",
            "Veritabanının açıklaması zaman çizelgesinde; mağazada çözün, sonra ne olduğunu aşağıda bildirin.",
            "رد قاعدة البيانات في الخط الزمني؛ عالجه في المتجر ثم حدّد مصيره أدناه.",
        ],
        HoldReason::DecidedThenDelivered => [
            "Ask the customer: give the code (and charge it again in the shop), or keep it back.",
            "Müşteriye sorun: kodu verin (ve mağazada yeniden tahsil edin) ya da alıkoyun.",
            "اسأل العميل: سلّم الكود (واخصم ثمنه مجددًا في المتجر) أو احتفظ به.",
        ],
        HoldReason::DecidedThenCancelled => [
            "Deliver it another way or reject it in the shop, then say below that nothing came.",
            "Başka yoldan teslim edin ya da mağazada reddedin, sonra aşağıda bir şey gelmediğini bildirin.",
            "سلّمه بطريقة أخرى أو ارفضه في المتجر، ثم حدّد أدناه أنه لم يصل شيء.",
        ],
        HoldReason::DeliveredWithoutCode => [
            "Look for the code at the panel, then say below what became of it.",
            "Kodu panelde arayın, sonra ne olduğunu aşağıda bildirin.",
            "ابحث عن الكود في اللوحة ثم حدّد مصيره أدناه.",
        ],
    }
}
