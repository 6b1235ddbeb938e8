//! Where the bytes of scans lie: below a folder, or in a bucket of an S3-compatible store that several servers share. It
//! promises that what was put is whole and durable before anybody hears of it, and that a store which can't be reached
//! is "not now" and never "no such file". It knows names and bytes, and nothing of scans.
//!
//! Both kinds are `object_store`'s. Its folder is asked to flush each file, and each folder that it makes or changes,
//! before it answers (`with_fsync`). Its S3 client is given a line of ours: the one it brings switches on TLS in the
//! `reqwest` that desks use too, where every client would then have to be told which cryptography to use.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use async_trait::async_trait;
use axum::body::Bytes;
use futures_util::TryStreamExt as _;
use http_body_util::BodyExt as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use loket_core::id::Timestamp;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{
    ClientConfigKey, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt as _, RetryConfig};
use url::Url;

/// How long the store may take for one thing, tries and all.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
/// How long it may take to list its files, which are many if much lies about.
const LIST_WAIT: Duration = Duration::from_secs(300);
/// How often one request is tried again, and for how long, before the caller is told "not now".
const TRIES_AGAIN_MAX: usize = 2;
const TRY_AGAIN_FOR: Duration = Duration::from_secs(5);
/// What S3 calls a bucket that is not there. Without it, a missing bucket looks like a missing file.
const NO_SUCH_BUCKET: &str = "NoSuchBucket";

/// Where scans are kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// Below a folder; made if it is not there.
    Folder(PathBuf),
    /// In a bucket, below a prefix. `settings` are the `AWS_...` variables: endpoint, region, credentials.
    S3 { bucket: String, prefix: String, settings: Vec<(String, String)> },
}

impl Address {
    /// Reads `--scans-url`. What else S3 needs is taken from `variables`, those of the environment, so that no secret
    /// stands on a command line.
    ///
    /// # Errors
    /// When it is neither `file:///DIR` nor `s3://BUCKET/PREFIX`.
    pub fn parse(url: &str, variables: impl IntoIterator<Item = (String, String)>) -> anyhow::Result<Address> {
        let url = Url::parse(url)?;
        match (url.scheme(), url.host_str()) {
            ("file", None) => match url.to_file_path() {
                Ok(folder) => Ok(Address::Folder(folder)),
                Err(()) => bail!("a folder is named as file:///DIR"),
            },
            ("s3", Some(bucket)) => {
                let settings = variables.into_iter().filter(|(name, _)| name.starts_with("AWS_")).collect();
                let prefix = url.path().trim_matches('/').to_owned();
                Ok(Address::S3 { bucket: bucket.to_owned(), prefix, settings })
            }
            _ => bail!("scans are kept in file:///DIR or in s3://BUCKET/PREFIX"),
        }
    }
}

/// Without the settings: there are secrets among them.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Folder(folder) => f.debug_tuple("Folder").field(folder).finish(),
            Address::S3 { bucket, prefix, .. } => write!(f, "S3(s3://{bucket}/{prefix})"),
        }
    }
}

/// The store could not answer. Nothing is known to have changed; the same call may well succeed a moment later.
#[derive(Debug, thiserror::Error)]
#[error("the scan store: {0}")]
pub struct NotNow(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The open store.
pub(crate) struct Store(Arc<dyn ObjectStore>);

impl Store {
    /// Opens it. A bucket is not asked for here: a server starts without it, and its desks work.
    pub(crate) fn open(address: &Address) -> anyhow::Result<Store> {
        match address {
            Address::Folder(folder) => Store::in_folder(folder),
            Address::S3 { bucket, prefix, settings } => Store::in_bucket(bucket, prefix, settings),
        }
        .with_context(|| format!("Opening the scan store {address:?}"))
    }

    fn in_folder(folder: &Path) -> anyhow::Result<Store> {
        crate::private_folder(folder)?;
        Ok(Store(Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))))
    }

    fn in_bucket(bucket: &str, prefix: &str, settings: &[(String, String)]) -> anyhow::Result<Store> {
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: TRIES_AGAIN_MAX,
            retry_timeout: TRY_AGAIN_FOR,
        };
        let mut builder = AmazonS3Builder::new();
        for (name, value) in settings {
            // Others than these mean something to other programs.
            if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        let s3 = builder.with_bucket_name(bucket).with_retry(retry).with_http_connector(RingLine).build()?;
        let prefix = object_store::path::Path::parse(prefix)?;
        Ok(Store(Arc::new(PrefixStore::new(s3, prefix))))
    }

    /// Puts a file there, whole or not at all. When this returns it is durable.
    pub(crate) async fn put(&self, name: &str, bytes: impl Into<Bytes>) -> Result<(), NotNow> {
        let at = path(name)?;
        let payload: Bytes = bytes.into();
        match in_time(self.0.put(&at, payload.into())).await? {
            Ok(_) => Ok(()),
            Err(error) => Err(NotNow(error.into())),
        }
    }

    /// A whole file, if it is there.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<Bytes>, NotNow> {
        let at = path(name)?;
        if_there(in_time(async { self.0.get(&at).await?.bytes().await }).await?)
    }

    /// Some bytes of a file, if it is there.
    pub(crate) async fn part(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>, NotNow> {
        let at = path(name)?;
        if_there(in_time(self.0.get_range(&at, range)).await?)
    }

    /// Is this file there?
    pub(crate) async fn is_there(&self, name: &str) -> Result<bool, NotNow> {
        let at = path(name)?;
        Ok(if_there(in_time(self.0.head(&at)).await?)?.is_some())
    }

    /// Takes a file away; it may be gone already.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), NotNow> {
        let at = path(name)?;
        if_there(in_time(self.0.delete(&at)).await?)?;
        Ok(())
    }

    /// The files below a folder that nobody has written to since a moment, by the store's own clock.
    pub(crate) async fn untouched_since(&self, folder: &str, moment: Timestamp) -> Result<Vec<String>, NotNow> {
        let below = path(folder)?;
        let old = self
            .0
            .list(Some(&below))
            .try_filter(|file| std::future::ready(file.last_modified.timestamp_millis() < moment.0))
            .map_ok(|file| file.location.to_string())
            .try_collect::<Vec<_>>();
        Ok(if_there(within(LIST_WAIT, old).await?)?.unwrap_or_default())
    }
}

fn path(name: &str) -> Result<object_store::path::Path, NotNow> {
    object_store::path::Path::parse(name).map_err(|error| NotNow(error.into()))
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, NotNow> {
    within(ANSWER_WAIT, work).await
}

async fn within<T>(wait: Duration, work: impl Future<Output = T>) -> Result<T, NotNow> {
    tokio::time::timeout(wait, work).await.map_err(|elapsed| NotNow(elapsed.into()))
}

fn if_there<T>(done: Result<T, Error>) -> Result<Option<T>, NotNow> {
    match done {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { source, .. }) if !source.to_string().contains(NO_SUCH_BUCKET) => Ok(None),
        Err(error) => Err(NotNow(error.into())),
    }
}

/// Makes the line to S3: TLS by rustls with ring, as everywhere in this program, believing whom the machine believes.
#[derive(Debug)]
struct RingLine;

impl HttpConnector for RingLine {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::Generic { store: "S3", source: error };
        let builder = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| failed(error.into()))?;
        // Plain HTTP only where `AWS_ALLOW_HTTP` says so.
        let plain = options.get_config_value(&ClientConfigKey::AllowHttp).is_some_and(|value| value == "true");
        let builder = if plain { builder.https_or_http() } else { builder.https_only() };
        let client = Client::builder(TokioExecutor::new()).build(builder.enable_http1().build());
        Ok(HttpClient::new(Line(client)))
    }
}

#[derive(Debug)]
struct Line(Client<HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>, HttpRequestBody>);

#[async_trait]
impl HttpService for Line {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.request(request).await.map_err(|error| {
            let kind = if error.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Request };
            HttpError::new(kind, error)
        })?;
        let broken = |error: hyper::Error| HttpError::new(HttpErrorKind::Interrupted, error);
        Ok(answer.map(|body| HttpResponseBody::new(body.map_err(broken))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_folder_or_a_bucket_and_tells_no_secret() {
        let secret = ("AWS_SECRET_ACCESS_KEY".to_owned(), "rahasia".to_owned());
        let parse = |url: &str| Address::parse(url, [secret.clone(), ("HOME".to_owned(), "/root".to_owned())]);
        assert_eq!(parse("file:///srv/scans").unwrap(), Address::Folder("/srv/scans".into()));
        let s3 = parse("s3://loket/knc/scans/").unwrap();
        assert_eq!(format!("{s3:?}"), "S3(s3://loket/knc/scans)");
        let (bucket, prefix) = ("loket".to_owned(), "knc/scans".to_owned());
        assert_eq!(s3, Address::S3 { bucket, prefix, settings: vec![secret.clone()] });
        for odd in ["", "scans", "s3:///scans", "file://host/scans", "gs://loket/scans"] {
            assert!(parse(odd).is_err(), "{odd}");
        }
    }
}
