//! What each endpoint does once a request has come so far.

use chrono::{DateTime, Utc};

use super::{Desk, Visit};
use crate::{
    http::Request,
    trendyol::{
        RequestRecord,
        answer::Problem,
        call::{Query, Target},
        claims,
        feed::Feed,
        json::{self, Names},
        orders::{LookUp, Reader},
        quirks::{Expired, NoClaims, Unfinished},
        readback::Reading,
        times::span,
    },
};

impl Desk {
    pub(super) fn push(&self, visit: Visit<'_>) -> Result<String, Problem> {
        let mut changes = visit.changes?;
        let (quirks, body) = (&self.plan.quirks, visit.request.body);
        let mut guard = self.state();
        let state = &mut *guard;
        let now = state.now();
        let noted = state
            .repetitions
            .note(quirks.repeats, body, &mut changes, now);

        noted.map_err(|problem| Problem {
            status: quirks.repeat_status,
            ..problem
        })?;

        let plan = &self.plan.queue;
        let id = state.queue.accept(changes, plan, &mut state.rng, now);

        // What needs no time is done at once.
        state.tick(now);
        drop(guard);
        let record = |record: &mut RequestRecord| record.batch = Some(id.clone());
        self.ledger.note(visit.seq, record);

        Ok(json::object(Names::New, |o| {
            o.text("batchRequestId", &id);
        }))
    }

    pub(super) fn result(&self, id: &str) -> Result<String, Problem> {
        let (state, quirks) = (self.state(), &self.plan.quirks);
        let nothing = || {
            json::object(Names::New, |o| {
                o.text("batchRequestId", id)
                    .text("status", "PROCESSING")
                    .raw("items", "[]");
            })
        };

        let Some(batch) = state.queue.find(id) else {
            return Ok(nothing());
        };

        if quirks.unfinished == Unfinished::Nothing && !batch.is_done() {
            return Ok(nothing());
        }

        if state.now() - batch.created() < span(quirks.results_last) {
            return Ok(batch.json(quirks.unfinished, quirks.batch_status));
        }

        match quirks.expired {
            Expired::Processing => Ok(nothing()),
            Expired::Blank => Ok("{}".to_owned()),
            Expired::NotFound => Err(Problem::new(
                404,
                "batch.request.not.found",
                "Batch request bulunamadı",
            )),
        }
    }

    pub(super) fn page(&self, query: &Query<'_>) -> Result<String, Problem> {
        let mut guard = self.state();
        let state = &mut *guard;
        let look = LookUp::draw(&self.plan.quirks.answers, &mut state.rng);
        self.reader(&state.feed, state.now()).page(query, look)
    }

    pub(super) fn read_back(
        &self,
        query: &Query<'_>,
        seq: Option<usize>,
    ) -> Result<String, Problem> {
        let mut guard = self.state();
        let state = &mut *guard;
        let now = state.now();
        let mut reading = Reading {
            shelf: &state.shelf,
            quirks: &self.plan.quirks,
            rng: &mut state.rng,
            now,
            looks: Vec::new(),
        };
        let page = reading.page(query)?;

        let looks = reading.looks;
        drop(guard);
        self.ledger.note(seq, |record| record.looks = looks);
        Ok(page)
    }

    fn reader<'s>(&'s self, feed: &'s Feed, now: DateTime<Utc>) -> Reader<'s> {
        Reader {
            feed,
            quirks: &self.plan.quirks,
            seller: self.plan.seller_id,
            now,
        }
    }

    pub(super) fn stream(&self, query: &Query<'_>) -> Result<String, Problem> {
        let mut guard = self.state();
        let state = &mut *guard;
        let reader = self.reader(&state.feed, state.now());
        reader.stream(query, &mut state.cursors, &mut state.rng)
    }

    pub(super) fn webhooks(
        &self,
        request: &Request<'_>,
        target: &Target<'_>,
    ) -> Result<String, Problem> {
        let mut guard = self.state();
        let state = &mut *guard;
        let now = state.now();
        state
            .webhooks
            .call(request.method, target, request.body, &mut state.rng, now)
    }

    /// Tells webhooks what is due. Returns how many tries that took.
    pub(in crate::trendyol) async fn deliver_hooks(&self) -> usize {
        let mut tries = 0;
        loop {
            let now = self.clock.now();
            let Some(outgoing) = self.state().webhooks.next(now) else {
                return tries;
            };
            let answered = outgoing.carry().await;
            self.state().webhooks.tried(outgoing, answered, now);
            self.ledger.changed();
            tries += 1;
        }
    }

    pub(super) fn claims(&self, query: &Query<'_>) -> Result<String, Problem> {
        let (state, quirks) = (self.state(), &self.plan.quirks);
        let page = claims::page(&state.claims, query, quirks)?;
        if quirks.no_claims == NoClaims::NotFound && page.is_empty {
            return Err(Problem::new(404, "claim.not.found", "İade bulunamadı"));
        }
        Ok(page.text)
    }
}
