//! The panels: accounts, balances, price lists.

use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::Url;
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};

use super::{Lists, finding::Findings, out};
use crate::{
    attention::money,
    config::Config,
    daemon::limits,
    order::IntegrationId,
    provider::{
        AnswerClass, Catalogue, Provider, ReadError,
        znet::{Account, Http, Znet},
    },
    store::{Integration, Store},
    telemetry::Secrets,
};

/// Panels that are asked at once.
const AT_ONCE: usize = 8;
/// The longest wait for one answer, connecting included, whatever the configuration allows.
const LONGEST: Duration = Duration::from_secs(30);

/// Looks at every panel; also returns the price lists.
pub(super) async fn look(store: &Store, config: &Config) -> (Findings, Lists) {
    let mut findings = Findings::default();
    let rows = match store.integrations().await {
        Ok(rows) => rows,
        Err(error) => {
            let text = out::chain(&anyhow::Error::new(error));
            findings.fail(
                "panels",
                text,
                "GRANT SELECT ON public.integrations TO the role of database.url;",
            );
            return (findings, Lists::new());
        }
    };
    let http = match Http::new(&limits::http(config)) {
        Ok(http) => http,
        Err(error) => {
            let text = out::chain(&anyhow::Error::new(error));
            findings.fail(
                "panels",
                text,
                "Install the system's root certificates (package ca-certificates).",
            );
            return (findings, Lists::new());
        }
    };
    if rows.is_empty() {
        findings.fail(
            "panels",
            "There is no panel: no row of integrations has provider 'znet'.",
            "Enter the reseller account in the shop.",
        );
    }
    let secrets = rows
        .iter()
        .flat_map(|row| [&row.base_url, &row.kod, &row.sifre]);
    Secrets::process().register(secrets.flatten());
    let looks = rows.iter().map(|row| one(row, config, &http));
    let mut looks = stream::iter(looks).buffered(AT_ONCE);
    let mut lists = Lists::new();
    while let Some((found, list)) = looks.next().await {
        findings.append(found);
        lists.extend(list);
    }
    (findings, lists)
}

async fn one(
    row: &Integration,
    config: &Config,
    http: &Http,
) -> (Findings, Option<(IntegrationId, Catalogue)>) {
    let mut findings = Findings::default();
    let name = &row.name;
    if !row.enabled {
        findings
            .skip("panel", format!("{name} is disabled in the shop."))
            .about(name);
        return (findings, None);
    }
    let [base_url, kod, sifre] = [&row.base_url, &row.kod, &row.sifre]
        .map(|secret| secret.as_ref().map(ExposeSecret::expose_secret));
    let account = match Account::new(base_url, kod, sifre) {
        Ok(account) => account,
        Err(error) => {
            findings
                .fail(
                    "account",
                    format!("{name} cannot be used: {error}. Its orders are held."),
                    "Complete the integration in the shop, then retry its held orders.",
                )
                .about(name);
            return (findings, None);
        }
    };
    if row.base_url.as_ref().is_some_and(is_plain) {
        findings
            .warn(
                "plain http",
                format!(
                    "{name} is asked over plain http: account and password can be read on the way."
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
                "`orderwatch resume` once the cause is gone.",
            )
            .about(name);
    }
    let panel = Znet::new(account, http.clone());
    let working = balance(&panel, name, config, &mut findings).await;
    if !working {
        return (findings, None);
    }
    let list = catalogue(&panel, name, &mut findings).await;
    (findings, list.map(|list| (row.id, list)))
}

/// Whether the panel answers.
async fn balance(panel: &Znet, name: &str, config: &Config, findings: &mut Findings) -> bool {
    match tokio::time::timeout(LONGEST, panel.balance()).await {
        Ok(Ok(balance)) => {
            funds(balance, name, config, findings);
            true
        }
        Ok(Err(error)) => {
            unanswered("balance", &error, name, findings);
            false
        }
        Err(_) => {
            silent("balance", name, findings);
            false
        }
    }
}

fn funds(balance: Decimal, name: &str, config: &Config, findings: &mut Findings) {
    let low = config.balance.warn_below.filter(|limit| balance < *limit);
    let finding = if balance <= Decimal::ZERO {
        findings.fail(
            "balance",
            format!("The account at {name} is empty: {}.", money(balance)),
            "Top it up at the panel.",
        )
    } else if let Some(limit) = low {
        findings.warn(
            "balance",
            format!(
                "{name} holds {}, less than {}.",
                money(balance),
                money(limit)
            ),
            "Top it up at the panel.",
        )
    } else {
        findings.ok("balance", format!("{name} holds {}.", money(balance)))
    };
    finding.about(name);
}

async fn catalogue(panel: &Znet, name: &str, findings: &mut Findings) -> Option<Catalogue> {
    match tokio::time::timeout(LONGEST, panel.catalogue()).await {
        Ok(Ok(list)) => {
            let products = list.products.len();
            findings
                .ok("price list", format!("{name} lists {products} products."))
                .about(name);
            Some(list)
        }
        Ok(Err(error)) => {
            unanswered("price list", &error, name, findings);
            None
        }
        Err(_) => {
            silent("price list", name, findings);
            None
        }
    }
}

fn unanswered(check: &'static str, error: &ReadError, name: &str, findings: &mut Findings) {
    let remedy = match error {
        ReadError::Unreachable { .. } => {
            "Look at \"baseUrl\" of the integration, and whether this machine reaches the panel."
        }
        ReadError::Refused { .. } => {
            "Look at kod and sifre of the integration, and at the account's rights."
        }
        ReadError::Unreadable {
            class: AnswerClass::Empty | AnswerClass::Html,
            ..
        } => {
            "Wrong kod, sifre or \"baseUrl\", or the panel does not let this machine's address in: have it put on the panel's list."
        }
        ReadError::Unreadable { .. } => {
            "Look at \"baseUrl\" of the integration: is it a znet panel?"
        }
    };
    findings
        .fail(check, format!("{name}: {error}"), remedy)
        .about(name);
}

fn silent(check: &'static str, name: &str, findings: &mut Findings) {
    findings
        .fail(
            check,
            format!("{name} did not answer in 30 seconds."),
            "Look whether the panel works, and whether this machine reaches it.",
        )
        .about(name);
}

fn is_plain(url: &SecretString) -> bool {
    Url::parse(url.expose_secret().trim()).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        url.scheme() == "http" && host != "localhost" && !host.starts_with("127.")
    })
}
