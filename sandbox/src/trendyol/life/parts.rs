//! Packages that end so that others carry on what was in them.

use crate::trendyol::{
    StoreError,
    package::{Line, Package},
    quirks::LineIds,
    state::State,
    status::{CreatedBy, Status},
    times::chance,
};

impl State {
    /// Splits a package in two: whole lines where there are several, else pieces of the one.
    pub(in crate::trendyol) fn split(&mut self, id: i64) -> Result<[i64; 2], StoreError> {
        let origin = self.whole(id)?.clone();
        if origin.pieces() < 2 {
            return Err(StoreError::TooSmall(id));
        }
        let lines: Vec<Line> = origin.live_lines().cloned().collect();
        let (first, second) = self.halves(&lines);
        let status = origin.status.clone();
        self.change(id, |package| package.status = Status::UnPacked)?;
        let mut carry = |lines| self.succeed(&origin, CreatedBy::Split, status.clone(), lines);
        let parts = [carry(first), carry(second)];
        self.split_again(parts);
        Ok(parts)
    }

    /// Makes chains, where the quirks say so.
    fn split_again(&mut self, parts: [i64; 2]) {
        let share = self.plan.quirks.packages.splits_again;
        for part in parts {
            if chance(share, &mut self.rng) {
                // One piece cannot be divided: then it stays as it is.
                drop(self.split(part));
            }
        }
    }

    fn halves(&mut self, lines: &[Line]) -> (Vec<Line>, Vec<Line>) {
        let ids = self.plan.quirks.packages.line_ids;
        let (mut first, mut second) = if let [line] = lines {
            let (mut first, mut second) = (line.clone(), line.clone());
            first.quantity = line.quantity / 2;
            second.quantity = line.quantity - first.quantity;
            if ids == LineIds::Mixed {
                second.id = self.next_line();
            }
            (vec![first], vec![second])
        } else {
            let (first, second) = lines.split_at(lines.len() / 2);
            (first.to_vec(), second.to_vec())
        };
        for line in first.iter_mut().chain(&mut second) {
            self.renumber(line);
        }
        (first, second)
    }

    /// A line that is carried on, where the quirks give it a new id.
    fn renumber(&mut self, line: &mut Line) {
        if self.plan.quirks.packages.line_ids == LineIds::New {
            line.id = self.next_line();
        }
    }

    /// Takes pieces out of a package: it ends, and another one carries the rest on.
    pub(in crate::trendyol) fn cancel_pieces(
        &mut self,
        id: i64,
        barcode: &str,
        pieces: u32,
    ) -> Result<i64, StoreError> {
        let origin = self.whole(id)?.clone();
        let (taken, mut rest) = without(&origin, barcode, pieces)?;
        if rest.is_empty() {
            return Err(StoreError::TooSmall(id));
        }
        self.change(id, |package| {
            package.status = Status::Cancelled;
            package.cancelled = Some(("CUSTOMER", "Vazgeçtim"));
        })?;
        for (line, count) in taken {
            self.give_back(&line, count);
        }
        for line in &mut rest {
            self.renumber(line);
        }
        Ok(self.succeed(&origin, CreatedBy::Cancel, origin.status.clone(), rest))
    }
}

type Taken = Vec<(Line, u32)>;

/// Pieces of a barcode out of a package, and the lines that are left.
pub(super) fn without(
    package: &Package,
    barcode: &str,
    pieces: u32,
) -> Result<(Taken, Vec<Line>), StoreError> {
    if pieces == 0 || package.pieces_of(barcode) < pieces {
        return Err(StoreError::NotInPackage {
            package: package.id,
            barcode: barcode.to_owned(),
        });
    }
    let (mut taken, mut rest, mut left) = (Vec::new(), Vec::new(), pieces);
    for line in package.live_lines() {
        let mut line = line.clone();
        if line.product.barcode == barcode && left > 0 {
            let count = line.quantity.min(left);
            left -= count;
            taken.push((line.clone(), count));
            line.quantity -= count;
        }
        if line.quantity > 0 {
            rest.push(line);
        }
    }
    Ok((taken, rest))
}
