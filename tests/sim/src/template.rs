//! An office in the morning: a centre with people on today's list and enrolled machines, made once and copied for each
//! seed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use loket_core::id::OfficerId;
use loket_desk::courier;
use loket_desk::store::Store;
use loket_desk::vault::{Device, FileKeystore};
use loket_tests::crowd::{Person, Town};
use loket_tests::office::morning;

/// Who sits at which machine: three officers and a supervisor.
pub const OFFICERS: [(&str, &str); 4] = [
    ("sri.wulandari", "melati-contoh-1"),
    ("adi.nugroho", "kenanga-contoh-2"),
    ("eka.permata", "cempaka-contoh-3"),
    ("maya.lestari", "flamboyan-contoh-5"),
];
/// Applicants of the day.
const PEOPLE: u32 = 6;

/// Where the morning lies.
pub struct Template {
    folder: tempfile::TempDir,
    pub people: Vec<Person>,
}

/// The name of a seeded officer.
pub fn officer(index: usize) -> (OfficerId, String) {
    let (id, password) = OFFICERS[index];
    (OfficerId::new(id).expect("a fixed name is right"), password.to_owned())
}

/// Opens the memory of a machine.
pub async fn open(folder: &Path) -> anyhow::Result<Arc<Store>> {
    let device = Device::load(&FileKeystore(folder.join("device.key")))?;
    Ok(Arc::new(Store::open(folder, device).await?))
}

/// A folder in memory, where there is one: nothing here has to survive the machine.
pub fn fast_folder() -> anyhow::Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? })
}

impl Template {
    /// Makes the morning.
    pub async fn make() -> anyhow::Result<Template> {
        let folder = fast_folder()?;
        let town = Town::open(&folder.path().join("centre"), None, 1, OFFICERS.len() as u8).await?;
        let people = town.people(&town.offices[0], 0..PEOPLE).await?;
        let env = loket_desk::env::Env::real().starting_at(morning());
        for index in 0..OFFICERS.len() {
            let machine = folder.path().join(format!("machine-{index}"));
            std::fs::create_dir_all(&machine)?;
            let store = open(&machine).await?;
            let code = town.server.enrolment_code(&town.offices[0]).await?;
            let (identity, signing, token, snapshot) = courier::enrol(&town.url(), &code, "W-Sim", env).await?;
            store.enrol(identity, signing, token, snapshot).await?;
            store.close().await;
        }
        town.server.shutdown().await;
        Ok(Template { folder, people })
    }

    /// The centre's data folder.
    pub fn centre(&self) -> PathBuf {
        self.folder.path().join("centre")
    }

    /// A machine's folder.
    pub fn machine(&self, index: usize) -> PathBuf {
        self.folder.path().join(format!("machine-{index}"))
    }
}
