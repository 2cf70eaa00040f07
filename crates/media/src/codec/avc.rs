//! H.264: parameter sets, slice headers, and the slice data that may be encrypted.
//!
//! # Why the slice header is parsed
//!
//! `cbcs` leaves a NAL unit's header and its whole slice header in the clear and protects the slice data behind it (ISO/IEC
//! 23001-7 10.2). The length of a slice header is nowhere written: it follows from parsing it, which takes the picture and
//! sequence parameter sets it names. An Apple decoder works the boundary out by itself and ignores what the file says, so a
//! boundary one byte off is a broken picture. Parsing is left to `h264-reader`; what is ours is counting how far it read, and
//! translating that to encoded bytes, which include the emulation prevention bytes that the parser never sees.
//!
//! # Parameter sets in band
//!
//! A sample may carry parameter sets (`avc3` must, `avc1` may). They take effect from there on, to the end of the segment:
//! each segment starts on a sync sample with the sets of `avcC`, so that a segment's bytes never depend on which slice of
//! work it was packaged in.

use std::ops::Range;

use h264_reader::Context;
use h264_reader::nal::NalHeader;
use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::slice::SliceHeader;
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::rbsp::{BitRead, BitReader, BitReaderError, ByteReader, Integer, Primitive};
use serde::{Deserialize, Serialize};

use crate::isobmff::BoxView;
use crate::{Error, Result};

/// `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 5.3.3.1): what parsing samples takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvcConfig {
    /// Profile, compatibility flags and level.
    profile: [u8; 3],
    /// Bytes of a NAL unit's length field: 1, 2 or 4.
    length_size: u8,
    /// Sequence parameter set NAL units.
    sequence_sets: Vec<Vec<u8>>,
    /// Picture parameter set NAL units.
    picture_sets: Vec<Vec<u8>>,
}

impl AvcConfig {
    /// Reads an `avcC` box.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is cut off.
    pub fn parse(avcc: &BoxView<'_>) -> Result<Self> {
        let mut reader = avcc.reader();
        reader.skip(1)?;
        let profile = reader.array()?;
        let length_size = (reader.u8()? & 3).saturating_add(1);
        let mut sets = |mask: u8| -> Result<Vec<Vec<u8>>> {
            let count = reader.u8()? & mask;
            (0..count)
                .map(|_| {
                    let length = reader.u16()?;
                    reader.bytes(usize::from(length)).map(<[u8]>::to_vec)
                })
                .collect()
        };
        let (sequence_sets, picture_sets) = (sets(0x1f)?, sets(0xff)?);
        Ok(Self { profile, length_size, sequence_sets, picture_sets })
    }

    /// `PPCCLL` of the codecs string (RFC 6381 3.3).
    #[must_use]
    pub fn profile_level(&self) -> String {
        data_encoding::HEXUPPER.encode(&self.profile)
    }
}

/// The parser of one segment's samples.
#[derive(Debug)]
pub struct AvcParser {
    length_size: usize,
    context: Context,
}

impl AvcParser {
    /// A parser that knows the parameter sets of `config`.
    #[must_use]
    pub fn new(config: &AvcConfig) -> Self {
        let mut parser = Self { length_size: usize::from(config.length_size), context: Context::new() };
        for nal in config.sequence_sets.iter().chain(&config.picture_sets) {
            parser.learn(nal);
        }
        parser
    }

    /// Appends the ranges of `sample` that hold slice data to `protected`, in order and apart.
    ///
    /// Must be called on a segment's samples in decode order. `offset` is where the sample lies in the file, for errors.
    ///
    /// # Errors
    /// [`Error::MalformedSample`] when a NAL unit runs past the sample or a slice header does not parse.
    pub fn protected_ranges(&mut self, sample: &[u8], offset: u64, protected: &mut Vec<Range<usize>>) -> Result<()> {
        let malformed = |reason| Error::MalformedSample { offset, reason };
        let mut position: usize = 0;
        while let Some(rest) = sample.get(position..).filter(|rest| !rest.is_empty()) {
            let nal = nal_unit(rest, self.length_size).ok_or(malformed("a NAL unit runs past its end"))?;
            let start = position.saturating_add(self.length_size);
            let end = start.saturating_add(nal.len());
            match nal.first().map(|header| header & 0x1f) {
                Some(SLICE | SLICE_IDR) => {
                    let clear = self.clear_bytes(nal).map_err(malformed)?;
                    let data = start.saturating_add(clear)..end;
                    if !data.is_empty() {
                        protected.push(data);
                    }
                }
                Some(PARTITION_A..=PARTITION_C) => {
                    return Err(Error::Unsupported { feature: "H.264 data partitioning" });
                }
                Some(SEQUENCE_SET | PICTURE_SET) => self.learn(nal),
                _ => {}
            }
            position = end;
        }
        Ok(())
    }

    /// Encoded bytes of NAL header and slice header, rounded up to a byte.
    fn clear_bytes(&self, nal: &[u8]) -> Result<usize, &'static str> {
        let header = nal.first().and_then(|byte| NalHeader::new(*byte).ok()).ok_or("a NAL unit has no header")?;
        let mut bits = CountingReader::new(nal);
        SliceHeader::from_bits(&self.context, &mut bits, header, None)
            .map_err(|_| "a slice header does not parse, or names parameter sets the file does not have")?;
        let header_bytes = usize::try_from(bits.consumed.div_ceil(8)).unwrap_or(usize::MAX);
        Ok(encoded_length(nal, header_bytes.saturating_add(1)))
    }

    /// Remembers a parameter set. One that does not parse is passed over: a slice that names it will be refused.
    fn learn(&mut self, nal: &[u8]) {
        match nal.first().map(|header| header & 0x1f) {
            Some(SEQUENCE_SET) => {
                if let Ok(set) = SeqParameterSet::from_bits(rbsp(nal)) {
                    self.context.put_seq_param_set(set);
                }
            }
            Some(PICTURE_SET) => {
                if let Ok(set) = PicParameterSet::from_bits(&self.context, rbsp(nal)) {
                    self.context.put_pic_param_set(set);
                }
            }
            _ => {}
        }
    }
}

/// `nal_unit_type` values (ITU-T H.264 table 7-1).
const SLICE: u8 = 1;
const PARTITION_A: u8 = 2;
const PARTITION_C: u8 = 4;
const SLICE_IDR: u8 = 5;
const SEQUENCE_SET: u8 = 7;
const PICTURE_SET: u8 = 8;

/// The NAL unit at the start of `bytes`, behind its length field.
fn nal_unit(bytes: &[u8], length_size: usize) -> Option<&[u8]> {
    let (length, rest) = bytes.split_at_checked(length_size)?;
    let length = length.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
    rest.get(..length)
}

fn rbsp(nal: &[u8]) -> BitReader<ByteReader<&[u8]>> {
    BitReader::new(ByteReader::skipping_h264_header(nal))
}

/// Encoded bytes that hold the first `decoded` bytes of a NAL unit, its header byte included: emulation prevention bytes
/// (ITU-T H.264 7.4.1) among them are counted, one that follows them is not.
fn encoded_length(nal: &[u8], decoded: usize) -> usize {
    let (mut zeros, mut left) = (0_u8, decoded);
    for (position, byte) in nal.iter().enumerate() {
        if left == 0 {
            return position;
        }
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros.saturating_add(1) } else { 0 };
        left = left.saturating_sub(1);
    }
    nal.len()
}

/// A bit reader that counts the bits consumed.
struct CountingReader<'a> {
    inner: BitReader<ByteReader<&'a [u8]>>,
    consumed: u64,
}

impl<'a> CountingReader<'a> {
    fn new(nal: &'a [u8]) -> Self {
        Self { inner: rbsp(nal), consumed: 0 }
    }

    fn count(&mut self, bits: u32) {
        self.consumed = self.consumed.saturating_add(u64::from(bits));
    }

    /// Counts an Exp-Golomb code (ITU-T H.264 9.1): a prefix of zeros, and as many bits and one more.
    fn count_exp_golomb(&mut self, code_number: u64) {
        let significant = u64::BITS.saturating_sub(code_number.saturating_add(1).leading_zeros());
        self.count(significant.saturating_mul(2).saturating_sub(1));
    }
}

impl BitRead for CountingReader<'_> {
    fn read_ue(&mut self, name: &'static str) -> Result<u32, BitReaderError> {
        let value = self.inner.read_ue(name)?;
        self.count_exp_golomb(u64::from(value));
        Ok(value)
    }

    fn read_se(&mut self, name: &'static str) -> Result<i32, BitReaderError> {
        let value = self.inner.read_se(name)?;
        let magnitude = u64::from(value.unsigned_abs());
        // Positive values take the odd code numbers, the others the even ones (9.1.1).
        self.count_exp_golomb(magnitude.saturating_mul(2).saturating_sub(u64::from(value > 0)));
        Ok(value)
    }

    fn read_bit(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        self.count(1);
        self.inner.read_bit(name)
    }

    fn read<const BITS: u32, I: Integer>(&mut self, name: &'static str) -> Result<I, BitReaderError> {
        self.count(BITS);
        self.inner.read::<BITS, I>(name)
    }

    fn read_var<I: Integer>(&mut self, bit_count: u32, name: &'static str) -> Result<I, BitReaderError> {
        self.count(bit_count);
        self.inner.read_var(bit_count, name)
    }

    fn read_to<V: Primitive>(&mut self, name: &'static str) -> Result<V, BitReaderError> {
        self.count(u32::try_from(size_of::<V>()).unwrap_or(u32::MAX).saturating_mul(8));
        self.inner.read_to(name)
    }

    fn skip(&mut self, bit_count: u32, name: &'static str) -> Result<(), BitReaderError> {
        self.count(bit_count);
        self.inner.skip(bit_count, name)
    }

    fn byte_aligned(&self) -> bool {
        self.inner.byte_aligned()
    }

    fn has_more_rbsp_data(&mut self, name: &'static str) -> Result<bool, BitReaderError> {
        self.inner.has_more_rbsp_data(name)
    }

    fn finish_rbsp(self) -> Result<(), BitReaderError> {
        self.inner.finish_rbsp()
    }

    fn finish_sei_payload(self) -> Result<(), BitReaderError> {
        self.inner.finish_sei_payload()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_bytes_include_the_emulation_prevention_among_them() {
        let nal = [0x65, 0x88, 0, 0, 3, 1, 0, 0, 3, 2, 0xff];
        assert_eq!(encoded_length(&nal, 4), 4, "up to the zeros, before the three");
        assert_eq!(encoded_length(&nal, 5), 6);
        assert_eq!(encoded_length(&nal, 8), 10);
        assert_eq!(encoded_length(&nal, 100), nal.len());
    }

    #[test]
    fn the_count_is_that_of_the_bits_read() {
        // ue(0)=1, ue(1)=010, ue(2)=011, se(1)=010, se(-1)=011, se(2)=00100, u(5)
        let nal = [0x65, 0b1010_0110, 0b1001_1001, 0b0010_1010, 0x80];
        let mut reader = CountingReader::new(&nal);
        let read = [
            (reader.read_ue("").unwrap(), reader.consumed),
            (reader.read_ue("").unwrap(), reader.consumed),
            (reader.read_ue("").unwrap(), reader.consumed),
        ];
        assert_eq!(read, [(0, 1), (1, 4), (2, 7)]);
        assert_eq!((reader.read_se("").unwrap(), reader.consumed), (1, 10));
        assert_eq!((reader.read_se("").unwrap(), reader.consumed), (-1, 13));
        assert_eq!((reader.read_se("").unwrap(), reader.consumed), (2, 18));
        assert_eq!((reader.read::<5, u8>("").unwrap(), reader.consumed), (0b10101, 23));
    }

    #[test]
    fn a_nal_unit_past_the_end_of_its_sample_is_malformed() {
        let config = AvcConfig { profile: [0; 3], length_size: 4, sequence_sets: vec![], picture_sets: vec![] };
        let mut parser = AvcParser::new(&config);
        let error = parser.protected_ranges(&[0, 0, 0, 9, 0x65], 77, &mut vec![]).unwrap_err();
        assert_eq!(error, Error::MalformedSample { offset: 77, reason: "a NAL unit runs past its end" });
        let error = parser.protected_ranges(&[0, 0, 0, 3, 0x65, 0x88, 0x80], 0, &mut vec![]).unwrap_err();
        assert_eq!(error.code(), "malformed_sample", "a slice without its parameter sets");
        parser.protected_ranges(&[0, 0, 0, 1, 9], 0, &mut vec![]).unwrap();
    }
}
