//! `orderwatch order resolve ORDER`: a person says what became of it. Two steps: without `--yes` it
//! only says what would happen.

use std::process::ExitCode;

use clap::{ArgGroup, Args};

use super::one;
use crate::{
    cli::{Global, out, shop_store, signature::Signature},
    order::person::{OperatorAction, Verdict},
    store::Acted,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch order resolve 1042 --bought --reason 'seen in the panel'            says what would happen
  orderwatch order resolve 1042 --bought --reason 'seen in the panel' --yes      does it
  orderwatch order resolve 1042 --not-bought --resend --reason 'asked them' --yes
  orderwatch order resolve 1042 --keep-back --reason 'was refunded' --yes        staff had rejected it";

#[derive(Args, Debug)]
#[command(group(ArgGroup::new("verdict").required(true)))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(in crate::cli) struct Options {
    /// The order's id, its number in the shop, or its reference at the panel.
    order: String,
    /// The panel has it: it is watched again, or ends as delivered where it cannot be watched.
    #[arg(long, group = "verdict")]
    bought: bool,
    /// The panel does not have it: it ends as failed, and the shop decides what to do.
    #[arg(long, group = "verdict")]
    not_bought: bool,
    /// With --not-bought: send it again with the same reference instead.
    #[arg(long, requires = "not_bought", conflicts_with = "bought")]
    resend: bool,
    /// Staff had decided the order: the customer gets what the panel delivered all the same.
    #[arg(long, group = "verdict")]
    give_code: bool,
    /// Staff had decided the order: that stands, and the code stays in orderwatch.
    #[arg(long, group = "verdict")]
    keep_back: bool,
    #[command(flatten)]
    signature: Signature,
    /// Do it; otherwise only say what would be done.
    #[arg(long)]
    yes: bool,
}

impl Options {
    const fn verdict(&self) -> Verdict {
        if self.give_code {
            return Verdict::GiveCode;
        }
        if self.keep_back {
            return Verdict::KeepBack;
        }
        match (self.bought, self.resend) {
            (true, _) => Verdict::Bought,
            (false, true) => Verdict::SendAgain,
            (false, false) => Verdict::NotBought,
        }
    }
}

pub(super) async fn run(global: &Global, options: &Options) -> anyhow::Result<ExitCode> {
    let (config, _log) = global.begin()?;
    let store = shop_store(&config).await?;
    let order = one::one(&store, &options.order).await?;
    let (facts, now) = one::facts(&config, &store, order).await?;
    let plan = OperatorAction::Resolve(options.verdict()).plan(order, &facts)?;
    let sentence = plan.sentence(&facts);

    if !options.yes {
        out::line(format_args!(
            "Order {order}: {sentence}\nNothing was done. Repeat with --yes to do it."
        ))?;
        // A script must not take the preview for the step itself.
        return Ok(ExitCode::FAILURE);
    }

    let person = options.signature.person();
    let acted = one::carry_out(&config, &store, order, &plan, &person, now).await?;
    out::line(format_args!("Done by {}. {sentence}", person.who))?;
    if acted == Acted::ShopRowRefused {
        out::line("The shop's database refused its part, so the shop's row is as it was.")?;
    }

    store.close().await;
    Ok(ExitCode::SUCCESS)
}
