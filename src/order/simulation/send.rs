//! Claims what can be sent, and sends what was claimed: `src/worker/dispatch/send.rs` and
//! `src/worker/dispatch/refused.rs`.

use chrono::TimeDelta;

use super::{
    Flaw,
    call::{Call, Doing},
    claims::Claim,
    database::Database,
    replica::Process,
    setting::{At, delta},
    sort::{ROUNDS, Ready, Sorted},
    tally::Path,
    world::{Step, Stream, World},
};
use crate::order::HoldReason;

impl World {
    /// `Dispatch::put_aside` and `Dispatch::send`.
    pub(super) fn claim(&mut self, process: Process, sorted: Sorted) {
        let (done, _) = self.commits();
        if done {
            self.put_aside(&sorted);
        }

        let mut left = sorted.ready;
        let (now, started) = (sorted.now, sorted.started);
        for round in 0..ROUNDS {
            let (done, heard) = self.commits();
            if self.db.has(Flaw::SendUnclaimed) && !done {
                self.send_unclaimed(process, &left, (now, started));
            }
            if left.is_empty() || !done {
                break;
            }
            let mut again = Vec::new();
            for mut ready in left {
                if round > 0 {
                    ready.reference = self.name(ready.order, ready.panel, round);
                }
                if let Some(taken) = self.claim_one(process, ready, (now, started), heard) {
                    again.push(taken);
                }
            }
            left = if heard { again } else { Vec::new() };
        }

        let scan = self.db.now + TimeDelta::seconds(5);
        self.wake(Stream::Dispatch, scan);
        // It comes back when its lease ends.
        if let Some(next) = self.db.next(false) {
            self.wake_due(Stream::Poll, next);
        }
    }

    fn put_aside(&mut self, sorted: &Sorted) {
        for &(order, panel, reason) in &sorted.holds {
            self.db.hold_new(order, Some(panel), reason);
        }
        for &(order, reason) in &sorted.queued_holds {
            self.db.hold_queued(order, reason);
        }
        for &order in &sorted.unwanted {
            self.db.withdraw_queued(order, sorted.now);
        }
        for &order in &sorted.unsure {
            self.db.ask_queued(order, sorted.now);
        }
    }

    /// Claims an order and sends it. Returns one whose name another order has.
    fn claim_one(
        &mut self,
        process: Process,
        ready: Ready,
        (now, started): (At, At),
        heard: bool,
    ) -> Option<Ready> {
        let claim = self.claim_of(&ready, now);
        if self.is_over_limit(&ready, &claim) {
            return None;
        }
        if self.db.rows[ready.order].refuses {
            self.db.hold_refused(ready.order, Some(ready.panel));
            return None;
        }

        let claimed = if ready.is_new {
            self.db.claim_new(&claim)
        } else {
            self.db.claim_queued(&claim)
        };
        if !claimed {
            if self.db.paused[ready.panel] {
                self.db.tally.path(Path::Paused);
            }
            return self.db.taken(&claim).then_some(ready);
        }
        self.sent[ready.order] = self.db.now;
        // Where only the answer to the commit was lost nothing is sent: it is asked about when the lease ends.
        if heard {
            let deadline = started + delta(self.setting.lease) - delta(self.setting.longest_call);
            let call = Call::purchase(&claim, &ready, deadline);
            self.go_on(process, Step::Send(Box::new(call)));
        }
        None
    }

    fn claim_of(&mut self, ready: &Ready, now: At) -> Claim {
        Claim {
            order: ready.order,
            panel: ready.panel,
            reference: ready.reference.clone(),
            expected: rust_decimal::Decimal::new(1500, 2),
            token: self.token(),
            now,
            until: Database::until(now, self.setting.lease),
            give_up_at: now + delta(self.setting.rules.give_up_after),
        }
    }

    fn send_unclaimed(&mut self, process: Process, all: &[Ready], (now, started): (At, At)) {
        for ready in all {
            let claim = self.claim_of(ready, now);
            let call = Call::purchase(&claim, ready, started + delta(self.setting.lease));
            self.go_on(process, Step::Send(Box::new(call)));
        }
    }

    /// `Dispatch::over_limit`.
    fn is_over_limit(&mut self, ready: &Ready, claim: &Claim) -> bool {
        let since = claim.now - TimeDelta::hours(24);
        // In the end the operator raises it.
        let limit = self.setting.limit.filter(|_| !self.is_calm());
        if limit.is_none_or(|limit| self.db.admits(claim, limit, since)) {
            return false;
        }
        let reason = HoldReason::DailyLimit;
        if ready.is_new {
            self.db.hold_new(ready.order, Some(ready.panel), reason);
        } else {
            self.db.hold_queued(ready.order, reason);
        }
        true
    }
}

impl Call {
    fn purchase(claim: &Claim, ready: &Ready, deadline: At) -> Self {
        Self {
            order: claim.order,
            panel: claim.panel,
            reference: claim.reference.clone(),
            token: claim.token,
            watched: ready.watched.clone(),
            doing: Doing::Begin,
            deadline,
            fallback: ready.fallback.clone(),
            elsewhere: ready.elsewhere.clone(),
            is_doubtful: ready.is_doubtful,
            asked: false,
            ours: true,
            sent_by: Some(claim.now),
            waited_at: None,
        }
    }
}
