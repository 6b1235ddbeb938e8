//! Sealing, signing and unwrapping: the few cryptographic steps Loket needs, each over a well-kept library, in one
//! place, so that desk and server can't differ. Nothing is stored here, nothing is logged, and keys wipe themselves.
//! Which key seals what is the business of the desk's `vault`.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use ed25519_dalek::{Signature, Signer, Verifier};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

const NONCE_BYTES: usize = 24;

/// Something that could not be opened, verified or read. Never says why: that would help only an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed data could not be opened")]
pub struct Sealed;

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give: nothing safe can be done then.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::disallowed_methods, reason = "the one place where keys, nonces and salts come from")]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A symmetric key. Wiped from memory when dropped; never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// A new one.
    pub fn random() -> Key {
        Key(random())
    }

    /// From stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Key, Sealed> {
        Ok(Key(bytes.try_into().map_err(|_| Sealed)?))
    }

    /// To be wrapped under another key; never to be stored as it is.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key for one purpose, so that no key is ever used for two.
    pub fn derive(&self, purpose: &str) -> Key {
        Key(Sha256::new().chain_update(b"loket-key-1").chain_update(self.0).chain_update(purpose).finalize().into())
    }

    /// Seals `plain`. The header is not hidden but bound: a sealed row put into another row's place does not open.
    pub fn seal(&self, header: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random();
        let payload = Payload { msg: plain, aad: header.as_bytes() };
        let cipher = XChaCha20Poly1305::new((&self.0).into());
        let body = cipher.encrypt(XNonce::from_slice(&nonce), payload).expect("a body fits into memory");
        [nonce.as_slice(), &body].concat()
    }

    /// Opens what [`Key::seal`] made with the same header.
    pub fn open(&self, header: &str, sealed: &[u8]) -> Result<Vec<u8>, Sealed> {
        let (nonce, body) = sealed.split_at_checked(NONCE_BYTES).ok_or(Sealed)?;
        let payload = Payload { msg: body, aad: header.as_bytes() };
        XChaCha20Poly1305::new((&self.0).into()).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Sealed)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// The private half of a pair to which others can seal without knowing it (X25519).
#[derive(Clone)]
pub struct BoxSecret(crypto_box::SecretKey);

impl BoxSecret {
    /// A new pair.
    pub fn random() -> BoxSecret {
        BoxSecret(crypto_box::SecretKey::from(random::<32>()))
    }

    /// From stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<BoxSecret, Sealed> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| Sealed)?;
        Ok(BoxSecret(crypto_box::SecretKey::from(bytes)))
    }

    /// To be wrapped; never to be stored as it is.
    pub fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half, hexadecimal.
    pub fn public(&self) -> String {
        hex::encode(self.0.public_key().as_bytes())
    }

    /// Opens what was sealed to the public half.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Sealed> {
        self.0.unseal(sealed).map_err(|_| Sealed)
    }
}

/// Seals to a public half (hexadecimal); only its owner can open it.
pub fn seal_to(public: &str, plain: &[u8]) -> Result<Vec<u8>, Sealed> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(public, &mut bytes).map_err(|_| Sealed)?;
    crypto_box::PublicKey::from(bytes).seal(&mut crypto_box::aead::OsRng, plain).map_err(|_| Sealed)
}

/// The signing half of a device's key pair (Ed25519).
#[derive(Clone)]
pub struct Signing(ed25519_dalek::SigningKey);

impl Signing {
    /// A new pair.
    pub fn random() -> Signing {
        Signing(ed25519_dalek::SigningKey::from_bytes(&random()))
    }

    /// From stored bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Signing, Sealed> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| Sealed)?;
        Ok(Signing(ed25519_dalek::SigningKey::from_bytes(&bytes)))
    }

    /// To be wrapped; never to be stored as it is.
    pub fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half, hexadecimal.
    pub fn public(&self) -> String {
        hex::encode(self.0.verifying_key().as_bytes())
    }

    /// Signs a request of a desk: method, path with query, time, and the digest of the body, in which the head of the
    /// desk's chain stands.
    pub fn sign_request(&self, method: &str, path: &str, at_ms: i64, body: &[u8]) -> String {
        BASE64.encode(self.0.sign(&request_bytes(method, path, at_ms, body)).to_bytes())
    }

    /// Signs the manifest of a release, byte for byte.
    pub fn sign_release(&self, manifest: &[u8]) -> String {
        BASE64.encode(self.0.sign(&release_bytes(manifest)).to_bytes())
    }
}

/// Is this manifest, byte for byte, the one that the owner of this public half released?
pub fn verify_release(public: &str, signature: &str, manifest: &[u8]) -> Result<(), Sealed> {
    verify(public, signature, &release_bytes(manifest))
}

/// What is signed of a release. It begins with a word of its own, so that no signature of anything else fits it.
fn release_bytes(manifest: &[u8]) -> Vec<u8> {
    [b"loket-release-1\n", manifest].concat()
}

/// Did the owner of this public half sign this request?
pub fn verify_request(
    public: &str,
    signature: &str,
    method: &str,
    path: &str,
    at_ms: i64,
    body: &[u8],
) -> Result<(), Sealed> {
    verify(public, signature, &request_bytes(method, path, at_ms, body))
}

fn verify(public: &str, signature: &str, signed: &[u8]) -> Result<(), Sealed> {
    let mut key = [0; 32];
    hex::decode_to_slice(public, &mut key).map_err(|_| Sealed)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).map_err(|_| Sealed)?;
    let signature = BASE64.decode(signature).map_err(|_| Sealed)?;
    let signature = Signature::from_slice(&signature).map_err(|_| Sealed)?;
    key.verify(signed, &signature).map_err(|_| Sealed)
}

fn request_bytes(method: &str, path: &str, at_ms: i64, body: &[u8]) -> Vec<u8> {
    let digest = hex::encode(Sha256::digest(body));
    format!("loket-request-1\n{method}\n{path}\n{at_ms}\n{digest}").into_bytes()
}

/// What Argon2id may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Cost {
    /// For officers' envelopes.
    pub const STANDARD: Cost = Cost { kib: 64 * 1024, passes: 3 };
    /// Never below (OWASP's floor for Argon2id).
    pub const FLOOR: Cost = Cost { kib: 19 * 1024, passes: 2 };
    /// A stored envelope may not ask for more than this: it comes over the wire.
    pub const CEILING: Cost = Cost { kib: 1024 * 1024, passes: 10 };
}

/// An officer's private half, wrapped under the password. There is no password hash: opening it is the sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    salt: String,
    kib: u32,
    passes: u32,
    sealed: String,
}

const ENVELOPE_HEADER: &str = "loket-envelope-1";

impl Envelope {
    /// Wraps a private half. Slow on purpose.
    ///
    /// # Panics
    /// When `cost` is below [`Cost::FLOOR`].
    pub fn make(password: &str, secret: &BoxSecret, cost: Cost) -> Envelope {
        assert!(cost.kib >= Cost::FLOOR.kib && cost.passes >= Cost::FLOOR.passes, "an envelope this cheap is no lock");
        let salt: [u8; 16] = random();
        let key = stretch(password, &salt, cost).expect("checked costs are valid for Argon2");
        let sealed = key.seal(ENVELOPE_HEADER, &secret.bytes());
        let Cost { kib, passes } = cost;
        Envelope { salt: hex::encode(salt), kib, passes, sealed: BASE64.encode(sealed) }
    }

    /// Unwraps it. Slow on purpose; a wrong password is [`Sealed`] like everything else.
    pub fn open(&self, password: &str) -> Result<BoxSecret, Sealed> {
        if self.kib > Cost::CEILING.kib || self.passes > Cost::CEILING.passes {
            return Err(Sealed);
        }
        let salt = hex::decode(&self.salt).map_err(|_| Sealed)?;
        let key = stretch(password, &salt, Cost { kib: self.kib, passes: self.passes })?;
        let sealed = BASE64.decode(&self.sealed).map_err(|_| Sealed)?;
        BoxSecret::from_bytes(&key.open(ENVELOPE_HEADER, &sealed)?)
    }
}

fn stretch(password: &str, salt: &[u8], cost: Cost) -> Result<Key, Sealed> {
    let params = Params::new(cost.kib, cost.passes, 1, Some(32)).map_err(|_| Sealed)?;
    let mut bytes = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut bytes)
        .map_err(|_| Sealed)?;
    Ok(Key(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_moved_to_another_place_does_not_open() {
        let key = Key::random();
        let sealed = key.seal("row 1", b"Siti");
        assert_eq!(key.open("row 1", &sealed).unwrap(), b"Siti");
        assert_eq!(key.open("row 2", &sealed), Err(Sealed));
        assert_eq!(Key::random().open("row 1", &sealed), Err(Sealed));
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(key.open("row 1", &bent), Err(Sealed), "byte {at}");
        }
        assert_eq!(key.open("row 1", &[]), Err(Sealed));
    }

    #[test]
    fn only_the_right_password_opens_an_envelope() {
        let secret = BoxSecret::random();
        let envelope = Envelope::make("melati-contoh-12", &secret, Cost::FLOOR);
        assert_eq!(envelope.open("melati-contoh-12").unwrap().bytes(), secret.bytes());
        assert!(envelope.open("melati-contoh-13").is_err());
        assert!(envelope.open("").is_err());
    }

    #[test]
    fn an_envelope_that_asks_for_all_memory_is_refused() {
        let mut envelope = Envelope::make("x", &BoxSecret::random(), Cost::FLOOR);
        envelope.kib = Cost::CEILING.kib + 1;
        assert!(envelope.open("x").is_err());
    }

    #[test]
    fn what_is_sealed_to_an_officer_only_that_officer_opens() {
        let (sari, budi) = (BoxSecret::random(), BoxSecret::random());
        let sealed = seal_to(&sari.public(), b"root").unwrap();
        assert_eq!(sari.open(&sealed).unwrap(), b"root");
        assert!(budi.open(&sealed).is_err());
        assert!(seal_to("not a key", b"root").is_err());
    }

    #[test]
    fn a_request_signed_for_one_path_is_worth_nothing_on_another() {
        let desk = Signing::random();
        let signature = desk.sign_request("POST", "/v1/sync", 5, b"body");
        let check = |path, at, body: &[u8]| verify_request(&desk.public(), &signature, "POST", path, at, body);
        assert!(check("/v1/sync", 5, b"body").is_ok());
        assert!(check("/v1/snapshot", 5, b"body").is_err());
        assert!(check("/v1/sync", 6, b"body").is_err());
        assert!(check("/v1/sync", 5, b"other").is_err());
        assert!(verify_request(&desk.public(), &BASE64.encode([0; 64]), "POST", "/v1/sync", 5, b"body").is_err());
    }
}
