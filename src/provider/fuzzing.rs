//! From what the shop's row, its mapping and a price list say to the request that buys, at both kinds of panel.
//!
//! What is checked is what the panel would take out of the address: the product that was meant, in the quantity that
//! was ordered, for the player that was typed, each name once and nothing of it anywhere else.

use std::collections::BTreeMap;

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Goods, Product, Purchase, barakat,
    kind::{At, Kind, Listed},
    znet,
};
use crate::order::{
    FieldRule, IntegrationId, Mapping, Naming, OrderField, OrderId, ParamRule, PlayerFields,
    PlayerRules, ShopOrder,
};

/// What an input says; whatever it leaves out is as usual.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    kind: String,
    quantity: i32,
    user: Option<String>,
    extra: Option<String>,
    entry: String,
    /// `package_mappings.meta`.
    meta: Option<Value>,
    /// The product's parameters and quantities in the list of a barakat panel.
    params: Value,
    quantities: Value,
    /// Its numbers in the list of a znet panel.
    numbers: Option<(String, String)>,
    /// A rule as it is written down with an order.
    rule: String,
}

pub(crate) fn purchases(data: &[u8]) {
    let Ok(row) = serde_json::from_slice::<Row>(data) else {
        return;
    };
    a_rule_reads_back(&row.rule);
    let order = ShopOrder {
        package: Uuid::nil(),
        quantity: row.quantity,
        user_identifier: row.user.clone(),
        extra_field: row.extra.clone(),
        mapping: Mapping::One {
            entry: row.entry.clone(),
            meta: row.meta.clone(),
        },
    };

    if row.kind == "barakat" {
        at_barakat(&row, &order);
    } else {
        at_znet(&row, &order);
    }
}

fn a_rule_reads_back(text: &str) {
    if let Some(rule) = FieldRule::parse(text) {
        assert_eq!(FieldRule::parse(&rule.to_string()), Some(rule));
    }
}

fn at_znet(row: &Row, order: &ShopOrder) {
    let shop = row.rule == PlayerFields::Shop.as_str();
    let rules = PlayerRules {
        usual: if shop {
            PlayerFields::Shop
        } else {
            PlayerFields::Sheet
        },
        ..PlayerRules::default()
    };
    let listed = row
        .numbers
        .clone()
        .map(|(oyun, kupur)| znet::fuzzing::product(oyun, kupur));
    let Some(goods) = goods("znet", order, listed.as_ref(), &rules) else {
        return;
    };
    assert_eq!(order.quantity, 1, "the protocol knows no quantity");

    let purchase = purchase(goods, Naming::Digits);
    let sent = Sent::of(&znet::fuzzing::request(&purchase));
    assert_eq!(sent.path, ["servis", "pin_ekle.php"]);
    let numbers = row
        .numbers
        .clone()
        .or_else(|| in_mapping(row.meta.as_ref()));
    let (oyun, kupur) = numbers.unwrap_or_default();
    assert_eq!(
        (sent.one("oyun"), sent.one("kupur")),
        (Some(&*oyun), Some(&*kupur))
    );
    assert_eq!(sent.one("referans"), Some(purchase.reference.as_str()));

    let (user, extra) = (
        row.user.as_deref().unwrap_or_default(),
        row.extra.as_deref().unwrap_or_default(),
    );
    assert!(
        !user.trim().is_empty(),
        "an order without a player is not sent"
    );
    let (player, phone) = (sent.one("oyuncu_bilgi"), sent.one("musteri_tel"));
    let (user, extra) = if shop {
        (user, extra)
    } else {
        (user.trim(), extra.trim())
    };
    let with_extra = format!("{extra} {user}");
    let want = match (shop, phone) {
        (true, _) => (Some(extra).filter(|extra| !extra.is_empty()), Some(user)),
        (false, Some(_)) => (Some(user), Some(extra)),
        (false, None) if extra.is_empty() => (Some(user), None),
        (false, None) => (Some(&*with_extra), None),
    };
    assert_eq!((player, phone), want);
    assert_eq!(
        sent.pairs.len(),
        5 + usize::from(player.is_some()) + usize::from(phone.is_some())
    );
}

/// The numbers of a product that a person named in its mapping.
fn in_mapping(meta: Option<&Value>) -> Option<(String, String)> {
    let number = |name: &str| match meta?.get(name)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Some((number("oyun")?, number("kupur")?))
}

fn at_barakat(row: &Row, order: &ShopOrder) {
    let Some(product) = barakat::fuzzing::listed(&row.entry, &row.params, &row.quantities) else {
        return;
    };
    let field = |at: usize| {
        if at.is_multiple_of(2) {
            OrderField::UserIdentifier
        } else {
            OrderField::ExtraField
        }
    };
    let named: BTreeMap<&String, OrderField> = product
        .params
        .iter()
        .enumerate()
        .map(|(at, name)| (name, field(at)))
        .collect();
    let rule = |(name, field): (&&String, &OrderField)| ParamRule {
        integration: None,
        package: None,
        name: (*name).clone(),
        field: *field,
    };
    let rules = PlayerRules {
        params: named.iter().map(rule).collect(),
        ..PlayerRules::default()
    };
    let Some(goods) = goods("barakat", order, Some(&product), &rules) else {
        return;
    };

    let purchase = purchase(goods, Naming::OrderId);
    let Some(url) = barakat::fuzzing::request(&purchase) else {
        return;
    };
    let sent = Sent::of(&url);
    assert_eq!(
        sent.path,
        ["client", "api", "newOrder", &*row.entry, "params"]
    );
    assert_eq!(sent.one("order_uuid"), Some(purchase.reference.as_str()));
    assert_eq!(sent.one("qty"), Some(&*order.quantity.to_string()));
    assert!(order.quantity > 0);

    for (name, field) in &named {
        let typed = match field {
            OrderField::UserIdentifier => &row.user,
            OrderField::ExtraField => &row.extra,
        };
        assert_eq!(sent.one(name), typed.as_deref().map(str::trim), "{name}");
    }
    assert_eq!(sent.pairs.len(), 2 + named.len());
}

fn goods(
    kind: &str,
    order: &ShopOrder,
    product: Option<&Product>,
    rules: &PlayerRules,
) -> Option<Goods> {
    let kind = Kind::of(kind)?;
    let listed = product.map_or(Listed::Unread, Listed::Product);
    let at = At {
        integration: IntegrationId(Uuid::nil()),
        rules,
    };
    kind.fill(order, listed, at).ok().flatten()
}

fn purchase(goods: Goods, naming: Naming) -> Purchase {
    let reference = naming.reference(OrderId(Uuid::nil()), IntegrationId(Uuid::nil()), 0);
    Purchase { reference, goods }
}

/// An address as its receiver reads it.
struct Sent {
    path: Vec<String>,
    pairs: Vec<(String, String)>,
}

impl Sent {
    fn of(url: &Url) -> Self {
        assert_eq!(url.host_str(), Some("panel.example"), "{url}");
        let path = url.path_segments().into_iter().flatten();
        let decoded = |part: &str| {
            percent_encoding::percent_decode_str(part)
                .decode_utf8_lossy()
                .into_owned()
        };
        Self {
            path: path.map(decoded).collect(),
            pairs: url.query_pairs().into_owned().collect(),
        }
    }

    /// The value of a name that is there once.
    fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(other, _)| other == name);
        let first = values.next();
        assert!(values.next().is_none(), "{name} is there twice");
        first.map(|(_, value)| &**value)
    }
}
