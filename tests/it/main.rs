//! One binary for all tests that need the outside: a database, a panel, a process.

#[cfg(feature = "sandbox")]
mod balances;
#[cfg(feature = "sandbox")]
mod binary_cli;
#[cfg(feature = "sandbox")]
mod binary_config;
#[cfg(feature = "sandbox")]
mod binary_crash;
#[cfg(feature = "sandbox")]
mod binary_database;
#[cfg(feature = "sandbox")]
mod binary_demo;
#[cfg(feature = "sandbox")]
mod binary_lifecycle;
#[cfg(feature = "sandbox")]
mod binary_market;
#[cfg(feature = "sandbox")]
mod binary_metrics;
#[cfg(feature = "sandbox")]
mod binary_orders;
#[cfg(feature = "sandbox")]
mod binary_secrets;
#[cfg(feature = "sandbox")]
mod brakes_ask_first;
#[cfg(feature = "sandbox")]
mod brakes_beside;
#[cfg(feature = "sandbox")]
mod brakes_breaker;
#[cfg(feature = "sandbox")]
mod brakes_fallback;
#[cfg(feature = "sandbox")]
mod brakes_limit;
#[cfg(feature = "sandbox")]
mod brakes_pause;
#[cfg(feature = "sandbox")]
mod brakes_shadow;
#[cfg(feature = "sandbox")]
mod chaos;
#[cfg(feature = "sandbox")]
mod cli_doctor;
#[cfg(feature = "sandbox")]
mod cli_status;
#[cfg(feature = "sandbox")]
mod cli_stock;
#[cfg(feature = "sandbox")]
mod cli_tree;
#[cfg(feature = "sandbox")]
mod faults_clock;
#[cfg(feature = "sandbox")]
mod faults_database;
#[cfg(feature = "sandbox")]
mod faults_panel;
#[cfg(feature = "sandbox")]
mod faults_reload;
#[cfg(feature = "sandbox")]
mod http;
mod migrations;
#[cfg(feature = "sandbox")]
mod notices;
#[cfg(feature = "sandbox")]
mod orders_brakes;
#[cfg(feature = "sandbox")]
mod orders_catalogue;
#[cfg(feature = "sandbox")]
mod orders_eligible;
#[cfg(feature = "sandbox")]
mod orders_leases;
#[cfg(feature = "sandbox")]
mod orders_life;
#[cfg(feature = "sandbox")]
mod orders_limits;
#[cfg(feature = "sandbox")]
mod orders_outcomes;
#[cfg(feature = "sandbox")]
mod orders_plans;
#[cfg(feature = "sandbox")]
mod orders_polling;
#[cfg(feature = "sandbox")]
mod orders_reference;
#[cfg(feature = "sandbox")]
mod orders_settled;
#[cfg(feature = "sandbox")]
mod orders_staff;
#[cfg(feature = "sandbox")]
mod orders_streams;
#[cfg(feature = "sandbox")]
mod orders_sweep;
#[cfg(feature = "sandbox")]
mod orders_unconfirmed;
#[cfg(feature = "sandbox")]
mod people;
#[cfg(feature = "sandbox")]
mod people_brakes;
#[cfg(feature = "sandbox")]
mod people_explain;
#[cfg(feature = "sandbox")]
mod people_list;
#[cfg(feature = "sandbox")]
mod people_resolve;
#[cfg(feature = "sandbox")]
mod people_retry;
#[cfg(feature = "sandbox")]
mod people_shadow;
#[cfg(feature = "sandbox")]
mod player_fields;
#[cfg(feature = "sandbox")]
mod process;
#[cfg(feature = "sandbox")]
mod retention;
#[cfg(feature = "sandbox")]
mod sandbox_panel;
#[cfg(feature = "sandbox")]
mod sandbox_trendyol;
#[cfg(feature = "sandbox")]
mod second_dispatcher;
mod stats;
#[cfg(feature = "sandbox")]
mod stock;
mod stock_rules;
#[cfg(feature = "sandbox")]
mod support;
mod trendyol_wire;
mod znet_wire;
