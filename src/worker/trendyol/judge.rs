//! Stops sending when somebody else sends, too.

use super::{Forecast, PushStock, Pushed};
use crate::{
    stock::second_pusher::{Circumstances, Look, OnSecondPusher, find},
    store::Person,
    worker::periodic::JobError,
};

/// Who pauses, in the records.
const WHO: &str = "orderwatch";

impl PushStock {
    /// Nothing is sent while stock is paused.
    pub(super) async fn may_send(&self) -> Result<(), JobError> {
        match self.seller().store.stock_pause().await? {
            None => Ok(()),
            Some(pause) => Err(JobError::Partly(format!(
                "sending stock is paused since {} by {}: {}. `orderwatch stock resume` ends it",
                pause.at.format("%F %R"),
                pause.who,
                pause.why
            ))),
        }
    }

    /// Judges what was found on sale.
    ///
    /// # Errors
    /// [`JobError::Partly`] when sending was paused because of it.
    pub(super) async fn judge(
        &self,
        mut looks: Vec<Look>,
        by_chance: bool,
        forecast: &Forecast,
        pushed: &mut Pushed,
    ) -> Result<(), JobError> {
        let seller = self.seller();
        for look in &mut looks {
            let open = forecast.reserved.units(&look.barcode);
            look.open = i32::try_from(open).unwrap_or(i32::MAX);
        }
        let circumstances = Circumstances {
            by_chance,
            orders_known: !forecast.is_stale(),
            since: seller.store.stock_resumed_at().await?,
            now: seller.clock.now(),
        };
        let Some(found) = find(&looks, circumstances) else {
            return Ok(());
        };

        tracing::error!(
            raised = found.raised,
            lowered = found.lowered,
            of = found.of,
            evidence = %found,
            "somebody else sends stock to Trendyol"
        );
        if self.on_second_pusher() == OnSecondPusher::Warn {
            pushed.trouble(found.to_string());
            return Ok(());
        }
        let person = Person {
            who: WHO.to_owned(),
            why: found.to_string(),
        };
        seller
            .store
            .pause_stock(&person, seller.clock.now())
            .await?;
        self.may_send().await
    }
}
