//! The panels: accounts, balances, price lists.
//!
//! A panel that may be called over plain http is warned about and asked all the same: the daemon sends
//! the account there with every purchase and every check, so one question more gives nothing away
//! that is not given away already, and whether it works has to be known. One that may not is not asked.

use std::{fmt::Display, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use rust_decimal::Decimal;
use tokio::time::{Instant, timeout};

use super::{Lists, Patient, finding::Findings};
use crate::{
    config::Config,
    order::{IntegrationId, Reference, StatusAnswer},
    outbound::{PlainHttp, Secrecy},
    provider::{AccountError, AnswerClass, Catalogue, Http, Provider, ReadError, kind::Kind},
    store::Integration,
    telemetry::{Secrets, chain},
    text::format::Format,
};

/// Panels that are asked at once.
const AT_ONCE: usize = 8;

struct Asked<'a> {
    panel: Arc<dyn Provider>,
    name: &'a str,
    config: &'a Config,
    /// The longest wait for one answer.
    longest: Duration,
    findings: Findings,
}

/// Checks every panel; also returns the price lists. None is asked any more after `until`.
pub(super) async fn check(patient: &Patient<'_>, until: Instant) -> (Findings, Lists) {
    let mut findings = Findings::default();
    let (rows, http) = match means(patient).await {
        Ok(means) => means,
        Err(fault) => return (fault, Lists::new()),
    };

    if rows.is_empty() {
        findings.fail(
            "panels",
            format!(
                "There is no panel: no row of integrations has one of the providers {}.",
                Kind::names().join(", ")
            ),
            "Enter the reseller account in the shop.",
        );
    }

    // Before anything is asked: an answer or an error may repeat them.
    let secrets = rows.iter().flat_map(|row| {
        row.credentials
            .base_url
            .iter()
            .chain(row.credentials.secrets())
    });
    Secrets::process().register(secrets);

    let checks: Vec<_> = rows
        .iter()
        .map(|row| one(row, patient, &http, until))
        .collect();
    // Buffered in order, so that the findings keep the order of the panels.
    let mut checks = stream::iter(checks).buffered(AT_ONCE);

    let mut lists = Lists::new();
    while let Some((found, list)) = checks.next().await {
        findings.append(found);
        lists.extend(list);
    }
    (findings, lists)
}

/// What the panels are asked with, or why they cannot be.
async fn means(patient: &Patient<'_>) -> Result<(Vec<Integration>, Http), Findings> {
    let fault = |text, fix: &str| {
        let mut findings = Findings::default();
        findings.fail("panels", text, fix);
        findings
    };

    let rows = timeout(patient.pace.part, patient.store.integrations()).await;
    let rows = rows.map_err(|_| {
        fault(
            "The panels could not be read in time.".to_owned(),
            "Check whether the database is overloaded.",
        )
    })?;
    let rows = rows.map_err(|error| {
        fault(
            chain(&error),
            "GRANT SELECT ON public.integrations TO the role of database.url;",
        )
    })?;

    let http = Http::new(&patient.means.calls).map_err(|error| {
        fault(
            chain(&error),
            "Install the system's root certificates (package ca-certificates).",
        )
    })?;
    Ok((rows, http))
}

async fn one(
    row: &Integration,
    patient: &Patient<'_>,
    http: &Http,
    until: Instant,
) -> (Findings, Option<(IntegrationId, Catalogue)>) {
    let mut findings = Findings::default();
    let name = &*row.name;
    let plain = &patient.config.znet.allow_plain_http;
    let Some(panel) = usable(row, http, plain, &mut findings) else {
        return (findings, None);
    };

    // Checked before each panel: there may be a hundred, and each may use up its whole time.
    if Instant::now() >= until {
        findings
            .skip(
                "panel",
                format!(
                    "{name} was not asked: no time was left. `orderwatch doctor` takes longer."
                ),
            )
            .about(name);
        return (findings, None);
    }

    let mut asked = Asked {
        panel,
        name,
        config: patient.config,
        longest: patient.pace.call,
        findings,
    };

    // A panel that does not tell its balance would not answer the longer question either.
    let list = if asked.balance().await {
        if !row.kind.refuses_repeats {
            asked.names().await;
        }
        asked.catalogue().await
    } else {
        None
    };
    (asked.findings, list.map(|list| (row.id, list)))
}

/// The panel, if it is to be asked.
fn usable(
    row: &Integration,
    http: &Http,
    plain: &PlainHttp,
    findings: &mut Findings,
) -> Option<Arc<dyn Provider>> {
    let name = &*row.name;
    if !row.enabled {
        // The shop's own decision, so no fault.
        let text = format!("{name} is disabled in the shop.");
        findings.skip("panel", text).about(name);
        return None;
    }

    let panel = match row.kind.connect(&row.credentials, http, plain) {
        Ok(panel) => panel,
        Err(error) => {
            findings
                .fail(
                    "account",
                    format!("{name} cannot be used: {error}. Its orders are held."),
                    account_fix(&error),
                )
                .about(name);
            return None;
        }
    };

    // A warning only: the daemon sends the account there with every call anyway (see above).
    if row.credentials.secrecy(plain) == Some(Secrecy::PlainAllowed) {
        findings
            .warn(
                "plain http",
                format!(
                    "{name} is called over plain http, as znet.allow_plain_http permits: its account, with the password or the token, can be read on the way, with every order."
                ),
                "Use the panel's https address, if it has one.",
            )
            .about(name);
    }

    if row.paused {
        findings
            .warn(
                "paused",
                format!("Buying at {name} is paused."),
                "`orderwatch resume --integration ID` once the cause is gone; a wrong ID lists them.",
            )
            .about(name);
    }
    Some(panel)
}

impl Asked<'_> {
    /// Whether the panel answers.
    async fn balance(&mut self) -> bool {
        let answer = timeout(self.longest, self.panel.balance()).await;
        let Some(balance) = self.answered("balance", answer) else {
            return false;
        };
        funds(balance, self.name, self.config, &mut self.findings);
        true
    }

    /// Whether it says that it does not know a name, without which nothing is bought there.
    async fn names(&mut self) {
        let stranger = Reference::of_nobody();
        let reply = timeout(self.longest, self.panel.status(&stranger)).await;
        let name = self.name;
        let (text, fix) = match reply.map(|reply| reply.answer) {
            Ok(StatusAnswer::NotKnown { .. }) => {
                let text =
                    format!("{name} says that it does not know an order which nobody has placed.");
                self.findings.ok("names", text).about(name);
                return;
            }
            Ok(StatusAnswer::Unclear) | Err(_) => (
                "does not say clearly that it does not know an order which nobody has placed: nothing is bought there.",
                "Ask the panel what it answers to check with uuid=1 and an unknown order_uuid.",
            ),
            Ok(_) => (
                "answers about an order which nobody has placed: nothing is bought there.",
                "Ask the panel whether check takes uuid=1; route its packages to another panel meanwhile.",
            ),
        };
        self.findings
            .fail("names", format!("{name} {text}"), fix)
            .about(name);
    }

    async fn catalogue(&mut self) -> Option<Catalogue> {
        let answer = timeout(self.longest, self.panel.catalogue()).await;
        let list = self.answered("price list", answer)?;
        let (name, products) = (self.name, list.products.len());
        let text = format!("{name} lists {products} products.");
        self.findings.ok("price list", text).about(name);
        Some(list)
    }

    /// An answer; whatever else came is a finding.
    fn answered<T, E>(
        &mut self,
        check: &'static str,
        answer: Result<Result<T, ReadError>, E>,
    ) -> Option<T> {
        let name = self.name;
        let (text, fix): (&dyn Display, _) = match &answer {
            Ok(Ok(_)) => return answer.ok()?.ok(),
            Ok(Err(error)) => (error, fix(error)),
            Err(_) => (
                &format_args!("no answer came in {} seconds", self.longest.as_secs()),
                "Check whether the panel works, and whether this machine reaches it.",
            ),
        };

        let text = format!("{name}: {text}");
        self.findings.fail(check, text, fix).about(name);
        None
    }
}

fn funds(balance: Decimal, name: &str, config: &Config, findings: &mut Findings) {
    let low = config.balance.warn_below.filter(|limit| balance < *limit);
    // An empty account fails whatever limit is set: nothing can be bought with it.
    let finding = if balance <= Decimal::ZERO {
        findings.fail(
            "balance",
            format!(
                "The account at {name} is empty: {}.",
                Format::PLAIN.money(balance, "TRY")
            ),
            "Top it up at the panel.",
        )
    } else if let Some(limit) = low {
        findings.warn(
            "balance",
            format!(
                "{name} holds {}, less than {}.",
                Format::PLAIN.money(balance, "TRY"),
                Format::PLAIN.money(limit, "TRY")
            ),
            "Top it up at the panel.",
        )
    } else {
        findings.ok(
            "balance",
            format!("{name} holds {}.", Format::PLAIN.money(balance, "TRY")),
        )
    };

    finding.about(name);
}

/// The address itself is not repeated: what doctor finds is shown on pages, and a panel's address is kept off them.
const fn account_fix(error: &AccountError) -> &'static str {
    match error {
        AccountError::PlainHttp => {
            "Enter the panel's https address in the shop. If it has none, add its host to znet.allow_plain_http and reload; then retry its held orders."
        }
        _ => "Correct the integration in the shop, then retry its held orders.",
    }
}

const fn fix(error: &ReadError) -> &'static str {
    match error {
        ReadError::Unreachable { .. } => {
            "Check \"baseUrl\" of the integration, and whether this machine reaches the panel."
        }
        ReadError::Refused { .. } => {
            "Check the integration's account (kod and sifre, or its API token), and what it may do at the panel."
        }
        // How panels answer to a wrong account or a blocked address, instead of an error of their own.
        ReadError::Unreadable {
            class: AnswerClass::Empty | AnswerClass::Html,
            ..
        } => {
            "Wrong account or \"baseUrl\", or the panel does not let this machine's address in: have it put on the panel's list."
        }
        ReadError::Unreadable { .. } => {
            "Check \"baseUrl\" and provider of the integration: is it a panel of that kind?"
        }
    }
}
