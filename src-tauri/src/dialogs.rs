//! Native dialogs, opened from here so that the page has no file rights at all. Under test the answer comes from the
//! environment, at the last step before the dialog: everything above it is the shipped path.

use std::path::PathBuf;

use loket_desk::desk::Dialogs;

/// The operating system's own.
pub struct Native;

impl Dialogs for Native {
    fn save_as(&self, suggested: &str) -> Option<PathBuf> {
        #[cfg(feature = "test-hooks")]
        if let Some(folder) = std::env::var_os("LOKET_SAVE_INTO") {
            return Some(PathBuf::from(folder).join(suggested));
        }
        rfd::FileDialog::new().set_file_name(suggested).add_filter("PDF", &["pdf"]).save_file()
    }
}
