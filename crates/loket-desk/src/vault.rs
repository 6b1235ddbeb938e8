//! Which key seals what. Under the *device secret* alone lie the signing key, the token and the outbox key, so that
//! unsent work can go out whoever sits there. Everything about applicants lies under the *archive root*, which is sealed
//! to the device and to each officer of the roster: a cold machine with nobody signed in yields nothing. Each case and
//! each day has its own random key under the root. This module makes and opens keys; where they are kept is `store`'s
//! business, and the device secret itself is kept by a [`Keystore`].

use std::collections::HashMap;
use std::path::PathBuf;

use loket_core::act::Subject;
use loket_core::id::VisitId;
use loket_seal::{BoxSecret, Envelope, Key, Sealed, Signing, seal_to};

/// Where the device secret is kept.
pub trait Keystore: Send + Sync {
    /// The secret, if one was kept.
    ///
    /// # Errors
    /// When the keystore can't be reached.
    fn load(&self) -> anyhow::Result<Option<Vec<u8>>>;
    /// Keeps the secret.
    ///
    /// # Errors
    /// When the keystore can't be reached.
    fn save(&self, secret: &[u8]) -> anyhow::Result<()>;
}

/// A file readable by its owner only. For tests and the demo: it protects nothing against a thief with the PC.
pub struct FileKeystore(pub PathBuf);

impl Keystore for FileKeystore {
    fn load(&self) -> anyhow::Result<Option<Vec<u8>>> {
        match std::fs::read(&self.0) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    fn save(&self, secret: &[u8]) -> anyhow::Result<()> {
        use std::io::Write as _;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.0)?;
        file.write_all(secret)?;
        file.sync_all()?;
        Ok(())
    }
}

/// The operating system's own: DPAPI on Windows, the secret service on Linux.
pub struct SystemKeystore {
    /// One machine may hold several data folders; each has its own secret.
    pub account: String,
}

impl Keystore for SystemKeystore {
    fn load(&self) -> anyhow::Result<Option<Vec<u8>>> {
        match keyring::Entry::new("Loket", &self.account)?.get_secret() {
            Ok(secret) => Ok(Some(secret)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    fn save(&self, secret: &[u8]) -> anyhow::Result<()> {
        Ok(keyring::Entry::new("Loket", &self.account)?.set_secret(secret)?)
    }
}

/// Keys that need nobody to be signed in.
#[derive(Clone)]
pub struct Device {
    secret: Key,
}

impl Device {
    /// Loads the device secret, or makes one on a new machine.
    ///
    /// # Errors
    /// When the keystore can't be reached or holds something else.
    pub fn load(keystore: &dyn Keystore) -> anyhow::Result<Device> {
        if let Some(bytes) = keystore.load()? {
            return Ok(Device { secret: Key::from_bytes(&bytes)? });
        }
        let secret = Key::random();
        keystore.save(secret.bytes())?;
        Ok(Device { secret })
    }

    /// Seals something that must be open with nobody signed in.
    pub fn seal(&self, what: &str, plain: &[u8]) -> Vec<u8> {
        self.secret.derive("device").seal(what, plain)
    }

    /// Opens it again.
    ///
    /// # Errors
    /// When it was sealed on another machine, for another purpose, or changed.
    pub fn open(&self, what: &str, sealed: &[u8]) -> Result<Vec<u8>, Sealed> {
        self.secret.derive("device").open(what, sealed)
    }

    /// The archive root for one officer: sealed to the officer, then to this device.
    ///
    /// # Errors
    /// When the officer's public key is none.
    pub fn seal_root(&self, root: &Key, officer_public: &str) -> Result<Vec<u8>, Sealed> {
        Ok(self.seal("root", &seal_to(officer_public, root.bytes())?))
    }

    /// Signs an officer in: unwraps the envelope with this device and the password, and with what is in it the root.
    /// Slow on purpose.
    ///
    /// # Errors
    /// On a wrong password, like on everything else that does not open.
    pub fn open_root(&self, envelope: &[u8], sealed_root: &[u8], password: &str) -> Result<Key, Sealed> {
        let envelope: Envelope = serde_json::from_slice(&self.open("envelope", envelope)?).map_err(|_| Sealed)?;
        let officer: BoxSecret = envelope.open(password)?;
        Key::from_bytes(&officer.open(&self.open("root", sealed_root)?)?)
    }
}

/// What an enrolled machine can use with nobody signed in.
#[derive(Clone)]
pub struct DeviceKeys {
    /// Signs requests.
    pub signing: Signing,
    /// Secret half of the authentication at the server.
    pub token: String,
    /// Seals unsent work.
    pub outbox: Key,
    /// Answers that arrive while locked are sealed to this.
    pub spool_public: String,
}

/// The name of the key that seals what belongs to a subject: one per case, one per day, one for the office.
pub fn key_name(subject: &Subject) -> String {
    match subject {
        Subject::Application(no) => format!("case:{no}"),
        Subject::Visit(id) => format!("day:{}", day_part(id)),
        Subject::Office => "office".to_owned(),
    }
}

fn day_part(visit: &VisitId) -> &str {
    visit.as_str().split('-').next().unwrap_or_default()
}

/// The keys that are open while somebody is signed in. Dropping it is what locks the desk.
pub struct Archive {
    root: Key,
    /// Opens the spool.
    pub spool: BoxSecret,
    keys: HashMap<String, Key>,
    /// Keys made since the last [`Archive::stored`], wrapped.
    new: Vec<(String, Vec<u8>)>,
}

impl Archive {
    /// Opens the stored keys with the root.
    ///
    /// # Errors
    /// When one of them does not open: then the database and the root don't belong together.
    pub fn open(root: Key, spool: &[u8], stored: Vec<(String, Vec<u8>)>) -> Result<Archive, Sealed> {
        let spool = BoxSecret::from_bytes(&root.open("spool", spool)?)?;
        let mut keys = HashMap::new();
        for (name, wrapped) in stored {
            let key = Key::from_bytes(&root.open(&name, &wrapped)?)?;
            keys.insert(name, key);
        }
        Ok(Archive { root, spool, keys, new: Vec::new() })
    }

    /// The root, to be sealed to officers who joined the roster.
    pub fn root(&self) -> &Key {
        &self.root
    }

    /// The key of this name; a new one if there was none.
    pub fn key(&mut self, name: &str) -> Key {
        if let Some(key) = self.keys.get(name) {
            return key.clone();
        }
        let key = Key::random();
        self.new.push((name.to_owned(), self.root.seal(name, key.bytes())));
        self.keys.insert(name.to_owned(), key.clone());
        key
    }

    /// The key of this name, if there is one.
    pub fn known_key(&self, name: &str) -> Option<Key> {
        self.keys.get(name).cloned()
    }

    /// Wrapped keys that are on no disk yet. Each transaction that seals something stores them too.
    pub fn unstored(&self) -> &[(String, Vec<u8>)] {
        &self.new
    }

    /// Their transaction was committed. Until this is said they are stored again with the next one, so that nothing is
    /// ever sealed with a key that a failed transaction took along.
    pub fn stored(&mut self) {
        self.new.clear();
    }
}

/// 16 random bytes, hexadecimal: a word that nobody can guess.
pub fn nonce() -> String {
    hex::encode(loket_seal::random::<16>())
}
