mod http;
mod notify;
mod settings;
mod znet;

use std::{
    ffi::OsString,
    fs,
    os::unix::{ffi::OsStringExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;
use crate::{
    order::{Settle, UnconfirmedPolicy},
    text::Lang,
};

const URL: &str = "postgres://shop:s3cr3t-word@db:5432/shop";

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A configuration file in a folder of its own.
struct Folder(TempDir);

impl Folder {
    fn new(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        fs::write(folder.file(), text).unwrap();
        folder
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("orderwatch.toml")
    }

    fn secret(&self, name: &str, content: &[u8], mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn load(&self, environment: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        Config::load(&Sources::new(
            Some(self.file()),
            environment.iter().copied(),
            [],
        ))
    }

    /// The faults as an operator sees them, without this folder's name.
    fn faults(&self, environment: &[(&str, &str)]) -> String {
        let error = self.load(environment).expect_err("this must be refused");
        let folder = format!("{}/", self.0.path().display());
        error.to_string().replace(&folder, "")
    }
}

fn load(environment: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    Config::load(&Sources::new(None, environment.iter().copied(), []))
}

fn faults(environment: &[(&str, &str)]) -> String {
    load(environment)
        .expect_err("this must be refused")
        .to_string()
}

#[test]
fn without_a_file_the_defaults_are_those_of_the_design() {
    let loaded = load(&[("DATABASE_URL", URL)]).unwrap();
    assert_eq!(loaded.file, None);
    let Config {
        database,
        http,
        log,
        shop,
        orders,
        dispatch,
        poll,
        sweep,
        znet,
        barakat: _,
        balance,
        retention,
        notify,
        trendyol,
        player,
    } = &loaded.config;
    assert_eq!(database.url.expose_secret(), URL);
    assert_eq!(
        (
            database.max_connections,
            database.acquire_timeout,
            database.pooler
        ),
        (16, secs(5), None)
    );
    assert!(http.enabled && http.token.is_none());
    assert_eq!(http.listen.to_string(), "127.0.0.1:8787");
    assert_eq!(http.time_zone, chrono_tz::Europe::Istanbul);
    assert!(log.level.to_string().starts_with("info,"));
    assert_eq!(log.format, crate::telemetry::Format::Auto);
    assert!(shop.enabled && orders.settle == Settle::Shop);
    assert!(dispatch.enabled && poll.enabled && sweep.enabled);
    assert_eq!(
        (dispatch.scan_interval, dispatch.max_order_age),
        (secs(5), secs(3600))
    );
    assert_eq!((dispatch.max_in_flight, dispatch.lease), (64, secs(120)));
    assert_eq!((poll.max_in_flight, poll.lease), (256, secs(120)));
    assert!(poll.learns());
    assert!((poll.schedule().checks_per_order - 6.0).abs() < f64::EPSILON);
    assert_eq!((sweep.interval, sweep.batch_size), (secs(300), 100));
    assert_eq!((sweep.min_age, sweep.spread), (secs(60), secs(5)));
    assert_eq!(
        (znet.connect_timeout, znet.request_timeout),
        (secs(5), secs(20))
    );
    assert_eq!(znet.requests_per_second, Some(10.0));
    assert_eq!(znet.max_in_flight.map(u32::from), Some(8));
    assert_eq!(znet.allow_plain_http, crate::outbound::PlainHttp::default());
    assert_eq!(znet.catalog_ttl, secs(600));
    assert_eq!(*player, crate::order::PlayerRules::default());
    assert_eq!(
        dispatch.on_second_dispatcher,
        crate::order::SecondPolicy::Pause
    );
    assert!(balance.enabled && notify.webhooks.is_empty());
    assert_eq!((balance.interval, balance.warn_below), (secs(600), None));
    let days = |n: u64| secs(n * 24 * 3600);
    assert_eq!((retention.events, retention.job_runs), (days(90), days(90)));
    assert_eq!(retention.stats, days(30));
    trendyol_is_as_in_the_design(trendyol);
}

fn trendyol_is_as_in_the_design(trendyol: &Trendyol) {
    assert!(!trendyol.enabled && trendyol.orders.enabled && trendyol.stock.enabled);
    assert_eq!((trendyol.mirror, trendyol.mirrors()), (None, true));
    assert_eq!(trendyol.base_url.as_str(), "https://apigw.trendyol.com/");
    assert_eq!(
        trendyol.paths,
        crate::marketplace::trendyol::Paths::default()
    );
    assert_eq!(
        (trendyol.integrator.as_str(), &trendyol.store_front_code),
        ("SelfIntegration", &None)
    );
    let webhook = &trendyol.webhook;
    assert!(!webhook.enabled && webhook.public_url.is_none());
    assert_eq!(webhook.user, "orderwatch");
    let orders = trendyol.orders;
    assert_eq!((orders.interval, orders.overlap), (secs(60), secs(900)));
    assert_eq!(
        (orders.requests_per_minute, orders.page_interval),
        (21, secs(5))
    );
    assert_eq!(trendyol.request_timeout, secs(30));
    assert_eq!(trendyol.stock.read_requests_per_minute, 700);
    let stock = trendyol.stock;
    assert_eq!(
        (stock.interval, stock.first_run_after),
        (secs(600), secs(180))
    );
    assert_eq!(
        (
            stock.batch_size,
            stock.requests_per_minute,
            stock.safety_stock
        ),
        (1000, 245, 1)
    );
    assert_eq!(stock.max_order_age_for_push, secs(300));
    assert_eq!(
        (stock.react, stock.settle),
        (secs(20), crate::stock::pace::Settle::Auto)
    );
    assert_eq!(stock.verify_at.to_string(), "04:30:00");
    let returns = trendyol.returns;
    assert!(returns.enabled);
    assert_eq!(returns.at.to_string(), "23:50:00");
    assert_eq!(returns.time_zone, chrono_tz::Europe::Istanbul);
    assert_eq!(returns.window, secs(60 * 24 * 3600));
}

#[test]
fn a_store_that_is_enabled_names_its_account() {
    let on = ("ORDERWATCH__TRENDYOL__ENABLED", "true");
    let faults = faults(&[
        ("DATABASE_URL", URL),
        on,
        (
            "ORDERWATCH__TRENDYOL__BASE_URL",
            "http://apigw.trendyol.com",
        ),
        ("ORDERWATCH__TRENDYOL__RETURNS__AT", "25:00"),
        ("ORDERWATCH__TRENDYOL__PATHS__CLAIMS", "claims?a=1"),
        ("ORDERWATCH__TRENDYOL__REQUEST_TIMEOUT", "10ms"),
        ("ORDERWATCH__TRENDYOL__RETURNS__TIME_ZONE", "Istanbul"),
    ]);
    for said in [
        "trendyol.seller_id",
        "trendyol.api_key",
        "trendyol.api_secret",
        "must be an https address",
        "must be a time of day, such as \"23:50\", not \"25:00\"",
        "must be the name of a time zone",
        "trendyol.paths.claims",
        "must be a path with {seller} for the seller's number once",
        "trendyol.request_timeout",
    ] {
        assert!(faults.contains(said), "{said}: {faults}");
    }
    let folder = Folder::new("[trendyol]\napi_secret_file = \"secret\"");
    folder.secret("secret", b"tr3ndyol-secret\n", 0o600);
    let loaded = folder
        .load(&[
            ("DATABASE_URL", URL),
            on,
            ("ORDERWATCH__TRENDYOL__SELLER_ID", "123456"),
            ("ORDERWATCH__TRENDYOL__API_KEY", "tr3ndyol-key"),
            ("ORDERWATCH__TRENDYOL__BASE_URL", "http://127.0.0.1:1"),
        ])
        .unwrap();
    let trendyol = &loaded.config.trendyol;
    assert_eq!(trendyol.seller_id, "123456");
    assert_eq!(trendyol.api_secret.expose_secret(), "tr3ndyol-secret");
    assert!(!format!("{:?} {:?}", loaded.config, loaded.settings).contains("tr3ndyol"));
}

#[test]
fn the_store_is_called_over_https_alone_and_at_no_metadata_service() {
    for address in [
        "http://apigw.trendyol.com",
        "http://10.0.0.1",
        "https://169.254.169.254",
        "https://[fd00:ec2::254]/",
        "https://u:p@apigw.trendyol.com",
    ] {
        let said = faults(&[
            ("DATABASE_URL", URL),
            ("ORDERWATCH__TRENDYOL__BASE_URL", address),
        ]);
        assert!(
            said.contains("trendyol.base_url must be an https address"),
            "{said}"
        );
    }
}

#[test]
fn a_pasted_account_is_taken_or_named() {
    let load = |lines: &str| {
        let text = format!("[trendyol]\nenabled = true\napi_secret = \"s\"\n{lines}");
        Folder::new(&text).load(&[("DATABASE_URL", URL)])
    };
    for number in ["107703", "\"107703\"", "\" 107703 \""] {
        let loaded = load(&format!("api_key = \"k\"\nseller_id = {number}")).unwrap();
        assert_eq!(loaded.config.trendyol.seller_id, "107703");
    }
    for (lines, said) in [
        ("seller_id = -5", "trendyol.seller_id"),
        (
            "seller_id = -5",
            "must be the seller's number, such as 107703, not -5",
        ),
        (
            "seller_id = 107703.0",
            "must be digits, with or without quotes",
        ),
        ("seller_id = true", "must be digits, with or without quotes"),
        (
            "seller_id = \"107703\u{200b}\"",
            "holds a character that no key has (U+200B)",
        ),
        (
            "api_key = \"\u{feff}tr3ndyol\"",
            "holds a character that no key has (U+FEFF)",
        ),
        (
            "api_key = \"\u{a0}tr3ndyol\"",
            "holds a character that no key has (U+00A0)",
        ),
        ("api_key = \"tr3ndyol\u{200b}\"", "trendyol.api_key"),
    ] {
        let faults = load(lines).unwrap_err().to_string();
        assert!(faults.contains(said), "{said}: {faults}");
        assert!(!faults.contains("tr3ndyol"), "{faults}");
    }
}

#[test]
fn a_side_that_is_off_takes_its_work_with_it_and_one_must_be_on() {
    let off = ("ORDERWATCH__SHOP__ENABLED", "false");
    let faults = faults(&[("DATABASE_URL", URL), off]);
    assert!(faults.contains("nothing would be left to do"), "{faults}");
    let store = [
        ("DATABASE_URL", URL),
        off,
        ("ORDERWATCH__TRENDYOL__ENABLED", "true"),
        ("ORDERWATCH__TRENDYOL__SELLER_ID", "123456"),
        ("ORDERWATCH__TRENDYOL__API_KEY", "tr3ndyol-key"),
        ("ORDERWATCH__TRENDYOL__API_SECRET", "tr3ndyol-secret"),
        ("ORDERWATCH__TRENDYOL__MIRROR", "false"),
    ];
    let config = load(&store).unwrap().config;
    assert!(!config.dispatch.enabled && !config.poll.enabled);
    assert!(!config.sweep.enabled && !config.balance.enabled);
    assert_eq!(config.trendyol.mirror, Some(false));
    assert!(!config.sides().shop && config.sides().warehouse);
    let file = Folder::new("[trendyol]\nmirror = true");
    let loaded = file.load(&[("DATABASE_URL", URL)]).unwrap();
    assert_eq!(loaded.config.trendyol.mirror, Some(true));
}

#[test]
fn the_rules_of_watching_come_from_three_sections() {
    let rules = load(&[
        ("DATABASE_URL", URL),
        ("ORDERWATCH__ORDERS__SETTLE", "status"),
        ("ORDERWATCH__ORDERS__CUSTOMER_LANGUAGE", "ar"),
        ("ORDERWATCH__DISPATCH__CONFIRM_AFTER", "1m 30s, 5m"),
        ("ORDERWATCH__DISPATCH__UNCONFIRMED", "resend"),
        ("ORDERWATCH__POLL__JITTER", "0"),
        ("ORDERWATCH__POLL__MAX_ATTEMPTS", "7"),
    ])
    .unwrap()
    .config
    .rules();
    assert_eq!((rules.settle, rules.language), (Settle::Status, Lang::Ar));
    assert_eq!(rules.confirm_after, [secs(90), secs(300)]);
    assert_eq!(rules.unconfirmed, UnconfirmedPolicy::Resend);
    assert_eq!((rules.max_attempts, rules.first_check_after), (7, secs(60)));
    assert_eq!(rules.give_up_after, secs(24 * 3600));
    assert_eq!(rules.backoff.delay(1, 1.0), secs(30));
    assert_eq!(rules.backoff.delay(9, 1.0), secs(600));
}

#[test]
fn the_shipped_file_says_what_is_in_force_without_a_file() {
    let shipped = Folder::new(defaults::SHIPPED);
    let with = shipped.load(&[("DATABASE_URL", URL)]).unwrap();
    let without = load(&[("DATABASE_URL", URL)]).unwrap();
    let values = |loaded: Loaded| -> Vec<(String, String)> {
        let settings = loaded.settings.into_iter();
        settings
            .map(|setting| (setting.key, setting.value))
            .collect()
    };
    assert_eq!(values(with), values(without));
}

/// Guards against a key in the shipped file that nobody reads.
#[test]
fn every_key_is_checked_and_a_wrong_value_is_traced_to_its_variable() {
    for setting in load(&[("DATABASE_URL", URL)]).unwrap().settings {
        let name = format!(
            "ORDERWATCH__{}",
            setting.key.to_uppercase().replace('.', "__")
        );
        let error = faults(&[("DATABASE_URL", URL), (&name, "\u{1}")]);
        assert!(
            error.starts_with(&format!("${name}: {} ", setting.key)),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let folder =
        Folder::new("[dispatch]\nlease = \"3m\"\nscan_interval = \"7s\"\n[poll]\njitter = 0\n");
    let loaded = folder
        .load(&[
            ("DATABASE_URL", URL),
            ("ORDERWATCH__DISPATCH__LEASE", "4m"),
            ("ORDERWATCH_CONFIG", "/nowhere/because/--config/wins"),
            ("ORDERWATCH_SERVICE_HOST", "10.0.0.1"),
        ])
        .unwrap();
    assert_eq!(loaded.file, Some(folder.file()));
    assert_eq!(loaded.config.dispatch.lease, secs(240));
    assert_eq!(loaded.config.dispatch.scan_interval, secs(7));
    let shown: Vec<String> = loaded
        .settings
        .iter()
        .filter(|setting| setting.origin != Origin::Default)
        .map(|Setting { key, value, origin }| format!("{key} = {value} ({origin})"))
        .collect();
    let folder = format!("{}/", folder.0.path().display());
    assert_eq!(
        shown.join("\n").replace(&folder, ""),
        "database.url = *** ($DATABASE_URL)\n\
         dispatch.scan_interval = \"7s\" (orderwatch.toml:3:1)\n\
         dispatch.lease = \"4m\" ($ORDERWATCH__DISPATCH__LEASE)\n\
         poll.jitter = 0 (orderwatch.toml:5:1)"
    );
}

#[test]
fn a_rest_that_would_look_like_a_stalled_loop_is_refused() {
    let faults =
        |interval| Folder::new(&format!("dispatch.scan_interval = \"{interval}\"")).faults(&[]);
    let said = "dispatch.scan_interval must be at most 1m, not \"61s\"\n";
    assert!(faults("61s").contains(said));
    assert!(!faults("1m").contains("scan_interval"));
}

#[test]
fn the_file_is_the_named_one_or_the_only_one_that_exists() {
    let [first, second, named] = ["6s", "7s", "8s"]
        .map(|interval| Folder::new(&format!("dispatch.scan_interval = \"{interval}\"")));
    let nowhere = || PathBuf::from("/nowhere/orderwatch.toml");
    let both = || [first.file(), second.file()];
    let interval = |sources: &Sources| Config::load(sources).unwrap().config.dispatch.scan_interval;
    let url = ("DATABASE_URL", OsString::from(URL));
    assert_eq!(
        interval(&Sources::new(
            None,
            [url.clone()],
            [nowhere(), first.file()]
        )),
        secs(6)
    );
    let either = Config::load(&Sources::new(None, [url.clone()], both()));
    let refused = either.unwrap_err().to_string();
    let (one, other) = (first.file(), second.file());
    let said = format!("{}: there is {} as well", one.display(), other.display());
    assert!(refused.contains(&said), "{refused}");
    let variable = ("ORDERWATCH_CONFIG", named.file().into_os_string());
    assert_eq!(
        interval(&Sources::new(None, [url, variable], both())),
        secs(8)
    );
}

#[test]
fn a_named_file_that_is_not_there_is_an_error() {
    insta::assert_snapshot!(
        Config::load(&Sources::new(Some("/nowhere/x.toml".into()), [("DATABASE_URL", URL)], [])).unwrap_err(),
        @r#"
/nowhere/x.toml: this configuration file, named by --config, cannot be read: No such file or directory (os error 2)
"#
    );
    insta::assert_snapshot!(
        faults(&[("DATABASE_URL", URL), ("ORDERWATCH_CONFIG", "/nowhere/y.toml"), ("ORDERWATCH__LOG__LEVLE", "x")]),
        @r#"
/nowhere/y.toml: this configuration file, named by $ORDERWATCH_CONFIG, cannot be read: No such file or directory (os error 2)
$ORDERWATCH__LOG__LEVLE: log.levle is not known; did you mean ORDERWATCH__LOG__LEVEL?
"#
    );
}

#[test]
fn a_fault_of_syntax_names_its_place_and_never_quotes_the_line() {
    let folder = Folder::new(
        "[database]\nurl = \"postgres://shop:s3cr3t-word@db/shop\nmax_connections = = 4\n[log]\n[log]\n",
    );
    insta::assert_snapshot!(folder.faults(&[]), @r#"
orderwatch.toml:2:43: this is not TOML: invalid basic string, expected `"`
orderwatch.toml:3:19: this is not TOML: extra `=`, expected nothing
orderwatch.toml:3:21: this is not TOML: unexpected key or value, expected newline, `#`
orderwatch.toml:5:2: this is not TOML: duplicate key
"#);
}

#[test]
fn all_faults_are_named_at_once_with_their_origin() {
    let folder = Folder::new(
        r#"
dipatch = { enabled = true }
[database]
max_connections = 3
acquire_timeout = 5
url = "mysql://shop:s3cr3t-word@db/shop"
pasword = "s3cr3t-word"
[log]
level = "inf"
format = "xml"
[orders]
settle = "staff"
settle_status = true
customer_language = "de"
[dispatch]
max_inflight = 3
scan_interval = "90"
max_order_age = "-5m"
max_in_flight = 0
lease = "5 fortnights"
unconfirmed = "guess"
confirm_after = ["30s", "10s"]
[poll]
first_check_after = "0s"
jitter = 1.5
max_attempts = 0
give_up_after = "9999days"
scan_interval = "1s"
backoff_max.minutes = 3
[sweep]
batch_size = 99999999999999999999
spread = "0"
[znet]
requests_per_second = 0.00001
max_in_flight = -1
request_timeout = "postgres://shop:s3cr3t-word@db/shop"
"#,
    );
    let environment = [
        ("ORDERWATCH__DISPTACH__ENABLED", "s3cr3t-word"),
        ("ORDERWATCH__SWEEP__INTERVAL", "soon"),
        ("ORDERWATCH__ZNET", "x"),
        ("ORDERWATCH__POLL__BACKOFF_INITIAL", "10"),
        ("ORDERWATCH__DISPATCH__ENABLED", "maybe"),
    ];
    let faults = folder.faults(&environment);
    assert!(!faults.contains("s3cr3t"), "{faults}");
    insta::assert_snapshot!(faults, @r#"
orderwatch.toml:2:1: dipatch is not known; did you mean dispatch?
orderwatch.toml:4:1: database.max_connections must be a whole number from 4 to 1000, not 3
orderwatch.toml:5:1: database.acquire_timeout must be a duration with its unit in quotes, such as "90s", not 5
orderwatch.toml:6:1: database.url is not a PostgreSQL address; write postgres://user:password@host:5432/name
orderwatch.toml:7:1: database.pasword is not known; remove it
orderwatch.toml:9:1: log.level must be error, warn, info, debug, trace, off, or name=level separated by commas, not "inf"
orderwatch.toml:10:1: log.format must be "auto" or "pretty" or "json", not "xml"
orderwatch.toml:12:1: orders.settle must be "shop" or "status", not "staff"
orderwatch.toml:13:1: orders.settle_status is gone; write orders.settle = "shop" for false, "status" for true
orderwatch.toml:14:1: orders.customer_language must be "en" or "tr" or "ar", not "de"
orderwatch.toml:16:1: dispatch.max_inflight is not known; did you mean dispatch.max_in_flight?
orderwatch.toml:17:1: dispatch.scan_interval must be a positive duration with a unit, such as "90s", "5m" or "24h", not "90"
orderwatch.toml:18:1: dispatch.max_order_age must be a positive duration with a unit, such as "90s", "5m" or "24h", not "-5m"
orderwatch.toml:19:1: dispatch.max_in_flight must be a whole number from 1 to 10000, not 0
orderwatch.toml:20:1: dispatch.lease must be a positive duration with a unit, such as "90s", "5m" or "24h", not "5 fortnights"
orderwatch.toml:21:1: dispatch.unconfirmed must be "hold" or "resend", not "guess"
orderwatch.toml:22:1: dispatch.confirm_after must be ascending: each duration longer than the one before, not ["30s", "10s"]
orderwatch.toml:24:1: poll.first_check_after must be at least 10ms, not "0s"
orderwatch.toml:25:1: poll.jitter must be a number from 0 to 1, not 1.5
orderwatch.toml:26:1: poll.max_attempts must be a whole number from 1 to 100000, not 0
orderwatch.toml:27:1: poll.give_up_after must be at most 366days, not "9999days"
orderwatch.toml:28:1: poll.scan_interval is not known; did you mean dispatch.scan_interval?
orderwatch.toml:29:1: poll.backoff_max is a key, not a section
orderwatch.toml:31:1: sweep.batch_size must be a whole number from 1 to 10000, not "99999999999999999999"
orderwatch.toml:34:1: znet.requests_per_second must be at least 0.001, or 0 for no limit, not 1e-5
orderwatch.toml:35:1: znet.max_in_flight must be a whole number from 0 to 10000, not -1
orderwatch.toml:36:1: znet.request_timeout must be a positive duration with a unit, such as "90s", "5m" or "24h", not "postgres://shop:***@db/shop"
$ORDERWATCH__DISPATCH__ENABLED: dispatch.enabled must be true or false, not "maybe"
$ORDERWATCH__DISPTACH__ENABLED: disptach.enabled is not known; did you mean ORDERWATCH__DISPATCH__ENABLED?
$ORDERWATCH__POLL__BACKOFF_INITIAL: poll.backoff_initial must be a positive duration with a unit, such as "90s", "5m" or "24h", not "10"
$ORDERWATCH__SWEEP__INTERVAL: sweep.interval must be a positive duration with a unit, such as "90s", "5m" or "24h", not "soon"
$ORDERWATCH__ZNET: znet is a section; set one of its keys: ORDERWATCH__ZNET__KEY
"#);
}

#[test]
fn contradictions_are_named_with_both_sides() {
    let folder = Folder::new(
        r#"
dispatch.lease = "25s"
dispatch.confirm_after = []
[poll]
backoff_max = "20s"
give_up_after = "50s"
jitter = 0.1
[sweep]
min_age = "50s"
"#,
    );
    insta::assert_snapshot!(folder.faults(&[("DATABASE_URL", URL)]), @r#"
orderwatch.toml:2:10: dispatch.lease does not fit: dispatch.lease (25s) must be longer than the longest call (25s 800ms: znet.connect_timeout, znet.request_timeout and the wait for znet.requests_per_second), otherwise an order could be claimed a second time while it is being sent or asked about
orderwatch.toml:3:10: dispatch.confirm_after must name at least one duration, not []
orderwatch.toml:5:1: poll.backoff_max does not fit: the longest delay is shorter than the initial one (poll.backoff_max = 20s, poll.backoff_initial = 30s)
orderwatch.toml:6:1: poll.give_up_after does not fit: poll.first_check_after (1m) must be shorter than poll.give_up_after (50s), otherwise no order would ever be checked
orderwatch.toml:9:1: sweep.min_age does not fit: sweep.min_age (50s) must be shorter than poll.give_up_after (50s), otherwise the sweep would find no order
"#);
    let slow = [
        ("DATABASE_URL", URL),
        ("ORDERWATCH__ZNET__REQUESTS_PER_SECOND", "0.05"),
    ];
    insta::assert_snapshot!(faults(&slow), @r#"
$ORDERWATCH__ZNET__REQUESTS_PER_SECOND: znet.requests_per_second does not fit: dispatch.lease (2m) must be longer than the longest call (3m 5s: znet.connect_timeout, znet.request_timeout and the wait for znet.requests_per_second), otherwise an order could be claimed a second time while it is being sent or asked about
$ORDERWATCH__ZNET__REQUESTS_PER_SECOND: znet.requests_per_second does not fit: poll.lease (2m) must be longer than the longest call (3m 5s: znet.connect_timeout, znet.request_timeout and the wait for znet.requests_per_second), otherwise an order could be claimed a second time while it is being sent or asked about
"#);
    let unlimited = [
        ("DATABASE_URL", URL),
        ("ORDERWATCH__ZNET__MAX_IN_FLIGHT", "0"),
        ("ORDERWATCH__POLL__MAX_IN_FLIGHT", "900"),
        ("ORDERWATCH__POLL__JITTER", "1"),
    ];
    insta::assert_snapshot!(faults(&unlimited), @r#"
$ORDERWATCH__POLL__JITTER: poll.jitter does not fit: the jitter must be at least 0 and below 1 (poll.jitter = 1)
$ORDERWATCH__ZNET__MAX_IN_FLIGHT: znet.max_in_flight does not fit: dispatch.lease (2m) must be longer than the longest call (2m 1s 400ms: znet.connect_timeout, znet.request_timeout and the wait for znet.requests_per_second), otherwise an order could be claimed a second time while it is being sent or asked about
$ORDERWATCH__ZNET__MAX_IN_FLIGHT: znet.max_in_flight does not fit: poll.lease (2m) must be longer than the longest call (2m 1s 400ms: znet.connect_timeout, znet.request_timeout and the wait for znet.requests_per_second), otherwise an order could be claimed a second time while it is being sent or asked about
"#);
}

#[test]
fn a_lease_must_be_longer_than_the_longest_call_not_as_long() {
    let lease = |lease| {
        load(&[
            ("DATABASE_URL", URL),
            ("ORDERWATCH__DISPATCH__LEASE", lease),
        ])
    };
    assert!(lease("25s 800ms").is_err());
    assert!(lease("25s 801ms").is_ok());
    let no_limits = [
        ("DATABASE_URL", URL),
        ("ORDERWATCH__DISPATCH__LEASE", "26s"),
        ("ORDERWATCH__ZNET__REQUESTS_PER_SECOND", "0"),
        ("ORDERWATCH__ZNET__MAX_IN_FLIGHT", "0"),
    ];
    let config = load(&no_limits).unwrap().config;
    assert_eq!(
        (config.znet.requests_per_second, config.znet.max_in_flight),
        (None, None)
    );
}

#[test]
fn the_database_has_to_be_named_once_and_well() {
    insta::assert_snapshot!(faults(&[]), @r#"
not set: database.url is required; set it or url_file, or DATABASE_URL: postgres://user:password@host:5432/name
"#);
    insta::assert_snapshot!(faults(&[("DATABASE_URL", "postgres://shop:s3cr3t-word@db:port/shop")]), @r#"
$DATABASE_URL: database.url is not a well-formed PostgreSQL address; write postgres://user:password@host:5432/name and percent-encode special characters
"#);
    let folder = Folder::new("database.url = \"postgres://shop:s3cr3t-word@db/shop\"");
    let both = [("ORDERWATCH__DATABASE__URL_FILE", "db-url")];
    insta::assert_snapshot!(folder.faults(&both), @r#"
$ORDERWATCH__DATABASE__URL_FILE: database.url_file and database.url (orderwatch.toml:1:10) are both set; remove one of them
"#);
    // An empty variable takes the file's word back.
    let emptied = folder.load(&[("ORDERWATCH__DATABASE__URL", ""), ("DATABASE_URL", URL)]);
    assert_eq!(emptied.unwrap().config.database.url.expose_secret(), URL);
    let not_unicode = OsString::from_vec(vec![0xff]);
    let sources = Sources::new(
        None,
        [
            ("DATABASE_URL", not_unicode.clone()),
            ("ORDERWATCH__LOG__LEVEL", not_unicode),
        ],
        [],
    );
    insta::assert_snapshot!(Config::load(&sources).unwrap_err(), @r#"
$DATABASE_URL: database.url is not valid UTF-8
$ORDERWATCH__LOG__LEVEL: log.level is not valid UTF-8
not set: database.url is required; set it or url_file, or DATABASE_URL: postgres://user:password@host:5432/name
"#);
}

#[test]
fn whether_there_is_a_pooler_is_said_by_a_word_or_found_out() {
    for (value, pooler) in [
        ("true", Some(true)),
        ("\"false\"", Some(false)),
        ("\"\"", None),
    ] {
        let folder = Folder::new(&format!("database.pooler = {value}"));
        let loaded = folder.load(&[("DATABASE_URL", URL)]).unwrap();
        assert_eq!(loaded.config.database.pooler, pooler, "{value}");
    }
    let folder = Folder::new("database.pooler = \"x\"");
    insta::assert_snapshot!(folder.faults(&[("DATABASE_URL", URL)]), @r#"
orderwatch.toml:1:10: database.pooler must be true or false, not "x"
"#);
}

#[test]
fn a_secret_file_is_found_beside_the_configuration_or_among_the_credentials() {
    let folder = Folder::new("database.url_file = \"db-url\"\n");
    folder.secret("db-url", format!("{URL}\r\n").as_bytes(), 0o640);
    let url = |loaded: Loaded| loaded.config.database.url.expose_secret().to_owned();
    assert_eq!(
        url(folder
            .load(&[("DATABASE_URL", "postgres://other/db")])
            .unwrap()),
        URL
    );

    let credentials = Folder::new("");
    // systemd decides about the rights of its credentials.
    credentials.secret("db-url", b"postgresql://cred@db/shop\n", 0o444);
    let directory = credentials.0.path().to_str().unwrap();
    let loaded = folder
        .load(&[("CREDENTIALS_DIRECTORY", directory)])
        .unwrap();
    assert_eq!(url(loaded), "postgresql://cred@db/shop");
}

#[test]
fn a_secret_file_that_cannot_be_used_is_named() {
    let folder = Folder::new("[database]\nurl_file = \"db-url\"\n");
    insta::assert_snapshot!(folder.faults(&[("DATABASE_URL", URL)]), @r#"
orderwatch.toml:2:1: database.url_file names db-url, which cannot be read: No such file or directory (os error 2)
"#);
    let cases: [(&[u8], u32); 4] = [
        (URL.as_bytes(), 0o644),
        (b"\n", 0o600),
        (b"\xff\xfe", 0o600),
        (b"s3cr3t-word", 0o600),
    ];
    let said: Vec<String> = cases
        .into_iter()
        .map(|(content, mode)| {
            folder.secret("db-url", content, mode);
            folder.faults(&[])
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
orderwatch.toml:2:1: database.url_file names db-url, which everybody on this machine may read; run chmod o-r db-url
orderwatch.toml:2:1: database.url_file names db-url, which is empty
orderwatch.toml:2:1: database.url_file names db-url, which is not valid UTF-8
orderwatch.toml:2:1: database.url_file is not a PostgreSQL address; write postgres://user:password@host:5432/name
"#);
    let swapped = faults(&[("ORDERWATCH__DATABASE__URL_FILE", URL)]);
    insta::assert_snapshot!(swapped, @r#"
$ORDERWATCH__DATABASE__URL_FILE: database.url_file must be the path of a file, not the secret itself
"#);
    let a_folder = [("ORDERWATCH__DATABASE__URL_FILE", "/")];
    insta::assert_snapshot!(faults(&a_folder), @r#"
$ORDERWATCH__DATABASE__URL_FILE: database.url_file names /, which is not a small file
"#);
}

/// What comes along with a secret that is copied, and how it is named.
const PASTED: [(&str, &str); 10] = [
    ("\u{feff}", "U+FEFF"),
    ("\u{200b}", "U+200B"),
    ("\u{200c}", "U+200C"),
    ("\u{200d}", "U+200D"),
    ("\u{2060}", "U+2060"),
    ("\u{a0}", "U+00A0"),
    ("\u{ad}", "U+00AD"),
    ("\u{202e}", "U+202E"),
    ("\u{61c}", "U+061C"),
    ("\u{7}", "U+0007"),
];

#[test]
fn a_secret_with_what_cannot_be_seen_is_refused_wherever_it_was_written() {
    for (mark, code) in PASTED {
        let wanted = format!("holds a character that no key has ({code}): copy it anew");
        for token in [
            format!("{mark}0123456789abcdef"),
            format!("01234567{mark}89abcdef"),
            format!("0123456789abcdef{mark}"),
        ] {
            let name = "ORDERWATCH__HTTP__TOKEN";
            let said = faults(&[("DATABASE_URL", URL), (name, &token)]);
            assert_eq!(said, format!("${name}: http.token {wanted}"));

            let escaped = format!("\\u{:04X}", u32::from(mark.chars().next().unwrap()));
            let folder = Folder::new(&format!(
                "http.token = \"{}\"\n",
                token.replace(mark, &escaped)
            ));
            let said = folder.faults(&[("DATABASE_URL", URL)]);
            assert!(said.ends_with(&format!(": http.token {wanted}")), "{said}");

            let folder = Folder::new("http.token_file = \"token\"\n");
            folder.secret("token", format!("{token}\r\n").as_bytes(), 0o600);
            let said = folder.faults(&[("DATABASE_URL", URL)]);
            let by_file = format!(": http.token_file {wanted}");
            assert!(said.ends_with(&by_file), "{said}");

            let credentials = Folder::new("");
            credentials.secret("token", token.as_bytes(), 0o444);
            let directory = credentials.0.path().to_str().unwrap();
            let said =
                folder.faults(&[("DATABASE_URL", URL), ("CREDENTIALS_DIRECTORY", directory)]);
            assert!(said.ends_with(&by_file), "{said}");
        }
    }
}

#[test]
fn every_secret_and_every_id_is_held_against_what_cannot_be_seen() {
    let folder = Folder::new(
        r#"
[database]
url = "\uFEFFpostgres://shop@db/shop"
[http]
token = "0123456789abcdef\u200B"
[trendyol]
seller_id = "１07703"
api_key = "k\u00A0"
api_secret = "\u2060s"
base_url = "https://apigw.trendyol.com/\u200B"
[trendyol.webhook]
user = "order\u00ADwatch"
password = "0123456789abcdef\u202E"
[[notify.webhook]]
name = "books"
url = "https://books.example/\u200Bhooks"
secret = "\uFEFFwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
previous_secret = "whsec_\u200DMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
tenant = "7d9c1e0a-5b1e-4a53-9c3e-0d4d1c2b3a49\u200B"
[[znet.player_fields_for]]
integration = "7d9c1e0a-5b1e-4a53-9c3e-0d4d1c2b3a4９"
package = "\u200E1b1e4a53-0000-4a53-9c3e-0d4d1c2b3a49"
"#,
    );
    let said = folder.faults(&[]);
    let fault = |key: &str, code: &str| {
        let line = said
            .lines()
            .find(|line| line.contains(&format!(": {key} ")));
        let line = line.unwrap_or_else(|| panic!("nothing about {key} in\n{said}"));
        assert!(line.contains(code), "{line}");
    };
    for (key, code) in [
        ("database.url", "U+FEFF"),
        ("http.token", "U+200B"),
        ("trendyol.seller_id", "U+FF11"),
        ("trendyol.api_key", "U+00A0"),
        ("trendyol.api_secret", "U+2060"),
        ("trendyol.base_url", "U+200B"),
        ("trendyol.webhook.user", "U+00AD"),
        ("trendyol.webhook.password", "U+202E"),
        ("notify.webhook[1].url", "a character that no address has"),
        ("notify.webhook[1].secret", "U+FEFF"),
        ("notify.webhook[1].previous_secret", "U+200D"),
        ("notify.webhook[1].tenant", "U+200B"),
        ("znet.player_fields_for[1].integration", "U+FF19"),
        ("znet.player_fields_for[1].package", "U+200E"),
    ] {
        fault(key, code);
    }
    assert_eq!(said.lines().count(), 14, "{said}");
}

#[test]
fn nothing_that_can_be_printed_holds_the_secret() {
    let loaded = load(&[("ORDERWATCH__DATABASE__URL", URL)]).unwrap();
    let printed = format!("{loaded:?}");
    assert!(!printed.contains("s3cr3t"), "{printed}");
}

#[test]
fn a_path_leads_out_of_the_credentials_at_its_own_risk() {
    let folder = Folder::new("");
    let open = folder.secret("open", URL.as_bytes(), 0o644);
    let credentials = folder.0.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    let outside = credentials.join("../open");
    assert!(Path::new(&outside).exists() && open.exists());
    let error = faults(&[
        ("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap()),
        ("ORDERWATCH__DATABASE__URL_FILE", outside.to_str().unwrap()),
    ]);
    assert!(
        error.contains("everybody on this machine may read"),
        "{error}"
    );
}

#[test]
fn the_log_can_mask_the_database_password_as_written_and_as_meant() {
    let secrets = |url| {
        let config = load(&[("DATABASE_URL", url)]).unwrap().config;
        let secrets = config.database.secrets().into_iter();
        let secrets = secrets.map(|secret| secret.expose_secret().to_owned());
        secrets
            .filter(|secret| !secret.is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        secrets("postgres://shop:p%40ss+w@db/shop"),
        ["p%40ss+w", "p@ss+w"]
    );
    assert_eq!(
        secrets("postgres:///shop?host=/run/pg&password=p%40ss"),
        ["p@ss"]
    );
}

#[test]
fn a_webhook_names_an_address_that_trendyol_takes_and_a_password_that_cannot_be_guessed() {
    let load = |lines: &str| {
        let text = format!("[trendyol.webhook]\nenabled = true\n{lines}");
        Folder::new(&text).load(&[("DATABASE_URL", URL)])
    };
    let whole =
        "public_url = \"https://orders.shop.example/x/\"\npassword = \"sixteen-signs-or-more\"";
    let config = load(whole).unwrap().config;
    let webhook = &config.trendyol.webhook;
    let address = webhook.address("107703");
    assert_eq!(
        address.as_deref(),
        Some("https://orders.shop.example/x/hooks/orders/107703")
    );
    assert!(!format!("{config:?}").contains("sixteen"));
    for (lines, said) in [
        ("", "trendyol.webhook.public_url"),
        ("", "trendyol.webhook.password"),
        (
            "public_url = \"http://orders.shop.example\"",
            "must be an https address",
        ),
        (
            "public_url = \"https://my-Trendyol.example\"",
            "must not contain \"trendyol\"",
        ),
        (
            "public_url = \"https://LocalHost\"",
            "must not contain \"localhost\"",
        ),
        ("user = \"a:b\"", "must be without a colon"),
        ("user = \"\"", "trendyol.webhook.user"),
        (
            "password = \"short\"",
            "is too short: at least 16 characters",
        ),
        ("password = \"sixteen-signs-or\u{200b}more\"", "(U+200B)"),
    ] {
        let faults = load(lines).unwrap_err().to_string();
        assert!(faults.contains(said), "{said}: {faults}");
        assert!(!faults.contains("sixteen"), "{faults}");
    }
    for other in [
        "[http]\nenabled = false",
        "[trendyol.orders]\nenabled = false",
    ] {
        let faults = load(&format!("{whole}\n{other}")).unwrap_err().to_string();
        assert!(faults.contains("does not fit"), "{faults}");
    }
}

#[test]
fn an_environment_is_a_host_and_this_machine_is_one() {
    for (url, want) in [
        ("https://apigw.trendyol.com/", "apigw.trendyol.com"),
        ("https://STAGEAPIGW.trendyol.com", "stageapigw.trendyol.com"),
        ("https://proxy.example:8443", "proxy.example:8443"),
        ("http://127.0.0.1:4711", "local"),
        ("http://localhost:1", "local"),
        ("http://[::1]:2", "local"),
    ] {
        let base = ("ORDERWATCH__TRENDYOL__BASE_URL", url);
        let loaded = load(&[("DATABASE_URL", URL), base]).unwrap();
        assert_eq!(loaded.config.trendyol.environment(), want);
    }
}
