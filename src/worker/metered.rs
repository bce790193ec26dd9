//! A panel whose every call is counted, timed and traced.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use rust_decimal::Decimal;
use tracing::{Instrument as _, Span};

use super::trace;
use crate::{
    meter::{PanelMeter, label::Answered},
    order::{IntegrationId, PurchaseOutcome, Reference, StatusAnswer},
    provider::{Catalogue, Provider, Purchase, PurchaseReply, ReadError, StatusReply},
};

/// A panel that is measured; it does what the panel within does, and nothing else.
#[derive(Debug)]
pub(super) struct Metered<P> {
    panel: P,
    meter: Arc<PanelMeter>,
    integration: IntegrationId,
}

impl<P: Provider> Metered<P> {
    /// Measures this panel.
    pub(super) const fn new(panel: P, meter: Arc<PanelMeter>, integration: IntegrationId) -> Self {
        Self {
            panel,
            meter,
            integration,
        }
    }

    fn answered(&self, span: &Span, answer: Answered, began: Instant) {
        trace::answered(span, answer);
        self.meter.answered(answer, began.elapsed());
    }
}

#[async_trait]
impl<P: Provider> Provider for Metered<P> {
    async fn purchase(&self, purchase: &Purchase) -> PurchaseReply {
        let (span, began) = (trace::call(self.integration), Instant::now());
        let reply = self.panel.purchase(purchase).instrument(span.clone()).await;
        let answer = match &reply.outcome {
            PurchaseOutcome::Accepted { .. } => Answered::PurchaseAccepted,
            PurchaseOutcome::Refused(_) => Answered::PurchaseRefused,
            PurchaseOutcome::SentBefore => Answered::PurchaseSentBefore,
            PurchaseOutcome::NotSent(_) => Answered::PurchaseNotSent,
            PurchaseOutcome::Unsure => Answered::PurchaseUnsure,
        };
        self.answered(&span, answer, began);
        reply
    }

    async fn status(&self, reference: &Reference) -> StatusReply {
        let (span, began) = (trace::call(self.integration), Instant::now());
        let reply = self.panel.status(reference).instrument(span.clone()).await;
        let answer = match &reply.answer {
            StatusAnswer::Waiting { .. } => Answered::StatusWaiting,
            StatusAnswer::Done { .. } => Answered::StatusDone,
            StatusAnswer::Cancelled { .. } => Answered::StatusCancelled,
            StatusAnswer::NotKnown { .. } => Answered::StatusNotKnown,
            StatusAnswer::Unclear => Answered::StatusUnclear,
        };
        self.answered(&span, answer, began);
        reply
    }

    async fn catalogue(&self) -> Result<Catalogue, ReadError> {
        let (span, began) = (trace::call(self.integration), Instant::now());
        let reply = self.panel.catalogue().instrument(span.clone()).await;
        let answer = match &reply {
            Ok(_) => Answered::CatalogueRead,
            Err(ReadError::Unreachable { .. }) => Answered::CatalogueUnreachable,
            Err(ReadError::Refused { .. }) => Answered::CatalogueRefused,
            Err(ReadError::Unreadable { .. }) => Answered::CatalogueUnreadable,
        };
        self.answered(&span, answer, began);
        reply
    }

    async fn balance(&self) -> Result<Decimal, ReadError> {
        let (span, began) = (trace::call(self.integration), Instant::now());
        let reply = self.panel.balance().instrument(span.clone()).await;
        let answer = match &reply {
            Ok(_) => Answered::BalanceRead,
            Err(ReadError::Unreachable { .. }) => Answered::BalanceUnreachable,
            Err(ReadError::Refused { .. }) => Answered::BalanceRefused,
            Err(ReadError::Unreadable { .. }) => Answered::BalanceUnreadable,
        };
        self.answered(&span, answer, began);
        reply
    }
}
