//! Stops sending when somebody else sends, too.

use super::{Forecast, Pushed, Reconciler, look::Looked};
use crate::{
    marketplace::Barcode,
    stock::{
        rule::Answer,
        second_pusher::{Circumstances, Look, OnSecondPusher, find},
    },
    store::Person,
    worker::job::JobError,
};

/// Who pauses, in the records.
const WHO: &str = "orderwatch";

impl Reconciler {
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

    /// Judges what was found on sale; pauses sending where somebody else sends.
    pub(super) async fn judge(
        &self,
        looked: &Looked,
        by_chance: bool,
        forecast: &Forecast,
        pushed: &mut Pushed,
    ) -> Result<(), JobError> {
        let seller = self.seller();
        let mut looks: Vec<Look> = looked
            .answers
            .iter()
            .filter_map(|(barcode, answer)| look(barcode, answer, looked, forecast))
            .collect();
        looks.sort_by(|a, b| a.barcode.cmp(&b.barcode));
        let Some(since) = looks.iter().map(|look| look.ours_at).min() else {
            return Ok(());
        };
        let differ: Vec<&str> = looks
            .iter()
            .filter(|look| look.observed != look.ours)
            .map(|look| look.barcode.as_str())
            .collect();
        if differ.is_empty() {
            return Ok(());
        }
        for (barcode, sold, given_back) in seller.store.moved_units(&differ, since).await? {
            for look in looks
                .iter_mut()
                .filter(|look| look.barcode.as_str() == barcode)
            {
                (look.sold, look.given_back) = (sold, given_back);
            }
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
        if self.rules.on_second_pusher == OnSecondPusher::Warn {
            pushed.trouble(found.to_string());
            return Ok(());
        }
        let person = Person {
            who: WHO.to_owned(),
            why: found.to_string(),
        };
        let now = seller.clock.now();
        seller.store.pause_stock(&person, now).await?;
        Ok(())
    }
}

/// What a look says about who else sends; nothing while a push of ours is under way.
fn look(barcode: &Barcode, answer: &Answer, looked: &Looked, forecast: &Forecast) -> Option<Look> {
    let before = looked
        .before
        .get(barcode)
        .filter(|figure| figure.open().is_none())?;
    let Answer::Units(observed) = *answer else {
        return None;
    };
    let lately = before.recent.iter().map(|(units, _)| *units).max();
    let open = forecast.reserved.units(barcode);
    Some(Look {
        barcode: barcode.clone(),
        ours: before.on_sale()?,
        ours_at: before.observed.as_ref()?.at,
        sent_lately: lately.unwrap_or(0),
        sold: 0,
        given_back: 0,
        open: i32::try_from(open).unwrap_or(i32::MAX),
        observed,
    })
}
