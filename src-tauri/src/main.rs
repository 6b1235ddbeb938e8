//! The window. It opens the desk, carries calls and pictures between page and desk, keeps to one window per data folder,
//! and shows native dialogs. It knows nothing of what the calls mean.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod alone;
mod dialogs;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use loket_desk::api::dispatch;
use loket_desk::desk::{Desk, Setup};
use loket_desk::env::Env;
use loket_desk::fault::Fault;
use loket_desk::vault::{FileKeystore, Keystore, SystemKeystore};
use tauri::http::{Response, StatusCode, header};
use tauri::{AppHandle, Emitter as _, Manager as _, State, WebviewUrl, WebviewWindowBuilder};

/// Where the window's pages come from; everything else is refused.
const OWN_HOSTS: [&str; 2] = ["localhost", "tauri.localhost"];

/// The desk, or why it could not be opened: then every call answers that.
struct Host(Result<Arc<Desk>, Fault>);

#[tauri::command]
async fn call(host: State<'_, Host>, name: String, body: serde_json::Value) -> Result<serde_json::Value, Fault> {
    let desk = host.0.as_ref().map_err(Clone::clone)?;
    dispatch(desk, &name, body).await
}

fn main() -> anyhow::Result<()> {
    loket_decode::child_main_if_asked();
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();

    let context = tauri::generate_context!();
    let folder = data_folder(&context.config().identifier)?;
    // Before anything of a window is made, so that a second start is quick and needs no display.
    let alone = match alone::Alone::take(&folder)? {
        alone::Taken::Ours(alone) => alone,
        // The window that is open already has been told to come to the front.
        alone::Taken::Theirs => return Ok(()),
    };

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    tauri::async_runtime::set(runtime.handle().clone());

    tauri::Builder::default()
        .register_asynchronous_uri_scheme_protocol("scan", |context, request, responder| {
            let app = context.app_handle().clone();
            let path = request.uri().path().to_owned();
            tauri::async_runtime::spawn(async move { responder.respond(picture(&app, &path).await) });
        })
        .invoke_handler(tauri::generate_handler![call])
        .setup(move |app| {
            let opened = tauri::async_runtime::block_on(Desk::open(setup_of(folder)));
            if let Ok(desk) = &opened {
                announce(app.handle().clone(), desk);
            }
            app.manage(Host(opened));
            window(app.handle())?;
            alone.listen(app.handle().clone());
            Ok(())
        })
        .run(context)?;
    Ok(())
}

/// Where everything of this desk lives: the folder asked for, else that of this program among the user's own.
fn data_folder(identifier: &str) -> anyhow::Result<PathBuf> {
    match std::env::var_os("LOKET_DATA") {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(dirs::data_dir().context("This user has no folder for program data")?.join(identifier)),
    }
}

fn setup_of(folder: PathBuf) -> Setup {
    // The demo and the tests have no keyring; they say so by asking for a file.
    let keystore: Box<dyn Keystore> = if std::env::var_os("LOKET_KEY_FILE").is_some() {
        Box::new(FileKeystore(folder.join("device.key")))
    } else {
        Box::new(SystemKeystore { account: folder.display().to_string() })
    };
    Setup {
        keystore,
        folder,
        decoder: loket_decode::Decoder::this_program(),
        dialogs: Box::new(dialogs::Native),
        env: Env::real(),
    }
}

/// Tells the page whenever something changed.
fn announce(app: AppHandle, desk: &Arc<Desk>) {
    let mut changes = desk.changes();
    tauri::async_runtime::spawn(async move {
        use loket_desk::view::Changed;
        use tokio::sync::broadcast::error::RecvError;
        loop {
            let what = match changes.recv().await {
                Ok(what) => what,
                // Too many to keep up with: one of each says the same.
                Err(RecvError::Lagged(_)) => Changed::Work,
                Err(RecvError::Closed) => return,
            };
            if let Err(error) = app.emit("changed", what) {
                tracing::warn!(%error, "The page could not be told");
            }
        }
    });
}

fn window(app: &AppHandle) -> tauri::Result<()> {
    let _window = WebviewWindowBuilder::new(app, "main", WebviewUrl::default())
        .title("Loket")
        .inner_size(1366.0, 768.0)
        .min_inner_size(1024.0, 552.0)
        .maximized(std::env::var_os("LOKET_WINDOW").is_none())
        .zoom_hotkeys_enabled(true)
        .on_navigation(|url| url.scheme() == "tauri" || url.host_str().is_some_and(|host| OWN_HOSTS.contains(&host)))
        .on_new_window(|_, _| tauri::webview::NewWindowResponse::Deny)
        .build()?;
    #[cfg(target_os = "linux")]
    _window.with_webview(|view| {
        use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt as _};
        // A page of text and one picture: OpenGL would take 80 MB on a PC without a graphics card and draw no faster.
        if let Some(settings) = view.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })?;
    Ok(())
}

/// Pixels of a document or a paper, never cached by the page.
async fn picture(app: &AppHandle, path: &str) -> Response<Vec<u8>> {
    let answer = |status: StatusCode, media_type: &str, body: Vec<u8>| {
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, media_type)
            .header(header::CACHE_CONTROL, "no-store")
            .body(body)
            .unwrap_or_default()
    };
    let fault = |fault: &Fault| {
        let body = serde_json::to_vec(fault).unwrap_or_default();
        answer(StatusCode::NOT_FOUND, "application/json", body)
    };
    let Some(host) = app.try_state::<Host>() else { return fault(&Fault::SignedOut) };
    match &host.0 {
        Ok(desk) => match desk.picture(&percent_decoded(path)).await {
            Ok(picture) => answer(StatusCode::OK, picture.media_type, picture.bytes.to_vec()),
            Err(f) => fault(&f),
        },
        Err(f) => fault(f),
    }
}

/// `convertFileSrc` escapes the slashes of a path.
fn percent_decoded(path: &str) -> String {
    path.trim_start_matches('/').replace("%2F", "/").replace("%2f", "/").replace("%7E", "~").replace("%7e", "~")
}
