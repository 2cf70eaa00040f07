//! Properties that hold for every movie.

use crate::harness::*;
use crate::support::Movie;
use proptest::prelude::*;
use vpp_media::cmaf::{
    Layout, PlanFile, PlanIndex, PlanOptions, PlanWriter, SegmentId, SegmentSize, SegmentSizes, SourceBuffers,
    WorkUnit, file_heads, index_end, package_work_unit, presentation_range, read_presentation, read_work_unit,
};
use vpp_media::isobmff::{Index, IndexReader};
use vpp_media::track::Sample;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn segments_hold_every_sample_once_in_order_and_unchanged(tracks in movie(), work_unit_bytes in 1_u64..20_000) {
        let movie = Movie::new(&tracks);
        let (work_units, presentation) = plan(&movie, &options(work_unit_bytes, 1, false));
        let segments = package(&movie, &work_units);
        let mut read = 0;
        for (position, track) in presentation.representations.iter().enumerate() {
            let wanted = &tracks[position];
            let (empty, media_time) = wanted.edit.unwrap_or_default();
            let edit = u64::from(empty) * u64::from(wanted.timescale) / 1000;
            let mut time = track.presentation_time_offset + edit - u64::from(media_time.unsigned_abs());
            let mut expected = wanted.samples.iter().zip(&movie.offsets[position]);
            for number in 1..=track.segments.len() {
                for (decode_time, sample, bytes) in read_segment(&segments[&format!("{}/{number}.m4s", track.id)]) {
                    let (wanted, offset) = expected.next().unwrap();
                    prop_assert_eq!(decode_time, time);
                    prop_assert_eq!(&sample, wanted);
                    prop_assert_eq!(&bytes[..], movie.bytes(*offset, offset + u64::from(wanted.size)));
                    time += u64::from(wanted.duration);
                }
                read += 1;
            }
            prop_assert!(expected.next().is_none(), "no sample is lost");
        }
        prop_assert_eq!(read, segments.len(), "there is no other segment");
    }

    #[test]
    fn a_fragmented_movie_is_packaged_like_the_same_movie_with_sample_tables(
        tracks in movie(), how in fragmenting(), work_unit_bytes in 1_u64..20_000,
    ) {
        let (progressive, fragmented) = (Movie::new(&tracks), Movie::fragmented(&tracks, how));
        let (expected, expected_presentation) = plan(&progressive, &options(u64::MAX, 1, true));
        let (work_units, presentation) = plan(&fragmented, &options(work_unit_bytes, 1, true));
        prop_assert_eq!(presentation.representations, expected_presentation.representations);
        prop_assert_eq!(package(&fragmented, &work_units), package(&progressive, &expected));
    }

    #[test]
    fn fragments_are_found_again_from_the_range_of_the_moov(tracks in movie(), how in fragmenting()) {
        let movie = Movie::fragmented(&tracks, how);
        let index = movie.index();
        let again = movie.index_by(IndexReader::at(movie.file.len() as u64, index.moov_range()).unwrap());
        let samples = |index: &Index| -> Vec<Vec<Sample>> {
            vpp_media::track::Movie::parse(index).unwrap().tracks.iter().map(|track| track.samples.samples().collect()).collect()
        };
        prop_assert_eq!(samples(&index), samples(&again));
        let listed: Vec<Vec<u64>> = samples(&index).iter().map(|of| of.iter().map(|sample| sample.offset).collect()).collect();
        prop_assert_eq!(listed, movie.offsets);
    }

    #[test]
    fn any_work_unit_size_gives_the_same_bytes(tracks in movie(), work_unit_bytes in 1_u64..20_000, scheme in scheme()) {
        let movie = Movie::new(&tracks);
        let by_scheme = |work_unit_bytes| PlanOptions { protection: Some(protection(scheme)), ..options(work_unit_bytes, 1, true) };
        let (whole, presentation) = plan(&movie, &by_scheme(u64::MAX));
        prop_assert_eq!(whole.len(), 1);
        let (work_units, in_parts) = plan(&movie, &by_scheme(work_unit_bytes));
        prop_assert_eq!(package(&movie, &whole), package(&movie, &work_units));
        prop_assert_eq!(presentation.representations, in_parts.representations);
    }

    /// A single file is its head, whose length the plan predicts, and the fragments of the other layout.
    #[test]
    fn a_single_file_holds_the_fragments_of_the_segments(tracks in movie(), work_unit_bytes in 1_u64..20_000) {
        let movie = Movie::new(&tracks);
        let (work_units, _) = plan(&movie, &options(u64::MAX, 1, true));
        let segments = package(&movie, &work_units);
        let layout = Layout::SingleFile;
        let (work_units, presentation) = plan(&movie, &PlanOptions { layout, ..options(work_unit_bytes, 1, true) });
        let fragments = package(&movie, &work_units);
        prop_assert_eq!(segments.keys().collect::<Vec<_>>(), fragments.keys().collect::<Vec<_>>());
        let styp = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        prop_assert!(segments.iter().all(|(path, bytes)| bytes[styp(bytes)..] == fragments[path]));

        let mut sizes = SegmentSizes::new(&presentation);
        for track in &presentation.representations {
            for number in (1..).take(track.segments.len()) {
                let bytes = fragments[&format!("{}/{number}.m4s", track.id)].len() as u64;
                let segment = SegmentId { representation: track.id, number };
                sizes.set(segment, SegmentSize { bytes, first_sample_end: 1 }).unwrap();
            }
        }
        let sized = sizes.of(&presentation).unwrap();
        let heads = file_heads(&presentation, &sizes).unwrap();
        prop_assert_eq!(heads.len(), tracks.len());
        for (sized, head) in sized.into_iter().zip(heads) {
            let track = sized.representation;
            prop_assert_eq!(head.representation, track.id);
            prop_assert_eq!(head.bytes.len() as u64, track.head_bytes());
            prop_assert!(head.bytes.starts_with(&track.init));
            let mut at = track.head_bytes();
            for (range, size) in sized.byte_ranges().zip(sized.sizes) {
                prop_assert_eq!(range, at..at + size.bytes);
                at += size.bytes;
            }
        }
        prop_assert_eq!(presentation.init_segments().count(), 0);
    }

    #[test]
    fn any_split_of_the_work_gives_the_same_bytes(
        tracks in movie(), work_unit_bytes in 1_u64..20_000, scheme in scheme(), picks in prop::collection::vec(0_usize..4, 64),
    ) {
        let movie = Movie::new(&tracks);
        let options = PlanOptions { protection: Some(protection(scheme)), ..options(work_unit_bytes, 1, true) };
        let (work_units, _) = plan(&movie, &options);
        // Every segment goes to one of four workers, whatever its work unit and track, and each worker starts with its last segment.
        let mut picks = picks.iter().cycle();
        let mut work = [(); 4].map(|()| Vec::new());
        for work_unit in &work_units {
            for segment in &work_unit.segments {
                work[*picks.next().unwrap()].push(WorkUnit { segments: vec![segment.clone()], ..work_unit.clone() });
            }
        }
        work.iter_mut().for_each(|segments| segments.reverse());
        prop_assert_eq!(package(&movie, &work.concat()), package(&movie, &work_units));
    }

    #[test]
    fn segments_start_at_sync_samples_and_are_contiguous(tracks in movie(), seconds in 1_u64..5) {
        let movie = Movie::new(&tracks);
        let (work_units, presentation) = plan(&movie, &options(u64::MAX, seconds, false));
        for segment in work_units.iter().flat_map(|work_unit| &work_unit.segments) {
            prop_assert!(segment.samples[0].is_sync);
        }
        for track in &presentation.representations {
            for pair in track.segments.windows(2) {
                prop_assert_eq!(pair[0].end(), pair[1].start);
            }
        }
    }

    #[test]
    fn segments_have_the_sample_description_of_their_samples(tracks in movie(), protected in prop::bool::ANY) {
        let movie = Movie::new(&tracks);
        let (work_units, presentation) = plan(&movie, &options(u64::MAX, 1, protected));
        let segments = package(&movie, &work_units);
        for (track, wanted) in presentation.representations.iter().zip(&tracks) {
            let change = wanted.change.map_or(usize::MAX, |chunk| chunk * wanted.chunk);
            let several = (1..wanted.samples.len()).contains(&change);
            let expected = (0..wanted.samples.len()).map(|sample| if several && sample >= change { 2 } else { 1 });
            let mut found = Vec::new();
            for number in 1..=track.segments.len() {
                let (_, moof) = read_moof(&segments[&format!("{}/{number}.m4s", track.id)]);
                let traf = &moof.traf[0];
                let samples = traf.trun.iter().map(|trun| trun.samples.len()).sum();
                found.extend(vec![traf.tfhd.sample_description_index.unwrap_or(1); samples]);
            }
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
            let count = |kind: &[u8]| track.init.windows(4).filter(|window| *window == kind).count();
            let entries = 1 + usize::from(several);
            prop_assert_eq!((count(b"avcC") + count(b"esds"), count(b"sinf")), (entries, if protected { entries } else { 0 }));
        }
    }

    #[test]
    fn the_ranges_of_a_work_unit_are_little_more_than_its_samples(tracks in movie(), work_unit_bytes in 1_000_u64..20_000) {
        let movie = Movie::new(&tracks);
        let (work_units, _) = plan(&movie, &options(work_unit_bytes, 1, false));
        for work_unit in &work_units {
            let extents = work_unit.segments.iter().flat_map(|segment| &segment.extents);
            let (needed, read) = (extents.clone().map(|extent| extent.bytes).sum::<u64>(), work_unit.source_bytes());
            // Gaps of up to 64 bytes are always read. Above this number of ranges, gaps of any size are, because a request costs
            // as well.
            let gaps = 64 * extents.count() as u64;
            let max = if work_unit.ranges.len() < 64 { needed + needed / 100 + gaps } else { u64::MAX };
            prop_assert!(read >= needed && read <= max, "{read} bytes read for {needed}, in {} ranges", work_unit.ranges.len());
        }
    }

    #[test]
    fn a_plan_is_read_back_section_by_section(tracks in movie(), work_unit_bytes in 1_u64..20_000) {
        let movie = Movie::new(&tracks);
        let (work_units, presentation) = plan(&movie, &options(work_unit_bytes, 1, true));
        let mut writer = PlanWriter::new();
        work_units.iter().for_each(|work_unit| writer.push(work_unit).unwrap());
        let PlanFile { chunks, sections } = writer.finish(&presentation).unwrap();
        let bytes = chunks.concat();
        let at = |range: std::ops::Range<u64>| &bytes[range.start as usize..range.end as usize];
        prop_assert_eq!(sections.len(), work_units.len());
        for (work_unit, section) in work_units.iter().zip(sections) {
            prop_assert_eq!(work_unit, &read_work_unit(at(section)).unwrap());
        }
        let start = &bytes[..index_end(&bytes[..16]).unwrap() as usize];
        prop_assert!(PlanIndex::read(start).is_ok());
        prop_assert!(PlanIndex::read(&start[..start.len() - 1]).is_err());
        let stored = read_presentation(at(presentation_range(&bytes[..16]).unwrap())).unwrap();
        prop_assert_eq!(stored, presentation);
    }

    #[test]
    fn a_damaged_plan_is_an_error(tracks in movie(), cut in 0_usize..100_000, flip in 0_usize..100_000) {
        let movie = Movie::new(&tracks);
        let (work_units, _) = plan(&movie, &options(u64::MAX, 1, true));
        let mut writer = PlanWriter::new();
        writer.push(&work_units[0]).unwrap();
        let (_, presentation) = plan(&movie, &options(u64::MAX, 1, true));
        let file = writer.finish(&presentation).unwrap();
        let bytes = file.chunks.concat();
        let section = &bytes[file.sections[0].start as usize..];
        let cut = cut % section.len();
        prop_assert!(read_work_unit(&section[..cut]).is_err());
        let mut flipped = section.to_vec();
        let flip = flip % section.len();
        flipped[flip] ^= 0x55;
        // It may still decode; then packaging must return an error or bytes, and never panic.
        if let Ok(work_unit) = read_work_unit(&flipped) {
            let ranges = work_unit.ranges.iter().map(|range| vec![0; range.length().min(1 << 16) as usize]);
            if let Ok(mut source) = SourceBuffers::new(&work_unit, ranges.collect()) {
                drop(package_work_unit(&work_unit, &mut source, &keys()));
            }
        }
    }
}
