//! What happens at the store: sales, cancellations, splits, returns, and stock behind every back.

use fastrand::Rng;
use uuid::Uuid;

use super::{
    Claim, ClaimStatus, CreatedBy, Order, Package, Product, ProductState, Status, StoreError,
    TrendyolStore,
};

/// What is on sale.
impl TrendyolStore {
    /// How many pieces are on sale; `None` for a product that the store does not have.
    #[must_use]
    pub fn stock_of(&self, barcode: &str) -> Option<u32> {
        self.desk.state().shelf.get(barcode).map(|good| good.stock)
    }

    /// All barcodes with the pieces on sale.
    #[must_use]
    pub fn stocks(&self) -> Vec<(String, u32)> {
        let state = self.desk.state();
        let goods = state.shelf.all().iter();
        goods
            .map(|good| (good.product.barcode.clone(), good.stock))
            .collect()
    }

    /// Adds a product, or replaces the one with its barcode.
    pub fn put(&self, product: Product) {
        self.change(|state| state.shelf.put(product));
    }

    /// Changes whether a product can be sold.
    ///
    /// # Errors
    /// When the store does not have it.
    pub fn set_state(&self, barcode: &str, to: ProductState) -> Result<(), StoreError> {
        self.change(|state| {
            let good = state.shelf.get_mut(barcode);
            let unknown = || StoreError::UnknownProduct(barcode.to_owned());
            good.ok_or_else(unknown)?.state = to;
            Ok(())
        })
    }

    /// Sets the stock of a product behind the back of every client: drift.
    ///
    /// # Errors
    /// When the store does not have it.
    pub fn drift(&self, barcode: &str, stock: u32) -> Result<(), StoreError> {
        self.change(|state| {
            let now = state.now();
            let good = state.shelf.get_mut(barcode);
            let unknown = || StoreError::UnknownProduct(barcode.to_owned());
            good.ok_or_else(unknown)?.set(stock, now);
            Ok(())
        })
    }

    /// How many accepted reports are not worked off to their end.
    #[must_use]
    pub fn reports_waiting(&self) -> usize {
        self.desk.state().queue.waiting()
    }

    /// The next reports are accepted and then never worked off.
    pub fn swallow(&self, reports: usize) {
        self.change(|state| state.queue.swallow(reports));
    }
}

/// Orders and what becomes of them.
impl TrendyolStore {
    /// Sells pieces of one product. Returns the order with its one package.
    ///
    /// # Errors
    /// When the store does not show that many.
    pub fn sell(&self, barcode: &str, pieces: u32) -> Result<Order, StoreError> {
        self.sell_parcels(&[&[(barcode, pieces)]])
    }

    /// Takes an order of several lines, each list of which becomes a package of its own.
    ///
    /// # Errors
    /// When the store does not show that many of one of them; nothing is sold then.
    pub fn sell_parcels(&self, parcels: &[&[(&str, u32)]]) -> Result<Order, StoreError> {
        self.change(|state| state.sell(parcels))
    }

    /// Sells one to three pieces of a random product; `None` when nothing is left to sell.
    pub fn sell_random(&self, rng: &mut Rng) -> Option<Order> {
        self.change(|state| state.sell_random(rng))
    }

    /// Lets one random package take the next step of its life, by the customer, the marketplace
    /// or the seller's own hands. Returns the package and its new state, if anything happened.
    pub fn live(&self, rng: &mut Rng) -> Option<(i64, Status)> {
        self.change(|state| state.live(rng))
    }

    /// A package as it really is, whatever the feed shows.
    #[must_use]
    pub fn package(&self, id: i64) -> Option<Package> {
        self.desk.state().packages.get(&id).cloned()
    }

    /// All packages, by id.
    #[must_use]
    pub fn packages(&self) -> Vec<Package> {
        self.desk.state().packages.values().cloned().collect()
    }

    /// Moves a package to any state, such as `Created` when an order was paid.
    ///
    /// # Errors
    /// When there is no such package.
    pub fn move_to(&self, package: i64, status: Status) -> Result<(), StoreError> {
        self.change(|state| state.move_to(package, status))
    }

    /// Cancels a package for its customer.
    ///
    /// # Errors
    /// When there is no such package.
    pub fn cancel(&self, package: i64) -> Result<(), StoreError> {
        self.change(|state| state.give_up(package, Status::Cancelled, "CUSTOMER", "Vazgeçtim"))
    }

    /// Ends a package that the seller cannot supply.
    ///
    /// # Errors
    /// When there is no such package.
    pub fn unsupply(&self, package: i64) -> Result<(), StoreError> {
        self.change(|state| state.give_up(package, Status::UnSupplied, "SELLER", "Stok yok"))
    }

    /// Splits a package in two. Returns the packages that took its place.
    ///
    /// # Errors
    /// When there is no such package, or it has one piece only.
    pub fn split(&self, package: i64) -> Result<[i64; 2], StoreError> {
        self.change(|state| state.split(package))
    }

    /// Cancels some pieces of a package. Returns the package that carries the rest on.
    ///
    /// # Errors
    /// When the pieces are not in it, or nothing would be left.
    pub fn cancel_pieces(
        &self,
        package: i64,
        barcode: &str,
        pieces: u32,
    ) -> Result<i64, StoreError> {
        self.change(|state| state.cancel_pieces(package, barcode, pieces))
    }

    /// Cancels one line, whole, of a package of several lines that lives on otherwise.
    ///
    /// # Errors
    /// When there is no such line, or no other one.
    pub fn cancel_line(&self, package: i64, barcode: &str) -> Result<(), StoreError> {
        self.change(|state| state.cancel_line(package, barcode))
    }

    /// Sells pieces of one product in an order that another seller could not supply.
    ///
    /// # Errors
    /// When the store does not show that many.
    pub fn transfer_here(&self, barcode: &str, pieces: u32) -> Result<Order, StoreError> {
        self.change(|state| state.take(&[&[(barcode, pieces)]], CreatedBy::Transfer))
    }

    /// Gives a package to another seller: its last record says `transfer`, its status stays.
    ///
    /// # Errors
    /// When there is no such package.
    pub fn transfer_away(&self, package: i64) -> Result<(), StoreError> {
        self.change(|state| state.transfer(package))
    }

    /// Begins the return of pieces of a package.
    ///
    /// # Errors
    /// When the pieces are not in it.
    pub fn claim(&self, package: i64, barcode: &str, pieces: u32) -> Result<Uuid, StoreError> {
        self.change(|state| state.claim(package, barcode, pieces))
    }

    /// Moves every piece of a return to a state.
    ///
    /// # Errors
    /// When there is no such return.
    pub fn decide(&self, claim: Uuid, status: &ClaimStatus) -> Result<(), StoreError> {
        self.change(|state| state.decide(claim, status))
    }

    /// All returns, in the order in which they began.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        self.desk.state().claims.clone()
    }
}
