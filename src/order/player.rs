//! The player fields of a purchase, from what the customer typed.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::IntegrationId;

named! {
    /// Which field of a purchase holds what the customer typed.
    #[derive(Default)]
    pub enum PlayerFields {
        /// As the vendor's sheet has it: `userIdentifier` is the player (`oyuncu_bilgi`), `extraField`
        /// the telephone or a prefix of the player.
        #[default]
        Sheet = "sheet",
        /// As the Django shop's own adapter sends it: `userIdentifier` is `musteri_tel`, `extraField` is
        /// `oyuncu_bilgi`, and without it there is no `oyuncu_bilgi`.
        Shop = "shop",
    }
}

/// What a purchase says about the player (source: `znet.md`, "Player fields").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Player {
    /// By which rule the fields were filled, which also decides how they are sent: `sheet` or `shop`.
    #[schema(value_type = String)]
    pub fields: PlayerFields,
    /// `oyuncu_bilgi`.
    #[serde(rename = "oyuncu_bilgi")]
    pub player_id: Option<String>,
    /// `musteri_tel`.
    #[serde(rename = "musteri_tel")]
    pub phone: Option<String>,
}

/// Which rule holds for which product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayerRules {
    /// For every product that has no rule of its own.
    pub(crate) usual: PlayerFields,
    /// For one panel, or for one package there.
    pub(crate) others: Vec<PlayerRule>,
}

/// The rule of one panel, or of one package there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlayerRule {
    /// The panel.
    pub(crate) integration: IntegrationId,
    /// `product_packages.id`; `None` for all packages.
    pub(crate) package: Option<Uuid>,
    /// The rule.
    pub(crate) fields: PlayerFields,
}

impl PlayerFields {
    /// What goes where, in a few words.
    #[must_use]
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Sheet => {
                "userIdentifier as oyuncu_bilgi, a telephone in extraField as musteri_tel"
            }
            Self::Shop => "userIdentifier as musteri_tel, extraField as oyuncu_bilgi",
        }
    }
}

impl PlayerRules {
    /// The rule of a product: that of the package, otherwise that of its panel, otherwise the usual
    /// one.
    #[must_use]
    pub(crate) fn of(&self, integration: IntegrationId, package: Uuid) -> PlayerFields {
        let here = || {
            self.others
                .iter()
                .filter(|rule| rule.integration == integration)
        };

        let own = here().find(|rule| rule.package == Some(package));
        let rule = own.or_else(|| here().find(|rule| rule.package.is_none()));
        rule.map_or(self.usual, |rule| rule.fields)
    }
}

impl Player {
    /// The fields and their values, in the order in which they are sent.
    #[must_use]
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        let id = self.player_id.as_deref().map(|id| ("oyuncu_bilgi", id));
        let phone = self.phone.as_deref().map(|phone| ("musteri_tel", phone));

        match self.fields {
            PlayerFields::Sheet => id.into_iter().chain(phone).collect(),
            // In the order of the shop's adapter, whose requests are matched to the byte.
            PlayerFields::Shop => phone.into_iter().chain(id).collect(),
        }
    }
}

/// As people are shown what is sent.
impl fmt::Display for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.pairs().into_iter().enumerate() {
            let blank = if place == 0 { "" } else { " " };
            write!(f, "{blank}{name}={value}")?;
        }
        Ok(())
    }
}

/// Puts `userIdentifier` and `extraField` into the panel's fields.
///
/// Returns `None` when there is no player id: such an order is not sent.
#[must_use]
pub fn player_fields(
    fields: PlayerFields,
    user_identifier: Option<&str>,
    extra: Option<&str>,
) -> Option<Player> {
    let typed = user_identifier.filter(|id| !id.trim().is_empty())?;
    let (player_id, phone) = match fields {
        PlayerFields::Sheet => of_sheet(typed.trim(), extra),
        // To the byte as the shop sends it: what it does not trim is not trimmed here.
        PlayerFields::Shop => (
            extra.filter(|extra| !extra.is_empty()).map(str::to_owned),
            Some(typed.to_owned()),
        ),
    };

    Some(Player {
        fields,
        player_id,
        phone,
    })
}

fn of_sheet(id: &str, extra: Option<&str>) -> (Option<String>, Option<String>) {
    let extra = extra.map(str::trim).filter(|extra| !extra.is_empty());
    match extra {
        Some(extra) if is_phone(extra) => (Some(id.to_owned()), Some(extra.to_owned())),
        // The protocol has no field for anything else, such as a zone.
        Some(extra) => (Some(format!("{extra} {id}")), None),
        None => (Some(id.to_owned()), None),
    }
}

/// An optional `+` and 9 to 15 digits.
fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (9..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_follow_the_protocol_sheet() {
        for (id, extra, want) in [
            (Some("123"), None, Some("oyuncu_bilgi=123")),
            (Some(" 123 "), Some("  "), Some("oyuncu_bilgi=123")),
            (
                Some("123"),
                Some("+905551112233"),
                Some("oyuncu_bilgi=123 musteri_tel=+905551112233"),
            ),
            (
                Some("123"),
                Some("905551112"),
                Some("oyuncu_bilgi=123 musteri_tel=905551112"),
            ),
            (
                Some("123"),
                Some("12345678"),
                Some("oyuncu_bilgi=12345678 123"),
            ),
            (
                Some("123"),
                Some("1234567890123456"),
                Some("oyuncu_bilgi=1234567890123456 123"),
            ),
            (Some("123"), Some("Zone 2"), Some("oyuncu_bilgi=Zone 2 123")),
            (Some("   "), Some("+905551112233"), None),
            (None, Some("x"), None),
        ] {
            let got = player_fields(PlayerFields::Sheet, id, extra);
            let got = got.map(|player| player.to_string());
            assert_eq!(got.as_deref(), want, "{id:?} {extra:?}");
        }
    }

    #[test]
    fn fields_follow_the_shops_adapter() {
        for (id, extra, want) in [
            (Some("both-0"), None, Some("musteri_tel=both-0")),
            (Some("both-0"), Some(""), Some("musteri_tel=both-0")),
            (
                Some("+905551112233"),
                Some("123"),
                Some("musteri_tel=+905551112233 oyuncu_bilgi=123"),
            ),
            // A telephone and blanks count like any other text.
            (
                Some(" 123 "),
                Some("905551112233"),
                Some("musteri_tel= 123  oyuncu_bilgi=905551112233"),
            ),
            (Some("  "), Some("123"), None),
            (None, Some("123"), None),
        ] {
            let got = player_fields(PlayerFields::Shop, id, extra);
            let got = got.map(|player| player.to_string());
            assert_eq!(got.as_deref(), want, "{id:?} {extra:?}");
        }
    }

    #[test]
    fn the_rule_of_a_package_goes_before_that_of_its_panel() {
        let (panel, other) = (
            IntegrationId(Uuid::from_u128(1)),
            IntegrationId(Uuid::from_u128(2)),
        );
        let (package, another) = (Uuid::from_u128(3), Uuid::from_u128(4));
        let rule = |package, fields| PlayerRule {
            integration: panel,
            package,
            fields,
        };
        let rules = PlayerRules {
            usual: PlayerFields::Sheet,
            others: vec![
                rule(None, PlayerFields::Shop),
                rule(Some(package), PlayerFields::Sheet),
            ],
        };
        assert_eq!(rules.of(panel, package), PlayerFields::Sheet);
        assert_eq!(rules.of(panel, another), PlayerFields::Shop);
        assert_eq!(rules.of(other, another), PlayerFields::Sheet);
    }
}
