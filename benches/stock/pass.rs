//! Passes over a catalogue of the usual size, at Trendyol's real pace.

use std::time::Instant;

use crate::{
    seller::Seller,
    support::{database::Database, figures::real, targets::Targets},
    warehouse::{PIECES, stock},
};

/// The products of the shop that this was written for.
const PRODUCTS: u32 = 3071;
/// The targets, in seconds.
const FIRST: f64 = 25.0;
const UNCHANGED: f64 = 16.0;

/// Measures and prints the first pass of a new database, and one that finds nothing to do.
pub(crate) async fn measure(targets: &mut Targets) -> anyhow::Result<()> {
    println!(
        "\npass: {PRODUCTS} products at the real pace; of one in a hundred too many are on sale"
    );
    Database::with(async |database| {
        stock(database, PRODUCTS).await?;
        let seller = Seller::open(PRODUCTS, |n| PIECES + u32::from(n % 100 == 0)).await?;
        // As the daemon does before its first pass.
        seller.once(database, "pull-orders").await?;

        let pushes = one(&seller, database, targets, ("first", FIRST)).await?;
        println!("  the first one took {pushes} pushes");
        let pushes = one(&seller, database, targets, ("nothing changed", UNCHANGED)).await?;
        targets.at_most("pass: nothing changed, pushes", real(pushes), 0.0, "");
        seller.store.stop().await?;
        Ok(())
    })
    .await
}

/// One pass. Returns its pushes.
async fn one(
    seller: &Seller,
    database: &Database,
    targets: &mut Targets,
    (name, target): (&str, f64),
) -> anyhow::Result<u64> {
    let (before, began) = (seller.came(), Instant::now());
    seller.once(database, "push-stock").await?;
    let (took, came) = (began.elapsed(), seller.came());

    let looks = came.looks - before.looks;
    let name = format!("pass: {name}, {looks} looks");
    targets.at_most(&name, took.as_secs_f64(), target, "s");
    Ok(came.pushes - before.pushes)
}
