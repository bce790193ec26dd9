//! `/api/v1`: for programs, everything that the command line can do. The description at
//! `/api/openapi.json` comes from the code, so the two cannot differ.
//!
//! Left to the command line is what makes sense on the daemon's own machine only: running (`run`),
//! the database before a daemon may use it (`migrate`), the configuration (`config check`), the
//! account that it names (`trendyol`), and what belongs to a shell (`healthcheck`, `completions`,
//! `man`). `stock push --dry-run` is `/stock/plan` here. A test compares both lists.
//!
//! What must stay true: references, ids and money are texts (programs lose digits of numbers);
//! every list is read page by page; what a request does not know is refused, never ignored; whoever
//! acts says who and why.

mod act;
mod brakes;
mod doctor;
mod input;
mod jobs;
mod money;
mod order;
mod orders;
mod overview;
mod packages;
mod page;
mod pick;
mod responses;
mod retry_many;
mod shadow;
mod stock;

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components, Server,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

use super::AppState;
use crate::config::BasePath;

/// The head of the description.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "orderwatch",
        description = "Buys a shop's orders from its reseller panel once, watches them to their end, \
                       and keeps a Trendyol store's stock true.\n\n\
                       Times are UTC. References, ids and money are texts. Lists come in pages: \
                       hand `next` back as `cursor`. Errors are problem details (RFC 9457); \
                       programs branch on `code`. A method that an address does not take is \
                       answered with 405 and `Allow`. Without `http.token` the API answers this \
                       machine alone, and no token is needed."
    ),
    tags(
        (name = "whole", description = "How it goes"),
        (name = "orders", description = "Orders, and what only a person can decide"),
        (name = "brakes", description = "Pausing and resuming purchases"),
        (name = "jobs", description = "Periodic jobs"),
        (name = "money", description = "What the purchases did to the accounts at the panels"),
        (name = "shadow", description = "What shadow mode would have bought"),
        (name = "stock", description = "The Trendyol store")
    ),
    security(("token" = [])),
    modifiers(&Token)
)]
struct Head;

/// How the token is shown.
struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("`http.token` of the configuration"))
            .build();
        openapi
            .components
            .get_or_insert_with(Components::new)
            .add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

pub(super) fn routes(base: &BasePath) -> Router<AppState> {
    let (router, mut description) = described();
    // Programs that are made from the description go the way of its reader.
    description.servers = (!base.is_root()).then(|| vec![Server::new(base.as_str())]);
    // Kept: it does not change while the process runs.
    let description = Arc::new(description);

    router.route(
        "/api/openapi.json",
        get(move || {
            let description = Arc::clone(&description);
            async move { Json((*description).clone()) }
        }),
    )
}

fn described() -> (Router<AppState>, utoipa::openapi::OpenApi) {
    let api = OpenApiRouter::new()
        .merge(overview::routes())
        .merge(orders::routes())
        .merge(order::routes())
        .merge(act::routes())
        .merge(retry_many::routes())
        .merge(brakes::routes())
        .merge(doctor::routes())
        .merge(jobs::routes())
        .merge(money::routes())
        .merge(shadow::routes())
        .merge(stock::routes())
        .merge(packages::routes())
        .merge(pick::routes());

    OpenApiRouter::with_openapi(Head::openapi())
        .nest("/api/v1", api)
        .split_for_parts()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_operation_is_described_with_its_problems() {
        let (_, description) = described();
        let description = serde_json::to_value(description).unwrap();
        let paths = description["paths"].as_object().unwrap();
        assert!(paths.len() > 20, "{paths:?}");
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                let name = format!("{method} {path}");
                assert!(path.starts_with("/api/v1/"), "{name}");
                assert!(matches!(&**method, "get" | "post"), "{name}");
                assert!(operation["summary"].is_string(), "{name}");
                assert!(operation["operationId"].is_string(), "{name}");
                let responses = operation["responses"].as_object().unwrap();
                for status in ["400", "401", "403", "405", "429", "503"] {
                    let content = &responses[status]["content"];
                    let problem = &content["application/problem+json"]["schema"]["$ref"];
                    assert_eq!(problem, "#/components/schemas/Problem", "{name} {status}");
                }
                assert!(responses.contains_key("200"), "{name}");
                assert_eq!(responses.contains_key("415"), method == "post", "{name}");
            }
        }
    }

    /// Commands, and the operation that does the same; none for those of this machine alone.
    const COMMANDS: [(&str, &str); 34] = [
        ("run", ""),
        ("adopt", ""),
        ("migrate", ""),
        ("config check", ""),
        ("healthcheck", ""),
        ("completions", ""),
        ("man", ""),
        ("status", "get /overview"),
        ("top", "get /overview"),
        ("doctor", "post /doctor"),
        ("once", "post /jobs/{job}/runs"),
        ("order list", "get /orders"),
        ("order show", "get /orders/{order}"),
        ("order explain", "get /orders/{order}/explain"),
        ("order retry", "post /orders/{order}/retry"),
        ("order confirm", "post /orders/{order}/confirm"),
        ("order resolve", "post /orders/{order}/resolve"),
        ("pause", "post /brakes/pause"),
        ("resume", "post /brakes/resume"),
        ("money", "get /money"),
        ("shadow", "get /shadow/orders"),
        ("stock plan", "get /stock/plan"),
        ("stock history", "get /stock/history"),
        ("stock push", "post /stock/push"),
        ("stock release", "post /stock/release"),
        ("stock log", "get /stock/log"),
        ("stock pause", "post /stock/pause"),
        ("stock resume", "post /stock/resume"),
        ("pick", "post /pick"),
        ("migrate revert", ""),
        ("trendyol webhook register", ""),
        ("trendyol webhook list", ""),
        ("trendyol webhook remove", ""),
        ("trendyol forget-account", ""),
    ];

    fn commands(command: &clap::Command, name: &str) -> Vec<String> {
        let subs: Vec<_> = command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
            .collect();
        let itself = subs.is_empty() || !command.is_subcommand_required_set();
        let mut found: Vec<_> = itself.then(|| name.to_owned()).into_iter().collect();
        for sub in subs {
            let name = format!("{name} {}", sub.get_name());
            found.extend(commands(sub, name.trim()));
        }
        found
    }

    #[test]
    fn what_the_command_line_can_do_the_api_can() {
        let mut tree = crate::cli::Cli::tree();
        tree.build();
        let mut all = commands(&tree, "");
        all.sort();
        let mut known: Vec<_> = COMMANDS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(all, known);
        let (_, description) = described();
        let description = serde_json::to_value(description).unwrap();
        for (command, operation) in COMMANDS {
            let Some((method, path)) = operation.split_once(' ') else {
                continue;
            };
            let operation = &description["paths"][format!("/api/v1{path}")][method];
            assert!(
                operation.is_object(),
                "{command}: there is no {method} {path}"
            );
        }
    }

    /// A reference that leads nowhere makes the description useless to generators.
    #[test]
    fn every_reference_of_the_description_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(list) => list.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let (_, description) = described();
        let description = serde_json::to_value(description).unwrap();
        let mut found = Vec::new();
        references(&description, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{reference}");
        }
    }
}
