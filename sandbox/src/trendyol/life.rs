//! What happens to packages after their sale: by customers, by the marketplace, by chance.

mod parts;

use std::sync::Arc;

use fastrand::Rng;
use uuid::Uuid;

use self::parts::without;
use super::{
    Order, StoreError,
    claims::Claim,
    package::{Line, Package},
    state::State,
    status::{ClaimStatus, CreatedBy, Status},
    times::chance,
};

impl State {
    /// An order of one to three pieces of a product with stock, if there is any.
    pub(super) fn sell_random(&mut self, rng: &mut Rng) -> Option<Order> {
        let good = self.shelf.random(rng)?;
        let pieces = rng.u32(1..=good.stock.min(3));
        let barcode = good.product.barcode.clone();
        self.sell(&[&[(&barcode, pieces)]]).ok()
    }

    /// Moves a package to any state.
    pub(super) fn move_to(&mut self, id: i64, status: Status) -> Result<(), StoreError> {
        self.change(id, |package| package.status = status)
    }

    /// Ends a package before it was sent.
    pub(super) fn give_up(
        &mut self,
        id: i64,
        status: Status,
        by: &'static str,
        why: &'static str,
    ) -> Result<(), StoreError> {
        let lines: Vec<Line> = self.whole(id)?.live_lines().cloned().collect();
        self.change(id, |package| {
            package.status = status;
            package.cancelled = Some((by, why));
        })?;

        for line in lines {
            self.give_back(&line, line.quantity);
        }

        Ok(())
    }

    fn give_back(&mut self, line: &Line, pieces: u32) {
        if self.plan.restocks {
            let now = self.now();
            self.shelf.restock(&line.product.barcode, pieces, now);
        }
    }

    /// A package that other packages have not taken the place of.
    fn whole(&self, id: i64) -> Result<&Package, StoreError> {
        let package = self.package(id)?;
        if package.status == Status::UnPacked {
            return Err(StoreError::Dissolved(id));
        }
        Ok(package)
    }

    /// Cancels one line, whole, in a package that lives on.
    pub(super) fn cancel_line(&mut self, id: i64, barcode: &str) -> Result<(), StoreError> {
        let package = self.whole(id)?;
        let wanted = |line: &&Line| line.product.barcode == barcode;
        let found = package.live_lines().find(wanted);

        let line = found.cloned().ok_or_else(|| StoreError::NotInPackage {
            package: id,
            barcode: barcode.to_owned(),
        })?;

        if package.live_lines().count() < 2 {
            return Err(StoreError::TooSmall(id));
        }

        self.change(id, |package| {
            let mut lines = package.lines.iter_mut();
            if let Some(line) = lines.find(|other| !other.cancelled && other.id == line.id) {
                line.cancelled = true;
            }
        })?;
        self.give_back(&line, line.quantity);

        Ok(())
    }

    /// Gives a package to another seller, who sends it from shelves of his own.
    pub(super) fn transfer(&mut self, id: i64) -> Result<(), StoreError> {
        let lines: Vec<Line> = self.whole(id)?.live_lines().cloned().collect();
        self.change(id, |package| {
            package.created_by = CreatedBy::Transfer;
            package.transferred = true;
        })?;
        for line in lines {
            self.give_back(&line, line.quantity);
        }
        Ok(())
    }

    /// Begins the return of pieces.
    pub(super) fn claim(
        &mut self,
        id: i64,
        barcode: &str,
        pieces: u32,
    ) -> Result<Uuid, StoreError> {
        let package = Arc::new(self.package(id)?.clone());
        let (taken, _) = without(&package, barcode, pieces)?;
        let now = self.now();
        let claim = Claim::new(package, taken, &mut self.rng, now);
        let id = claim.id;
        self.claims.push(claim);
        Ok(id)
    }

    pub(super) fn decide(&mut self, id: Uuid, status: &ClaimStatus) -> Result<(), StoreError> {
        let now = self.now();
        let claim = self.claims.iter_mut().find(|claim| claim.id == id);
        claim
            .ok_or(StoreError::UnknownClaim(id))?
            .decide(status, now);
        Ok(())
    }

    /// Cancels a line of a package that was not sent yet, if it has several. Returns its status.
    fn cancel_some_line(&mut self, id: i64) -> Option<Status> {
        let package = self.packages.get(&id).filter(|p| p.status.is_open())?;
        let status = package.status.clone();
        let barcode = package.live_lines().last()?.product.barcode.clone();
        self.cancel_line(id, &barcode).ok().map(|()| status)
    }

    /// Lets one random package take the next step of its life. Returns it and its new state.
    pub(super) fn live(&mut self, rng: &mut Rng) -> Option<(i64, Status)> {
        let (now, how) = (self.now(), &self.plan.quirks.packages);
        let (rare, lines) = (how.rare_statuses, how.cancelled_lines);
        let alive = |package: &&Package| package.told_from <= now && alive(package, rare);
        let alive: Vec<i64> = self.packages.values().filter(alive).map(|p| p.id).collect();
        let id = *alive.get(rng.usize(..alive.len().max(1)))?;

        if chance(lines, rng)
            && let Some(status) = self.cancel_some_line(id)
        {
            return Some((id, status));
        }

        let package = self.packages.get(&id)?;
        let status = next(&package.status, rng.f64(), rare)?;
        let pieces = package.pieces();

        let done = match status {
            Status::Cancelled => self.give_up(id, status.clone(), "CUSTOMER", "Vazgeçtim"),
            Status::UnSupplied => self.give_up(id, status.clone(), "SELLER", "Stok yok"),
            Status::UnPacked if pieces > 1 => self.split(id).map(drop),
            Status::UnPacked => return None,
            _ => self.move_to(id, status.clone()),
        };

        done.ok().map(|()| (id, status))
    }
}

/// Whether a package may still change here; `rare`: also in ways that no document names.
fn alive(package: &Package, rare: bool) -> bool {
    let sent = match package.status {
        Status::Shipped | Status::AtCollectionPoint => true,
        Status::UnDelivered => rare,
        _ => false,
    };
    (package.status.is_open() || sent) && !package.transferred
}

/// What may come after a state; `draw` is 0 to 1, `rare` as for [`alive`].
fn next(status: &Status, draw: f64, rare: bool) -> Option<Status> {
    let steps: &[(f64, Status)] = match status {
        Status::Created if rare && draw < 0.1 => &[(1.0, Status::Repack)],
        Status::Picking if rare && draw < 0.1 => &[(1.0, Status::Reset)],
        Status::Awaiting => &[
            (0.7, Status::Created),
            (0.2, Status::Verified),
            (0.1, Status::Cancelled),
        ],
        Status::Verified => &[(0.9, Status::Created), (0.1, Status::Cancelled)],
        Status::Created => &[
            (0.6, Status::Picking),
            (0.2, Status::UnPacked),
            (0.15, Status::Cancelled),
            (0.05, Status::UnSupplied),
        ],
        Status::Picking => &[(0.9, Status::Invoiced), (0.1, Status::Cancelled)],
        Status::Repack => &[(1.0, Status::Picking)],
        Status::Reset => &[(1.0, Status::Created)],
        Status::UnDelivered => &[(1.0, Status::UnDeliveredAndReturned)],
        Status::Invoiced => &[(1.0, Status::Shipped)],
        Status::Shipped => &[
            (0.7, Status::Delivered),
            (0.2, Status::AtCollectionPoint),
            (0.05, Status::UnDelivered),
            (0.05, Status::Returned),
        ],
        Status::AtCollectionPoint => &[(0.9, Status::Delivered), (0.1, Status::Returned)],
        _ => &[],
    };

    let mut left = draw;
    let chosen = steps.iter().find(|(share, _)| {
        left -= share;
        left < 0.0
    });

    chosen.or(steps.last()).map(|(_, status)| status.clone())
}
