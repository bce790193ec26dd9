//! The practice panel in a process of its own, and the question that it is asked about a purchase.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context, ensure};
use clap::ValueEnum;
use reqwest::{Client, redirect::Policy};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::shop::Integration;

const TIMEOUT: Duration = Duration::from_secs(20);

/// How it answers every question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answers {
    Waiting,
    Done,
}

impl Answers {
    pub(crate) const ALL: [Self; 2] = [Self::Waiting, Self::Done];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
        }
    }
}

/// It ends with its input, so also when the bench is killed.
pub(crate) struct Panel {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl Panel {
    pub(crate) async fn start(program: &Path, answers: Answers) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["panel", "--answers", answers.word()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().context("the panel's input")?;
        let output = child.stdout.take().context("the panel's output")?;
        let mut output = BufReader::new(output).lines();
        let url = output.next_line().await?.context("the panel has ended")?;
        Ok(Self {
            child,
            input,
            output,
            url,
        })
    }

    pub(crate) fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the panel has ended")
    }

    /// How often it was asked so far.
    pub(crate) async fn questions(&mut self) -> anyhow::Result<u64> {
        self.input.write_all(b"\n").await?;
        self.input.flush().await?;
        let line = self.output.next_line().await?;
        Ok(line.context("the panel has ended")?.parse()?)
    }
}

/// Whoever asks; its connections are kept.
pub(crate) fn client() -> anyhow::Result<Client> {
    let client = Client::builder()
        .timeout(TIMEOUT)
        .no_proxy()
        .redirect(Policy::none());
    Ok(client.build()?)
}

/// What the panel says of a purchase.
pub(crate) struct Answer {
    pub(crate) state: &'static str,
    pub(crate) pin: Option<String>,
    pub(crate) message: String,
}

impl Answer {
    pub(crate) fn is_final(&self) -> bool {
        self.state != "processing"
    }
}

pub(crate) async fn ask(
    client: &Client,
    integration: &Integration,
    reference: &str,
) -> anyhow::Result<Answer> {
    let Integration {
        base_url,
        kod,
        sifre,
    } = integration;
    let url = format!(
        "{base_url}/servis/pin_kontrol.php?kod={kod}&sifre={sifre}&tahsilat_api_islem_id={reference}"
    );
    let response = client.get(url).send().await?.error_for_status()?;
    read(&response.text().await?)
}

fn read(body: &str) -> anyhow::Result<Answer> {
    let fields: Vec<&str> = body.trim().splitn(4, '|').map(str::trim).collect();
    ensure!(
        fields.len() == 4 && fields[0].eq_ignore_ascii_case("OK"),
        "the panel's answer cannot be read"
    );
    let state = match fields[1] {
        "1" => "processing",
        "2" => "done",
        "3" => "failed",
        _ => anyhow::bail!("the panel's answer cannot be read"),
    };
    let pin = Some(fields[2]).filter(|pin| !["", "-"].contains(pin));
    Ok(Answer {
        state,
        pin: pin.map(ToOwned::to_owned),
        message: fields[3].to_owned(),
    })
}
