//! The Patroni cluster that `scripts/with-patroni` starts, of which the primary can be killed.

use std::path::PathBuf;

use serde::{Deserialize, de::DeserializeOwned};
use tokio::process::Command;

/// The program that kills and revives; set by `scripts/with-patroni`.
const NODE: &str = "ORDERWATCH_PATRONI";
/// Whether commits wait for the standby: `sync` or `async`.
const MODE: &str = "ORDERWATCH_PATRONI_MODE";

pub(super) struct Cluster {
    program: PathBuf,
    /// Whether commits wait for the standby.
    pub(super) synchronous: bool,
}

#[derive(Deserialize)]
struct Node {
    node: String,
}

/// What became of a primary that was killed and started again.
#[derive(Debug, Deserialize)]
pub(super) struct Revived {
    /// Transactions that it had committed and its successor does not have.
    pub(super) lost_commits: u64,
    /// Whether it had to be taken back to where its successor began.
    pub(super) rewound: bool,
    /// From its start until it was a standby that can take over.
    pub(super) seconds: f64,
}

impl Cluster {
    /// The cluster that this test runs beside, if it runs beside one.
    pub(super) fn beside() -> Option<Self> {
        let program = std::env::var_os(NODE)?.into();
        let mode = std::env::var(MODE).unwrap();
        assert!(["sync", "async"].contains(&mode.as_str()), "{MODE}={mode}");
        Some(Self {
            program,
            synchronous: mode == "sync",
        })
    }

    /// From now on nothing reaches the standby, until the primary is killed.
    pub(super) async fn hold(&self) {
        let _: Node = self.call(&["hold"]).await;
    }

    /// `kill -9` of everything on the primary's node. Returns which it was.
    pub(super) async fn kill(&self) -> String {
        self.call::<Node>(&["kill"]).await.node
    }

    /// Starts a node again, and waits until it is a standby that can take over.
    pub(super) async fn revive(&self, node: &str) -> Revived {
        self.call(&["revive", node]).await
    }

    async fn call<T: DeserializeOwned>(&self, args: &[&str]) -> T {
        let output = Command::new(&self.program).args(args).output().await;
        let output = output.unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}
