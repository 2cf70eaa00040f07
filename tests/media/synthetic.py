"""Fixtures that no encoder produces: truncated files, sparse files, unusual box headers.

Every function takes the output path and the paths of the source fixtures that the recipe names.
"""

import struct
from pathlib import Path

GIB = 1 << 30
MIB = 1 << 20


def boxes(data: bytes, start: int = 0, end: int | None = None):
    """Yields the boxes in a range: (type, offset, header length, end)."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        after = end if size == 0 else start + size
        yield kind, start, header, after
        start = after


def box(kind: bytes, payload: bytes) -> bytes:
    """Returns a box with a 32-bit size."""
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def find(data: bytes, *path: bytes) -> tuple[int, int]:
    """Returns the payload range of the first box at a path of types."""
    start, end = 0, len(data)
    for part in path:
        start, end = next((at + header, after) for kind, at, header, after in boxes(data, start, end) if kind == part)
    return start, end


def empty(to: Path) -> None:
    to.write_bytes(b"")


def text(to: Path) -> None:
    to.write_text("This is a text file that someone renamed.\n" * 200)


def spatial(to: Path) -> None:
    """Copies the committed file: no encoder at hand writes a second layer."""
    to.write_bytes((Path(__file__).parent / "stereo_spatial.mp4").read_bytes())


def cut_in_moov(to: Path, source: Path) -> None:
    data = source.read_bytes()
    start, end = find(data, b"moov")
    to.write_bytes(data[: (start + end) // 2])


def cut_in_mdat(to: Path, source: Path) -> None:
    data = source.read_bytes()
    start, end = find(data, b"mdat")
    to.write_bytes(data[: (start + end) // 2])


def cut_recording(to: Path, source: Path) -> None:
    to.write_bytes(source.read_bytes()[:700_000])


def cut_in_last_mdat(to: Path, source: Path) -> None:
    data = source.read_bytes()
    at, after = [(at, after) for kind, at, _, after in boxes(data) if kind == b"mdat"][-1]
    to.write_bytes(data[: (at + after) // 2])


def map_boxes(data: bytes, parents: tuple[bytes, ...], change) -> bytes:
    """Replaces each box by `change(kind, box)`, and descends into boxes of the types `parents`."""
    out = b""
    for kind, at, header, after in boxes(data):
        out += box(kind, map_boxes(data[at + header : after], parents, change)) if kind in parents else change(kind, data[at:after])
    return out


def without_tfdt(to: Path, source: Path) -> None:
    """Renames every `tfdt` to `free`, so that no offset changes."""
    rename = lambda kind, data: data.replace(b"tfdt", b"free", 1) if kind == b"tfdt" else data
    to.write_bytes(map_boxes(source.read_bytes(), (b"moof", b"traf"), rename))


def shifted_decode_times(to: Path, source: Path) -> None:
    """Adds 1.5 hours to every `tfdt` (version 1), with timescales of 12,800 and 48,000."""

    def shift(kind: bytes, data: bytes) -> bytes:
        nonlocal track
        if kind == b"tfhd":
            (track,) = struct.unpack_from(">I", data, 12)
        if kind == b"tfdt":
            (time,) = struct.unpack_from(">Q", data, 12)
            data = data[:12] + struct.pack(">Q", time + 5400 * (12_800 if track == 1 else 48_000))
        return data

    track = 0
    to.write_bytes(map_boxes(source.read_bytes(), (b"moof", b"traf"), shift))


def without_moov(to: Path, source: Path) -> None:
    data = source.read_bytes()
    to.write_bytes(b"".join(data[at:after] for kind, at, _, after in boxes(data) if kind != b"moov"))


def moov_too_large(to: Path) -> None:
    """A movie box above the limit of 256 MiB. Its content is a hole, so the file uses no disk space."""
    with to.open("wb") as file:
        file.write(box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41"))
        file.write(struct.pack(">I4s", 300 * MIB, b"moov"))
        file.truncate(file.tell() - 8 + 300 * MIB + 1000)


def excessive_sample_count(to: Path, source: Path) -> None:
    """Sets the sample count of the first `stsz` to more than its box, or the memory, can hold."""
    data = bytearray(source.read_bytes())
    start, _ = find(data, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz")
    struct.pack_into(">II", data, start + 4, 0, 0xFFFF_FFF0)
    to.write_bytes(data)


def audio_as_metadata(to: Path, source: Path) -> None:
    """Turns the audio track into a timed metadata track, as cameras write it."""
    rename = lambda kind, data: data.replace(b"soun", b"meta", 1) if kind == b"hdlr" else data
    to.write_bytes(map_boxes(source.read_bytes(), (b"moov", b"trak", b"mdia"), rename))


def shortened_by_edit(to: Path, source: Path) -> None:
    """Shortens every edit (version 0) to two seconds; the media is longer."""

    def shorten(kind: bytes, data: bytes) -> bytes:
        return data[:16] + struct.pack(">I", 2000) + data[20:] if kind == b"elst" else data

    to.write_bytes(map_boxes(source.read_bytes(), (b"moov", b"trak", b"edts"), shorten))


def video_samples(data: bytes) -> tuple[bytes, list[tuple[int, int, int, bool]], bytes]:
    """Returns the first track's sample entry, its samples (size, duration, composition offset, is sync), and their bytes."""

    def table(kind: bytes, entry: str) -> list[tuple]:
        inside = {found: (at + header, after) for found, at, header, after in boxes(data, start, end)}
        if kind not in inside:
            return []
        at, after = inside[kind]
        return list(struct.iter_unpack(">" + entry, data[at + (12 if kind == b"stsz" else 8) : after]))

    start, end = find(data, b"moov", b"trak", b"mdia", b"minf", b"stbl")
    sizes = [size for (size,) in table(b"stsz", "I")]
    durations = [duration for count, duration in table(b"stts", "II") for _ in range(count)]
    offsets = [offset for count, offset in table(b"ctts", "Ii") for _ in range(count)] or [0] * len(sizes)
    sync = {number for (number,) in table(b"stss", "I")}
    runs = table(b"stsc", "III")
    media, left = b"", iter(sizes)
    for chunk, (at,) in enumerate(table(b"stco", "I"), 1):
        held = [samples for first, samples, _ in runs if first <= chunk][-1]
        length = sum(size for _, size in zip(range(held), left))
        media += data[at : at + length]
    at, after = find(data, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    samples = [(*sample, number in sync) for number, sample in enumerate(zip(sizes, durations, offsets), 1)]
    return data[at + 8 : after], samples, media


def concatenated(to: Path, first: Path, second: Path) -> None:
    """Concatenates the video tracks of two movies into one track with two sample entries and no edit list."""
    data = first.read_bytes()
    entries, samples, media = zip(*(video_samples(source.read_bytes()) for source in (first, second)))
    # Ensures that the second movie is presented after the first.
    shift = max(samples[0][0][2] - samples[1][0][2], 0)
    shifted = [(size, duration, offset + shift, sync) for size, duration, offset, sync in samples[1]]
    to.write_bytes(with_samples(data, list(entries), [samples[0], shifted], list(media)))


def with_samples(data: bytes, entries: list[bytes], samples: list[list[tuple[int, int, int, bool]]], media: list[bytes]) -> bytes:
    """Returns a movie with other samples: for each sample entry, one chunk with its samples. There is no edit list."""
    all_samples = [sample for chunk in samples for sample in chunk]

    def table(kind: bytes, entries: list[tuple], entry: str, fixed: bytes = b"") -> bytes:
        rows = b"".join(struct.pack(">" + entry, *row) for row in entries)
        return box(kind, bytes(4) + fixed + struct.pack(">I", len(entries)) + rows)

    ftyp_at, ftyp_end = find(data, b"ftyp")
    ftyp = data[ftyp_at - 8 : ftyp_end]
    starts = [len(ftyp) + 8 + sum(map(len, media[:number])) for number in range(len(media))]
    stbl = box(b"stsd", struct.pack(">II", 0, len(entries)) + b"".join(entries))
    stbl += table(b"stts", [(1, duration) for _, duration, _, _ in all_samples], "II")
    stbl += table(b"ctts", [(1, offset) for _, _, offset, _ in all_samples], "Ii")
    stbl += table(b"stss", [(number,) for number, sample in enumerate(all_samples, 1) if sample[3]], "I")
    stbl += table(b"stsc", [(number, len(chunk), number) for number, chunk in enumerate(samples, 1)], "III")
    stbl += table(b"stsz", [(size,) for size, _, _, _ in all_samples], "I", bytes(4))
    stbl += table(b"stco", [(start,) for start in starts], "I")

    def rebuilt(start: int, end: int) -> bytes:
        out = b""
        for kind, at, header, after in boxes(data, start, end):
            if kind == b"stbl":
                out += box(kind, stbl)
            elif kind in (b"trak", b"mdia", b"minf"):
                out += box(kind, rebuilt(at + header, after))
            elif kind not in (b"edts", b"udta"):
                out += data[at:after]
        return out

    return ftyp + box(b"mdat", b"".join(media)) + box(b"moov", rebuilt(*find(data, b"moov")))


def captioned(to: Path, source: Path) -> None:
    """Adds CEA-608 captions in channels CC1 and CC3 and CEA-708 captions in service 1 to an H.264 track without edit list.

    Syntax: ATSC A/53 part 4 table 6.7 (user data), CTA-608 (pairs of bytes), CTA-708 (packets).
    """
    entry, samples, media = video_samples(source.read_bytes())

    def with_parity(byte: int) -> int:
        return byte | (0x80 if byte.bit_count() % 2 == 0 else 0)

    def pop_on(channel: int, text: str) -> list[tuple[int, int]]:
        # Resume caption loading, twice; row 15; the text; end of caption, twice.
        pairs = [(channel, 0x20)] * 2 + [(channel, 0x70)] * 2
        padded = (text + " " * (len(text) % 2)).encode()
        return pairs + list(zip(padded[::2], padded[1::2])) + [(channel, 0x2F)] * 2

    field_1, field_2 = iter(pop_on(0x14, "HELLO VIEWERS")), iter(pop_on(0x15, "HOLA"))
    # A packet with size code 3: service 1 with two letters, then a byte of fill.
    packet = [b"\xff\x03\x22", b"\xfeHi", b"\xfe\x00\x00"]
    captioned, new_samples, at = b"", [], 0
    for size, duration, offset, sync in samples:
        triples = [bytes([0xFC + field, *map(with_parity, next(pairs, (0, 0)))]) for field, pairs in enumerate((field_1, field_2))]
        user_data = b"\xb5\x00\x31GA94\x03" + bytes([0x40 | len(triples + packet), 0xFF]) + b"".join(triples + packet) + b"\xff"
        message = bytes([6, 4, len(user_data)]) + user_data.replace(b"\0\0", b"\0\0\3") + b"\x80"
        unit = struct.pack(">I", len(message)) + message
        captioned += unit + media[at : at + size]
        new_samples.append((size + len(unit), duration, offset, sync))
        at += size
    to.write_bytes(with_samples(source.read_bytes(), [entry], [new_samples], [captioned]))


def far_offsets(to: Path, source: Path) -> None:
    """Writes the movie box first with `co64` tables, then a hole of 5 GiB, then the media."""
    data = source.read_bytes()
    parts = {kind: (at, header, after) for kind, at, header, after in boxes(data)}
    at, header, after = parts[b"mdat"]
    ftyp = data[parts[b"ftyp"][0] : parts[b"ftyp"][2]]
    moov_range = (parts[b"moov"][0] + parts[b"moov"][1], parts[b"moov"][2])
    length = len(with_far_chunks(data, *moov_range, 0))
    media_at = len(ftyp) + 8 + length + 5 * GIB + 16
    moov = with_far_chunks(data, *moov_range, media_at - (at + header))
    with to.open("wb") as file:
        file.write(ftyp + box(b"moov", moov))
        file.write(struct.pack(">I4sQ", 1, b"free", 5 * GIB))
        file.seek(media_at - 16)
        file.write(struct.pack(">I4sQ", 1, b"mdat", 16 + after - at - header) + data[at + header : after])


def moov_last(to: Path, source: Path) -> None:
    """Moves the media data box before the movie box."""
    data = source.read_bytes()
    parts = {kind: (at, header, after) for kind, at, header, after in boxes(data)}
    at, _, after = parts[b"mdat"]
    ftyp = data[parts[b"ftyp"][0] : parts[b"ftyp"][2]]
    moov_range = (parts[b"moov"][0] + parts[b"moov"][1], parts[b"moov"][2])
    to.write_bytes(ftyp + data[at:after] + box(b"moov", with_far_chunks(data, *moov_range, len(ftyp) - at)))


def with_far_chunks(data: bytes, start: int, end: int, moved_by: int) -> bytes:
    """Replaces every `stco` in a box by a `co64` with shifted offsets."""
    out = b""
    for kind, at, header, after in boxes(data, start, end):
        if kind in (b"trak", b"mdia", b"minf", b"stbl"):
            out += box(kind, with_far_chunks(data, at + header, after, moved_by))
        elif kind == b"stco":
            (count,) = struct.unpack_from(">I", data, at + header + 4)
            offsets = struct.unpack_from(f">{count}I", data, at + header + 8)
            out += box(b"co64", struct.pack(f">II{count}Q", 0, count, *(offset + moved_by for offset in offsets)))
        else:
            out += data[at:after]
    return out


def open_ended(to: Path, source: Path) -> None:
    """Writes a free box with a 64-bit size, the movie box, and a media data box of size 0 (to the end of the file)."""
    data = source.read_bytes()
    parts = {kind: (at, header, after) for kind, at, header, after in boxes(data)}
    at, header, after = parts[b"mdat"]
    ftyp = data[parts[b"ftyp"][0] : parts[b"ftyp"][2]]
    free = struct.pack(">I4sQ", 1, b"free", 16 + 100) + bytes(100)
    moov_range = (parts[b"moov"][0] + parts[b"moov"][1], parts[b"moov"][2])
    head = len(ftyp) + len(free) + 8 + len(with_far_chunks(data, *moov_range, 0))
    moov = box(b"moov", with_far_chunks(data, *moov_range, head + 8 - (at + header)))
    to.write_bytes(ftyp + free + moov + struct.pack(">I4s", 0, b"mdat") + data[at + header : after])


ENTRIES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")


def with_entry(data: bytes, name: bytes, more: bytes) -> bytes:
    """Renames the first sample entry of a file whose movie box is last, and appends boxes to it."""
    out = bytearray(data)
    start, end = 0, len(data)
    for box_type in ENTRIES:
        kind, at, header, end = next(found for found in boxes(data, start, end) if found[0] == box_type)
        struct.pack_into(">I", out, at, end - at + len(more))
        start = at + header
    _, at, _, after = next(boxes(data, start + 8, end))
    struct.pack_into(">I4s", out, at, after - at + len(more), name)
    out[after:after] = more
    return bytes(out)


def mono_as_stereo(to: Path, source: Path) -> None:
    """Sets the channels of the `mp4a` sample entry to two and its rate to 44.1 kHz, as muxers do that do not read frames."""
    data = bytearray(source.read_bytes())
    at = data.index(b"mp4a", find(data, b"moov")[0]) + 4
    struct.pack_into(">H", data, at + 16, 2)
    struct.pack_into(">I", data, at + 24, 44_100 << 16)
    to.write_bytes(data)


def renamed_hev1(to: Path, source: Path) -> None:
    to.write_bytes(with_entry(source.read_bytes(), b"hev1", b""))


def dolby_vision(to: Path, source: Path) -> None:
    """Appends `dvcC` (profile 5, level 3), light levels, aspect ratio and clean aperture."""
    more = box(b"dvcC", struct.pack(">BBHB19x", 1, 0, 5 << 9 | 3 << 3 | 0b101, 0))
    more += box(b"mdcv", struct.pack(">8H2I", 13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450, 10_000_000, 1))
    more += box(b"clli", struct.pack(">2H", 1000, 400))
    more += box(b"pasp", struct.pack(">2I", 1, 1))
    more += box(b"clap", struct.pack(">8i", 320, 1, 180, 1, 0, 1, 0, 1))
    to.write_bytes(with_entry(source.read_bytes(), b"dvh1", more))


def full_box(kind: bytes, payload: bytes, flags: int = 0) -> bytes:
    """Returns a full box of version 0."""
    return box(kind, struct.pack(">I", flags) + payload)


def with_text(source: Path, handler: bytes, entry: bytes, language: bytes, samples: list[tuple[int, bytes]], user_data: bytes = b"") -> bytes:
    """Adds a text track to a movie whose movie box is last. Durations of the samples are in milliseconds."""
    data = source.read_bytes()
    start, end = find(data, b"moov")
    track_id = 1 + sum(kind == b"trak" for kind, *_ in boxes(data, start, end))
    packed = sum((letter - 0x60) << shift for letter, shift in zip(language, (10, 5, 0)))
    total = sum(duration for duration, _ in samples)
    header = full_box(b"nmhd", b"") if handler == b"text" else full_box(b"sthd", b"")

    def trak(offset: int) -> bytes:
        stbl = full_box(b"stsd", struct.pack(">I", 1) + entry)
        stbl += full_box(b"stts", struct.pack(">I", len(samples)) + b"".join(struct.pack(">2I", 1, duration) for duration, _ in samples))
        stbl += full_box(b"stsc", struct.pack(">4I", 1, 1, len(samples), 1))
        stbl += full_box(b"stsz", struct.pack(">2I", 0, len(samples)) + b"".join(struct.pack(">I", len(sample)) for _, sample in samples))
        stbl += full_box(b"stco", struct.pack(">2I", 1, offset))
        dinf = box(b"dinf", full_box(b"dref", struct.pack(">I", 1) + full_box(b"url ", b"", 1)))
        mdia = full_box(b"mdhd", struct.pack(">4I2H", 0, 0, 1000, total, packed, 0))
        mdia += full_box(b"hdlr", struct.pack(">I4s12x", 0, handler) + b"SubtitleHandler\0")
        mdia += box(b"minf", header + dinf + box(b"stbl", stbl))
        matrix = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
        tkhd = full_box(b"tkhd", struct.pack(">5I8x4H", 0, 0, track_id, 0, total, 0, 0, 0, 0) + matrix + struct.pack(">2I", 0, 0), 7)
        return box(b"trak", tkhd + box(b"mdia", mdia) + (box(b"udta", user_data) if user_data else b""))

    # The text samples follow the movie box, so that no other offset changes.
    moov = box(b"moov", data[start:end] + trak(start - 8 + 8 + end - start + len(trak(0)) + 8))
    return data[: start - 8] + moov + box(b"mdat", b"".join(sample for _, sample in samples))


def bits(*fields: tuple[int, int]) -> bytes:
    """Packs fields of (value, width in bits), the last byte padded with zeros."""
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    return int(text.ljust(-len(text) % 8 + len(text), "0"), 2).to_bytes((len(text) + 7) // 8, "big")


def with_audio_entry(source: Path, name: bytes, configuration: bytes, channels: int) -> bytes:
    """Replaces the AAC sample entry of a movie whose movie box is last. Every 24th audio sample becomes a sync sample.

    The samples stay AAC frames: a packager does not look into them.
    """

    def change(kind: bytes, data: bytes) -> bytes:
        if kind == b"stsd" and b"mp4a" in data:
            entry = box(name, struct.pack(">6xH8x2H4xI", 1, channels, 16, 48_000 << 16) + configuration)
            sync = range(1, samples + 1, 24)
            return full_box(b"stsd", struct.pack(">I", 1) + entry) + full_box(b"stss", struct.pack(f">I{len(sync)}I", len(sync), *sync))
        return data

    data = source.read_bytes()
    _, audio = [(at + header, after) for kind, at, header, after in boxes(data, *find(data, b"moov")) if kind == b"trak"]
    at, _ = find(data[: audio[1]][audio[0] :], b"mdia", b"minf", b"stbl", b"stsz")
    (samples,) = struct.unpack_from(">I", data, audio[0] + at + 8)
    return map_boxes(data, (b"moov", b"trak", b"mdia", b"minf", b"stbl"), change)


def ac4(to: Path, source: Path) -> None:
    """AC-4 5.1: an `ac4_dsi_v1` (ETSI TS 103 190-2 E.6) with one presentation of version 1 and compatibility 2."""
    # dsi version, bitstream version 2, 48 kHz, frame rate index, presentations, no program identifier; constant bit rate
    head = bits((1, 3), (2, 7), (1, 1), (13, 4), (1, 9), (0, 1), (0, 2), (192_000, 32), (0xFFFF_FFFF, 32))
    # One substream group; mdcompat; no identifier, rates, EMDF version and key; channel coded: mode 4, channel mask L/R C Ls/Rs LFE
    presentation = [(31, 5), (2, 3), (0, 1), (0, 2 + 2 + 5 + 10), (1, 1), (4, 5), (0x47, 24), (0, 2)]
    # The group: present, no extension, channel coded, one substream of 48 kHz without rate, its channels, no content type
    presentation += [(1, 1), (0, 1), (1, 1), (1, 8), (0, 2), (0, 1), (0x47, 24), (0, 1)]
    # Not virtualised, no additional substreams, no bit rate, no alternative
    presentation += [(0, 1), (0, 1), (0, 1), (0, 1)]
    body = bits(*presentation)
    to.write_bytes(with_audio_entry(source, b"ac-4", box(b"dac4", head + bytes([1, len(body)]) + body), 2))


# The start of an `mpegh3daConfig` (ISO/IEC 23008-3 5.2.2.1): Low Complexity level 3, 48 kHz, 7.1.4 (CICP 19).
MPEGH_CONFIGURATION = bits((0x0D, 8), (3, 5), (1, 3), (0, 1), (1, 1), (0, 2), (19, 6))


def mpegh(to: Path, source: Path) -> None:
    """MPEG-H 3D Audio, raw frames, with its `MHADecoderConfigurationRecord` (ISO/IEC 23008-3 20.5.2)."""
    record = struct.pack(">3BH", 1, 0x0D, 19, len(MPEGH_CONFIGURATION)) + MPEGH_CONFIGURATION
    to.write_bytes(with_audio_entry(source, b"mha1", box(b"mhaC", record), 0))


def mpegh_stream(to: Path, source: Path) -> None:
    """MPEG-H 3D Audio, MHAS packets without a configuration box: the first sample starts with the configuration."""
    data = bytearray(with_audio_entry(source, b"mhm1", b"", 0))
    _, (start, end) = [(at + header, after) for kind, at, header, after in boxes(data, *find(data, b"moov")) if kind == b"trak"]
    at, _ = find(data[start:end], b"mdia", b"minf", b"stbl", b"stco")
    (first,) = struct.unpack_from(">I", data, start + at + 8)
    # A sync packet, then the configuration with label 1 (ISO/IEC 23008-3 14.2.1).
    packets = bits((6, 3), (0, 2), (1, 11), (0xA5, 8)) + bits((1, 3), (1, 2), (len(MPEGH_CONFIGURATION), 11)) + MPEGH_CONFIGURATION
    data[first : first + len(packets)] = packets
    to.write_bytes(data)


def xhe_aac(to: Path, source: Path) -> None:
    """xHE-AAC stereo: an `AudioSpecificConfig` of object type 42 with a `UsacConfig` (ISO/IEC 23003-3 5.2)."""
    # Object type 31 and 42 - 32, 48 kHz, configuration 2; rate, frame length, configuration 2; one channel pair element, no SBR
    config = bits((31, 5), (10, 6), (3, 4), (2, 4), (3, 5), (1, 3), (2, 5), (0, 4), (1, 2), (0, 1), (0, 1), (0, 2), (0, 1))
    decoder = bytes([0x40, 0x15]) + bytes(11) + bytes([5, len(config)]) + config
    descriptor = struct.pack(">HB", 2, 0) + bytes([4, len(decoder)]) + decoder + bytes([6, 1, 2])
    to.write_bytes(with_audio_entry(source, b"mp4a", full_box(b"esds", bytes([3, len(descriptor)]) + descriptor), 2))


def cue(text: str, name: str = "", settings: str = "") -> bytes:
    """Returns a WebVTT cue box (`vttc`)."""
    fields = ((b"iden", name), (b"sttg", settings), (b"payl", text))
    return box(b"vttc", b"".join(box(kind, value.encode()) for kind, value in fields if value))


def webvtt(to: Path, source: Path) -> None:
    """English WebVTT: concurrent cues, a cue across several segment boundaries, cue ids and settings, an HTML role."""
    long = cue("A long\n<i>cue</i>", "long", "line:0 align:start")
    samples = [
        (1500, box(b"vtte", b"")),
        (1000, cue("one & two".replace("&", "&amp;"), "1")),
        (500, cue("left", settings="align:start") + cue("right", settings="align:end")),
        (1000, long),
        (500, long + cue("beside it")),
        (4200, long),
        (700, box(b"vtte", b"")),
        (600, box(b"vtta", b"a note") + cue("Schluß")),
    ]
    entry = box(b"wvtt", struct.pack(">6xH", 1) + box(b"vttC", b"WEBVTT\n\nSTYLE\n::cue { color: yellow }") + box(b"vlab", b"of a test"))
    role = full_box(b"kind", b"about:html-kind\0captions\0")
    to.write_bytes(with_text(source, b"text", entry, b"eng", samples, role + full_box(b"titl", b"\x15\xc7English [CC]\0")))


def ttml(to: Path, source: Path) -> None:
    """French TTML, with its profile in the sample entry."""
    document = "<tt xmlns='http://www.w3.org/ns/ttml'><body><div><p begin='{}s' end='{}s'>{}</p></div></body></tt>"
    samples = [(length, document.format(at, at + length / 1000, text).encode()) for at, length, text in ((0, 3000, "un"), (3, 4000, "deux"), (7, 3000, "trois"))]
    mime = full_box(b"mime", b"application/ttml+xml;codecs=im1t\0")
    entry = box(b"stpp", struct.pack(">6xH", 1) + b"http://www.w3.org/ns/ttml\0\0\0" + mime)
    to.write_bytes(with_text(source, b"subt", entry, b"fra", samples))
