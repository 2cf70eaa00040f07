//! Immersive Audio Model and Formats (IAMF): the `iamf` entry with its `IAConfigurationBox`, whose descriptor OBUs state the
//! profiles and the codec of the substreams.

use super::audio_sample_entry::AudioSampleEntry;
use super::audio_specific_config::AudioSpecificConfig;
use super::bit_reader::BitReader;
use super::esds::decoder_config;
use super::sample_entry::SampleEntry;
use super::track_info::AudioInfo;
use crate::isobmff::{BoxView, Reader};
use crate::{Error, Result};

/// Types of open bitstream units (OBU, 3.2).
const CODEC_CONFIG: u8 = 0;
const SEQUENCE_HEADER: u8 = 31;

/// Maximum number of descriptor OBUs to look at.
const MAX_OBUS: usize = 256;

/// The output sampling rate of Opus in hertz, whatever its input has.
const OPUS_RATE: u32 = 48_000;

/// Reads an `iamf` entry. The number of channels is that of the loudspeakers of a player, so it is 0 in the entry and here.
pub(super) fn sample_entry<'a>(entry: &BoxView<'a>, track_id: u32) -> Result<SampleEntry<'a>> {
    let (audio, iacb) = AudioSampleEntry::configured(entry, b"iacb")?;
    let malformed = || iacb.malformed("it has no IA sequence header, followed by a codec configuration");
    let descriptors = descriptors(&iacb)?.ok_or_else(malformed)?;
    let unsupported = || {
        let [a, b, c, d] = descriptors.codec_id.map(|byte| char::from(byte).escape_default());
        Error::UnsupportedCodec { track_id, codec: format!("iamf ({a}{b}{c}{d})") }
    };
    let (codec, sample_rate) = substream_codec(&descriptors, &iacb).ok_or_else(unsupported)?;
    let (primary, additional) = (descriptors.primary_profile, descriptors.additional_profile);
    let codecs = format!("iamf.{primary:03}.{additional:03}.{codec}");
    Ok(SampleEntry::audio(entry.kind, codecs, AudioInfo::new(sample_rate, 0), audio.body))
}

/// What the descriptor OBUs state.
struct Descriptors<'a> {
    primary_profile: u8,
    additional_profile: u8,
    codec_id: [u8; 4],
    decoder_config: Reader<'a>,
}

/// Reads the sequence header and the first codec configuration of an `IAConfigurationBox`; `None` if one of them is missing.
fn descriptors<'a>(iacb: &BoxView<'a>) -> Result<Option<Descriptors<'a>>> {
    let mut reader = iacb.reader();
    reader.skip(1)?; // configurationVersion
    let length = leb128(&mut reader)?;
    reader.truncate(length);
    let mut profiles = None;
    for _ in 0..MAX_OBUS {
        if reader.rest().is_empty() {
            break;
        }
        let (obu_type, mut payload) = obu(&mut reader)?;
        match obu_type {
            SEQUENCE_HEADER => {
                payload.skip(4)?; // ia_code
                profiles = Some((payload.u8()?, payload.u8()?));
            }
            CODEC_CONFIG => {
                leb128(&mut payload)?; // codec_config_id
                let codec_id = payload.array()?;
                leb128(&mut payload)?; // num_samples_per_frame
                payload.skip(2)?; // audio_roll_distance
                return Ok(profiles.map(|(primary_profile, additional_profile)| Descriptors {
                    primary_profile,
                    additional_profile,
                    codec_id,
                    decoder_config: payload,
                }));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Reads the next OBU (3.2): its type and payload.
fn obu<'a>(reader: &mut Reader<'a>) -> Result<(u8, Reader<'a>)> {
    let header = reader.u8()?;
    let length = leb128(reader)?;
    let mut payload = *reader;
    payload.truncate(length);
    reader.skip(length)?;
    if header & 0b010 != 0 {
        leb128(&mut payload)?; // num_samples_to_trim_at_end
        leb128(&mut payload)?; // num_samples_to_trim_at_start
    }
    if header & 0b001 != 0 {
        let extension = leb128(&mut payload)?;
        payload.skip(extension)?;
    }
    Ok((header >> 3, payload))
}

/// Returns the codec of the substreams, as the `codecs` string names it (6.4), and its sampling rate in hertz (3.5.1).
fn substream_codec(descriptors: &Descriptors<'_>, iacb: &BoxView<'_>) -> Option<(String, u32)> {
    let mut bits = BitReader::new(descriptors.decoder_config.rest());
    match &descriptors.codec_id {
        b"Opus" => Some(("Opus".to_owned(), OPUS_RATE)),
        b"mp4a" => {
            let (_, config) = decoder_config(&mut descriptors.decoder_config.clone(), iacb).ok()?;
            let aac = AudioSpecificConfig::parse(config?)?;
            Some((format!("mp4a.40.{}", aac.object_type), aac.sample_rate()))
        }
        b"fLaC" => {
            bits.skip(8 + 24 + 80)?; // header of STREAMINFO, block and frame sizes
            Some(("fLaC".to_owned(), bits.bits(20)?))
        }
        b"ipcm" => {
            bits.skip(8 + 8)?; // sample_format_flags, sample_size
            Some(("ipcm".to_owned(), bits.bits(32)?))
        }
        _ => None,
    }
}

/// Reads a `leb128()`: seven bits a byte, the least significant first, at most 32 bits.
fn leb128(reader: &mut Reader<'_>) -> Result<usize> {
    let mut value = 0_u64;
    for byte_number in 0..8_u32 {
        let byte = reader.u8()?;
        let bits = u64::from(byte & 0x7f).checked_shl(byte_number.saturating_mul(7)).unwrap_or(0);
        value |= bits;
        if byte & 0x80 == 0 {
            break;
        }
    }
    // A length that does not fit is past the end of every box.
    Ok(u32::try_from(value).ok().and_then(|value| usize::try_from(value).ok()).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isobmff::BoxWriter;

    fn entry(configuration: &[u8]) -> Result<(String, u32, u16)> {
        let mut w = BoxWriter::new();
        w.plain(b"iamf", |w| {
            w.zeros(28);
            w.plain(b"iacb", |w| {
                w.u8(1);
                w.u8(u8::try_from(configuration.len()).unwrap());
                w.raw(configuration);
            });
        });
        let bytes = w.finish().unwrap();
        let entry = sample_entry(&BoxView::parse(&bytes, 0).unwrap(), 1)?;
        let audio = entry.audio.unwrap();
        Ok((entry.codecs, audio.sample_rate, audio.channels))
    }

    fn codec_config(codec: &[u8; 4], decoder_config: &[u8]) -> Vec<u8> {
        // codec_config_id 5; 1024 samples in two bytes of leb128; no roll distance
        let payload = [&[5][..], codec, &[0x80, 0x08, 0, 0], decoder_config].concat();
        [&[0, u8::try_from(payload.len()).unwrap()], &payload[..]].concat()
    }

    const BASE_ENHANCED: &[u8] = &[0xf8, 6, b'i', b'a', b'm', b'f', 1, 2];

    #[test]
    fn descriptors_state_the_profiles_and_the_codec_of_the_substreams() {
        let with =
            |codec: &[u8; 4], decoder: &[u8]| entry(&[BASE_ENHANCED, &codec_config(codec, decoder)].concat()).unwrap();
        assert_eq!(with(b"Opus", &[1, 2]), ("iamf.001.002.Opus".to_owned(), 48_000, 0));
        let aac = [4, 17, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x12, 0x10];
        assert_eq!(with(b"mp4a", &aac), ("iamf.001.002.mp4a.40.2".to_owned(), 44_100, 0));
        let flac = [&[0x80, 0, 0, 34][..], &[0; 10], &[0x0b, 0xb8, 0x01, 0xf0]].concat();
        assert_eq!(with(b"fLaC", &flac), ("iamf.001.002.fLaC".to_owned(), 48_000, 0));
        assert_eq!(with(b"ipcm", &[1, 16, 0, 0, 0x3e, 0x80]), ("iamf.001.002.ipcm".to_owned(), 16_000, 0));
    }

    #[test]
    fn headers_of_units_may_be_extended() {
        // A mix presentation with trimming and an extension precedes the codec.
        let mix = [2 << 3 | 0b011, 6, 0, 0x81, 0x01, 2, 9, 9];
        let config = [BASE_ENHANCED, &mix, &codec_config(b"Opus", &[])].concat();
        assert_eq!(entry(&config).unwrap().0, "iamf.001.002.Opus");
    }

    #[test]
    fn a_missing_or_unknown_codec_is_refused() {
        assert_eq!(entry(BASE_ENHANCED).unwrap_err().code(), "malformed");
        assert_eq!(entry(&codec_config(b"Opus", &[])).unwrap_err().code(), "malformed");
        let unknown = entry(&[BASE_ENHANCED, &codec_config(b"new\0", &[])].concat()).unwrap_err();
        assert_eq!(unknown.code(), "unsupported_codec");
        assert!(unknown.to_string().contains("iamf (new\\u{0})"), "{unknown}");
    }
}
