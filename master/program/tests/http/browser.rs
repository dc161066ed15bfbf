//! A headless Chromium, driven over the WebDriver protocol of its own driver.

use crate::support::{PATIENCE, Process, eventually};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;
use ureq::Agent;

/// What a page is looked at with.
#[derive(Clone, Copy)]
pub(crate) struct Viewer {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) mobile: Mobile,
    /// `light` or `dark`.
    pub(crate) scheme: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mobile {
    Yes,
    No,
}

pub(crate) const DESKTOP: Viewer = Viewer { width: 1280, height: 900, mobile: Mobile::No, scheme: "light" };
pub(crate) const PHONE: Viewer = Viewer { width: 390, height: 844, mobile: Mobile::Yes, scheme: "dark" };

/// One window. Browser and driver end when this is dropped.
pub(crate) struct Browser {
    driver: Process,
    _profile: TempDir,
    session: String,
    agent: Agent,
}

impl Browser {
    pub(crate) fn open(viewer: Viewer, url: &str) -> Browser {
        let profile = tempfile::tempdir().expect("a folder");
        // It has to be installed (Debian: apt-get install chromium chromium-driver).
        let driver = Process::start(profile.path(), Command::new("chromedriver").arg("--port=0"));
        let port = port(&driver);
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        let mut browser = Browser {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            agent: config.into(),
            _profile: profile,
        };
        let capabilities = capabilities(&browser._profile.path().display().to_string(), viewer);
        let session = browser.post("", &json!({ "capabilities": { "alwaysMatch": capabilities } }));
        let id = session["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {session}")).to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser.become_viewer(viewer);
        browser.post("/url", &json!({ "url": url }));
        browser
    }

    fn become_viewer(&self, viewer: Viewer) {
        let mobile = viewer.mobile == Mobile::Yes;
        let metrics = json!({
            "width": viewer.width, "height": viewer.height, "deviceScaleFactor": if mobile { 2 } else { 1 },
            "mobile": mobile,
        });
        self.command("Emulation.setDeviceMetricsOverride", &metrics);
        let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": viewer.scheme }] });
        self.command("Emulation.setEmulatedMedia", &scheme);
    }

    /// What a script gives that is run in the page.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The text of the first element that a selector names.
    #[track_caller]
    pub(crate) fn text(&self, selector: &str) -> String {
        let text = self.run(&format!("return document.querySelector({selector:?})?.innerText ?? ''"));
        text.as_str().expect("a text").to_owned()
    }

    /// Waits until the text of an element fulfils this.
    #[track_caller]
    pub(crate) fn text_becomes(&self, selector: &str, fulfilled: impl Fn(&str) -> bool) {
        eventually(selector, || fulfilled(&self.text(selector)).then_some(()));
    }

    /// What the page, or the browser on its behalf, has complained of.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().expect("a list").iter();
        entries.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Keeps a picture of the whole page below the build folder, to be looked at.
    pub(crate) fn picture(&self, name: &str) -> PathBuf {
        let size = &self.command("Page.getLayoutMetrics", &json!({}))["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let picture =
            self.command("Page.captureScreenshot", &json!({ "captureBeyondViewport": true, "clip": clip }));
        let bytes = decode(picture["data"].as_str().expect("a picture"));
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 10_000, "{} bytes", bytes.len());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
        std::fs::create_dir_all(&folder).expect("the build folder is writable");
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, bytes).expect("the build folder is writable");
        path
    }

    fn command(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.session);
        let mut response =
            self.agent.post(&url).send_json(body).unwrap_or_else(|error| panic!("{url}: {error}"));
        let status = response.status();
        // A picture of a long page is larger than what is read by default.
        let read = response.body_mut().with_config().limit(64 << 20).read_json::<Value>();
        let mut answer = read.unwrap_or_else(|error| panic!("{url}: {error}"));
        assert!(status.is_success(), "{path}: {answer}");
        answer["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session; a driver that hangs is killed all the same.
        let _ = self.agent.delete(&self.session).call();
        self.driver.kill();
    }
}

/// The driver's port, which the system chose.
fn port(driver: &Process) -> u16 {
    let mut lines = std::iter::from_fn(|| driver.line());
    let line = lines.find(|line| line.contains("successfully on port ")).expect("the driver starts");
    let (_, port) = line.rsplit_once("on port ").expect("it was just found");
    port.trim_end_matches('.').parse().expect("a port")
}

fn capabilities(profile: &str, viewer: Viewer) -> Value {
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
    ];
    let mut arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    arguments.push(format!("--user-data-dir={profile}"));
    arguments.push(format!("--window-size={},{}", viewer.width, viewer.height));
    json!({ "goog:chromeOptions": { "args": arguments }, "goog:loggingPrefs": { "browser": "ALL" } })
}

/// Base64.
fn decode(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).expect("it is Base64")
}
