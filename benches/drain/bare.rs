//! The bare HTTP client: asks the same panel the same questions, with nothing around it.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::task::JoinSet;

use crate::support::{panel::ACCOUNT, process::cpu};

/// Questions under way at once, as many as the daemon's default.
pub(crate) const IN_FLIGHT: u64 = 256;

/// What the questions took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare {
    /// All of them.
    pub(crate) took: Duration,
    /// Processor time of the client.
    pub(crate) cpu: Duration,
}

/// Asks so many questions.
pub(crate) async fn ask(panel: &str, questions: u64) -> anyhow::Result<Bare> {
    let client = client()?;
    let url = Url::parse(&format!("{panel}/servis/pin_kontrol.php"))?;
    // Connections are opened before, as those of the daemon are in its warm-up.
    run(&client, &url, 4 * IN_FLIGHT).await?;
    let (began, cpu_before) = (Instant::now(), cpu(process::id())?);
    run(&client, &url, questions).await?;
    Ok(Bare {
        took: began.elapsed(),
        cpu: cpu(process::id())?.saturating_sub(cpu_before),
    })
}

async fn run(client: &Client, url: &Url, questions: u64) -> anyhow::Result<()> {
    let next = Arc::new(AtomicU64::new(0));
    let mut askers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (client, url, next) = (client.clone(), url.clone(), Arc::clone(&next));
        askers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= questions {
                    return anyhow::Ok(());
                }
                one(&client, &url, number).await?;
            }
        });
    }
    while let Some(asker) = askers.join_next().await {
        asker??;
    }
    Ok(())
}

async fn one(client: &Client, url: &Url, number: u64) -> anyhow::Result<()> {
    let reference = 3_000_000_000_000_000 + number;
    let mut url = url.clone();
    url.set_query(Some(&format!(
        "kod={}&sifre={}&tahsilat_api_islem_id={reference}",
        ACCOUNT.0, ACCOUNT.1
    )));
    let body = client.get(url).send().await?.bytes().await?;
    ensure!(body.starts_with(b"OK|"), "the panel answered {body:?}");
    Ok(())
}

fn client() -> anyhow::Result<Client> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none());
    Ok(client.build()?)
}
