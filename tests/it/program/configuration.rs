//! What the program says about its configuration, and how it ends when that cannot be used.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::path::Path;

use serde_json::Value;

use crate::process::{Ended, Program, roles::MIGRATOR, settings::Settings, world::World};

const PASSWORD: &str = "Kanarya-Veritabani-77";

fn program(settings: &Settings, folder: &Path, args: &[&str]) -> Program {
    let file = settings.write(folder);
    let mut all: Vec<std::ffi::OsString> = args.iter().map(Into::into).collect();
    all.extend(["--config".into(), file.into_os_string()]);
    Program::new(all)
}

fn sound() -> Settings {
    let url = format!("postgres://shop:{PASSWORD}@127.0.0.1:1/shop");
    Settings::quick().text("database.url", &url)
}

/// The fault lines of an unusable configuration.
fn faults(ended: &Ended) -> Vec<&str> {
    assert_eq!(ended.code(), 2, "{ended:?}");
    assert_eq!(ended.stdout, "");
    let mut lines = ended.stderr.lines();
    let title = lines.next();
    assert_eq!(title, Some("error: the configuration cannot be used"));
    lines.collect()
}

#[tokio::test]
async fn all_faults_are_named_at_once_and_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::quick()
        .text("database.url_file", "nowhere/url")
        .with("dispatch.scan_intervall", "\"5s\"")
        .with("dispatch.lease", "\"2s\"")
        .with("poll.max_attempts", "0")
        .text("poll.first_check_after", "60")
        .text("poll.backoff_initial", "10m")
        .text("poll.backoff_max", "5m")
        .with("znett.request_timeout", "\"1s\"");
    for command in [
        &["run"][..],
        &["config", "check"],
        &["config", "check", "--json"],
        &["migrate"],
        &["once", "sweep"],
        &["order", "show", "1"],
    ] {
        let ended = program(&settings, folder.path(), command)
            .env("ORDERWATCH__SWEEP__BATCH_SIZE", "many")
            .run()
            .await;
        let lines = faults(&ended);
        for (place, words) in [
            ("orderwatch.toml:", "database.url_file"),
            (
                "orderwatch.toml:",
                "dispatch.scan_intervall is not known; did you mean dispatch.scan_interval?",
            ),
            ("orderwatch.toml:", "dispatch.lease"),
            ("orderwatch.toml:", "poll.max_attempts"),
            (
                "orderwatch.toml:",
                "poll.first_check_after must be a positive duration with a unit",
            ),
            ("orderwatch.toml:", "poll.backoff_"),
            ("orderwatch.toml:", "znet"),
            ("$ORDERWATCH__SWEEP__BATCH_SIZE: ", "sweep.batch_size"),
        ] {
            assert!(
                lines
                    .iter()
                    .any(|line| line.contains(place) && line.contains(words)),
                "{command:?}: nothing about {words:?} in\n{}",
                ended.stderr
            );
        }
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_or_not_toml_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.toml");
    let ended = Program::new([
        "run".into(),
        "--config".into(),
        absent.clone().into_os_string(),
    ])
    .run()
    .await;
    let lines = faults(&ended).join("\n");
    assert!(lines.contains(&absent.display().to_string()), "{lines}");

    let broken = folder.path().join("broken.toml");
    std::fs::write(&broken, "[dispatch\nlease = 5").unwrap();
    let ended = Program::new(["config", "check"])
        .env("ORDERWATCH_CONFIG", broken.as_os_str())
        .run()
        .await;
    let lines = faults(&ended).join("\n");
    assert!(lines.contains("broken.toml:1:"), "{lines}");
}

#[tokio::test]
async fn without_a_database_it_says_where_one_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let ended = Program::new(["run"]).current_dir(folder.path()).run().await;
    let lines = faults(&ended).join("\n");
    assert!(lines.contains("database.url"), "{lines}");
    assert!(lines.contains("DATABASE_URL"), "{lines}");
}

#[tokio::test]
async fn check_shows_what_is_in_force_and_where_it_came_from_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let check = |args: &'static [&'static str]| {
        program(&sound(), folder.path(), args)
            .env("ORDERWATCH__POLL__BACKOFF_MAX", "7s")
            .run()
    };
    let text = check(&["config", "check"]).await.good();
    let line = |key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        line.unwrap_or_else(|| panic!("no {key} in\n{text}"))
            .to_owned()
    };
    assert!(line("database.url ").contains("***"));
    assert!(line("poll.backoff_max").contains("7s"));
    assert!(line("poll.backoff_max").contains("$ORDERWATCH__POLL__BACKOFF_MAX"));
    assert!(line("sweep.batch_size").contains("default"));
    assert!(line("sweep.spread").contains("orderwatch.toml:"));
    assert!(!text.contains(PASSWORD), "{text}");

    let json = check(&["config", "check", "--json"]).await.good();
    assert!(!json.contains(PASSWORD), "{json}");
    let json: Value = serde_json::from_str(&json).unwrap();
    let settings = json["settings"].as_array().unwrap();
    let setting = settings
        .iter()
        .find(|setting| setting["key"] == "poll.backoff_max");
    assert_eq!(setting.unwrap()["value"], "7s");
    let keys = text.lines().filter(|line| line.contains('.')).count() - 1;
    assert_eq!(settings.len(), keys, "both forms show every key");
}

#[tokio::test]
async fn the_search_order_is_argument_variable_folder() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, size: u32| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(
            &path,
            sound().with("sweep.batch_size", size.to_string()).toml(),
        )
        .unwrap();
        path.into_os_string()
    };
    let (argument, variable) = (write("argument.toml", 11), write("variable.toml", 22));
    write("config/orderwatch.toml", 33);
    let check = || Program::new(["config", "check", "--json"]).current_dir(folder.path());
    let named: Vec<std::ffi::OsString> = vec![
        "config".into(),
        "check".into(),
        "--json".into(),
        "--config".into(),
        argument,
    ];
    for (program, wanted) in [
        (
            Program::new(named).env("ORDERWATCH_CONFIG", variable.clone()),
            11,
        ),
        (check().env("ORDERWATCH_CONFIG", variable), 22),
        (check(), 33),
    ] {
        let json: Value = serde_json::from_str(&program.run().await.good()).unwrap();
        let settings = json["settings"].as_array().unwrap();
        let size = settings
            .iter()
            .find(|setting| setting["key"] == "sweep.batch_size");
        assert_eq!(size.unwrap()["value"], wanted);
    }
}

#[tokio::test]
async fn the_address_of_the_database_may_come_from_a_secret_file() {
    let world = World::new().await;
    let secret = world.folder().join("url");
    std::fs::write(&secret, format!("{}\n", world.database.url_as(MIGRATOR))).unwrap();
    let settings = Settings::quick().text("database.url_file", "url");
    open_to_others(&secret, true);
    let ended = world.program(&settings, &["migrate"]).run().await;
    assert!(faults(&ended).join("\n").contains("chmod o-r"), "{ended:?}");
    open_to_others(&secret, false);
    let text = world.program(&settings, &["migrate"]).run().await.good();
    assert_eq!(text, "The database is up to date.\n");
}

fn open_to_others(file: &Path, open: bool) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if open { 0o644 } else { 0o600 };
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn usage_errors_end_with_two_and_help_and_version_are_there() {
    for args in [
        &[][..],
        &["rnu"],
        &["run", "--fast"],
        &["once"],
        &["order", "show"],
    ] {
        let ended = Program::new(args.iter().copied()).run().await;
        assert_eq!(ended.code(), 2, "{args:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{args:?}");
        assert!(
            ended.stderr.contains("Usage: orderwatch"),
            "{args:?}: {}",
            ended.stderr
        );
    }
    let version = Program::new(["--version"]).run().await.good();
    assert_eq!(
        version,
        format!("orderwatch {}\n", env!("CARGO_PKG_VERSION"))
    );
    let help = Program::new(["--help"]).run().await.good();
    for command in ["run", "migrate", "config", "once", "order", "--config"] {
        assert!(help.contains(command), "{help}");
    }
}
