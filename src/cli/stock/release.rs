//! `orderwatch stock release ORDER`: ends a reservation that nothing else ends.

use std::process::ExitCode;

use clap::Args;

use crate::{
    cli::{clock, out, signature::Signature},
    store::Store,
};

pub(super) const EXAMPLES: &str = "\
Example:
  orderwatch stock release 10654411111 --reason 'sent from the second warehouse'

For packages that stay reserved and that nothing else ends, as `orderwatch stock plan` names them:
shipped although nobody has picked them here, split up without a package that carries the pieces on,
passed on between sellers, or no longer answered about by the store. If the pieces did leave these
shelves, use `orderwatch pick` instead: it takes them off.";

#[derive(Args, Debug)]
pub(in crate::cli) struct Options {
    /// The order's number.
    order: String,
    #[command(flatten)]
    signature: Signature,
}

pub(super) async fn run(store: &Store, options: &Options) -> anyhow::Result<ExitCode> {
    let order = options.order.trim();
    let now = clock(store).await?.now();
    let person = options.signature.person();
    let released = store.release_packages(order, &person, now).await?;

    if released.is_empty() {
        out::line(format_args!(
            "Order {order} has no package that only a person can release; nothing was released."
        ))?;
        // A script must not go on as if the pieces were free.
        return Ok(ExitCode::FAILURE);
    }

    let packages: Vec<String> = released.iter().map(ToString::to_string).collect();
    out::line(format_args!(
        "Released by {}: the pieces of order {order} (package {}) are not reserved any more.",
        person.who,
        packages.join(", ")
    ))?;

    Ok(ExitCode::SUCCESS)
}
