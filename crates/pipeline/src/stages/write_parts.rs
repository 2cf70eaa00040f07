//! Writes the segments of a work unit into single files: as whole files, as parts of an upload, or as staged parts.
//!
//! [`crate::domain::part_plan`] explains which segments go where.

use futures_util::{Stream, TryStreamExt, future};
use vpp_media::cmaf::{FileHead, PackagedSegment, SegmentSizes, WorkUnit, file_heads};

use crate::domain::layout;
use crate::domain::message::DashMessage;
use crate::domain::multipart::OutputUpload;
use crate::domain::object::Location;
use crate::domain::package::Package;
use crate::domain::part_plan::PartSpan;
use crate::domain::receipt::{PartLocation, PartReceipt, SegmentReceipt};
use crate::error::Error;
use crate::ports::{Body, Catalog, Clock, KeyVault, Meter, NewObject, NewPart, ObjectStore, Queue};
use crate::stages::encrypt::{Encrypt, PUTS};
use crate::stages::part_assembler::{AssembledSpan, EncryptedSegment, PartAssembler};
use crate::stages::read_plan::presentation;
use crate::stages::segments::write_text;
use crate::stages::write_output::write_output;

/// The receipts of segments, and of the parts that they were written in.
type Receipts = (Vec<SegmentReceipt>, Vec<PartReceipt>);

impl<S, C, Q, V, K, M> Encrypt<S, C, Q, V, K, M>
where
    S: ObjectStore,
    C: Catalog,
    Q: Queue<DashMessage>,
    V: KeyVault,
    K: Clock,
    M: Meter,
{
    /// Writes the single files of a package that has one work unit.
    pub(crate) async fn write_files(
        &self,
        packaged: impl Stream<Item = Result<PackagedSegment, Error>>,
        package: &Package,
    ) -> Result<Receipts, Error> {
        let presentation = presentation(&self.store, &self.settings.work_bucket, package).await?;
        let mut segments: Vec<EncryptedSegment> = self.segments_of_files(packaged, package).try_collect().await?;
        segments.sort_by_key(|segment| segment.receipt.id.number);
        let mut sizes = SegmentSizes::new(&presentation);
        for segment in &segments {
            sizes.set(segment.receipt.id, segment.receipt.size).map_err(Error::of_media)?;
        }
        let heads = file_heads(&presentation, &sizes).map_err(Error::of_media)?;
        let mut parts = Vec::new();
        for FileHead { representation, bytes } in heads {
            let path = representation.single_file_path();
            let mut body = Body::from(bytes);
            let of_file = segments.iter().filter(|segment| segment.receipt.id.representation == representation);
            of_file.for_each(|segment| body.extend(segment.body.clone()));
            let (bytes, bucket) = (body.length(), &self.settings.output_bucket);
            let digest = write_output(&self.store, bucket, &package.id, &path, body, "writing a file").await?;
            parts.push(PartReceipt { representation, bytes, digest, location: PartLocation::File });
        }
        Ok((segments.into_iter().map(|segment| segment.receipt).collect(), parts))
    }

    /// Writes a work unit's spans: whole parts to their uploads, the others to the work bucket.
    pub(crate) async fn write_spans(
        &self,
        packaged: impl Stream<Item = Result<PackagedSegment, Error>>,
        spans: &[PartSpan],
        work_unit: &WorkUnit,
        package: &Package,
    ) -> Result<Receipts, Error> {
        let mut uploads = Vec::new();
        if spans.iter().any(|span| span.whole) {
            let known = self.catalog.uploads(&package.id).await.map_err(Error::unavailable("reading the uploads"))?;
            uploads = known.unwrap_or_default();
        }
        let mut assembler = PartAssembler::new(spans, work_unit)?;
        let segments = self.segments_of_files(packaged, package);
        let assembled = segments.try_filter_map(|segment| future::ready(Ok(assembler.add(segment))));
        let written =
            assembled.map_ok(|span| self.write_span(work_unit.index, span, &uploads, package)).try_buffered(PUTS);
        let written: Vec<(Vec<SegmentReceipt>, PartReceipt)> = written.try_collect().await?;
        let (segments, parts): (Vec<_>, _) = written.into_iter().unzip();
        Ok((segments.into_iter().flatten().collect(), parts))
    }

    async fn write_span(
        &self,
        work_unit: u32,
        assembled: AssembledSpan,
        uploads: &[OutputUpload],
        package: &Package,
    ) -> Result<(Vec<SegmentReceipt>, PartReceipt), Error> {
        let AssembledSpan { span, representation, receipts, body } = assembled;
        let path = representation.single_file_path();
        let (part, bytes) = (span.part, body.length());
        let (digest, location) = if span.whole {
            let upload = uploads.iter().find(|upload| upload.representation == representation);
            let upload = upload.ok_or(Error::not_yet("uploading a part", "its upload is not stored"))?;
            let new = NewPart::new(part, body);
            let digest = new.digest;
            let put = self.store.put_part(&self.output(package, &path), &upload.id, new).await;
            let etag = put.map_err(|error| error.into_error("uploading a part"))?;
            (digest, PartLocation::Uploaded { part, etag })
        } else {
            let key = layout::staged_part_key(&package.id, representation, part, work_unit);
            let object = NewObject::new(body, layout::work_headers());
            let digest = object.digest;
            let put = self.store.put_if_absent(&Location::new(&self.settings.work_bucket, key), object).await;
            put.map_err(|error| error.into_error("staging a part"))?;
            (digest, PartLocation::Staged { part })
        };
        Ok((receipts, PartReceipt { representation, bytes, digest, location }))
    }

    /// Encrypts the segments of single files, and writes their text files.
    fn segments_of_files<'a>(
        &'a self,
        packaged: impl Stream<Item = Result<PackagedSegment, Error>> + 'a,
        package: &'a Package,
    ) -> impl Stream<Item = Result<EncryptedSegment, Error>> + 'a {
        packaged.and_then(async move |packaged| {
            write_text(&self.store, &self.settings.output_bucket, &packaged, package, None).await?;
            Ok(EncryptedSegment::of(packaged))
        })
    }
}
