use std::{
    io::{self, Write},
    panic,
    sync::{Arc, Mutex},
};

use secrecy::SecretString;
use tracing_appender::non_blocking::NonBlockingBuilder;

use super::*;

/// What reaches standard error.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn secrets(values: &[&str]) -> Secrets {
    let values: Vec<SecretString> = values.iter().map(|value| (*value).into()).collect();
    let secrets = Secrets::default();
    secrets.register(&values);
    secrets
}

/// What is written while `work` runs with this log.
fn logged(level: &str, json: bool, color: bool, known: &[&str], work: impl FnOnce()) -> String {
    let sink = Sink::default();
    let output = Output::new(sink.clone(), secrets(known), json, None);
    let filter = Filter::parse(level).unwrap();
    tracing::subscriber::with_default(
        subscriber(filter.to_env_filter(), json, color, output),
        work,
    );
    sink.text()
}

fn leak() {
    let url =
        "https://bayi.example/servis/pin_ekle.php?kod=4711&sifre=gizli1&referans=2000000000000001";
    let span = tracing::info_span!("order", password = "span-pass");
    let _entered = span.enter();
    tracing::info!(
        url,
        kod = 471_147,
        sifre = "gizli2",
        barkod = "868",
        "database postgres://shop:s3cr3t@db/shop says \"canary\" and can%22ary %1"
    );
    tracing::info!(balance = 10, quoted = ?r#"{"password":"gizli3"}"#, "nothing to hide");
}

const CANARIES: [&str; 8] = [
    "4711",
    "gizli1",
    "gizli2",
    "gizli3",
    "s3cr3t",
    "canary",
    "can%22ary",
    "span-pass",
];
const KNOWN: [&str; 3] = ["471147", "canary", "can\"ary"];

#[test]
fn json_lines_lose_their_secrets_and_stay_json() {
    let text = logged("info", true, false, &KNOWN, leak);
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0]["url"],
        "https://bayi.example/servis/pin_ekle.php?kod=***&sifre=***&referans=2000000000000001"
    );
    assert_eq!(
        (&lines[0]["kod"], &lines[0]["barkod"]),
        (&"***".into(), &"868".into())
    );
    assert_eq!(
        lines[0]["message"],
        "database postgres://shop:***@db/shop says \"***\" and *** %1"
    );
    assert_eq!(
        (&lines[1]["balance"], &lines[1]["message"]),
        (&10.into(), &"nothing to hide".into())
    );
}

#[test]
fn readable_lines_lose_their_secrets_with_and_without_colour() {
    for color in [false, true] {
        let text = logged("info", false, color, &KNOWN, leak);
        for canary in CANARIES {
            assert!(!text.contains(canary), "{canary} in {text}");
        }
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("&referans=2000000000000001"), "{text}");
        assert!(text.contains("868"), "{text}");
    }
}

#[test]
fn a_number_that_is_a_secret_is_masked_in_json() {
    let text = logged("info", true, false, &["123456"], || {
        tracing::info!(account = 9_123_456_u64, other = 1.5, "login");
    });
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&line["account"], &line["other"]),
        (&"9***".into(), &1.5.into())
    );
    assert_ne!(line["timestamp"], "***");
}

#[test]
fn patterns_mask_values_and_nothing_else() {
    let cases = [
        ("kod=1&sifre=2&x=3", "kod=***&sifre=***&x=3"),
        ("KOD%3D12%26", "KOD%3D***"),
        ("barkod=868 kodu=3", "barkod=868 kodu=3"),
        ("password: \"a b\\\"c\", n: 1", "password: \"***\", n: 1"),
        (r#"{\"api_key\":\"abc\"}"#, r#"{\"api_key\":\"***"#),
        ("db_password='x y' z", "db_password='***' z"),
        ("wrong password: try again", "wrong password: try again"),
        ("kod= sifre=", "kod= sifre="),
        (
            "http://a:b@c/d and ftp://e@f",
            "http://a:***@c/d and ftp://e@f",
        ),
        ("https://panel.example/x?y=1", "https://panel.example/x?y=1"),
    ];
    for (text, want) in cases {
        assert_eq!(redact::patterns(text), want);
    }
}

#[test]
fn a_registered_value_is_masked_in_every_look() {
    let secrets = secrets(&["p&ss w\"rd", "p&ss", "abc"]);
    assert_eq!(
        secrets.mask("p&ss w\"rd|p%26ss+w%22rd|p%26ss%20w%22rd|p&ss w\\\"rd|p&ssx|abc"),
        "***|***|***|***|***x|abc"
    );
    secrets.register(&[SecretString::from("later")]);
    assert_eq!(secrets.mask("sooner or later"), "sooner or ***");
}

#[test]
fn libraries_that_see_urls_are_silent_at_debug() {
    let text = logged("debug", false, false, &[], || {
        tracing::debug!(target: "hyper_util::client", "connecting");
        tracing::debug!(target: "sqlx::query", "SELECT");
        tracing::warn!(target: "sqlx::query", "slow");
        tracing::debug!("ours");
    });
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("slow") && text.contains("ours"));
}

#[test]
fn a_panic_is_one_event_without_secrets() {
    let text = logged("info", true, false, &[], || {
        let before = panic::take_hook();
        panic::set_hook(Box::new(panics::log_one));
        let result = panic::catch_unwind(|| panic!("lost at kod=4711"));
        panic::set_hook(before);
        assert!(result.is_err());
    });
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&line["level"], &line["panic"]),
        (&"ERROR".into(), &"lost at kod=***".into())
    );
    let location = line["location"].as_str().unwrap();
    assert!(location.contains("telemetry/tests.rs:"), "{location}");
}

/// Holds everything up until it is told to go on, like a pipe that nobody reads.
struct Stuck {
    gate: Arc<Mutex<()>>,
    sink: Sink,
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _open = self.gate.lock().unwrap();
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stuck_reader_holds_nobody_up_and_lost_lines_are_reported() {
    let (gate, sink) = (Arc::new(Mutex::new(())), Sink::default());
    let closed = gate.lock().unwrap();
    let stuck = Stuck {
        gate: Arc::clone(&gate),
        sink: sink.clone(),
    };
    let (writer, worker) = NonBlockingBuilder::default()
        .buffered_lines_limit(2)
        .finish(stuck);
    let dropped = DroppedLines::new(writer.error_counter());
    let mut output = Output::new(writer, Secrets::default(), true, Some(dropped));
    for _ in 0..50 {
        output.write_all(b"{}\n").unwrap();
    }
    let lost = output.dropped_lines();
    assert!(lost >= 46, "{lost}");
    drop(closed);
    // The gate is open, so the report finds room sooner or later; the end of the log waits for it.
    let guard = Guard {
        output,
        _worker: worker,
    };
    while sink.text().lines().count() < 2 {
        std::thread::yield_now();
    }
    drop(guard);
    let text = sink.text();
    let final_line = text.lines().last().unwrap();
    let report: serde_json::Value = serde_json::from_str(final_line).unwrap();
    assert!(report["lost"].as_u64() >= Some(lost), "{text}");
    assert_eq!(report["level"], "WARN");
}
