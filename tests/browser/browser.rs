//! One Chromium with an empty profile, and what a person does with it.

use std::{path::PathBuf, process::Stdio, sync::LazyLock};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{CapabilitiesHelper, ChromeCapabilities, ChromiumLikeCapabilities, prelude::*};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::{Semaphore, SemaphorePermit},
};

use super::process::{until, within};

/// `required`, set by `scripts/with-browser`: a missing browser is a failure. `none`: they are left out here, whether
/// there is one or not.
const WANTED: &str = "ORDERWATCH_BROWSER";
/// Another chromedriver than the one on the path.
const DRIVER: &str = "CHROMEDRIVER";

/// Tries to start chromedriver.
const STARTS: u32 = 5;

/// Two browsers with their daemons are enough for a small machine: one works while the other waits.
static BROWSERS: Semaphore = Semaphore::const_new(2);

/// One HTTP client for the commands that the driver library has no names for.
#[expect(clippy::disallowed_methods, reason = "it talks to chromedriver alone")]
static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    // Somebody else may have been first.
    let _: Result<(), _> = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
});

/// A window of this width in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Phone,
    Desk,
}

impl Screen {
    pub(crate) const ALL: [Self; 2] = [Self::Phone, Self::Desk];

    pub(crate) const fn width(self) -> u32 {
        match self {
            Self::Phone => 375,
            Self::Desk => 1440,
        }
    }
}

pub(crate) struct Browser {
    driver: WebDriver,
    /// `http://…/session/{id}`
    session: String,
    chromedriver: Child,
    _profile: TempDir,
    _turn: SemaphorePermit<'static>,
}

/// A window of the browser.
#[derive(Clone, Debug)]
pub(crate) struct Window(WindowHandle);

impl Browser {
    /// A new browser; `None`, with a line that says so, where there is none to be had.
    pub(crate) async fn open() -> Option<Self> {
        let turn = BROWSERS.acquire().await.unwrap();
        let wanted = std::env::var(WANTED).unwrap_or_default();
        if wanted == "none" {
            println!("skipped: {WANTED} is none");
            return None;
        }

        let Some((chromedriver, address)) = start().await else {
            assert!(
                wanted != "required",
                "{WANTED} is required and there is no chromedriver"
            );
            println!("skipped: no chromedriver; `scripts/with-browser` installs one");
            return None;
        };
        LazyLock::force(&CLIENT);
        let profile = tempfile::tempdir().unwrap();
        let driver = WebDriver::new(&address, capabilities(&profile)).await;
        let driver = driver.expect("Chromium does not start");
        let session = driver.session_id().clone();
        Some(Self {
            session: format!("{address}/session/{session}"),
            driver,
            chromedriver,
            _profile: profile,
            _turn: turn,
        })
    }

    /// Ends it, after making sure that no page had anything to complain about.
    pub(crate) async fn close(self) {
        self.assert_quiet("at the end").await;
        self.leave().await;
    }

    /// Ends it, whatever it had to complain about.
    pub(crate) async fn leave(mut self) {
        within("the end of Chromium", self.driver.quit())
            .await
            .unwrap();
        self.chromedriver.kill().await.unwrap();
    }

    /// A command of the driver by its own name.
    async fn command(&self, name: &str, body: &Value) -> Value {
        let address = format!("{}/{name}", self.session);
        let asked = CLIENT.post(&address).body(body.to_string());
        let answer = within(name, async { asked.send().await?.text().await }).await;
        let answer: Value = serde_json::from_str(&answer.unwrap()).unwrap();
        assert!(answer["value"]["error"].is_null(), "{name}: {answer}");
        answer["value"].clone()
    }

    /// The window that is looked at.
    pub(crate) async fn window(&self) -> Window {
        Window(self.driver.window().await.unwrap())
    }

    /// Opens another window beside it, and looks at that one.
    pub(crate) async fn open_window(&self) -> Window {
        let window = Window(self.driver.new_window().await.unwrap());
        self.look_at(&window).await;
        window
    }

    /// From here on everything happens in that window.
    pub(crate) async fn look_at(&self, window: &Window) {
        let window = window.0.clone();
        self.driver.switch_to_window(window).await.unwrap();
    }

    /// The page as wide as that screen; a phone also says that it is one.
    pub(crate) async fn show_on(&self, screen: Screen) {
        self.resize(screen, 900).await;
    }

    async fn resize(&self, screen: Screen, height: u64) {
        let metrics = json!({
            "cmd": "Emulation.setDeviceMetricsOverride",
            "params": { "width": screen.width(), "height": height, "deviceScaleFactor": 1,
                        "mobile": screen == Screen::Phone },
        });
        self.command("goog/cdp/execute", &metrics).await;
    }

    /// Switches the scripts of the pages on or off; what the tests ask is answered either way.
    pub(crate) async fn let_scripts_run(&self, on: bool) {
        let switch = json!({
            "cmd": "Emulation.setScriptExecutionDisabled",
            "params": { "value": !on },
        });
        self.command("goog/cdp/execute", &switch).await;
    }

    pub(crate) async fn go(&self, address: &str) {
        within(address, self.driver.goto(address)).await.unwrap();
    }

    /// Evaluates an expression in the page.
    pub(crate) async fn eval(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        let ret = self.driver.execute(&script, Vec::new()).await;
        let ret = ret.unwrap_or_else(|error| panic!("{expression}: {error}"));
        ret.json().clone()
    }

    /// Runs a script that calls back with its result.
    pub(crate) async fn call_back(&self, script: &str) -> Value {
        let ret = self.driver.execute_async(script, Vec::new()).await;
        ret.unwrap().json().clone()
    }

    /// Runs a script as it stands.
    pub(crate) async fn run(&self, script: &str) {
        self.driver.execute(script, Vec::new()).await.unwrap();
    }

    /// All that can be read.
    pub(crate) async fn text(&self) -> String {
        let text = self.eval("document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true.
    pub(crate) async fn wait(&self, what: &str, expression: &str) {
        let wanted = format!("Boolean({expression})");
        until(what, || async {
            let script = format!("return ({wanted});");
            let ret = self.driver.execute(&script, Vec::new()).await.ok()?;
            ret.json().as_bool().filter(|is| *is)
        })
        .await;
    }

    /// Waits until a text can be read.
    pub(crate) async fn wait_for_text(&self, text: &str) {
        let wanted = serde_json::to_string(text).unwrap();
        let what = format!("{text:?} on the page");
        self.wait(
            &what,
            &format!("document.body.innerText.includes({wanted})"),
        )
        .await;
    }

    /// Clicks the first element of a selector, and waits for the page that follows.
    pub(crate) async fn follow(&self, selector: &str) {
        self.run("window.leaving = true").await;
        self.click(selector).await;
        self.wait(
            "another page",
            "!window.leaving && document.readyState === 'complete'",
        )
        .await;
    }

    pub(crate) async fn click(&self, selector: &str) {
        self.wait(
            selector,
            &format!("document.querySelector({})", json!(selector)),
        )
        .await;
        // A live part may be replaced between finding and clicking.
        until(selector, || async {
            let element = self.driver.find(By::Css(selector)).await.ok()?;
            // As a person does with what a bar at the edge of the screen covers.
            let middle = "arguments[0].scrollIntoView({ block: 'center' })";
            let args = vec![element.to_json().ok()?];
            self.driver.execute(middle, args).await.ok()?;
            element.click().await.ok()
        })
        .await;
    }

    /// Types into a field, after emptying it.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let field = self.driver.find(By::Css(selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// The person is not signed in any more.
    pub(crate) async fn lose_cookies(&self) {
        self.driver.delete_all_cookies().await.unwrap();
    }

    /// Nothing but what is expected was complained about since the last time.
    pub(crate) async fn assert_quiet(&self, place: &str) {
        let log = self.command("se/log", &json!({ "type": "browser" })).await;
        let loud: Vec<&Value> = log
            .as_array()
            .into_iter()
            .flatten()
            .filter(|line| line["level"] == "SEVERE" || line["level"] == "WARNING")
            // The refusal of a step that cannot be done is a page with that status.
            .filter(|line| {
                !line["message"]
                    .as_str()
                    .is_some_and(|text| text.contains("(Conflict)"))
            })
            .collect();
        assert!(loud.is_empty(), "{place}: {loud:#?}");
    }

    /// Forgets what was complained about so far, where that is known and right.
    pub(crate) async fn forget(&self) {
        self.command("se/log", &json!({ "type": "browser" })).await;
    }

    /// Nobody has to push the page sideways. A phone makes the page smaller until all of it can be
    /// seen, so the width of the window proves nothing.
    pub(crate) async fn assert_fits(&self, screen: Screen, place: &str) {
        let width = self.eval("document.documentElement.scrollWidth").await;
        assert!(
            width.as_u64() <= Some(u64::from(screen.width())),
            "{place}: the page is {width} wide"
        );
    }

    /// A picture of the whole page in `target/screenshots/`.
    pub(crate) async fn picture(&self, screen: Screen, name: &str) {
        let height = self.eval("document.documentElement.scrollHeight").await;
        let height = height.as_u64().unwrap_or(900).clamp(400, 6000);
        self.resize(screen, height).await;
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{name}.png"));
        self.driver.screenshot(&file).await.unwrap();
        self.show_on(screen).await;
    }
}

fn capabilities(profile: &TempDir) -> ChromeCapabilities {
    let mut capabilities = DesiredCapabilities::chrome();
    let profile = format!("--user-data-dir={}", profile.path().display());
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=en",
        &profile,
    ] {
        capabilities.add_arg(argument).unwrap();
    }
    let logs = json!({ "browser": "ALL" });
    capabilities.set("goog:loggingPrefs", logs).unwrap();
    capabilities
}

/// A chromedriver, and its address; `None` where none is installed.
async fn start() -> Option<(Child, String)> {
    // A port that was free a moment ago may be taken.
    for _ in 0..STARTS {
        if let Some(started) = try_start().await? {
            return Some(started);
        }
    }
    panic!("chromedriver does not start");
}

/// Once, on any free port. `Some(None)` when it ended at once.
async fn try_start() -> Option<Option<(Child, String)>> {
    let program = std::env::var_os(DRIVER).unwrap_or_else(|| "chromedriver".into());
    let mut child = Command::new(program)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut lines = BufReader::new(child.stdout.take()?).lines();
    let port = within("chromedriver's port", async {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                return port.trim_end_matches('.').parse::<u16>().ok();
            }
        }
        None
    });
    let Some(port) = port.await else {
        return Some(None);
    };
    // What else it says must go somewhere.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some(Some((child, format!("http://127.0.0.1:{port}"))))
}
