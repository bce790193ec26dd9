//! The command tree as people meet it: help, examples, completions, manual pages.

use clap::Command;
use orderwatch::cli::Cli;

use crate::process::Program;

/// Commands that print no figures: they act, and say in a sentence what they did.
const WITHOUT_TABLES: [&str; 19] = [
    "run",
    "top",
    "healthcheck",
    "migrate",
    "migrate revert",
    "once",
    "order retry",
    "order resolve",
    "order confirm",
    "pause",
    "resume",
    "pick",
    "stock release",
    "stock pause",
    "stock resume",
    "trendyol forget-account",
    "demo",
    "completions",
    "man",
];

/// Each command that can be run, with its whole name.
fn leaves(command: &Command, name: &str, found: &mut Vec<(String, Command)>) {
    let subs: Vec<_> = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
        .collect();
    if subs.is_empty() || !command.is_subcommand_required_set() {
        found.push((name.to_owned(), command.clone()));
    }
    for sub in subs {
        let name = format!("{name} {}", sub.get_name());
        leaves(sub, name.trim(), found);
    }
}

fn all() -> Vec<(String, Command)> {
    let mut tree = Cli::tree();
    tree.build();
    let mut found = Vec::new();
    leaves(&tree, "", &mut found);
    found
}

#[test]
fn every_command_says_what_it_does_and_shows_examples() {
    for (name, command) in all() {
        assert!(command.get_about().is_some(), "{name} says nothing");
        let after = command.get_after_help().map(ToString::to_string);
        let after = after.unwrap_or_default();
        assert!(
            after.contains("xample") && after.contains("orderwatch "),
            "{name} shows no example"
        );
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{name}: {} says nothing",
                argument.get_id()
            );
        }
    }
}

#[test]
fn what_prints_figures_prints_them_as_json_too() {
    for (name, command) in all() {
        let json = command
            .get_arguments()
            .any(|argument| argument.get_long() == Some("json"));
        assert_eq!(
            json,
            !WITHOUT_TABLES.contains(&name.as_str()),
            "{name}: --json"
        );
    }
}

#[test]
fn no_two_arguments_of_a_command_have_the_same_name() {
    Cli::tree().debug_assert();
}

#[tokio::test]
async fn who_gives_no_verdict_is_told_of_both() {
    let args = ["order", "resolve", "1042", "--reason", "asked them"];
    let none = Program::new(args).run().await;
    assert_eq!(none.code(), 2, "{none:?}");
    assert!(
        none.stderr
            .contains("<--bought|--not-bought|--give-code|--keep-back>"),
        "{none:?}"
    );
    let both = args.into_iter().chain(["--bought", "--not-bought"]);
    let both = Program::new(both).run().await;
    assert_eq!(both.code(), 2, "{both:?}");
}

#[tokio::test]
async fn completions_and_manual_pages_name_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Program::new(["completions", shell]).run().await.good();
        for word in ["status", "doctor", "resolve", "--held"] {
            let word = word.trim_start_matches("--");
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
    let unknown = Program::new(["completions", "tcsh"]).run().await;
    assert_eq!(unknown.code(), 2, "{unknown:?}");

    let page = Program::new(["man"]).run().await.good();
    assert!(page.contains(".TH orderwatch 1"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    Program::new(["man", "--dir", path]).run().await.good();
    for name in [
        "orderwatch",
        "orderwatch-status",
        "orderwatch-order-resolve",
    ] {
        let page = folder.path().join(format!("{name}.1"));
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(text.contains(".SH"), "{name}: {text}");
    }
    let nowhere = Program::new(["man", "--dir", "/nowhere/at/all"])
        .run()
        .await;
    assert_eq!(nowhere.code(), 1, "{nowhere:?}");
    assert!(nowhere.stderr.contains("cannot be written"), "{nowhere:?}");
}
