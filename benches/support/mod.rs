//! What the benches share: a database of their own, the practice panel in a process of its own,
//! the daemon as it is shipped, and a look at what each of them costs.
//!
//! What must stay true: what is measured is the product itself. The daemon is the release binary,
//! with everything on; the panel is another process, so that its work is not counted as the
//! daemon's; orders are put into the tables as the shop and the daemon would have left them.

#![expect(dead_code, reason = "each bench uses a part of it")]

pub(crate) mod daemon;
pub(crate) mod database;
pub(crate) mod figures;
pub(crate) mod panel;
pub(crate) mod process;
pub(crate) mod targets;
pub(crate) mod wire;

use std::process::ExitCode;

/// Runs a bench, or the panel where this process was started as one. The bench says whether all is
/// well.
pub(crate) fn main(bench: impl AsyncFnOnce() -> anyhow::Result<bool>) -> ExitCode {
    let result = tokio::runtime::Runtime::new()
        .map_err(anyhow::Error::new)
        .and_then(|runtime| {
            runtime.block_on(async {
                if panel::is_asked_for() {
                    panel::serve().await.map(|()| true)
                } else {
                    bench().await
                }
            })
        });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
