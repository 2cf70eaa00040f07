//! The rules of DASH-IF's ISO segment validator that apply to a package of files without an edit list, each with the clause
//! that the validator cites. Clauses with `CMAF` are of ISO/IEC 23000-19, with `DASH` of ISO/IEC 23009-1, with `CENC` of ISO/IEC
//! 23001-7, and the others of ISO/IEC 14496-12.
//!
//! The validator itself reads `default_isProtected` of a `tenc` box as a number of three bytes, and so reports any protected
//! track. It applies the rules of CMAF to every track, whether or not the track claims a brand of CMAF.

use super::report::Report;
use crate::boxes;
use crate::package::{Representation, Sample};

const STBL: &str = "moov/trak/mdia/minf/stbl";

/// The matrix of `mvhd` and `tkhd` by default.
const IDENTITY: [u32; 9] = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];

/// A rule of init segments: the violation, the clause, and whether an init segment keeps it.
type HeaderRule = (&'static str, &'static str, fn(&Header) -> bool);

/// A rule of media segments.
type FragmentRule = (&'static str, &'static str, fn(&Fragment<'_>) -> bool);

/// An init segment, or the head of a single file.
struct Header {
    bytes: Vec<u8>,
}

/// A media segment.
struct Fragment<'r> {
    bytes: Vec<u8>,
    header: &'r Header,
    samples: &'r [Sample],
    is_last: bool,
    is_file: bool,
}

pub(super) fn check(representation: &Representation, samples: &[Vec<Sample>], report: &mut Report) {
    let id = &representation.id;
    let header = Header { bytes: representation.init_bytes() };
    for (rule, clause, holds) in HEADER_RULES {
        report.require(holds(&header), || format!("{id}: {rule} ({clause})"));
    }
    let count = representation.segments.len();
    for (position, (segment, samples)) in representation.segments.iter().zip(samples).enumerate() {
        let (is_last, is_file) = (position + 1 == count, segment.range.is_none());
        let fragment = Fragment { bytes: segment.bytes(), header: &header, samples, is_last, is_file };
        for (rule, clause, holds) in FRAGMENT_RULES {
            report.require(holds(&fragment), || format!("{id}/{}: {rule} ({clause})", segment.number));
        }
    }
}

const HEADER_RULES: &[HeaderRule] = &[
    ("ftyp is first, and one moov follows", "CMAF 7.3.1", |header| header.kinds("") == ["ftyp", "moov"]),
    ("the boxes of moov are not mvhd, trak and mvex", "CMAF 7.3.1", |header| {
        header.kinds("moov") == ["mvhd", "trak", "mvex"]
    }),
    ("the boxes of trak are not tkhd and mdia", "CMAF 7.3.1", |header| header.kinds("moov/trak") == ["tkhd", "mdia"]),
    ("the boxes of mdia are not mdhd, hdlr, elng and minf", "CMAF 7.3.1", |header| {
        let kinds = header.kinds("moov/trak/mdia");
        kinds == ["mdhd", "hdlr", "minf"] || kinds == ["mdhd", "hdlr", "elng", "minf"]
    }),
    ("the boxes of minf are not a media header, dinf and stbl", "CMAF 7.3.1", |header| {
        let media_header = match &header.handler() {
            b"vide" => "vmhd",
            b"soun" => "smhd",
            b"subt" => "sthd",
            _ => "nmhd",
        };
        header.kinds("moov/trak/mdia/minf") == [media_header, "dinf", "stbl"]
    }),
    ("the boxes of stbl are not stsd, stts, stsc, stsz and stco", "CMAF 7.3.1", |header| {
        header.kinds(STBL) == ["stsd", "stts", "stsc", "stsz", "stco"]
    }),
    ("the major brand is not a compatible brand, or is isom", "4.3", |header| {
        let (major, compatible) = brands(boxes::one(&header.bytes, "ftyp"));
        compatible.contains(&major) && major != *b"isom"
    }),
    ("a brand that no rule describes is claimed", "CMAF 7.2", |header| {
        header.brands().iter().all(|brand| [b"iso6", b"cmfc", b"dash"].contains(&brand))
    }),
    ("the brand dash is not claimed", "DASH 6.3.5.2", |header| header.brands().contains(b"dash")),
    ("rate, volume or matrix of mvhd is not the default", "CMAF 7.5.1", |header| {
        let mvhd = boxes::one(&header.bytes, "moov/mvhd");
        words(&mvhd[20..24]) == [0x0001_0000] && mvhd[24..26] == [1, 0] && words(&mvhd[36..72]) == IDENTITY
    }),
    ("tkhd has a duration", "CMAF 7.5.4", |header| words(&header.tkhd()[20..24]) == [0]),
    ("cmfc is claimed for a track with a matrix", "CMAF 7.5.4", |header| {
        !header.is_cmaf() || words(&header.tkhd()[40..76]) == IDENTITY
    }),
    ("audio has a width or a height", "CMAF 7.5.4", |header| {
        header.handler() != *b"soun" || header.tkhd()[76..84] == [0; 8]
    }),
    ("the volume of tkhd is not full for audio and zero for others", "8.3.2", |header| {
        header.tkhd()[36..38] == if header.handler() == *b"soun" { [1, 0] } else { [0, 0] }
    }),
    ("vmhd has a version, a graphics mode or a colour", "CMAF 7.5.6", |header| {
        boxes::all(&header.bytes, "moov/trak/mdia/minf/vmhd")
            .iter()
            .all(|vmhd| **vmhd == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    }),
    ("smhd has a balance", "CMAF 7.5.7", |header| {
        boxes::all(&header.bytes, "moov/trak/mdia/minf/smhd").iter().all(|smhd| **smhd == [0; 8])
    }),
    ("dref does not have one entry, of the same file", "CMAF 7.5.9", |header| {
        let dref = boxes::one(&header.bytes, "moov/trak/mdia/minf/dinf/dref");
        dref == b"\0\0\0\0\0\0\0\x01\0\0\0\x0curl \0\0\0\x01"
    }),
    ("stsd has a version or no entry", "CMAF 7.5.10", |header| {
        let stsd = boxes::one(&header.bytes, &format!("{STBL}/stsd"));
        stsd[..4] == [0; 4] && words(&stsd[4..8]) != [0]
    }),
    ("a table of stbl has samples", "CMAF 7.5.12", |header| {
        let tables = ["stts", "stsc", "stsz", "stco"].map(|table| format!("{STBL}/{table}"));
        tables.iter().all(|table| boxes::one(&header.bytes, table).iter().all(|byte| *byte == 0))
    }),
    ("cmfc is claimed for a track with several sample descriptions", "CMAF 7.5.10", |header| {
        !header.is_cmaf() || boxes::one(&header.bytes, &format!("{STBL}/stsd"))[4..8] == [0, 0, 0, 1]
    }),
    ("trex is not of the track", "CMAF 7.5.14", |header| {
        let trex = boxes::all(&header.bytes, "moov/mvex/trex");
        trex.len() == 1 && trex[0][4..8] == header.tkhd()[12..16]
    }),
    ("mehd has no duration", "CMAF 7.3.2.1", |header| {
        let mehd = boxes::all(&header.bytes, "moov/mvex/mehd");
        mehd.iter().all(|mehd| mehd[4..].iter().any(|byte| *byte != 0))
    }),
    ("a protected sample entry lacks frma, schm, schi or tenc", "CMAF 7.5.11", |header| {
        let protected = ["encv", "enca"].map(|kind| boxes::all(&header.bytes, &format!("{STBL}/stsd/{kind}"))).concat();
        let sinf = ["encv", "enca"].map(|kind| boxes::all(&header.bytes, &format!("{STBL}/stsd/{kind}/sinf"))).concat();
        protected.len() == sinf.len()
            && sinf
                .iter()
                .all(|sinf| kinds(sinf) == ["frma", "schm", "schi"] && boxes::all(sinf, "schi/tenc").len() == 1)
    }),
    ("the protection scheme is not one of Common Encryption, version 1.0", "CMAF 7.5.11", |header| {
        header
            .each_sinf("schm")
            .iter()
            .all(|schm| [b"cenc", b"cbcs"].iter().any(|scheme| schm[4..8] == **scheme) && schm[8..12] == [0, 1, 0, 0])
    }),
    ("tenc does not mark samples as protected", "CMAF 8.2.3.2", |header| {
        header.each_sinf("schi/tenc").iter().all(|tenc| tenc[6] == 1)
    }),
    ("the ES_ID of an elementary stream is not 0", "CMAF 10.3.4.2.3", |header| {
        let entries = ["mp4a", "enca"].map(|kind| boxes::all(&header.bytes, &format!("{STBL}/stsd/{kind}/esds")));
        entries.concat().iter().all(|esds| es_id(esds) == 0)
    }),
];

const FRAGMENT_RULES: &[FragmentRule] = &[
    ("it is not styp, moof and mdat", "CMAF 7.3.2.4", |fragment| {
        let kinds = kinds(&fragment.bytes);
        kinds.strip_prefix(&["styp".to_owned()]).unwrap_or(&kinds) == ["moof", "mdat"]
    }),
    ("a file does not start with styp, or a part of a file does", "DASH 6.3.4.2", |fragment| {
        fragment.is_file != fragment.styp().is_empty()
    }),
    ("the major brand is not a compatible brand, or is isom", "8.16.2", |fragment| {
        let styp = fragment.styp();
        styp.iter().map(|styp| brands(styp)).all(|(major, compatible)| compatible.contains(&major) && major != *b"isom")
    }),
    ("the brand msdh is not claimed", "DASH 6.3.4.2", |fragment| !fragment.is_file || fragment.has_brand(b"msdh")),
    ("the brand msix is claimed without a segment index", "DASH 6.3.4.3", |fragment| {
        !fragment.has_brand(b"msix") || kinds(&fragment.bytes).contains(&"sidx".to_owned())
    }),
    ("the brand lmsg is not that of the last segment", "DASH 7.3.1", |fragment| {
        !fragment.is_file || fragment.has_brand(b"lmsg") == fragment.is_last
    }),
    ("the brand cmfs is claimed, and cmfc is not", "CMAF 7.3.3.1", |fragment| {
        !fragment.has_brand(b"cmfs") || fragment.header.is_cmaf()
    }),
    ("a brand that no rule describes is claimed", "CMAF 7.2", |fragment| {
        let claimed = fragment.styp().iter().flat_map(|styp| brands(styp).1).collect::<Vec<_>>();
        claimed.iter().all(|brand| [b"msdh", b"cmfs", b"lmsg", b"msix"].contains(&brand))
    }),
    ("the boxes of moof are not mfhd and one traf", "CMAF 7.3.1", |fragment| {
        kinds(boxes::one(&fragment.bytes, "moof")) == ["mfhd", "traf"]
    }),
    ("the boxes of traf are not tfhd, tfdt, trun, senc, saiz and saio", "CMAF 7.3.1", |fragment| {
        let kinds = kinds(fragment.traf());
        kinds == ["tfhd", "tfdt", "trun"] || kinds == ["tfhd", "tfdt", "trun", "senc", "saiz", "saio"]
    }),
    ("it is of another track", "CMAF 7.5.16", |fragment| fragment.tfhd()[4..8] == fragment.header.tkhd()[12..16]),
    ("base-data-offset is present, or default-base-is-moof is not set", "CMAF 7.5.16", |fragment| {
        fragment.tfhd_flags() & 0x02_0001 == 0x02_0000
    }),
    ("tfhd has no sample_description_index", "CMAF 7.7.3", |fragment| fragment.tfhd_flags() & 2 != 0),
    ("the duration of samples is in neither tfhd nor trun", "CMAF 7.7.3", |fragment| fragment.states(0x8, 0x100)),
    ("the size of samples is in neither tfhd nor trun", "CMAF 7.7.3", |fragment| fragment.states(0x10, 0x200)),
    ("the flags of samples are in neither tfhd nor trun", "CMAF 7.7.3", |fragment| {
        fragment.states(0x20, 0x400) || fragment.samples.len() == 1 && fragment.trun_flags() & 4 != 0
    }),
    ("trun has no data offset, or is not of version 1", "CMAF 7.5.17, 7.7.3", |fragment| {
        fragment.trun()[0] == 1 && fragment.trun_flags() & 1 != 0
    }),
    ("trun is longer than its samples", "8.8.8", |fragment| {
        let fields = [0x100, 0x200, 0x400, 0x800].iter().filter(|flag| fragment.trun_flags() & **flag != 0).count();
        let optional = [1, 4].iter().filter(|flag| fragment.trun_flags() & **flag != 0).count();
        fragment.trun().len() == 8 + 4 * optional + 4 * fields * fragment.samples.len()
    }),
    (
        "cmfc is claimed, and the first presented sample does not have the fragment's decode time",
        "CMAF 7.5.17",
        |fragment| {
            let presented = fragment.samples.iter().map(|sample| sample.composition_time).min();
            !fragment.header.is_cmaf() || presented == i64::try_from(fragment.samples[0].decode_time).ok()
        },
    ),
    ("senc has no saiz or saio", "CMAF 8.2.2.1", |fragment| {
        let counts = ["senc", "saiz", "saio"].map(|kind| boxes::all(fragment.traf(), kind).len());
        counts == [0; 3] || counts == [1; 3]
    }),
    ("saio does not have one entry of type cenc", "CMAF 8.2.2.1", |fragment| {
        boxes::all(fragment.traf(), "saio").iter().all(|saio| match saio[3] & 1 {
            0 => saio[4..8] == [0, 0, 0, 1],
            _ => saio[4..8] == *b"cenc" && saio[12..16] == [0, 0, 0, 1],
        })
    }),
    ("senc or saiz has another number of samples than trun", "CENC 7.2, 14496-12 8.7.8", |fragment| {
        let count = u32::try_from(fragment.samples.len()).ok();
        let is_count = |word: &[u8]| words(word).first().copied() == count;
        boxes::all(fragment.traf(), "senc").iter().all(|senc| is_count(&senc[4..8]))
            && boxes::all(fragment.traf(), "saiz").iter().all(|saiz| is_count(&saiz[5..9]))
    }),
    ("it has senc, and its track has no tenc, or the reverse", "CMAF 8.2.2.2", |fragment| {
        boxes::all(fragment.traf(), "senc").is_empty() == fragment.header.each_sinf("schi/tenc").is_empty()
    }),
];

impl Header {
    fn kinds(&self, path: &str) -> Vec<String> {
        kinds(if path.is_empty() { &self.bytes } else { boxes::one(&self.bytes, path) })
    }

    fn tkhd(&self) -> &[u8] {
        boxes::one(&self.bytes, "moov/trak/tkhd")
    }

    fn handler(&self) -> [u8; 4] {
        let hdlr = boxes::one(&self.bytes, "moov/trak/mdia/hdlr");
        hdlr[8..12].try_into().unwrap()
    }

    fn brands(&self) -> Vec<[u8; 4]> {
        brands(boxes::one(&self.bytes, "ftyp")).1
    }

    fn is_cmaf(&self) -> bool {
        self.brands().contains(b"cmfc")
    }

    /// Returns the boxes at a path below each `sinf`.
    fn each_sinf(&self, path: &str) -> Vec<&[u8]> {
        ["encv", "enca"].map(|kind| boxes::all(&self.bytes, &format!("{STBL}/stsd/{kind}/sinf/{path}"))).concat()
    }
}

impl Fragment<'_> {
    fn styp(&self) -> Vec<&[u8]> {
        boxes::all(&self.bytes, "styp")
    }

    fn has_brand(&self, brand: &[u8; 4]) -> bool {
        self.styp().iter().any(|styp| brands(styp).1.contains(brand))
    }

    fn traf(&self) -> &[u8] {
        boxes::one(&self.bytes, "moof/traf")
    }

    fn tfhd(&self) -> &[u8] {
        boxes::one(self.traf(), "tfhd")
    }

    fn tfhd_flags(&self) -> u32 {
        words(&self.tfhd()[..4])[0]
    }

    fn trun(&self) -> &[u8] {
        boxes::one(self.traf(), "trun")
    }

    fn trun_flags(&self) -> u32 {
        words(&self.trun()[..4])[0] & 0x00ff_ffff
    }

    /// Returns whether `tfhd` or `trun` states a value of the samples, by the flags of the two boxes.
    fn states(&self, default: u32, each: u32) -> bool {
        self.tfhd_flags() & default != 0 || self.trun_flags() & each != 0
    }
}

/// Returns the types of consecutive boxes.
fn kinds(bytes: &[u8]) -> Vec<String> {
    boxes::children(bytes).map(|(kind, _)| String::from_utf8_lossy(kind).into_owned()).collect()
}

/// Returns the major brand and the compatible brands of `ftyp` or `styp`.
fn brands(payload: &[u8]) -> ([u8; 4], Vec<[u8; 4]>) {
    let brand = |bytes: &[u8]| bytes.try_into().expect("four bytes");
    (brand(&payload[..4]), payload[8..].chunks_exact(4).map(brand).collect())
}

/// Returns big-endian words.
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().expect("four bytes"))).collect()
}

/// Returns the `ES_ID` of an `esds` box: it follows version, flags, the tag of the descriptor and its length.
fn es_id(esds: &[u8]) -> u16 {
    let length = 1 + esds[5..].iter().take_while(|byte| **byte & 0x80 != 0).count();
    u16::from_be_bytes([esds[5 + length], esds[6 + length]])
}
