//! One check of one order, as `benches/peers/celery/shop/tasks.py` makes it: two rows are read, the panel is asked,
//! one row is written.

use std::time::Duration;

use reqwest::Client;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{panel, shop};

/// Longer than a drain lasts: no order is asked about twice in one.
pub(crate) const AGAIN_AFTER: Duration = Duration::from_secs(3000);

/// The job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CheckOrder {
    pub(crate) order: Uuid,
}

/// What a check needs.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) pool: PgPool,
    pub(crate) client: Client,
}

/// Whether the order is to be asked about again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Again,
    Nothing,
}

impl Tools {
    pub(crate) async fn check(&self, order: Uuid) -> anyhow::Result<Next> {
        let known = shop::order(&self.pool, order).await?;
        if ["done", "failed"].contains(&&*known.external_status) {
            return Ok(Next::Nothing);
        }

        let integration = shop::integration(&self.pool, &known).await?;
        let answer = panel::ask(&self.client, &integration, &known.provider_referans).await?;
        shop::record(&self.pool, order, &answer).await?;

        Ok(if answer.is_final() {
            Next::Nothing
        } else {
            Next::Again
        })
    }
}
