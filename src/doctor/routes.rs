//! The way from a package to a product of a panel.

use std::collections::BTreeMap;

use super::{
    Lists,
    finding::{Findings, named},
};
use crate::{
    order::{FieldRule, PlayerRules},
    provider::Product,
    store::{Fallback, Route, SoldAs, Store, StoreError},
};

/// What is wrong with a route, in the order of what to fix first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Nowhere,
    AnotherTenant,
    OtherKind,
    Disabled,
    NoMapping,
    SeveralMappings,
    NotListed,
    ListedIncomplete,
    ParamNotMapped,
    FallbackNowhere,
    FallbackUnmapped,
    FallbackOtherKind,
}

pub(super) async fn check(
    store: &Store,
    rules: &PlayerRules,
    lists: &Lists,
) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    let routes = ways(store, rules, lists, &mut findings).await?;
    if !routes.is_empty() {
        let sold = store.sold_as().await?;
        players(&routes, &sold, rules, lists, &mut findings);
    }
    Ok(findings)
}

/// The routes, each led to a panel and a product as far as it goes.
pub(super) async fn ways(
    store: &Store,
    rules: &PlayerRules,
    lists: &Lists,
    findings: &mut Findings,
) -> Result<Vec<Route>, StoreError> {
    left_to_shop(store, findings).await?;

    let routes = store.routes().await?;
    if routes.is_empty() {
        findings.warn(
            "routing",
            "No package is routed automatically to an external panel: nothing will be bought.",
            "Set mode 'auto', provider type 'external' and a panel in the package's routing.",
        );
        return Ok(routes);
    }

    let mut faults: BTreeMap<Fault, Vec<String>> = BTreeMap::new();
    for route in &routes {
        for fault in faults_of(route, rules, lists) {
            // One finding for each kind of fault: a shop may have a thousand packages.
            let name = match fault {
                Fault::ParamNotMapped => {
                    let params = unfilled(route, rules, lists).join(", ");
                    format!("{} ({params})", route.package)
                }
                _ => route.package.clone(),
            };
            faults.entry(fault).or_default().push(name);
        }
    }

    // A fallback that is wrong keeps no order from its first panel.
    let sound = routes
        .iter()
        .filter(|route| {
            !faults_of(route, rules, lists)
                .iter()
                .any(|fault| fault.keeps())
        })
        .count();
    if !faults.keys().any(|fault| fault.fails()) && sound > 0 {
        let text = match sound {
            1 => "1 package leads to a panel and a product.".to_owned(),
            sound => format!("{sound} packages lead to a panel and a product."),
        };
        findings.ok("routing", text);
    }

    for (fault, packages) in faults {
        let (check, sentence, fix) = fault.describe();
        let sentence = format!("{} {sentence}", named(&packages));
        let finding = if fault.fails() {
            findings.fail(check, sentence, fix)
        } else {
            findings.warn(check, sentence, fix)
        };
        finding.about(packages.join(", "));
    }

    Ok(routes)
}

/// Routes that are none of ours are named, so that nobody waits for us.
async fn left_to_shop(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let routes = store.routes_of_the_shop().await?;
    if routes.is_empty() {
        return Ok(());
    }

    let each = routes.iter().map(|route| {
        let (packages, kind) = (route.packages, &route.provider_type);
        format!("{packages} to {kind:?}")
    });
    let each = each.collect::<Vec<_>>().join(", ");
    let text = format!("Packages that the shop serves itself, left to it: {each}.");
    findings.ok("routing", text);
    Ok(())
}

/// What is sent about the player, and whether a person has seen that it is right.
pub(super) fn players(
    routes: &[Route],
    sold: &[SoldAs],
    rules: &PlayerRules,
    lists: &Lists,
    findings: &mut Findings,
) {
    const CHECK: &str = "player fields";
    let mut open: BTreeMap<String, (FieldRule, Vec<String>)> = BTreeMap::new();
    let mut known = 0;
    for route in routes {
        // What goes to other providers is not sent from here.
        let Some((panel, kind)) = route.panel.as_ref().and_then(|p| Some((p, p.kind?))) else {
            continue;
        };
        let params = listed(route, lists).map(|product| &*product.params);
        let Some(fields) = kind.rule(rules, panel.id, route.package_id, params) else {
            continue;
        };

        let confirmed = sold.iter().any(|sold| {
            (sold.integration, sold.package) == (panel.id, route.package_id)
                && sold.fields == fields
                && sold.confirmed
        });
        if confirmed {
            known += 1;
        } else {
            let names = open
                .entry(fields.to_string())
                .or_insert((fields, Vec::new()));
            names.1.push(route.package.clone());
        }
    }

    for (name, (fields, packages)) in &open {
        findings
            .warn(
                CHECK,
                format!(
                    "{} sold with {} ({name}); nobody has confirmed that by a real order.",
                    named(packages),
                    fields.meaning()
                ),
                "After one real order of each, ask whether the goods reached the right account: `orderwatch order confirm ORDER --reason \"…\"`, or set znet.player_fields or [[barakat.param]]. Panels with fixed player fields get them from the Django shop as \"shop\".",
            )
            .about(packages.join(", "));
    }
    if open.is_empty() && known > 0 {
        findings.ok(CHECK, "Confirmed by a real order of each package.");
    }
}

/// The product of a route, where the price list has it.
fn listed<'a>(route: &Route, lists: &'a Lists) -> Option<&'a Product> {
    let list = lists.get(&route.panel.as_ref()?.id)?;
    list.products.get(route.entry.as_ref()?)
}

/// The parameters of its product that nothing fills.
fn unfilled(route: &Route, rules: &PlayerRules, lists: &Lists) -> Vec<String> {
    let panel = route.panel.as_ref().and_then(|p| Some((p.id, p.kind?)));
    let Some(((panel, kind), product)) = panel.zip(listed(route, lists)) else {
        return Vec::new();
    };
    kind.unfilled(rules, panel, route.package_id, &product.params)
}

fn faults_of(route: &Route, rules: &PlayerRules, lists: &Lists) -> Vec<Fault> {
    let mut faults = Vec::new();
    let Some(panel) = &route.panel else {
        return vec![if route.another_tenant {
            Fault::AnotherTenant
        } else {
            Fault::Nowhere
        }];
    };
    if panel.kind.is_none() {
        // Another system serves it.
        return vec![Fault::OtherKind];
    }
    if !panel.enabled {
        faults.push(Fault::Disabled);
    }

    match (route.mappings, &route.entry) {
        (1, Some(entry)) => {
            // A price list that could not be read says nothing against a mapping.
            let listed = lists.get(&panel.id);
            if listed.is_some_and(|list| list.incomplete.contains_key(entry)) {
                // A mapping that names both numbers itself does not need the list's.
                if !route.names_numbers {
                    faults.push(Fault::ListedIncomplete);
                }
            } else if listed.is_some_and(|list| !list.products.contains_key(entry)) {
                faults.push(Fault::NotListed);
            }
            if !unfilled(route, rules, lists).is_empty() {
                faults.push(Fault::ParamNotMapped);
            }
        }
        (0, _) | (_, None) => faults.push(Fault::NoMapping),
        _ => faults.push(Fault::SeveralMappings),
    }

    match route.fallback {
        Fallback::None | Fallback::Usable => {}
        Fallback::Nowhere => faults.push(Fault::FallbackNowhere),
        Fallback::Unmapped => faults.push(Fault::FallbackUnmapped),
        Fallback::OtherKind => faults.push(Fault::FallbackOtherKind),
    }

    faults
}

impl Fault {
    /// Whether the package leads to no panel of ours and no product.
    const fn keeps(self) -> bool {
        self.fails() || matches!(self, Self::OtherKind)
    }

    const fn fails(self) -> bool {
        matches!(
            self,
            Self::Nowhere
                | Self::AnotherTenant
                | Self::NoMapping
                | Self::SeveralMappings
                | Self::NotListed
                | Self::ListedIncomplete
                | Self::ParamNotMapped
        )
    }

    /// The check, and what it says after the packages' names: what is wrong, and what to do.
    const fn describe(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Nowhere => (
                "routing",
                "routed automatically, but to no panel of this shop: orders are held.",
                "Choose a panel of this shop in the package's routing.",
            ),
            Self::AnotherTenant => (
                "routing",
                "routed to an account of another tenant: orders are held, orderwatch buys with the tenant's own accounts only.",
                "Give the tenant an integration of its own at that panel; map and route the package to it.",
            ),
            Self::OtherKind => (
                "routing",
                "routed to a provider that orderwatch does not talk to: left to the shop.",
                "Nothing, if the shop itself sends them; otherwise choose a panel of a kind that orderwatch talks to.",
            ),
            Self::Disabled => (
                "routing",
                "routed to a panel that is disabled: orders wait.",
                "Enable the integration, or route the package to another panel.",
            ),

            Self::NoMapping => (
                "mapping",
                "not mapped to a product of the panel: orders are held.",
                "Map the package to the panel's product.",
            ),
            Self::SeveralMappings => (
                "mapping",
                "mapped to several products of the panel: orders are held.",
                "Leave one mapping for the package at this panel.",
            ),

            Self::NotListed => (
                "catalogue",
                "mapped to a product that the panel does not list: orders are held.",
                "Correct the mapping, or route the package to another panel.",
            ),
            Self::ListedIncomplete => (
                "catalogue",
                "mapped to a product that the panel lists without kupur or oyun_bilgi_id, or not clearly: orders are held.",
                "Ask the panel. Where numbers are missing, enter both in the mapping's meta as \"oyun\" and \"kupur\".",
            ),
            Self::ParamNotMapped => (
                "parameters",
                "mapped to a product with a parameter that nothing fills: orders are held.",
                "Say in [[barakat.param]] which field of the order fills each parameter.",
            ),

            Self::FallbackNowhere => (
                "fallback",
                "with a fallback that is no other panel of this shop: there is none.",
                "Choose another panel as the fallback, or none.",
            ),
            Self::FallbackOtherKind => (
                "fallback",
                "with a fallback that orderwatch does not talk to: what the panel refuses is not sent there.",
                "Choose a panel of a kind that orderwatch talks to as the fallback, or send by hand what was refused.",
            ),
            Self::FallbackUnmapped => (
                "fallback",
                "not mapped to a product of its fallback panel: there is no fallback.",
                "Map the package at its fallback panel as well.",
            ),
        }
    }
}
