//! A panel whose every call is counted and timed.

use std::{sync::Arc, time::Instant};

use crate::{
    meter::{PanelMeter, label::Answered},
    order::{PurchaseOutcome, Reference, StatusAnswer},
    provider::{Catalogue, Provider, Purchase, PurchaseReply, ReadError, StatusReply},
};
use async_trait::async_trait;
use rust_decimal::Decimal;

/// A panel that is measured; it does what the panel within does, and nothing else.
#[derive(Debug)]
pub(super) struct Metered<P> {
    panel: P,
    meter: Arc<PanelMeter>,
}

impl<P: Provider> Metered<P> {
    /// Measures this panel.
    pub(super) const fn new(panel: P, meter: Arc<PanelMeter>) -> Self {
        Self { panel, meter }
    }

    fn answered(&self, answer: Answered, began: Instant) {
        self.meter.answered(answer, began.elapsed());
    }
}

#[async_trait]
impl<P: Provider> Provider for Metered<P> {
    async fn purchase(&self, purchase: &Purchase) -> PurchaseReply {
        let began = Instant::now();
        let reply = self.panel.purchase(purchase).await;
        let answer = match &reply.outcome {
            PurchaseOutcome::Accepted { .. } => Answered::PurchaseAccepted,
            PurchaseOutcome::Refused(_) => Answered::PurchaseRefused,
            PurchaseOutcome::SentBefore => Answered::PurchaseSentBefore,
            PurchaseOutcome::NotSent(_) => Answered::PurchaseNotSent,
            PurchaseOutcome::Unsure => Answered::PurchaseUnsure,
        };
        self.answered(answer, began);
        reply
    }

    async fn status(&self, reference: &Reference) -> StatusReply {
        let began = Instant::now();
        let reply = self.panel.status(reference).await;
        let answer = match &reply.answer {
            StatusAnswer::Waiting { .. } => Answered::StatusWaiting,
            StatusAnswer::Done { .. } | StatusAnswer::DoneWithoutCode { .. } => {
                Answered::StatusDone
            }
            StatusAnswer::Cancelled { .. } => Answered::StatusCancelled,
            StatusAnswer::NotKnown { .. } => Answered::StatusNotKnown,
            StatusAnswer::Unclear => Answered::StatusUnclear,
        };
        self.answered(answer, began);
        reply
    }

    async fn catalogue(&self) -> Result<Catalogue, ReadError> {
        let began = Instant::now();
        let reply = self.panel.catalogue().await;
        let answer = match &reply {
            Ok(_) => Answered::CatalogueRead,
            Err(ReadError::Unreachable { .. }) => Answered::CatalogueUnreachable,
            Err(ReadError::Refused { .. }) => Answered::CatalogueRefused,
            Err(ReadError::Unreadable { .. }) => Answered::CatalogueUnreadable,
        };
        self.answered(answer, began);
        reply
    }

    async fn balance(&self) -> Result<Decimal, ReadError> {
        let began = Instant::now();
        let reply = self.panel.balance().await;
        let answer = match &reply {
            Ok(_) => Answered::BalanceRead,
            Err(ReadError::Unreachable { .. }) => Answered::BalanceUnreachable,
            Err(ReadError::Refused { .. }) => Answered::BalanceRefused,
            Err(ReadError::Unreadable { .. }) => Answered::BalanceUnreadable,
        };
        self.answered(answer, began);
        reply
    }
}
