//! The player fields of a purchase, from what the customer typed.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::IntegrationId;

named! {
    /// Which field of a purchase holds what the customer typed, where a kind of panel has two of them.
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

named! {
    /// What the customer typed, by the shop's columns.
    #[derive(PartialOrd, Ord)]
    pub(crate) enum OrderField {
        UserIdentifier = "userIdentifier",
        ExtraField = "extraField",
    }
}

/// The rule by which a purchase's player fields were filled. As text it is what a person confirms, and a
/// rule that fills anything else in another way is another text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldRule {
    /// One of the two ways of panels with fixed fields.
    Fixed(PlayerFields),
    /// The product's own parameters, each from one field of the order.
    Params(Params),
}

/// Which field of the order fills which parameter of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(BTreeMap<String, OrderField>);

/// What a purchase says about the player (source: `znet.md`, "Player fields").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Player {
    /// By which rule the fields were filled: `sheet`, `shop`, or a parameter's field for each parameter, as JSON.
    #[schema(value_type = String)]
    pub fields: FieldRule,
    /// By the panel's names, in the order in which they are sent.
    #[serde(flatten, serialize_with = "as_map")]
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    pub values: Vec<(String, String)>,
}

/// Which rule holds for which product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayerRules {
    /// For every product of a panel with fixed fields that has no rule of its own.
    pub(crate) usual: PlayerFields,
    /// For one such panel, or for one package there.
    pub(crate) others: Vec<PlayerRule>,
    /// What fills the parameters of the other panels' products.
    pub(crate) params: Vec<ParamRule>,
}

/// The rule of one panel, or of one package there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlayerRule {
    pub(crate) integration: IntegrationId,
    /// `product_packages.id`; `None` for all packages.
    pub(crate) package: Option<Uuid>,
    pub(crate) fields: PlayerFields,
}

/// What fills one parameter: everywhere, at one panel, or for one package there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParamRule {
    /// `None` for all panels.
    pub(crate) integration: Option<IntegrationId>,
    /// `product_packages.id`; `None` for all packages.
    pub(crate) package: Option<Uuid>,
    /// As the panel's price list has it.
    pub(crate) name: String,
    pub(crate) field: OrderField,
}

impl PlayerFields {
    /// What goes where, in a few words.
    const fn meaning(self) -> &'static str {
        match self {
            Self::Sheet => {
                "userIdentifier as oyuncu_bilgi, a telephone in extraField as musteri_tel"
            }
            Self::Shop => "userIdentifier as musteri_tel, extraField as oyuncu_bilgi",
        }
    }
}

impl FieldRule {
    /// Reads a rule that was written down before.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fixed = PlayerFields::parse(text).map(Self::Fixed);
        fixed.or_else(|| serde_json::from_str(text).ok().map(Self::Params))
    }

    /// What goes where, in a few words.
    #[must_use]
    pub(crate) fn meaning(&self) -> String {
        match self {
            Self::Fixed(fields) => fields.meaning().to_owned(),
            Self::Params(Params(params)) if params.is_empty() => "no player fields".to_owned(),
            Self::Params(Params(params)) => {
                let each = params
                    .iter()
                    .map(|(name, field)| format!("{field} as {name}"));
                each.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

impl fmt::Display for FieldRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(fields) => fields.fmt(f),
            // A map of names: there is nothing in it that could not be written.
            Self::Params(params) => {
                f.write_str(&serde_json::to_string(params).map_err(|_| fmt::Error)?)
            }
        }
    }
}

impl Serialize for FieldRule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl PlayerRules {
    /// The rule of a product of a panel with fixed fields: that of the package, otherwise that of its
    /// panel, otherwise the usual one.
    #[must_use]
    pub(crate) fn fixed(&self, integration: IntegrationId, package: Uuid) -> FieldRule {
        let here = || {
            self.others
                .iter()
                .filter(|rule| rule.integration == integration)
        };

        let own = here().find(|rule| rule.package == Some(package));
        let rule = own.or_else(|| here().find(|rule| rule.package.is_none()));
        FieldRule::Fixed(rule.map_or(self.usual, |rule| rule.fields))
    }

    /// The rule of a product that has these parameters.
    ///
    /// # Errors
    /// The parameters that nothing fills.
    pub(crate) fn params(
        &self,
        integration: IntegrationId,
        package: Uuid,
        names: &[String],
    ) -> Result<FieldRule, Vec<String>> {
        let mut params = BTreeMap::new();
        let mut unfilled = Vec::new();
        for name in names {
            match self.param(integration, package, name) {
                Some(field) => drop(params.insert(name.clone(), field)),
                None => unfilled.push(name.clone()),
            }
        }

        if unfilled.is_empty() {
            Ok(FieldRule::Params(Params(params)))
        } else {
            Err(unfilled)
        }
    }

    /// What fills a parameter: the rule of the package, otherwise that of its panel, otherwise that of all.
    fn param(&self, integration: IntegrationId, package: Uuid, name: &str) -> Option<OrderField> {
        let here = [
            (Some(integration), Some(package)),
            (Some(integration), None),
            (None, None),
        ];
        let of = |place| {
            let mut rules = self.params.iter();
            rules.find(|rule| rule.name == name && (rule.integration, rule.package) == place)
        };
        here.into_iter().find_map(of).map(|rule| rule.field)
    }

    /// Whether a product that was sold by a rule would be sold by it today.
    #[must_use]
    pub(crate) fn hold(&self, rule: &FieldRule, integration: IntegrationId, package: Uuid) -> bool {
        match rule {
            FieldRule::Fixed(_) => *rule == self.fixed(integration, package),
            FieldRule::Params(Params(params)) => params
                .iter()
                .all(|(name, field)| self.param(integration, package, name) == Some(*field)),
        }
    }
}

/// As people are shown what is sent.
impl fmt::Display for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.values.iter().enumerate() {
            let blank = if place == 0 { "" } else { " " };
            write!(f, "{blank}{name}={value}")?;
        }
        Ok(())
    }
}

fn as_map<S: Serializer>(values: &[(String, String)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(values.iter().map(|(name, value)| (name, value)))
}

/// Puts `userIdentifier` and `extraField` into the panel's fields.
///
/// Returns `None` when a field that the rule needs is empty: such an order is not sent.
#[must_use]
pub fn player_fields(
    rule: &FieldRule,
    user_identifier: Option<&str>,
    extra: Option<&str>,
) -> Option<Player> {
    let values = match rule {
        FieldRule::Fixed(PlayerFields::Sheet) => of_sheet(filled(user_identifier)?.trim(), extra),
        FieldRule::Fixed(PlayerFields::Shop) => of_shop(filled(user_identifier)?, extra),
        FieldRule::Params(Params(params)) => {
            let value = |field: OrderField| match field {
                OrderField::UserIdentifier => filled(user_identifier),
                OrderField::ExtraField => filled(extra),
            };
            let pairs = params.iter().map(|(name, field)| {
                let value = value(*field)?.trim();
                Some((name.clone(), value.to_owned()))
            });
            pairs.collect::<Option<_>>()?
        }
    };

    Some(Player {
        fields: rule.clone(),
        values,
    })
}

fn filled(field: Option<&str>) -> Option<&str> {
    field.filter(|text| !text.trim().is_empty())
}

/// To the byte as the shop sends it, and in its order: what it does not trim is not trimmed here.
fn of_shop(typed: &str, extra: Option<&str>) -> Vec<(String, String)> {
    let extra = extra.filter(|extra| !extra.is_empty());
    let phone = Some(pair(PHONE, typed));
    let player = extra.map(|extra| pair(PLAYER_ID, extra));
    phone.into_iter().chain(player).collect()
}

fn of_sheet(id: &str, extra: Option<&str>) -> Vec<(String, String)> {
    let extra = extra.map(str::trim).filter(|extra| !extra.is_empty());
    match extra {
        Some(extra) if is_phone(extra) => vec![pair(PLAYER_ID, id), pair(PHONE, extra)],
        // The protocol has no field for anything else, such as a zone.
        Some(extra) => vec![pair(PLAYER_ID, &format!("{extra} {id}"))],
        None => vec![pair(PLAYER_ID, id)],
    }
}

const PLAYER_ID: &str = "oyuncu_bilgi";
const PHONE: &str = "musteri_tel";

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
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
            let got = player_fields(&FieldRule::Fixed(PlayerFields::Sheet), id, extra);
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
            let got = player_fields(&FieldRule::Fixed(PlayerFields::Shop), id, extra);
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
            params: Vec::new(),
        };
        let is = |panel, package, fields| rules.fixed(panel, package) == FieldRule::Fixed(fields);
        assert!(is(panel, package, PlayerFields::Sheet));
        assert!(is(panel, another, PlayerFields::Shop));
        assert!(is(other, another, PlayerFields::Sheet));
    }

    #[test]
    fn a_products_parameters_are_filled_by_the_nearest_rule_or_not_at_all() {
        let panel = IntegrationId(Uuid::from_u128(1));
        let (package, another) = (Uuid::from_u128(3), Uuid::from_u128(4));
        let rule = |integration, package, name: &str, field| ParamRule {
            integration,
            package,
            name: name.to_owned(),
            field,
        };
        let rules = PlayerRules {
            params: vec![
                rule(None, None, "uid", OrderField::UserIdentifier),
                rule(Some(panel), None, "server", OrderField::ExtraField),
                rule(Some(panel), Some(package), "uid", OrderField::ExtraField),
            ],
            ..PlayerRules::default()
        };
        let names = |all: &[&str]| -> Vec<String> { all.iter().map(|&n| n.to_owned()).collect() };
        let text = |package, all: &[&str]| {
            let rule = rules.params(panel, package, &names(all));
            rule.map(|rule| rule.to_string())
                .map_err(|missing| missing.join("+"))
        };

        let want = r#"{"server":"extraField","uid":"userIdentifier"}"#;
        assert_eq!(text(another, &["uid", "server"]), Ok(want.to_owned()));
        assert_eq!(
            text(package, &["uid"]),
            Ok(r#"{"uid":"extraField"}"#.to_owned())
        );
        assert_eq!(text(package, &[]), Ok("{}".to_owned()));
        assert_eq!(
            text(package, &["uid", "zone", "ad"]),
            Err("zone+ad".to_owned())
        );
        assert_eq!(
            rules.params(IntegrationId(Uuid::nil()), another, &names(&["server"])),
            Err(names(&["server"]))
        );

        let rule = FieldRule::parse(want).unwrap();
        assert!(rules.hold(&rule, panel, another) && !rules.hold(&rule, panel, package));
        let filled = |extra| player_fields(&rule, Some(" 77 "), extra).map(|p| p.to_string());
        assert_eq!(filled(Some("asia ")).as_deref(), Some("server=asia uid=77"));
        assert_eq!(filled(Some(" ")), None);
        assert_eq!(
            rule.meaning(),
            "extraField as server, userIdentifier as uid"
        );
    }

    #[test]
    fn a_rule_reads_back() {
        for text in ["sheet", "shop", "{}", r#"{"ايدي اللاعب":"userIdentifier"}"#] {
            assert_eq!(FieldRule::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(FieldRule::parse(r#"{"uid":"password"}"#), None);
    }
}
