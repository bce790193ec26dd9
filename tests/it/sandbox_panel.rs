//! The practice panel as a client sees it, byte by byte: what every other test relies on.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod answers;
mod faults;
mod flow;
pub(crate) mod wire;

use sandbox::panel::{Panel, PanelPlan};

use self::wire::{Seen, get};

async fn start(change: impl FnOnce(&mut PanelPlan)) -> Panel {
    let mut plan = PanelPlan::sample(7);
    change(&mut plan);
    Panel::start(plan).await.unwrap()
}

/// The target of a purchase of entry 2 (35.00 TRY, gives a PIN).
fn buying(reference: &str) -> String {
    let fields = "oyun=1&kupur=325&oyuncu_bilgi=player-";
    format!("/servis/pin_ekle.php?kod=bayi&sifre=gizli&{fields}{reference}&referans={reference}")
}

fn asking(reference: &str) -> String {
    let id = "tahsilat_api_islem_id";
    format!("/servis/pin_kontrol.php?kod=bayi&sifre=gizli&{id}={reference}")
}

async fn buy(panel: &Panel, reference: &str) -> Seen {
    get(panel, &buying(reference)).await
}

async fn ask(panel: &Panel, reference: &str) -> Seen {
    get(panel, &asking(reference)).await
}
