//! Drives the real window through WebDriver, with keys as an officer would press them. WebKit's own driver is spoken to
//! directly: what stands between otherwise only renames one capability. Never kills a driver hard: it would leave the
//! window behind with the port in its hand.

#![expect(clippy::disallowed_methods, reason = "processes are waited for where nothing else has to go on")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use serde_json::{Value, json};

/// How long a page may take to show something.
pub const PAGE_PATIENCE: Duration = Duration::from_secs(15);

/// A display nobody looks at.
pub struct Display {
    process: Child,
    /// As in `DISPLAY`.
    pub name: String,
}

impl Display {
    /// Starts one of the size that old PCs have.
    pub fn start() -> anyhow::Result<Display> {
        for number in 60..200 {
            if Path::new(&format!("/tmp/.X{number}-lock")).exists() {
                continue;
            }
            let name = format!(":{number}");
            let process = Command::new("Xvfb")
                .args([name.as_str(), "-screen", "0", "1366x768x24", "-nolisten", "tcp"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .context("Starting Xvfb")?;
            let mut display = Display { process, name };
            for _ in 0..100 {
                std::thread::sleep(Duration::from_millis(50));
                if Path::new(&format!("/tmp/.X11-unix/X{number}")).exists() {
                    return Ok(display);
                }
                if display.process.try_wait()?.is_some() {
                    break;
                }
            }
        }
        bail!("no virtual display could be started")
    }

    /// What X calls the window that lies over all others.
    ///
    /// # Errors
    /// When the display can't be asked, or shows nothing.
    pub fn in_front(&self) -> anyhow::Result<String> {
        let asked = Command::new("xwininfo")
            .args(["-root", "-children", "-display", &self.name])
            .output()
            .context("Starting xwininfo")?;
        // The children of the root, topmost first; helpers that are never shown have a size of a few pixels.
        String::from_utf8_lossy(&asked.stdout)
            .lines()
            .find(|line| line.trim_start().starts_with("0x") && line.contains('"') && !line.contains(" 10x10+"))
            .map(str::to_owned)
            .context("nothing on the display")
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Asks a process to end, and waits.
pub fn end(process: &mut Child) {
    let _ = Command::new("kill").arg("-TERM").arg(process.id().to_string()).status();
    for _ in 0..100 {
        if matches!(process.try_wait(), Ok(Some(_)) | Err(_)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = process.kill();
    let _ = process.wait();
}

/// A free port of this machine.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// WebKit's driver, with the environment that the program under it gets.
pub struct Driver {
    process: Child,
    url: String,
    http: reqwest::Client,
}

impl Driver {
    /// Starts it on a display.
    pub async fn start(display: &Display, environment: &[(String, String)]) -> anyhow::Result<Driver> {
        let port = free_port()?;
        let process = Command::new("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .env("DISPLAY", &display.name)
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env_remove("WAYLAND_DISPLAY")
            .envs(environment.iter().cloned())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("Starting WebKitWebDriver")?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        let driver = Driver { process, url: format!("http://127.0.0.1:{port}"), http };
        for _ in 0..200 {
            if driver.http.get(format!("{}/status", driver.url)).send().await.is_ok() {
                return Ok(driver);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("WebKitWebDriver did not answer")
    }

    /// Opens the program.
    pub async fn open(&self, program: &Path) -> anyhow::Result<Window> {
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "webkitgtk:browserOptions": { "binary": program, "args": [] }
        }}});
        let answer = self.http.post(format!("{}/session", self.url)).json(&capabilities).send().await?;
        let answer: Value = answer.json().await?;
        let id = answer["value"]["sessionId"].as_str().ok_or_else(|| anyhow!("no session: {answer}"))?;
        Ok(Window { url: format!("{}/session/{id}", self.url), http: self.http.clone() })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// The program's window.
pub struct Window {
    url: String,
    http: reqwest::Client,
}

/// What WebDriver calls a key.
fn code_point(key: &str) -> anyhow::Result<String> {
    let code = match key {
        "Enter" => '\u{E007}',
        "Tab" => '\u{E004}',
        "Escape" => '\u{E00C}',
        "Shift" => '\u{E008}',
        "Ctrl" => '\u{E009}',
        "Alt" => '\u{E00A}',
        "ArrowLeft" => '\u{E012}',
        "ArrowUp" => '\u{E013}',
        "ArrowRight" => '\u{E014}',
        "ArrowDown" => '\u{E015}',
        "PageUp" => '\u{E00E}',
        "PageDown" => '\u{E00F}',
        "Delete" => '\u{E017}',
        "Backspace" => '\u{E003}',
        "Space" => ' ',
        _ => {
            if let Some(n) = key.strip_prefix('F').and_then(|n| n.parse::<u32>().ok()).filter(|n| (1..=12).contains(n))
            {
                char::from_u32(0xE030 + n).context("function keys have code points")?
            } else {
                let mut chars = key.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => c,
                    _ => bail!("no such key: {key}"),
                }
            }
        }
    };
    Ok(code.to_string())
}

impl Window {
    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let answer = self.http.post(format!("{}{path}", self.url)).json(&body).send().await?;
        let answer: Value = answer.json().await?;
        if let Some(error) = answer["value"]["error"].as_str() {
            bail!("{path}: {error}: {}", answer["value"]["message"]);
        }
        Ok(answer["value"].clone())
    }

    /// Runs a function in the page.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        self.post("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Presses keys one after the other, such as `F2`, `Shift+F9`, `Ctrl+S`, `a`.
    pub async fn press(&self, keys: &[&str]) -> anyhow::Result<()> {
        for key in keys {
            let mut parts: Vec<&str> = key.split('+').collect();
            let last = parts.pop().ok_or_else(|| anyhow!("an empty key"))?;
            let mut actions = Vec::new();
            for held in &parts {
                actions.push(json!({ "type": "keyDown", "value": code_point(held)? }));
            }
            actions.push(json!({ "type": "keyDown", "value": code_point(last)? }));
            actions.push(json!({ "type": "keyUp", "value": code_point(last)? }));
            for held in parts.iter().rev() {
                actions.push(json!({ "type": "keyUp", "value": code_point(held)? }));
            }
            self.keys(actions).await?;
        }
        Ok(())
    }

    async fn keys(&self, actions: Vec<Value>) -> anyhow::Result<()> {
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.post("/actions", body).await?;
        Ok(())
    }

    /// Types text as fast as a keyboard scanner does, Enter included.
    pub async fn scan(&self, text: &str) -> anyhow::Result<()> {
        let mut actions = Vec::new();
        for c in text.chars().map(|c| c.to_string()).chain(["\u{E007}".to_owned()]) {
            actions.push(json!({ "type": "keyDown", "value": c }));
            actions.push(json!({ "type": "keyUp", "value": c }));
        }
        self.keys(actions).await
    }

    /// Types text into whatever has the focus.
    pub async fn write(&self, text: &str) -> anyhow::Result<()> {
        for c in text.chars() {
            self.keys(vec![
                json!({ "type": "keyDown", "value": c.to_string() }),
                json!({ "type": "pause", "duration": 45 }),
                json!({ "type": "keyUp", "value": c.to_string() }),
            ])
            .await?;
        }
        Ok(())
    }

    /// Everything the page says, as a person would read it.
    pub async fn text(&self) -> anyhow::Result<String> {
        Ok(self.run("return document.body.innerText").await?.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page says this.
    pub async fn says(&self, words: &str) -> anyhow::Result<()> {
        self.until(&format!("the page to say {words:?}"), async |window| {
            Ok(window.text().await?.to_lowercase().contains(&words.to_lowercase()))
        })
        .await
    }

    /// Waits until something is in the page.
    pub async fn shows(&self, selector: &str) -> anyhow::Result<()> {
        let script = format!("return !!document.querySelector({})", json!(selector));
        self.until(&format!("{selector} to be shown"), async |window| Ok(window.run(&script).await? == json!(true)))
            .await
    }

    /// Waits until a script of the page answers true.
    pub async fn is_true(&self, what: &str, script: &str) -> anyhow::Result<()> {
        self.until(what, async |window| Ok(window.run(script).await? == json!(true))).await
    }

    async fn until(&self, what: &str, mut so: impl AsyncFnMut(&Window) -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let waited = tokio::time::timeout(PAGE_PATIENCE, async {
            loop {
                // Between two pages there is no page to ask.
                if so(self).await.unwrap_or(false) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
        });
        match waited.await {
            Ok(()) => Ok(()),
            Err(_) => {
                let text = self.text().await.unwrap_or_else(|e| format!("(no page: {e:#})"));
                bail!("waited for {what}; the page says:\n{text}")
            }
        }
    }

    /// A picture of the window.
    pub async fn picture(&self, file: &Path) -> anyhow::Result<()> {
        let answer: Value = self.http.get(format!("{}/screenshot", self.url)).send().await?.json().await?;
        let encoded = answer["value"].as_str().ok_or_else(|| anyhow!("no picture: {answer}"))?;
        let png = base64::engine::general_purpose::STANDARD.decode(encoded)?;
        std::fs::write(file, png).with_context(|| format!("Writing {}", file.display()))
    }

    /// Closes the program.
    pub async fn close(self) -> anyhow::Result<()> {
        self.http.delete(&self.url).send().await?;
        Ok(())
    }
}
