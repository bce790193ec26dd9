//! Stops raising when somebody else sends, too: two that overwrite each other sell what is not there.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Forecast, PushReport, Reconciler, Seller, observe::Observations};
use crate::{
    stock::{
        Barcode,
        rule::{Answer, Reason},
        second_pusher::{Circumstances, Look, OnSecondPusher, WHO, find},
    },
    store::{Person, PlannedPush},
    worker::job::JobError,
};

/// What went out longer ago is not applied any more: Trendyol's queue was seen to hang for two and a half hours.
const APPLIED_WITHIN: TimeDelta = TimeDelta::hours(6);

impl Reconciler {
    /// Nothing is sent while a person has paused stock, and nothing is raised while orderwatch has.
    pub(super) async fn without_paused(
        &self,
        mut items: Vec<PlannedPush>,
        report: &mut PushReport,
    ) -> Result<Vec<PlannedPush>, JobError> {
        let Some(pause) = self.seller().store.stock_pause().await? else {
            return Ok(items);
        };

        let what = if pause.lets_lower() {
            "raising"
        } else {
            "sending"
        };
        let words = format!(
            "{what} stock is paused since {} by {}: {}. `orderwatch stock resume` ends it",
            pause.at.format("%F %R"),
            pause.who,
            pause.why
        );
        if !pause.lets_lower() {
            return Err(JobError::Partly(words));
        }

        report.trouble(words);
        items.retain(|item| item.reason == Reason::Lower);
        Ok(items)
    }

    /// Judges what was found on sale; pauses raising where somebody else sends.
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

        let differ: Vec<String> = looks
            .iter()
            .filter(|look| look.observed != look.ours)
            .map(|look| look.barcode.as_str().to_owned())
            .collect();
        if differ.is_empty() {
            return Ok(());
        }

        // Only of those that differ: the others need no explanation.
        self.explain(&mut looks, &differ, since).await?;

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

    /// Adds what may have changed the figures of these barcodes since a time.
    async fn explain(
        &self,
        looks: &mut [Look],
        barcodes: &[String],
        since: DateTime<Utc>,
    ) -> Result<(), JobError> {
        let Seller { store, clock, .. } = self.seller();
        let barcodes: Vec<&str> = barcodes.iter().map(String::as_str).collect();

        for (barcode, sold, restored) in store.moved_units(&barcodes, since).await? {
            let looks = looks.iter_mut();
            for look in looks.filter(|look| look.barcode.as_str() == barcode) {
                (look.sold, look.restored) = (sold, restored);
            }
        }

        let lately = clock.now() - APPLIED_WITHIN;
        for (barcode, units) in store.largest_sends(&barcodes, lately).await? {
            let looks = looks.iter_mut();
            for look in looks.filter(|look| look.barcode.as_str() == barcode) {
                look.sent_lately = units;
            }
        }

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

    let open = forecast.reserved.units(barcode);

    Some(Look {
        barcode: barcode.clone(),
        ours: before.on_sale()?,
        ours_at: before.observed.as_ref()?.at,
        sent_lately: 0,
        sold: 0,
        restored: 0,
        open: i32::try_from(open).unwrap_or(i32::MAX),
        observed,
    })
}
