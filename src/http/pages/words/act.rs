//! What people do, step by step.

use super::words;

words! {
    /// Buttons, questions and answers of the actions.
    Act {
        actions => ["Actions", "İşlemler", "الإجراءات"],
        retry => ["Retry", "Yeniden dene", "إعادة المحاولة"],
        bought => ["It was bought", "Satın alındı", "تم شراؤه"],
        not_bought => ["It was not bought", "Satın alınmadı", "لم يتم شراؤه"],
        confirm_fields => ["It reached the right account", "Doğru hesaba ulaştı", "وصل إلى الحساب الصحيح"],
        send_again => ["It was not bought; send it again", "Satın alınmadı; yeniden gönder", "لم يتم شراؤه؛ أعد الإرسال"],
        pause => ["Pause buying", "Satın almayı duraklat", "إيقاف الشراء مؤقتًا"],
        resume => ["Resume buying", "Satın almayı sürdür", "استئناف الشراء"],
        run_now => ["Run now", "Şimdi çalıştır", "تشغيل الآن"],
        push_now => ["Send stock now", "Stoku şimdi gönder", "إرسال المخزون الآن"],
        push_force => ["Send it all the same", "Yine de gönder", "إرسال رغم ذلك"],
        show_code => ["Show the code", "Kodu göster", "عرض الكود"],
        code_needs_token => ["Codes are shown only where http.token is set in the configuration.", "Kodlar yalnızca yapılandırmada http.token ayarlıysa gösterilir.", "لا تُعرض الأكواد إلا إذا ضُبط http.token في الإعدادات."],
        where_all => ["all panels", "tüm paneller", "كل اللوحات"],
        name => ["Your name", "Adınız", "اسمك"],
        reason => ["Reason", "Gerekçe", "السبب"],
        reason_hint => ["Kept with the order for whoever asks later.", "Daha sonra soracaklar için siparişle birlikte saklanır.", "يُحفظ مع الطلب لمن يسأل لاحقًا."],
        confirm => ["Confirm", "Onayla", "تأكيد"],
        cancel => ["Cancel", "Vazgeç", "إلغاء"],
        sure => ["This will happen", "Şunlar olacak", "سيحدث ما يلي"],
        not_yet => ["Nothing was done yet.", "Henüz hiçbir şey yapılmadı.", "لم يُنفَّذ شيء بعد."],

        will_retry => ["The order will be sent to {panel} as {reference}. This may spend money.", "Sipariş {panel} paneline {reference} referansıyla gönderilecek. Bu işlem para harcayabilir.", "سيُرسل الطلب إلى {panel} بالمرجع {reference}. قد يُنفق هذا مالًا."],
        will_watch => ["The panel is asked again about {reference} until it is final, with a fresh time limit.", "{reference} kesinleşene kadar panele yeniden sorulur; süre sınırı baştan başlar.", "تُسأل اللوحة مجددًا عن {reference} حتى يصبح نهائيًا، بمهلة جديدة."],
        will_send_again => ["The order is sent to the panel again as {reference}, the reference that it has. This may spend money.", "Sipariş aynı referansla ({reference}) panele yeniden gönderilir. Bu işlem para harcayabilir.", "يُرسل الطلب إلى اللوحة مجددًا بمرجعه نفسه {reference}. قد يُنفق هذا مالًا."],
        will_complete => ["The order ends as delivered; the shop's status stays for staff to set.", "Sipariş teslim edilmiş olarak kapanır; mağazadaki durumunu personel belirler.", "يُغلق الطلب كمسلَّم، وتبقى حالته في المتجر للموظفين."],
        will_fail => ["The order ends as not bought; the shop's status stays for staff to set.", "Sipariş satın alınmamış olarak kapanır; mağazadaki durumunu personel belirler.", "يُغلق الطلب كغير مشترى، وتبقى حالته في المتجر للموظفين."],
        will_confirm => ["The player fields of this product count as confirmed: the goods reached the account that the customer meant.", "Bu ürünün oyuncu alanları onaylanmış sayılır: ürün müşterinin kastettiği hesaba ulaştı.", "تُعد حقول اللاعب لهذا المنتج مؤكدة: وصل الشحن إلى الحساب الذي قصده العميل."],
        will_pause => ["No order is bought at: {place}. What was bought is watched all the same.", "Şurada sipariş alınmaz: {place}. Daha önce alınanlar izlenmeye devam eder.", "لا يُشترى أي طلب في: {place}. وتستمر متابعة ما تم شراؤه."],
        will_resume => ["Orders are bought again at: {place}. Waiting ones are sent at once; this spends money.", "Şurada yeniden sipariş alınır: {place}. Bekleyenler hemen gönderilir; bu işlem para harcar.", "يُستأنف الشراء في: {place}. تُرسل الطلبات المنتظرة فورًا، وهذا يُنفق مالًا."],
        will_run => ["The job {job} runs once, now.", "{job} görevi şimdi bir kez çalışır.", "تُشغَّل المهمة {job} مرة واحدة الآن."],
        will_push => ["The orders are read, then everything that differs is sent to Trendyol.", "Önce siparişler okunur, sonra farklı olan her şey Trendyol'a gönderilir.", "تُقرأ الطلبات، ثم يُرسل كل ما يختلف إلى Trendyol."],
        will_force => ["Everything that differs is sent to Trendyol, even where more than half of what is on sale becomes zero.", "Satıştakilerin yarısından fazlası sıfırlansa bile farklı olan her şey Trendyol'a gönderilir.", "يُرسل كل ما يختلف إلى Trendyol حتى لو أصبح أكثر من نصف المعروض صفرًا."],

        did_retry => ["Released: the order will be sent.", "Serbest bırakıldı: sipariş gönderilecek.", "تم الإفراج: سيُرسل الطلب."],
        did_resolve => ["Done.", "Yapıldı.", "تم."],
        did_resolve_part => ["Done. The shop's database refused its part, so the shop's row is as it was.", "Yapıldı. Mağazanın veritabanı kendi kısmını reddetti; mağaza kaydı olduğu gibi kaldı.", "تم. لكن قاعدة بيانات المتجر رفضت جزءها، فبقي سجل المتجر كما كان."],
        did_confirm => ["Confirmed.", "Onaylandı.", "تم التأكيد."],
        did_confirm_before => ["It was confirmed before; that stays.", "Zaten onaylanmıştı; öyle kalıyor.", "كان مؤكدًا من قبل، ويبقى كذلك."],
        did_pause => ["Buying is paused.", "Satın alma duraklatıldı.", "أُوقف الشراء مؤقتًا."],
        did_pause_before => ["It was paused before; that stays.", "Zaten duraklatılmıştı; öyle kalıyor.", "كان متوقفًا من قبل، ويبقى كذلك."],
        did_resume => ["Buying goes on.", "Satın alma sürüyor.", "استؤنف الشراء."],
        did_resume_before => ["It was not paused.", "Duraklatılmış değildi.", "لم يكن متوقفًا."],
        did_start => ["The job was started; its report appears when it is done.", "Görev başlatıldı; bitince raporu burada görünür.", "بدأت المهمة، ويظهر تقريرها عند انتهائها."],
        did_run_before => ["The job is running already; it was not started again. Its report appears when it is done.", "Görev zaten çalışıyor; yeniden başlatılmadı. Bitince raporu burada görünür.", "المهمة قيد التشغيل بالفعل؛ لم تُشغَّل مجددًا. ويظهر تقريرها عند انتهائها."],
        changed => ["The order has changed meanwhile; nothing was done. Look again.", "Sipariş bu arada değişti; hiçbir şey yapılmadı. Yeniden bakın.", "تغيّر الطلب في هذه الأثناء؛ لم يُنفَّذ شيء. انظر مجددًا."],
        busy => ["Somebody else holds the shop's row of this order right now; nothing was done. Try again.", "Bu siparişin mağaza kaydını şu anda başkası kullanıyor; hiçbir şey yapılmadı. Yeniden deneyin.", "سجل هذا الطلب مشغول الآن؛ لم يُنفَّذ شيء. حاول مجددًا."],
        not_now => ["Passes cannot be run now; try again in a moment.", "Şu anda çalıştırılamıyor; birazdan yeniden deneyin.", "لا يمكن التشغيل الآن؛ حاول بعد قليل."],
        incomplete => ["A name and a reason are needed, each in at most 500 characters.", "Ad ve gerekçe gerekli; her biri en çok 500 karakter.", "الاسم والسبب مطلوبان، كل منهما 500 حرف على الأكثر."],
        no_code => ["There is no code.", "Kod yok.", "لا يوجد كود."],
    }
}
