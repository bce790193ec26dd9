//! The store's own stock: what it sells from, lowered by its sales, set by worked-off reports.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use fastrand::Rng;
use rust_decimal::Decimal;

use super::{StoreError, plan::Product, plan::ProductState, push::Change};

/// Changes of a product that are remembered.
const REMEMBERED: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Shelf {
    goods: Vec<Good>,
    places: HashMap<String, usize>,
}

/// A product with what is on sale of it now.
#[derive(Debug)]
pub(super) struct Good {
    pub(super) product: Arc<Product>,
    pub(super) state: ProductState,
    pub(super) stock: u32,
    pub(super) sale_price: Decimal,
    pub(super) list_price: Decimal,
    /// When the stock was last changed from outside or by a sale.
    pub(super) changed: Option<DateTime<Utc>>,
    /// The last changes: when, and what was on sale before.
    past: VecDeque<(DateTime<Utc>, u32)>,
}

impl Shelf {
    pub(super) fn new(products: &[Product]) -> Self {
        let mut shelf = Self::default();
        for product in products {
            shelf.put(product.clone());
        }
        shelf
    }

    /// Puts a product on the shelf, or in the place of the one with its barcode.
    pub(super) fn put(&mut self, product: Product) {
        let barcode = product.barcode.clone();
        let good = Good {
            state: product.state,
            stock: product.stock,
            sale_price: product.price,
            list_price: product.price,
            changed: None,
            past: VecDeque::new(),
            product: Arc::new(product),
        };
        if let Some(old) = self.get_mut(&barcode) {
            *old = good;
            return;
        }
        self.places.insert(barcode, self.goods.len());
        self.goods.push(good);
    }

    pub(super) fn all(&self) -> &[Good] {
        &self.goods
    }

    pub(super) fn get(&self, barcode: &str) -> Option<&Good> {
        let place = self.places.get(barcode)?;
        self.goods.get(*place)
    }

    pub(super) fn get_mut(&mut self, barcode: &str) -> Option<&mut Good> {
        let place = self.places.get(barcode)?;
        self.goods.get_mut(*place)
    }

    /// Whether so many pieces can be sold now.
    pub(super) fn check(&self, barcode: &str, pieces: u32) -> Result<&Good, StoreError> {
        let unknown = || StoreError::UnknownProduct(barcode.to_owned());
        let good = self.get(barcode).ok_or_else(unknown)?;
        if good.state != ProductState::OnSale {
            return Err(StoreError::NotOnSale(barcode.to_owned()));
        }
        if pieces == 0 || good.stock < pieces {
            return Err(StoreError::SoldOut {
                barcode: barcode.to_owned(),
                asked: pieces,
                stock: good.stock,
            });
        }
        Ok(good)
    }

    /// A product that is on sale with at least one piece, if there is any.
    pub(super) fn random(&self, rng: &mut Rng) -> Option<&Good> {
        let begin = rng.usize(..self.goods.len().max(1));
        let (before, after) = self.goods.split_at_checked(begin)?;
        let mut all = after.iter().chain(before);
        all.find(|good| good.state == ProductState::OnSale && good.stock > 0)
    }

    /// Gives pieces back.
    pub(super) fn restock(&mut self, barcode: &str, pieces: u32, now: DateTime<Utc>) {
        if let Some(good) = self.get_mut(barcode) {
            good.set(good.stock.saturating_add(pieces), now);
        }
    }

    /// Works off one item of a report, or says why it fails.
    pub(super) fn apply(&mut self, change: &Change, now: DateTime<Utc>) -> Result<(), String> {
        let Some(good) = self.get_mut(&change.barcode) else {
            return Err("Ürün sistemde bulunamadı".to_owned());
        };
        match good.state {
            ProductState::OnSale => {}
            ProductState::Unapproved => return Err("Ürün onaylı değildir".to_owned()),
            ProductState::Archived => return Err("Arşivdeki ürün güncellenemez".to_owned()),
            ProductState::Locked => return Err("Kilitli ürün güncellenemez".to_owned()),
        }
        if let Some(stock) = change.quantity {
            good.set(u32::try_from(stock).unwrap_or(good.stock), now);
        }
        good.sale_price = change.sale_price.unwrap_or(good.sale_price);
        good.list_price = change.list_price.unwrap_or(good.list_price);
        good.changed = Some(now);
        Ok(())
    }
}

impl Good {
    /// Sells pieces; how many there are was checked before.
    pub(super) fn take(&mut self, pieces: u32, now: DateTime<Utc>) {
        self.set(self.stock.saturating_sub(pieces), now);
    }

    /// Puts so many pieces on sale.
    pub(super) fn set(&mut self, stock: u32, now: DateTime<Utc>) {
        if self.past.len() == REMEMBERED {
            self.past.pop_front();
        }
        self.past.push_back((now, self.stock));
        self.stock = stock;
        self.changed = Some(now);
    }

    /// What was on sale then, as far as it is remembered.
    pub(super) fn stock_at(&self, then: DateTime<Utc>) -> u32 {
        let later = self.past.iter().find(|(at, _)| *at > then);
        later.map_or(self.stock, |(_, before)| *before)
    }
}
