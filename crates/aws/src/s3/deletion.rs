//! Deletion of S3 objects.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use vpp_pipeline::domain::object::{ETag, Location};
use vpp_pipeline::error::Unavailable;
use vpp_pipeline::ports::{ObjectDeleter, StoreError};

use super::ranged_read::S3Store;
use super::store_error::{NO_VERSION, unreachable};
use crate::error::{code, unavailable};

impl ObjectDeleter for S3Store {
    async fn delete_prefix(&self, bucket: &str, prefix: &str) -> Result<(), StoreError> {
        const CALL: &str = "DeleteObjects";
        let at = Location::new(bucket, prefix);
        let failed = |cause: &str| unreachable(&at, Unavailable::new(CALL, cause.to_owned().into()));
        let mut pages = self.client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(unavailable("ListObjectsV2")).map_err(|source| unreachable(&at, source))?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            let objects: Result<Vec<_>, _> = keys.map(|key| ObjectIdentifier::builder().key(key).build()).collect();
            let objects = objects.map_err(|error| failed(&error.to_string()))?;
            if objects.is_empty() {
                continue;
            }
            let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
            let delete = delete.map_err(|error| failed(&error.to_string()))?;
            let response = self.client.delete_objects().bucket(bucket).delete(delete).send().await;
            let response = response.map_err(unavailable(CALL)).map_err(|source| unreachable(&at, source))?;
            if let Some(error) = response.errors().first() {
                return Err(failed(error.code().unwrap_or("some objects were not deleted")));
            }
        }
        Ok(())
    }

    async fn delete_version(&self, at: &Location, version: Option<&str>, etag: &ETag) -> Result<(), StoreError> {
        if version.is_none() && self.listed_etag(at).await?.as_ref() != Some(etag) {
            return Ok(());
        }
        let request = self.client.delete_object().bucket(at.bucket()).key(at.key());
        match request.version_id(version.unwrap_or(NO_VERSION)).send().await {
            Err(error) if !matches!(code(&error), Some("NoSuchKey" | "NoSuchVersion")) => {
                Err(unreachable(at, unavailable("DeleteObject")(error)))
            }
            _ => Ok(()),
        }
    }
}

impl S3Store {
    /// Returns the entity tag of the object at `at`, if there is one. A list returns it to a role that may not read the object.
    async fn listed_etag(&self, at: &Location) -> Result<Option<ETag>, StoreError> {
        // The keys of a list are in order, so the first is the prefix itself, if that is a key.
        let request = self.client.list_objects_v2().bucket(at.bucket()).prefix(at.key()).max_keys(1);
        let listed = request.send().await.map_err(unavailable("ListObjectsV2"));
        let listed = listed.map_err(|source| unreachable(at, source))?;
        let object = listed.contents().iter().find(|object| object.key() == Some(at.key()));
        Ok(object.and_then(|object| object.e_tag()).map(ETag::new))
    }
}
