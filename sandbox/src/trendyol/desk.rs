//! The desk: takes a request, lets happen to it what the plan says, and answers.

mod endpoints;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{
    Endpoint, Ledger, RequestRecord,
    answer::{Problem, blocked, json},
    call::{Query, Target},
    door::Door,
    limits::{Gatekeeper, TooMany},
    plan::StorePlan,
    push::{self, Change, REPEATED},
    state::State,
    times::{StoreClock, span},
};
use crate::{
    faults::Faults,
    gates::Gates,
    http::{Answer, Greeting, Reply, Request, Service},
    lock,
    trouble::Fault,
    turn::Turn,
};

pub(super) struct Desk {
    pub(super) plan: Arc<StorePlan>,
    pub(super) clock: StoreClock,
    pub(super) state: Arc<Mutex<State>>,
    pub(super) gatekeeper: Mutex<Gatekeeper>,
    pub(super) ledger: Ledger,
    pub(super) faults: Faults<Endpoint>,
    pub(super) gates: Gates<Endpoint>,
    door: Door,
    /// Until when an endpoint answers 556 only.
    blocked: Mutex<HashMap<Endpoint, DateTime<Utc>>>,
}

/// A request with everything that was read of it.
struct Visit<'a> {
    request: Request<'a>,
    target: Target<'a>,
    /// The items of a stock report; none elsewhere.
    changes: Result<Vec<Change>, Problem>,
    seq: Option<usize>,
}

impl Service for Desk {
    type Ticket = ();

    fn greet(&self) -> Greeting {
        self.faults.greet()
    }

    fn arrive(&self) {}

    async fn serve<'a>(&'a self, request: Request<'a>) -> Reply {
        let Some(target) = Target::at(request.path()) else {
            self.ledger.stray();
            return Reply::Send(Answer::page(404));
        };
        if !target.endpoint.methods().contains(&request.method) {
            self.ledger.stray();
            return Reply::Send(Answer::page(405));
        }
        self.attend(request, target).await
    }
}

impl Desk {
    pub(super) fn new(plan: StorePlan) -> Self {
        let plan = Arc::new(plan);
        let clock = StoreClock::new(Arc::clone(&plan.clock));
        let state = State::new(Arc::clone(&plan), clock.now());
        let state = Arc::new(Mutex::new(state));

        Self {
            ledger: Ledger::new(Arc::clone(&state), plan.keeps_requests),
            gatekeeper: Mutex::new(Gatekeeper::new(plan.limits.clone(), plan.seed)),
            faults: Faults::new(plan.seed, plan.faults.clone()),
            gates: Gates::default(),
            door: Door::new(&plan),
            blocked: Mutex::default(),
            plan,
            clock,
            state,
        }
    }

    /// The state, after everything that is due by now has happened.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        state.tick(self.clock.now());
        state
    }

    /// Blocks the address of every client at one endpoint, or at all of them.
    pub(super) fn block(&self, endpoint: Option<Endpoint>, lasts: Duration) {
        let until = self.clock.now() + span(lasts);
        let mut blocked = lock(&self.blocked);
        let all = Endpoint::ALL.into_iter();
        blocked.extend(
            all.filter(|e| endpoint.is_none_or(|one| one == *e))
                .map(|e| (e, until)),
        );
    }

    fn is_blocked(&self, endpoint: Endpoint) -> bool {
        let until = lock(&self.blocked).get(&endpoint).copied();
        until.is_some_and(|until| self.clock.now() < until)
    }

    /// A request to a known endpoint, from its arrival to its answer.
    async fn attend(&self, request: Request<'_>, target: Target<'_>) -> Reply {
        let draw = self.faults.draw(target.endpoint);
        let changes = match target.endpoint {
            Endpoint::PushStock => push::read(request.body),
            _ => Ok(Vec::new()),
        };

        let seq = self.ledger.arrived(target.endpoint, |seq| {
            let items = changes.as_deref().unwrap_or_default();
            self.record(seq, &request, &target, items, draw.fault.clone())
        });

        let visit = Visit {
            request,
            target,
            changes,
            seq,
        };

        let turn = Turn {
            endpoint: target.endpoint,
            draw,
            gates: &self.gates,
            target: request.target,
            text: &|text| json(200, text),
        };

        let reply = turn.take(|| self.work(visit)).await;
        let answered = match &reply {
            Reply::Send(answer) | Reply::Drip(answer, _) | Reply::Twice(answer) => {
                Some(answer.status)
            }
            _ => None,
        };
        self.ledger.note(seq, |record| record.answered = answered);

        reply
    }

    fn record(
        &self,
        seq: usize,
        request: &Request<'_>,
        target: &Target<'_>,
        items: &[Change],
        fault: Option<Fault>,
    ) -> RequestRecord {
        let item = |item: &Change| Some((item.barcode.clone(), item.quantity?));
        RequestRecord {
            seq,
            endpoint: target.endpoint,
            target: request.target.to_owned(),
            at: self.clock.now(),
            connection: request.connection,
            body: push::print(request.body),
            items: items.iter().filter_map(item).collect(),
            looks: Vec::new(),
            worked: None,
            answered: None,
            batch: None,
            repeated: false,
            fault,
        }
    }

    fn work(&self, visit: Visit<'_>) -> Answer {
        let (endpoint, seq) = (visit.target.endpoint, visit.seq);
        let answer = if self.is_blocked(endpoint) {
            blocked()
        } else if self.door.names_itself(&visit.request) {
            self.answer(visit).unwrap_or_else(|problem| {
                if problem.message == REPEATED {
                    self.ledger.note(seq, |record| record.repeated = true);
                }
                let errors = self.plan.quirks.errors;
                problem.answer(endpoint, errors, self.clock.now())
            })
        } else {
            Answer::page(403)
        };

        let status = answer.status;
        self.ledger.note(seq, |record| record.worked = Some(status));

        answer
    }

    fn answer(&self, visit: Visit<'_>) -> Result<Answer, Problem> {
        let now = self.clock.now();
        let admitted = lock(&self.gatekeeper).admit(visit.target.endpoint, now);
        admitted.map_err(|TooMany(wait)| Problem::too_many(wait))?;
        self.door.admits(&visit.request, &visit.target)?;
        let query = Query::read(visit.request.query());

        let body = match visit.target.endpoint {
            Endpoint::PushStock => self.push(visit)?,
            Endpoint::BatchResult => self.result(visit.target.id)?,
            Endpoint::ReadBack => self.read_back(&query, visit.seq)?,
            Endpoint::Orders => self.page(&query)?,
            Endpoint::OrderStream => self.stream(&query)?,
            Endpoint::Claims => self.claims(&query)?,
            Endpoint::RetiredOrders => return Err(retired()),
            Endpoint::Webhooks => self.webhooks(&visit.request, &visit.target)?,
            Endpoint::UpdatePackage => {
                self.state().progress(visit.target.id, visit.request.body)?;
                return Ok(json(200, Vec::new()));
            }
        };

        Ok(json(200, body))
    }
}

/// The first version of the order pages is gone.
fn retired() -> Problem {
    Problem::new(426, "upgrade.required", "Bu servis kapatılmıştır")
}
