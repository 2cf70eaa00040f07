//! The `esds` box: the elementary stream descriptor (ISO/IEC 14496-14 6.7.2; ISO/IEC 14496-1 7.2.6).

use crate::Result;
use crate::isobmff::{BoxView, BoxWriter, Reader};

const ES_DESCRIPTOR: u8 = 3;
const DECODER_CONFIG_DESCRIPTOR: u8 = 4;
const DECODER_SPECIFIC_INFO: u8 = 5;
const SL_CONFIG_DESCRIPTOR: u8 = 6;

/// The `ES_ID` of a stored stream: 0 in files (ISO/IEC 14496-14 3.1.2), because the track's number identifies it.
pub(super) const STORED_ES_ID: [u8; 2] = [0; 2];

/// The fields of an elementary stream descriptor that name the codec and configure it.
pub(super) struct ElementaryStream<'a> {
    /// `objectTypeIndication`.
    pub(super) object_type: u8,
    /// The payload of `DecoderSpecificInfo`.
    pub(super) decoder_specific_info: Option<&'a [u8]>,
    /// Position of `ES_ID` in the box.
    pub(super) es_id_at: usize,
}

impl<'a> ElementaryStream<'a> {
    /// Reads an `esds` box.
    pub(super) fn parse(esds: &BoxView<'a>) -> Result<Self> {
        let (_, _, mut reader) = esds.full()?;
        let after_tag = reader.rest().iter().skip(1);
        let length_bytes = after_tag.take(3).take_while(|byte| **byte & 0x80 != 0).count().saturating_add(1);
        let mut es = descriptor(&mut reader, ES_DESCRIPTOR, esds)?;
        // Box header, version and flags, tag, length.
        let es_id_at =
            esds.raw.len().saturating_sub(esds.payload.len()).saturating_add(4 + 1).saturating_add(length_bytes);
        es.skip(2)?; // ES_ID
        let flags = es.u8()?;
        if flags & 0x80 != 0 {
            es.skip(2)?; // dependsOn_ES_ID
        }
        if flags & 0x40 != 0 {
            let url_length = es.u8()?;
            es.skip(usize::from(url_length))?;
        }
        if flags & 0x20 != 0 {
            es.skip(2)?; // OCR_ES_Id
        }
        let (object_type, decoder_specific_info) = decoder_config(&mut es, esds)?;
        Ok(Self { object_type, decoder_specific_info, es_id_at })
    }
}

/// Reads a `DecoderConfigDescriptor` of a box (ISO/IEC 14496-1 7.2.6.6): its `objectTypeIndication`, and the payload of its
/// `DecoderSpecificInfo`.
pub(super) fn decoder_config<'a>(reader: &mut Reader<'a>, parent: &BoxView<'_>) -> Result<(u8, Option<&'a [u8]>)> {
    let mut decoder = descriptor(reader, DECODER_CONFIG_DESCRIPTOR, parent)?;
    let object_type = decoder.u8()?;
    decoder.skip(12)?; // streamType, bufferSizeDB, maxBitrate, avgBitrate
    let specific = descriptor(&mut decoder, DECODER_SPECIFIC_INFO, parent).ok();
    Ok((object_type, specific.map(|specific| specific.rest())))
}

/// Reads the next descriptor, which must have this tag, and returns its payload (ISO/IEC 14496-1 8.3.3).
fn descriptor<'a>(reader: &mut Reader<'a>, tag: u8, esds: &BoxView<'_>) -> Result<Reader<'a>> {
    if reader.u8()? != tag {
        return Err(esds.malformed("its descriptors are not in the order ES, decoder config, decoder specific"));
    }
    let mut length: usize = 0;
    for _ in 0..4 {
        let byte = reader.u8()?;
        length = (length << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    // Some files have a length past the end of the box. That is harmless: the descriptor ends with the box.
    let mut payload = *reader;
    payload.truncate(length);
    reader.skip(payload.rest().len())?;
    Ok(payload)
}

/// Writes an `esds` box for audio, with this payload of `DecoderSpecificInfo`; without that descriptor if it is empty.
pub(crate) fn write_audio_esds(w: &mut BoxWriter, object_type: u8, specific: &[u8]) {
    let specific_bytes = if specific.is_empty() { 0 } else { specific.len().saturating_add(HEADER) };
    let decoder_bytes = specific_bytes.saturating_add(13);
    w.full(b"esds", 0, 0, |w| {
        // ES_ID and flags, the decoder configuration, the sync layer configuration.
        write_header(w, ES_DESCRIPTOR, decoder_bytes.saturating_add(3 + HEADER + 1 + HEADER));
        w.raw(&STORED_ES_ID);
        w.u8(0); // flags
        write_header(w, DECODER_CONFIG_DESCRIPTOR, decoder_bytes);
        w.u8(object_type);
        w.u8(0x15); // streamType audio, reserved bit
        w.zeros(11); // bufferSizeDB, maxBitrate, avgBitrate: unknown
        if !specific.is_empty() {
            write_header(w, DECODER_SPECIFIC_INFO, specific.len());
            w.raw(specific);
        }
        write_header(w, SL_CONFIG_DESCRIPTOR, 1);
        w.u8(2); // predefined for MP4
    });
}

/// Bytes of the header of a descriptor that [`write_header`] writes.
const HEADER: usize = 5;

/// Writes the tag and the length of a descriptor, in four bytes of seven bits (ISO/IEC 14496-1 8.3.3).
fn write_header(w: &mut BoxWriter, tag: u8, length: usize) {
    w.u8(tag);
    for shift in [21, 14, 7, 0] {
        let continues = if shift > 0 { 0x80 } else { 0 };
        w.u8(u8::try_from((length >> shift) & 0x7f).unwrap_or(0) | continues);
    }
}
