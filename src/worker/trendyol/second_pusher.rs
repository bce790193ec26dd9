//! Stops sending when somebody else sends, too: two that overwrite each other sell what is not there.

use super::{Forecast, PushReport, Reconciler, observe::Observations};
use crate::{
    stock::{
        Barcode,
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
    pub(super) async fn pause_for_second_pusher(
        &self,
        observed: &Observations,
        by_chance: bool,
        forecast: &Forecast,
        report: &mut PushReport,
    ) -> Result<(), JobError> {
        let seller = self.seller();
        let mut looks: Vec<Look> = observed
            .answers
            .iter()
            .filter_map(|(barcode, answer)| look(barcode, answer, observed, forecast))
            .collect();
        // The same examples every time.
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

        // Only of those that differ: the others need no explanation.
        for (barcode, sold, restored) in seller.store.moved_units(&differ, since).await? {
            for look in looks
                .iter_mut()
                .filter(|look| look.barcode.as_str() == barcode)
            {
                (look.sold, look.restored) = (sold, restored);
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
            report.trouble(found.to_string());
            return Ok(());
        }

        let person = Person {
            who: WHO.to_owned(),
            why: found.to_string(),
        };
        let now = seller.clock.now();
        // Written down, so that it holds for every replica and after a restart, until a person resumes.
        seller.store.pause_stock(&person, now).await?;

        Ok(())
    }
}

/// What an observation says about who else sends; nothing while a push of ours is under way.
fn look(
    barcode: &Barcode,
    answer: &Answer,
    known: &Observations,
    forecast: &Forecast,
) -> Option<Look> {
    let before = known
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
        restored: 0,
        open: i32::try_from(open).unwrap_or(i32::MAX),
        observed,
    })
}
