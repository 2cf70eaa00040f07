use super::*;

fn boxed(kind: &[u8; 4], payload: usize) -> Vec<u8> {
    let size = u32::try_from(payload + 8).unwrap();
    [&size.to_be_bytes()[..], kind, &vec![0; payload]].concat()
}

/// Reads the index of `file` and returns it with the number of reads and of bytes it took.
fn read(file: &[u8]) -> (Result<Index>, u32, u64) {
    let (mut reads, mut bytes) = (0, 0);
    let mut drive = || {
        let mut reader = IndexReader::new(u64_of(file.len()))?;
        while let Some(range) = reader.want() {
            reads += 1;
            bytes += range.end - range.start;
            reader.supply(&file[range.start as usize..range.end as usize])?;
        }
        reader.finish()
    };
    (drive(), reads, bytes)
}

#[test]
fn an_index_before_the_media_takes_two_reads() {
    let file = [boxed(b"ftyp", 24), boxed(b"moov", 100_000), boxed(b"mdat", 1_000_000)].concat();
    let (index, reads, bytes) = read(&file);
    assert_eq!(index.unwrap().moov_range(), 32..100_040);
    assert_eq!((reads, bytes), (2, 100_056), "with the header of the media");
}

#[test]
fn an_index_at_the_end_takes_three_reads_and_no_media() {
    let file = [boxed(b"ftyp", 24), boxed(b"wide", 0), boxed(b"mdat", 1_000_000), boxed(b"moov", 50_000)].concat();
    let (index, reads, bytes) = read(&file);
    assert_eq!(index.unwrap().moov_range(), 1_000_048..1_050_056);
    assert_eq!(reads, 3);
    assert!(bytes <= 50_008 + 64 * 1024);
}

#[test]
fn a_sparse_copy_of_the_spans_leads_to_the_index() {
    let file = [boxed(b"ftyp", 24), boxed(b"wide", 0), boxed(b"mdat", 1_000_000), boxed(b"moov", 50_000)].concat();
    let index = read(&file).0.unwrap();
    let mut sparse = vec![0; file.len()];
    for (offset, bytes) in index.spans() {
        sparse[offset as usize..][..bytes.len()].copy_from_slice(bytes);
    }
    assert_eq!(read(&sparse).0.unwrap().moov_range(), index.moov_range());
}

#[test]
fn a_known_index_takes_one_read_of_its_own_range() {
    let file = [boxed(b"ftyp", 24), boxed(b"moov", 100)].concat();
    let mut reader = IndexReader::at(u64_of(file.len()), 32..140).unwrap();
    assert_eq!(reader.want(), Some(32..140));
    reader.supply(&file[32..]).unwrap();
    assert_eq!(reader.want(), None);
    assert_eq!(reader.finish().unwrap().moov_range(), 32..140);
}

/// Returns a `moov` with an `mvex`: fragments follow.
fn extended_moov() -> Vec<u8> {
    [&[0, 0, 0, 16][..], b"moov", &boxed(b"mvex", 0)].concat()
}

/// Returns a movie of `count` fragments, each with `media` bytes.
fn fragmented(count: usize, media: usize) -> Vec<u8> {
    let fragment = [boxed(b"moof", 500), boxed(b"mdat", media)].concat();
    [boxed(b"ftyp", 24), extended_moov(), boxed(b"sidx", 36), fragment.repeat(count), boxed(b"mfra", 100)].concat()
}

fn fragments(index: &Index) -> Vec<u64> {
    index.moofs().map(|moof| moof.unwrap().offset).collect()
}

#[test]
fn fragments_far_apart_take_a_small_read_each() {
    let (index, reads, bytes) = read(&fragmented(50, 1_000_000));
    let first = 32 + 16 + 44;
    let expected: Vec<u64> = (0..50).map(|number| first + number * 1_000_516).collect();
    assert_eq!(fragments(&index.unwrap()), expected);
    assert!(reads <= 51 && bytes <= 300_000, "{reads} reads of {bytes} bytes");
}

#[test]
fn fragments_close_together_are_read_many_in_one_read() {
    let file = fragmented(10_000, 2000);
    let (index, reads, bytes) = read(&file);
    assert_eq!(fragments(&index.unwrap()).len(), 10_000);
    assert!(reads <= 40 && bytes <= u64_of(file.len()), "{reads} reads of {bytes} bytes");
}

#[test]
fn alternating_near_and_far_fragments_take_one_read_for_two() {
    let pair = [boxed(b"moof", 900), boxed(b"mdat", 700_000), boxed(b"moof", 500), boxed(b"mdat", 40_000)].concat();
    let file = [boxed(b"ftyp", 24), extended_moov(), pair.repeat(100)].concat();
    let (index, reads, bytes) = read(&file);
    assert_eq!(fragments(&index.unwrap()).len(), 200);
    assert!(reads <= 110 && bytes <= 6_000_000, "{reads} reads of {bytes} bytes");
}

#[test]
fn fragments_before_the_moov_are_found() {
    let fragment = [boxed(b"moof", 30_000), boxed(b"mdat", 400_000)].concat();
    let file = [boxed(b"ftyp", 24), fragment.repeat(3), extended_moov(), fragment.repeat(2)].concat();
    let index = read(&file).0.unwrap();
    let found = fragments(&index);
    assert_eq!(found.len(), 5);
    let mut again = IndexReader::at(u64_of(file.len()), index.moov_range()).unwrap();
    while let Some(range) = again.want() {
        again.supply(&file[range.start as usize..range.end as usize]).unwrap();
    }
    assert_eq!(fragments(&again.finish().unwrap()), found);
}

#[test]
fn a_fragmented_file_is_read_up_to_the_box_that_its_end_cuts() {
    let whole = fragmented(3, 100_000);
    let (first, fragment) = (92, 508 + 100_008);
    let cut = |file: &[u8]| {
        let index = read(file).0.unwrap();
        (fragments(&index).len(), index.cut_at())
    };
    let second = first + fragment;
    for (end, expected, place) in [
        (second + 100, (1, Some(second)), "inside a moof"),
        (second + 508 + 9, (2, Some(second + 508)), "inside an mdat"),
        (second + 3, (1, Some(second)), "inside a header"),
        (second + 508, (2, None), "between moof and mdat: the samples show it"),
        (second, (1, None), "between fragments"),
    ] {
        assert_eq!(cut(&whole[..usize::try_from(end).unwrap()]), expected, "{place}");
    }
    let end = whole.len() - 108;
    assert_eq!(cut(&whole[..end]), (3, None), "without its mfra");
    assert_eq!(cut(&whole[..whole.len() - 50]), (3, None), "inside its mfra: no media is missing");
}

#[test]
fn whatever_follows_the_last_box_of_a_recording_is_not_a_box() {
    let whole = fragmented(2, 5000);
    let end = whole.len() - 108;
    let recording = &whole[..end];
    let (sidx, zeros) = (boxed(b"sidx", 36), vec![0; 700_000]);
    for (rest, place) in [
        (&[0; 3][..], "three zeros"),
        (&zeros, "zeros by the file system"),
        (&sidx[..20], "a part of a sidx"),
        (&[0, 0, 0, 1, 0x65, 0x88, 0x84, 0], "media without a header"),
        (&[0, 0, 0, 90, 0x65, 0x88, 0x84, 0, 1, 2, 3], "media of a box that is too large"),
        (b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff", "a box that ends past 64 bits"),
    ] {
        let index = read(&[recording, rest].concat()).0.unwrap();
        assert_eq!((fragments(&index).len(), index.cut_at()), (2, Some(u64_of(end))), "{place}");
        let after_mfra = read(&[&whole[..], rest].concat()).0.unwrap();
        assert_eq!((fragments(&after_mfra).len(), after_mfra.cut_at()), (2, None), "{place}, after the end");
    }
}

#[test]
fn a_second_moov_is_handed_over_if_it_differs() {
    let (moov, mdat) = (boxed(b"moov", 40), boxed(b"mdat", 300_000));
    let mut other = moov.clone();
    other[47] = 1;
    let second = |file: &[u8]| read(file).0.unwrap().second_moov().map(|moov| moov.unwrap().offset);
    let ftyp = boxed(b"ftyp", 24);
    for (file, expected) in [
        ([&ftyp[..], &moov, &mdat, &ftyp, &other, &mdat].concat(), Some(32 + 48 + 300_008 + 32)),
        ([&ftyp[..], &mdat, &moov, &ftyp, &mdat, &other].concat(), Some(2 * (32 + 300_008) + 48)),
        ([&ftyp[..], &moov, &mdat, &ftyp, &moov, &mdat].concat(), None),
        ([&ftyp[..], &moov, &mdat, b"\0\0\0\x40moov"].concat(), None),
    ] {
        assert_eq!(second(&file), expected);
    }
    let fragment = [boxed(b"moof", 500), boxed(b"mdat", 3000)].concat();
    let repeated = [&ftyp[..], &extended_moov(), &fragment, &extended_moov(), &fragment].concat();
    assert_eq!((second(&repeated), fragments(&read(&repeated).0.unwrap()).len()), (None, 2));
    let joined = [&ftyp[..], &extended_moov(), &fragment, &moov, &fragment].concat();
    assert_eq!(second(&joined), Some(32 + 16 + 508 + 3008));
}

#[test]
fn a_compressed_moov_is_uncompressed_and_a_copy_of_the_spans_has_it_at_the_end() {
    let moov = boxed(b"moov", 4000);
    let data = miniz_oxide::deflate::compress_to_vec_zlib(&moov, 6);
    let with_size = |kind: &[u8; 4], payload: &[u8]| {
        [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes()[..], kind, payload].concat()
    };
    let cmvd = with_size(b"cmvd", &[&4008_u32.to_be_bytes()[..], &data].concat());
    let compressed = with_size(b"moov", &with_size(b"cmov", &[with_size(b"dcom", b"zlib"), cmvd].concat()));
    for file in [
        [boxed(b"ftyp", 24), compressed.clone(), boxed(b"mdat", 1000)].concat(),
        [boxed(b"ftyp", 24), boxed(b"mdat", 50_000), compressed.clone()].concat(),
    ] {
        let index = read(&file).0.unwrap();
        assert_eq!(index.moov().unwrap().raw, moov);
        let mut again = IndexReader::at(u64_of(file.len()), index.moov_range()).unwrap();
        while let Some(range) = again.want() {
            again.supply(&file[range.start as usize..range.end as usize]).unwrap();
        }
        assert_eq!(again.finish().unwrap().moov().unwrap().raw, moov);
        let mut sparse = vec![0; usize::try_from(index.sparse_size()).unwrap()];
        for (offset, bytes) in index.spans() {
            sparse[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        let of_copy = read(&sparse).0.unwrap();
        assert_eq!((of_copy.moov().unwrap().raw, of_copy.moov_range().start), (&moov[..], u64_of(file.len())));
    }
}

#[test]
fn the_number_of_boxes_between_fragments_is_limited() {
    let file = [boxed(b"ftyp", 24), extended_moov(), boxed(b"free", 0).repeat(2000)].concat();
    assert_eq!(read(&file).0.unwrap_err().code(), "limit_exceeded");
}

#[test]
fn a_file_that_is_no_movie_is_refused_with_its_format() {
    let code = |file: &[u8]| read(file).0.unwrap_err();
    assert_eq!(code(b""), Error::EmptyFile);
    assert_eq!(code(b"hello, this is a text file\n"), Error::NotMp4 { found: "text" });
    assert_eq!(code(b"\x89PNG\r\n\x1a\n...................."), Error::NotMp4 { found: "a PNG image" });
    assert_eq!(code(b"abc"), Error::NotMp4 { found: "text" });
}

#[test]
fn the_error_of_a_truncated_file_depends_on_where_it_ends() {
    let whole = [boxed(b"ftyp", 24), boxed(b"mdat", 100_000), boxed(b"moov", 50_000)].concat();
    let code = |end: usize| read(&whole[..end]).0.unwrap_err().code();
    assert_eq!(code(60_000), "truncated_media");
    assert_eq!(code(100_040), "moov_missing");
    assert_eq!(code(120_000), "truncated_index");
}

#[test]
fn an_index_over_the_limit_is_refused_before_it_is_read() {
    let mut reader = IndexReader::new(1 << 40).unwrap();
    let mut head = boxed(b"moov", FIRST_READ as usize - 8);
    head[..4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(reader.supply(&head).unwrap_err().code(), "moov_too_large");
}

#[test]
fn a_box_of_size_zero_reaches_to_the_end_of_the_file() {
    let mut moov = boxed(b"moov", 40);
    moov[..4].copy_from_slice(&[0; 4]);
    let (index, ..) = read(&[boxed(b"ftyp", 24), moov].concat());
    assert_eq!(index.unwrap().moov_range(), 32..80);
}
