//! What would keep orders from flowing, each with what to do about it: for the command line and for
//! the API alike.
//!
//! What must stay true:
//!
//! * it only asks: nothing is bought, nothing is written, and a panel is asked for balance and price
//!   list only,
//! * every question has a deadline (`Pace`), and one that fails keeps none of the others from
//!   being asked,
//! * no finding holds a secret, whatever a panel or a database said.

mod account;
pub(crate) mod adopt;
mod columns;
mod database;
mod finding;
mod keeping;
mod losses;
mod market;
mod panels;
mod rights;
mod role;
mod routes;
mod running;
mod server;
mod settling;
mod tenants;
mod warehouse;

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::{Instant, timeout};

pub(crate) use self::finding::{Diagnosis, Finding, Findings, Outcome};
pub(crate) use self::{
    account::{OtherAccount, account_fault},
    columns::table_faults,
    keeping::{KeepingFault, keeping_fault},
};
use crate::{
    config::Config,
    order::{IntegrationId, explain::Buying},
    provider::{Catalogue, HttpSettings},
    store::{Store, StoreError},
    telemetry::{Secrets, chain},
    worker::trendyol::Seller,
};

/// What is examined, and with what.
#[derive(Clone, Copy)]
pub(crate) struct Patient<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: &'a Store,
    pub(crate) means: Means,
    /// The Trendyol store, if one is configured; otherwise why it cannot be used.
    pub(crate) seller: Option<Result<&'a Seller, &'a str>>,
    pub(crate) pace: Pace,
}

/// What the settings mean for the daemon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    /// Limits of the calls to panels.
    pub(crate) calls: HttpSettings,
    pub(crate) buying: Buying,
}

/// How long it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// The longest wait for one answer from outside, whatever the configuration allows.
    pub(crate) call: Duration,
    /// The longest wait for what the database is asked about one subject.
    pub(crate) part: Duration,
    /// No panel is asked any more after this.
    pub(crate) whole: Duration,
}

impl Pace {
    /// Of somebody who waits at a terminal, and may have a hundred panels.
    pub(crate) const PATIENT: Self = Self {
        call: Duration::from_secs(30),
        part: Duration::from_mins(1),
        whole: Duration::from_mins(10),
    };
    /// Of a request, which must be answered within half a minute.
    pub(crate) const QUICK: Self = Self {
        call: Duration::from_secs(6),
        part: Duration::from_secs(6),
        whole: Duration::from_secs(10),
    };
}

/// The price lists that could be read.
type Lists = HashMap<IntegrationId, Catalogue>;

pub(crate) async fn examine(patient: Patient<'_>) -> Findings {
    let mut findings = Findings::default();
    all(patient, &mut findings).await;
    // Last, over everything: an answer of a panel or a database may repeat a secret.
    findings.masked(&Secrets::process())
}

async fn all(patient: Patient<'_>, findings: &mut Findings) {
    let Patient { store, pace, .. } = patient;
    let until = Instant::now() + pace.whole;

    let Some(now) = database::basics(store, pace, findings).await else {
        findings.skip(
            "everything else",
            "It rests on a database that answers and is up to date.",
        );
        return;
    };

    // The panels are asked meanwhile; what they sell is compared with the mappings afterwards.
    let (schema, world, (accounts, lists), market, money) = tokio::join!(
        within(pace, "database", database::details(&patient, now)),
        within(pace, "daemon", running::check(&patient, now)),
        panels(&patient, until),
        market::check(&patient, now),
        within(pace, "settling", money(&patient, now)),
    );

    let routes = if patient.config.shop.enabled {
        let player = &patient.config.player;
        within(pace, "routing", routes::check(store, player, &lists)).await
    } else {
        Findings::default()
    };

    // In the order in which people read them, whichever answered first.
    for part in [schema, accounts, routes, market, world, money] {
        findings.append(part);
    }
}

/// What the customers' orders bring, and who gives it back.
async fn money(patient: &Patient<'_>, now: DateTime<Utc>) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    if patient.config.shop.enabled {
        findings.append(settling::check(patient, now).await?);
        findings.append(losses::check(patient, now).await?);
    }
    Ok(findings)
}

async fn panels(patient: &Patient<'_>, until: Instant) -> (Findings, Lists) {
    if patient.config.shop.enabled {
        return panels::check(patient, until).await;
    }

    let mut findings = Findings::default();
    findings.skip("shop", "The shop is switched off (shop.enabled).");
    (findings, Lists::new())
}

/// A part that does not end in time is a finding, and so is one that the database ends.
async fn within<E: std::error::Error>(
    pace: Pace,
    part: &'static str,
    check: impl Future<Output = Result<Findings, E>>,
) -> Findings {
    let mut findings = Findings::default();

    match timeout(pace.part, check).await {
        Ok(Ok(found)) => return found,
        Ok(Err(error)) => {
            findings.fail(
                part,
                chain(&error),
                "See what the database says; rights that are missing have findings of their own.",
            );
        }
        Err(_) => {
            findings.fail(
                part,
                "No answer came in time.",
                "Check whether the database is overloaded, or a connection to it hangs.",
            );
        }
    }

    findings
}
