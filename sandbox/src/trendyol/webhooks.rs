//! Webhooks: who is called about changes of packages, and which calls are still to be made.

mod delivery;
mod registration;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

pub use self::delivery::HookDelivery;
pub(super) use self::delivery::Outgoing;
use self::registration::Registration;
use super::{
    answer::Problem, call::Target, json, package::Package, plan::StorePlan, status::Status,
};

/// Webhooks of one seller, the passive ones included.
const MOST: usize = 15;
/// After so many failures in a row a webhook is passive.
const MOST_FAILURES: u32 = 13;
/// From a failure to the next try.
const AGAIN: TimeDelta = TimeDelta::minutes(5);

/// The webhooks of the seller, and the calls that are still to be made to them.
#[derive(Debug, Default)]
pub(super) struct Webhooks {
    list: Vec<Webhook>,
    outbox: BTreeMap<(DateTime<Utc>, u64), Outgoing>,
    deliveries: Vec<HookDelivery>,
    seq: u64,
}

#[derive(Debug)]
struct Webhook {
    id: String,
    registration: Arc<Registration>,
    active: bool,
    created: DateTime<Utc>,
    changed: DateTime<Utc>,
}

impl Webhooks {
    /// A call of the registration. Returns the body of its answer.
    pub(super) fn call(
        &mut self,
        method: &str,
        target: &Target<'_>,
        body: &[u8],
        rng: &mut Rng,
        now: DateTime<Utc>,
    ) -> Result<String, Problem> {
        let (id, verb) = target.id.split_once('/').unwrap_or((target.id, ""));
        match (method, id, verb) {
            ("GET", "", "") => Ok(self.listed()),
            ("POST", "", "") => self.register(Registration::read(body)?, rng, now),
            ("PUT", id, "") => {
                let registration = Arc::new(Registration::read(body)?);
                self.find(id, now)?.registration = registration;
                Ok(String::new())
            }
            ("PUT", id, "activate") => self.set_active(id, true, now),
            ("PUT", id, "deactivate") => self.set_active(id, false, now),
            ("DELETE", id, "") => {
                self.find(id, now)?;
                self.list.retain(|hook| hook.id != id);
                Ok(String::new())
            }
            _ => Err(Problem::new(
                405,
                "method.not.allowed",
                "Method not allowed",
            )),
        }
    }

    fn register(
        &mut self,
        registration: Registration,
        rng: &mut Rng,
        now: DateTime<Utc>,
    ) -> Result<String, Problem> {
        if self.list.len() >= MOST {
            return Err(bad("En fazla 15 webhook tanımlanabilir"));
        }

        let id = uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes())
            .into_uuid()
            .to_string();

        let answer = json::object(json::Names::New, |o| {
            o.text("id", &id);
        });

        self.list.push(Webhook {
            id,
            registration: Arc::new(registration),
            active: true,
            created: now,
            changed: now,
        });

        Ok(answer)
    }

    fn set_active(
        &mut self,
        id: &str,
        active: bool,
        now: DateTime<Utc>,
    ) -> Result<String, Problem> {
        self.find(id, now)?.active = active;
        Ok(String::new())
    }

    /// The webhook that is to be changed.
    fn find(&mut self, id: &str, now: DateTime<Utc>) -> Result<&mut Webhook, Problem> {
        let found = self.list.iter_mut().find(|hook| hook.id == id);
        let hook =
            found.ok_or_else(|| Problem::new(404, "webhook.not.found", "Webhook bulunamadı"))?;
        hook.changed = now;
        Ok(hook)
    }

    fn listed(&self) -> String {
        let hooks: Vec<String> = self.list.iter().map(Webhook::json).collect();
        format!("[{}]", hooks.join(","))
    }

    /// Notes a change of a package for every active webhook that wants to hear of it.
    pub(super) fn announce(&mut self, package: &Package, plan: &StorePlan, due: DateTime<Utc>) {
        let mut body = None;
        for hook in self.list.iter().filter(|hook| hook.active) {
            if !hook.registration.wants(&package.status) {
                continue;
            }
            let body = body.get_or_insert_with(|| Arc::from(envelope(package, plan)));
            self.seq += 1;
            let outgoing = Outgoing {
                webhook: hook.id.clone(),
                registration: Arc::clone(&hook.registration),
                package: package.id,
                order_number: package.order_number.clone(),
                status: package.status.clone(),
                attempt: 1,
                body: Arc::clone(body),
            };
            self.outbox.insert((due, self.seq), outgoing);
        }
    }

    /// The next thing that is due. What a webhook missed while it was passive is not sent later.
    pub(super) fn next(&mut self, now: DateTime<Utc>) -> Option<Outgoing> {
        loop {
            let first = self
                .outbox
                .first_entry()
                .filter(|first| first.key().0 <= now)?;
            let mut outgoing = first.remove();
            let hook = self.list.iter().find(|hook| hook.id == outgoing.webhook);
            if let Some(hook) = hook.filter(|hook| hook.active) {
                outgoing.registration = Arc::clone(&hook.registration);
                return Some(outgoing);
            }
        }
    }

    /// Writes down what came of a try, and when the next one is due if it failed.
    pub(super) fn tried(&mut self, outgoing: Outgoing, answered: Option<u16>, now: DateTime<Utc>) {
        self.deliveries.push(outgoing.record(answered, now));
        if answered.is_some_and(|status| (200..300).contains(&status)) {
            return;
        }

        if outgoing.attempt >= MOST_FAILURES {
            let mut list = self.list.iter_mut();
            if let Some(hook) = list.find(|hook| hook.id == outgoing.webhook) {
                (hook.active, hook.changed) = (false, now);
            }
            return;
        }
        self.seq += 1;

        let again = Outgoing {
            attempt: outgoing.attempt + 1,
            ..outgoing
        };

        self.outbox.insert((now + AGAIN, self.seq), again);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn deliveries(&self) -> &[HookDelivery] {
        &self.deliveries
    }
}

impl Webhook {
    fn json(&self) -> String {
        json::object(json::Names::New, |o| {
            o.text("id", &self.id)
                .raw("createdDate", self.created.timestamp_millis())
                .raw("lastModifiedDate", self.changed.timestamp_millis())
                .text("status", if self.active { "ACTIVE" } else { "PASSIVE" });
            self.registration.write(o);
        })
    }
}

/// A package in the envelope of a page.
fn envelope(package: &Package, plan: &StorePlan) -> String {
    let package = package.json(&plan.quirks, plan.seller_id);
    json::object(plan.quirks.names, |o| {
        o.raw("totalElements", 1)
            .raw("totalPages", 1)
            .raw("page", 0)
            .raw("size", 1)
            .written("content", [&*package]);
    })
}

/// `AtCollectionPoint` as webhooks call it: `AT_COLLECTION_POINT`.
fn upper_snake(status: &Status) -> String {
    let mut name = String::new();
    for letter in status.as_str().chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_uppercase());
    }
    // The two names that are one word each in the documents.
    name.replace("UN_", "UN")
}

fn bad(message: &str) -> Problem {
    Problem::new(400, "bad.request", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_the_names_of_the_documents() {
        for (status, want) in [
            (Status::Created, "CREATED"),
            (Status::UnDelivered, "UNDELIVERED"),
            (Status::UnPacked, "UNPACKED"),
            (Status::AtCollectionPoint, "AT_COLLECTION_POINT"),
        ] {
            assert_eq!(upper_snake(&status), want);
        }
    }
}
