//! `[barakat]`

use serde::Deserialize;

use super::{faults::Faults, fields};
use crate::order::{IntegrationId, OrderField, ParamRule, PlayerRules};

/// What purchases at panels of this kind say; how they are called is in `[znet]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Barakat {
    param: Vec<Param>,
}

/// A rule as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Param {
    name: String,
    field: OrderField,
    integration: String,
    package: String,
}

impl Barakat {
    pub(super) fn validate(&self, faults: &mut Faults<'_>, player: &mut PlayerRules) {
        for (rule, number) in self.param.iter().zip(1..) {
            let key = |name| format!("barakat.param[{number}].{name}");
            if rule.name.trim().is_empty() {
                faults.wrong(&key("name"), "must be a parameter of the panel's products");
                continue;
            }

            let mut id = |name, text: &str, what| match fields::uuid(text, what) {
                Ok(id) => Some(id),
                Err(_) if text.is_empty() => None,
                Err(message) => {
                    faults.wrong(&key(name), &message);
                    None
                }
            };
            let integration = id("integration", &rule.integration, "the id of a panel");
            let package = id("package", &rule.package, "the id of a package");
            if package.is_some() && rule.integration.is_empty() {
                faults.add(&key("integration"), "must name the panel beside package");
            }

            let new = ParamRule {
                integration: integration.map(IntegrationId),
                package,
                name: rule.name.trim().to_owned(),
                field: rule.field,
            };
            // Two blocks for one parameter would leave it to their order where a code goes.
            let place = |rule: &ParamRule| (rule.integration, rule.package, rule.name.clone());
            if player
                .params
                .iter()
                .any(|other| place(other) == place(&new))
            {
                faults.add(&key("name"), "has a block for the same products already");
            }
            player.params.push(new);
        }
    }
}
