"""The recipes of the media fixtures.

A recipe has a name, a description, and either an ffmpeg command line or a function of `synthetic.py`. In a command line, `{name}`
is replaced by the path of another fixture, which is generated first. The output path is appended.
"""

import base64
from dataclasses import dataclass
from typing import Callable

import synthetic


@dataclass(frozen=True)
class Recipe:
    """One fixture: its file name, its description, and its generator (exactly one of `ffmpeg` and `synthetic`)."""

    name: str
    description: str
    ffmpeg: str | None = None
    synthetic: Callable | None = None
    of: tuple[str, ...] | str = ()  # the source fixtures of a synthetic one


# Every frame differs, so that a misplaced sample never has the expected hash.
VIDEO = "-f lavfi -i testsrc2=size=320x180:rate=25"
TONE = "-f lavfi -i sine=frequency=330:sample_rate=48000"
AOM = "-c:v libaom-av1 -cpu-used 6 -row-mt 1 -g 25 -b:v 200k"
X264 = "-c:v libx264 -preset fast -pix_fmt yuv420p"
X265 = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p -tag:v hvc1"
AAC = "-c:a aac -ac 2 -b:a 96k"


def video(seconds: float, options: str, source: str = VIDEO) -> str:
    """A video-only command line."""
    return f"{source} -t {seconds} {X264} {options}"


def movie(seconds: float, options: str, source: str = VIDEO) -> str:
    """A command line for one video and one audio track."""
    return f"{source} {TONE} -t {seconds} {X264} {AAC} {options}"


def fragments(flags: str) -> str:
    """A command line that remuxes late-audio.mp4 into movie fragments."""
    return f"-i {{late-audio.mp4}} -c copy -movflags +frag_keyframe+{flags}"


def chapters(*starts_and_titles: tuple[int, str], end: int) -> str:
    """The input of ffmpeg that adds chapters. Times are in milliseconds."""
    ends = [start for start, _ in starts_and_titles[1:]] + [end]
    chapters = "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={title}\n" for (start, title), end in zip(starts_and_titles, ends)
    )
    encoded = base64.b64encode(f";FFMETADATA1\n{chapters}".encode()).decode()
    return f"-f ffmetadata -i data:text/plain;base64,{encoded} -map 0 -map_chapters 1"


CHAPTERS = chapters((0, "Anfang"), (2500, "Zweites & <größtes> Kapitel"), (4040, "Ende"), end=6000)

# An audio source of varying loudness, so that its samples have many sizes.
VARYING_TONE = '-f lavfi -i "aevalsrc=0.3*sin(2*PI*330*t)*sin(7*t)*sin(0.9*t*t):s=48000"'


def ladder(size: str, rate: int, distance: int, options: str) -> str:
    """A command line for one rendition of a ladder: ten seconds of the same video and audio."""
    source = f"-f lavfi -i testsrc2=size={size}:rate={rate}"
    return f"{source} {VARYING_TONE} -t 10 {X264} -bf 2 -g {distance} -keyint_min {distance} -sc_threshold 0 {AAC} {options}"


def audio_layouts(*layouts: str) -> str:
    """A command line for a video and one AAC track for each channel layout."""
    maps = "".join(f" -map 1 -filter:a:{number} aformat=channel_layouts={layout}" for number, layout in enumerate(layouts))
    return f"{VIDEO} {TONE} -map 0{maps} -t 2 {X264} -g 25 -c:a aac"


def hevc(seconds: float, parameters: str, options: str = "", source: str = VIDEO) -> str:
    """A command line for one H.265 track."""
    return f"{source} -t {seconds} {X265} -x265-params log-level=error:{parameters} {options}"


def kvazaar(seconds: float, parameters: str) -> str:
    """A command line for one H.265 track by kvazaar, which supports tiles and dependent slices."""
    source = VIDEO.replace("320x180", "320x192")
    return f"{source} -t {seconds} -c:v libkvazaar -pix_fmt yuv420p -tag:v hvc1 -kvazaar-params {parameters}"


def aom(seconds: float, options: str) -> str:
    """A command line for one AV1 track."""
    return f"{VIDEO} -t {seconds} {AOM} {options}"


def subtitles(cues: str) -> str:
    """An ffmpeg input: an inline SubRip file."""
    return f"-f srt -i data:text/plain;base64,{base64.b64encode(cues.encode()).decode()}"


LATE = """1
00:00:08,000 --> 00:00:09,000
late

2
00:00:09,500 --> 00:00:15,000
across the end

3
00:00:20,000 --> 00:00:21,000
after the end
"""

ENGLISH = """1
00:00:00,500 --> 00:00:01,900
<b>Bold</b>, <i>italic</i> & plain: 1 < 2

2
00:00:02,500 --> 00:00:09,200
A cue of two lines
that lasts over several cuts
"""

GERMAN = """1
00:00:01,000 --> 00:00:02,000
Grüße

2
00:00:02,000 --> 00:00:03,000
[Türen schlagen]

3
00:00:08,040 --> 00:00:09,960
Schluß
"""

FILM = (
    "-f lavfi -i testsrc2=size=640x360:rate=30,noise=alls=20:allf=t -f lavfi -i sine=frequency=330:sample_rate=48000"
    " -t 600 -c:v libx264 -preset superfast -bf 2 -g 60 -sc_threshold 0 -b:v 2500k -maxrate 3000k -bufsize 3000k -pix_fmt yuv420p"
    " -c:a aac -ac 2 -b:a 128k -movflags +faststart"
)

SAMPLE = Recipe(
    "sample.mp4",
    "30 s, H.264 High with B-frames, AAC stereo, movie box first; the sample movie of the demo",
    "-f lavfi -i mandelbrot=size=640x360:rate=24 -f lavfi -i \"aevalsrc="
    "0.12*sin(2*PI*220*t)+0.1*sin(2*PI*277.18*t)*(0.5+0.5*sin(PI*t/4))"
    "|0.12*sin(2*PI*329.63*t)+0.1*sin(2*PI*440*t)*(0.5+0.5*cos(PI*t/4)):s=48000\""
    " -t 30 -c:v libx264 -profile:v high -preset veryslow -b:v 300k -bf 3 -g 72 -pix_fmt yuv420p"
    " -c:a aac -b:a 64k -movflags +faststart",
)

GOOD = [
    Recipe("film-moov-first.mp4", "10 min, B-frames, noisy 640x360 at 2.5 Mb/s, movie box first", FILM),
    Recipe("film-moov-last.mp4", "the same movie, movie box last", synthetic=synthetic.moov_last, of="film-moov-first.mp4"),
    Recipe("captions.mp4", "closed captions in CEA-608 channels CC1 and CC3 and CEA-708 service 1", synthetic=synthetic.captioned, of="uncaptioned.mp4"),
    Recipe("captions-b-frames.mp4", "the same captions, in H.264 with B-frames", "-i {captions.mp4} -c:v libx264 -preset fast -bf 2 -g 25 -a53cc 1"),
    Recipe("captions-hevc.mp4", "the same captions, in H.265", "-i {captions.mp4} -c:v libx265 -preset ultrafast -tag:v hvc1 -x265-params log-level=error:keyint=25 -a53cc 1"),
    Recipe("uncaptioned.mp4", "the same without captions", video(4, "-bf 0 -g 25")),
    Recipe("quicktime.mov", "QuickTime brand, AAC in a version 1 sound description", movie(10, "-bf 2 -g 50 -f mov")),
    Recipe("video-only.mp4", "no audio track", video(10, "-bf 2 -g 50")),
    Recipe(
        "two-languages.mp4",
        "English audio, and French audio that is disabled in its track header",
        f"{VIDEO} {TONE} -f lavfi -i sine=frequency=660:sample_rate=44100 -map 0 -map 1 -map 2 -t 10 {X264} -g 50 {AAC}"
        " -metadata:s:a:0 language=eng -metadata:s:a:1 language=fra",
    ),
    Recipe(
        "late-audio.mp4",
        "audio starts 0.7 s after the video: an empty edit, then the encoder's priming samples",
        f"{VIDEO} -itsoffset 0.7 {TONE} -t 10 {X264} -bf 2 -g 50 {AAC}",
    ),
    Recipe(
        "late-video.mp4",
        "video starts 0.48 s after the audio: an empty edit, then the reordering delay",
        f"-itsoffset 0.48 {VIDEO} {TONE} -t 10 {X264} -bf 2 -g 50 {AAC}",
    ),
    Recipe("trimmed.mp4", "trimmed between sync samples: the edit starts inside the first GOP", "-ss 3.28 -i {late-audio.mp4} -c copy"),
    Recipe("negative-offsets.mp4", "signed composition offsets, no edit list for the video", movie(10, "-bf 2 -g 50 -movflags +negative_cts_offsets")),
    Recipe(
        "irregular-groups.mp4",
        "sync samples at 0, 0.4, 1.2, 13.36, 14 and 29 s only",
        movie(30, "-bf 2 -x264-params keyint=infinite:scenecut=0 -force_key_frames 0,0.4,1.2,13.36,14,29"),
    ),
    Recipe("open-groups.mp4", "open GOPs: sync samples are recovery points", video(10, "-bf 3 -x264-params open-gop=1:keyint=48:scenecut=0")),
    Recipe("open-groups-sound.mp4", "open GOPs with an audio track, which is segmented at the same times", movie(10, "-bf 3 -x264-params open-gop=1:keyint=48:scenecut=0")),
    Recipe("long-sound.mp4", "20 s of audio with 4 s of video", f"-t 4 {VIDEO} -t 20 {TONE} {X264} -bf 2 -g 25 {AAC}"),
    Recipe("late-picture.mp4", "video starts 4 s after the audio", f"-itsoffset 4 -t 4 {VIDEO} -t 20 {TONE} {X264} -bf 2 -g 25 {AAC}"),
    Recipe(
        "variable-rate.mp4",
        "sample durations of 1, 2 and 5 frames",
        movie(10, "-bf 2 -g 50 -fps_mode vfr -vf select='not(mod(n\\,5))+not(mod(n\\,7))+gt(mod(n\\,31)\\,12)'"),
    ),
    Recipe("slices.mp4", "four slices per picture", video(4, "-bf 2 -g 25 -x264-params slices=4")),
    Recipe("many-slices.mp4", "more than 42 slices per picture, some with less than 16 bytes of data", video(2, "-bf 2 -g 25 -x264-params slice-max-mbs=4")),
    Recipe("baseline.mp4", "Baseline: CAVLC, one reference, no B-frames", video(4, "-profile:v baseline -refs 1 -g 25")),
    Recipe(
        "weighted.mp4",
        "explicit weighted prediction, B-pyramid, many references: the longest slice headers",
        video(6, "-vf fade=in:0:60,fade=out:90:60 -x264-params weightp=2:weightb=1:ref=8:bframes=6:b-adapt=2:b-pyramid=normal:keyint=75"),
    ),
    Recipe("interlaced.mp4", "interlaced, MBAFF", video(4, "-bf 2 -g 25 -x264-params tff=1:ref=4:weightp=0")),
    Recipe("interlaced-cavlc.mp4", "interlaced, CAVLC, spatial direct prediction", video(4, "-bf 2 -g 25 -x264-params bff=1:cabac=0:direct=spatial:weightp=0")),
    Recipe("anamorphic.mp4", "4:3 with pixels of 64:45: H.264", video(1, "-g 25 -vf setsar=64/45", "-f lavfi -i testsrc2=size=360x288:rate=25")),
    Recipe(
        "jitter.mp4",
        "29.97 frames per second at 600 units per second: frames last 20 or 21 units",
        video(10, "-bf 2 -g 60 -video_track_timescale 600", "-f lavfi -i testsrc2=size=320x180:rate=30000/1001"),
    ),
    Recipe("jitter-ms.mp4", "23.976 frames per second in milliseconds", video(5, "-bf 2 -g 48 -video_track_timescale 1000", "-f lavfi -i testsrc2=size=320x180:rate=24000/1001")),
    Recipe("high-10.mp4", "ten bits, 4:2:2", video(4, "-bf 2 -g 25 -pix_fmt yuv422p10le")),
    Recipe("still.mp4", "a still image: slices with very little data", video(4, "-bf 2 -g 25", "-f lavfi -i color=black:size=320x180:rate=25")),
    Recipe("log-gamma.mp4", "ten bits, BT.2020 with hybrid log-gamma", video(2, "-bf 2 -g 25 -pix_fmt yuv420p10le -x264-params colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc")),
    Recipe("in-band.mp4", "parameter sets repeated in the samples", video(4, "-bf 2 -g 25 -bsf:v dump_extra=freq=keyframe")),
    Recipe("delimiters.mp4", "access unit delimiters and picture timing", video(4, "-bf 2 -g 25 -x264-params aud=1:nal-hrd=vbr:vbv-maxrate=900:vbv-bufsize=900")),
    Recipe(
        "long-message.mp4",
        "an SEI message of 70,000 bytes before the slices: a clear range longer than 65,535 bytes",
        video(2, "-bf 2 -g 25 -bsf:v h264_metadata=sei_user_data=086f3693b7b34f2c965321492feee5b8+" + "0123456789" * 7000),
    ),
    Recipe("fragments.mp4", "fragments with all tracks, offsets from the moof", fragments("empty_moov+default_base_moof")),
    Recipe("fragments-absolute.mp4", "fragments with absolute offsets", fragments("empty_moov")),
    Recipe("fragments-separate.mp4", "fragments with one track each", fragments("empty_moov+separate_moof")),
    Recipe("fragments-late.mp4", "fragments, movie box written after the first one: with edit lists", fragments("delay_moov")),
    Recipe("fragments-hybrid.mp4", "hybrid: the first samples in the movie box, the others in fragments", fragments("omit_tfhd_offset")),
    Recipe("fragments-dash.mp4", "a sidx before every fragment", fragments("dash")),
    Recipe("fragments-index.mp4", "one sidx for all fragments at the start, an mfra at the end", fragments("empty_moov+default_base_moof+global_sidx")),
    Recipe("fragments-each.mp4", "one fragment per sample", "-i {video-only.mp4} -c copy -movflags +frag_every_frame+empty_moov"),
    Recipe("fragments-no-times.mp4", "fragments without tfdt", synthetic=synthetic.without_tfdt, of="fragments.mp4"),
    Recipe("fragments-live.mp4", "a part of a live recording: decode times start at 1.5 hours", synthetic=synthetic.shifted_decode_times, of="fragments.mp4"),
    Recipe(
        "hevc.mp4",
        "H.265 with B-pyramid, and audio",
        f"{VIDEO} {TONE} -t 6 {X265} {AAC} -x265-params log-level=error:bframes=4:b-pyramid=1:ref=4:keyint=50:open-gop=0",
    ),
    Recipe("hevc-open-groups.mp4", "H.265, open GOPs: sync samples are CRA pictures with leading pictures", hevc(6, "bframes=3:keyint=48:min-keyint=48:open-gop=1:scenecut=0")),
    Recipe("hevc-slices.mp4", "H.265, four slices per picture", hevc(3, "slices=4:ctu=16:bframes=2:keyint=25")),
    Recipe(
        "hevc-weighted.mp4",
        "H.265, explicit weighted prediction, many references: the longest slice headers",
        hevc(4, "weightp=1:weightb=1:ref=6:bframes=4:b-adapt=2:rd=3:keyint=75", "-vf fade=in:0:40,fade=out:60:40"),
    ),
    Recipe("hevc-layers.mp4", "H.265, three temporal sub-layers, reference picture sets in slice headers", hevc(4, "temporal-layers=3:bframes=7:rc-lookahead=40:ref=5:multi-pass-opt-rps=1:keyint=50")),
    Recipe("hevc-4-2-2.mp4", "H.265, 10 bits, 4:2:2: range extensions", hevc(3, "bframes=3:keyint=25", "-pix_fmt yuv422p10le")),
    Recipe("hevc-wavefronts.mp4", "H.265, wavefront entry points", hevc(3, "wpp=1:ctu=16:bframes=3:keyint=25")),
    Recipe("hevc-tiles.mp4", "H.265, six tiles, one slice each", kvazaar(2, "tiles=3x2,slices=tiles,gop=8,ref=3,period=16")),
    Recipe("hevc-dependent.mp4", "H.265, one dependent slice segment per row", kvazaar(2, "wpp=1,slices=wpp,gop=8,ref=4,period=16")),
    Recipe("hevc-still.mp4", "H.265, a still image: slices with very little data", hevc(3, "bframes=3:keyint=25", "", "-f lavfi -i color=black:size=320x180:rate=25")),
    Recipe("hevc-in-band.mp4", "H.265 as hev1: parameter sets in the samples", hevc(3, "repeat-headers=1:aud=1:bframes=2:keyint=25", "-tag:v hev1")),
    Recipe(
        "hevc-anamorphic.mp4",
        "H.265, pixels of 64:45, a height that is not a whole number of coding blocks",
        hevc(3, "keyint=25", "-vf setsar=64/45", "-f lavfi -i testsrc2=size=360x286:rate=25"),
    ),
    Recipe("hevc-fields.mp4", "H.265, each sample a field", hevc(3, "interlace=1:keyint=25")),
    Recipe("hevc-complete.mp4", "H.265 as hev1, with array_completeness set in its decoder configuration record", synthetic=synthetic.renamed_hev1, of="hevc.mp4"),
    Recipe(
        "hevc-hdr.mp4",
        "H.265, HDR10: 10 bits, BT.2020, mastering display metadata",
        hevc(
            3,
            "hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:keyint=25"
            ":master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
            "-pix_fmt yuv420p10le",
        ),
    ),
    Recipe("dolby-vision.mp4", "H.265 as dvh1 (Dolby Vision), with the optional boxes of a sample entry", synthetic=synthetic.dolby_vision, of="hevc-hdr.mp4"),
    Recipe(
        "dolby.mp4",
        "AC-3 5.1 and E-AC-3 stereo",
        f"{VIDEO} {TONE} -map 0 -map 1 -map 1 -t 4 {X264} -g 25 -c:a:0 ac3 -ac:a:0 6 -b:a:0 384k -c:a:1 eac3 -ac:a:1 2 -b:a:1 96k",
    ),
    Recipe("dolby.mov", "AC-3 in a QuickTime sound description", f"{VIDEO} {TONE} -t 4 {X264} -g 25 -c:a ac3 -ac 2 -b:a 192k -f mov"),
    Recipe(
        "opus-flac.mp4",
        "Opus stereo and FLAC 5.1",
        f"{VIDEO} {TONE} -map 0 -map 1 -map 1 -t 4 {X264} -g 25 -c:a:0 libopus -ac:a:0 2 -b:a:0 64k -c:a:1 flac -ac:a:1 6",
    ),
    Recipe(
        "alac.mp4",
        "Apple Lossless, stereo and 5.1",
        f"{VIDEO} {TONE} -map 0 -map 1 -map 1 -t 4 {X264} -g 25 -c:a alac -ac:a:0 2 -ac:a:1 6",
    ),
    Recipe("alac.mov", "Apple Lossless in a QuickTime sound description, 96 kHz", f"{VIDEO} {TONE} -t 4 {X264} -g 25 -c:a alac -ar 96000 -f mov"),
    Recipe("mp3.mp4", "MP3, identified by its object type indication", "-i {video-only.mp4} -i {sound.mp4} -map 0 -map 1 -c copy"),
    Recipe("mp3.mov", "MP3 in a QuickTime sound description", "-i {video-only.mp4} -i {sound.mp4} -map 0 -map 1 -c copy -f mov"),
    Recipe("mp3-mono.mp4", "mono MP3 whose sample entry states two channels and another rate", synthetic=synthetic.mono_as_stereo, of="mp3.mp4"),
    Recipe(
        "quicktime-languages.mov",
        "audio with the Macintosh codes of French, Japanese, Arabic and English",
        f"{VIDEO} {TONE} -map 0 -map 1 -map 1 -map 1 -map 1 -t 2 {X264} -g 25 {AAC} -f mov"
        " -metadata:s:a:0 language=fra -metadata:s:a:1 language=jpn -metadata:s:a:2 language=ara -metadata:s:a:3 language=eng",
    ),
    Recipe(
        "aac-channels.mp4",
        "AAC with a program configuration element: channels that have a configuration number, and channels that do not",
        audio_layouts("2.1", "6.1", "7.0", "octagonal", "7.1"),
    ),
    Recipe("av1.mp4", "AV1 with hidden frames that are shown later, and audio", f"{VIDEO} {TONE} -t 3 {AOM} {AAC}"),
    Recipe("av1-tiles.mp4", "AV1, 2x2 tiles, 10 bits", aom(2, "-tiles 2x2 -pix_fmt yuv420p10le")),
    Recipe("av1-groups.mp4", "AV1, several tile groups, each in its own OBU", aom(2, "-aom-params tile-columns=1:tile-rows=2:num-tile-groups=3")),
    Recipe("av1-grain.mp4", "AV1, film grain: the longest frame headers", aom(2, "-denoise-noise-level 25 -aq-mode 1")),
    Recipe("av1-lossless.mp4", "AV1, lossless, 4:4:4: the shortest frame headers", aom(1, "-pix_fmt yuv444p -aom-params lossless=1")),
    Recipe("av1-resize.mp4", "AV1, frame sizes that change, signalled by reference frames", f"{VIDEO} -t 2 -c:v libsvtav1 -preset 8 -g 25 -svtav1-params resize-mode=2"),
    Recipe("av1-superres.mp4", "AV1, super-resolution: frames are coded narrower than displayed", f"{VIDEO} -t 2 -c:v libsvtav1 -preset 8 -g 25 -svtav1-params superres-mode=2"),
    Recipe("vp9.mp4", "VP9, tile columns, and audio", f"-f lavfi -i testsrc2=size=640x360:rate=25 {TONE} -t 3 -c:v libvpx-vp9 -cpu-used 4 -g 25 -tile-columns 2 -b:v 300k {AAC}"),
    Recipe(
        "timed-text.mp4",
        "3GPP timed text: English subtitles, and German captions for deaf and hard-of-hearing viewers with a name",
        f"{VIDEO} {TONE} {subtitles(ENGLISH)} {subtitles(GERMAN)} -map 0 -map 1 -map 2 -map 3 -t 10 {X264} -bf 2 -g 50 {AAC} -c:s mov_text"
        " -metadata:s:s:0 language=eng -metadata:s:s:1 language=deu -metadata:s:s:1 handler_name='Deutsch (alles)' -disposition:s:1 hearing_impaired",
    ),
    Recipe(
        "late-cues.mp4",
        "timed text whose first cue is late, with a cue across the end of the media and a cue after it",
        f"{VIDEO.replace('rate=25', 'rate=25:duration=10')} {TONE.replace('rate=48000', 'rate=48000:duration=10')} {subtitles(LATE)}"
        f" -map 0 -map 1 -map 2 {X264} -bf 2 -g 50 {AAC} -c:s mov_text",
    ),
    Recipe("chapters.mp4", "Chapters, as a track and as a list of Nero", f"{VIDEO} {CHAPTERS} -t 6 {X264} -g 25"),
    Recipe(
        "chapters-track.mov",
        "Chapters only as a track: their titles are in the media",
        f"{VIDEO} {CHAPTERS} -t 6 {X264} -g 25 -movflags disable_chpl",
    ),
    Recipe("webvtt.mp4", "WebVTT in MP4: concurrent cues, one of them across several segment boundaries", synthetic=synthetic.webvtt, of="late-audio.mp4"),
    Recipe("ttml.mp4", "TTML, IMSC1 text profile", synthetic=synthetic.ttml, of="late-audio.mp4"),
    Recipe("far-offsets.mp4", "64-bit chunk offsets past 4 GiB, in a sparse file", synthetic=synthetic.far_offsets, of="late-audio.mp4"),
    Recipe("open-ended.mp4", "a free box with a 64-bit size, and an mdat box with size 0 (to the end of the file)", synthetic=synthetic.open_ended, of="video-only.mp4"),
]

# ffmpeg uses the first sample description for every fragment, so it cannot be the oracle for these.
SEVERAL_SAMPLE_ENTRIES = [
    Recipe(
        "two-settings.mp4",
        "two H.264 profiles in sequence: two sample entries",
        synthetic=synthetic.concatenated,
        of=("slices.mp4", "baseline.mp4"),
    ),
]

# ffmpeg cannot read the samples: it has no decoder, the samples are those of another codec, or it warns of a part that it does not
# read. Shaka Packager is the oracle of all but the last.
WITHOUT_DECODER = [
    Recipe("spatial.mp4", "H.265 of two layers (MV-HEVC), a view for each eye, by Apple VideoToolbox: `stereo_spatial.mp4`", synthetic=synthetic.spatial),
    Recipe("ac-4.mp4", "AC-4 5.1, with sync samples", synthetic=synthetic.ac4, of="late-audio.mp4"),
    Recipe("mpeg-h.mp4", "MPEG-H 3D Audio 7.1.4 as mha1", synthetic=synthetic.mpegh, of="late-audio.mp4"),
    Recipe("mpeg-h-stream.mp4", "MPEG-H 3D Audio 7.1.4 as mhm1, configured in its samples", synthetic=synthetic.mpegh_stream, of="late-audio.mp4"),
    Recipe("xhe-aac.mp4", "xHE-AAC stereo", synthetic=synthetic.xhe_aac, of="late-audio.mp4"),
    Recipe(
        "iamf.mp4",
        "IAMF: one stereo element, coded as Opus",
        f"{TONE} -t 4 -ac 2 -c:a libopus -streamid 0:0 -stream_group type=iamf_audio_element:id=1:st=0:audio_element_type=channel,layer=ch_layout=stereo"
        " -stream_group 'type=iamf_mix_presentation:id=3:stg=0:annotations=en-us=mix,submix=parameter_id=100:parameter_rate=48000"
        "|element=stg=0:parameter_id=100:annotations=en-us=element|layout=sound_system=stereo:integrated_loudness=0'",
    ),
]

# Renditions of a ladder, and inputs that match them or do not: packaged together.
LADDER = [
    Recipe("ladder-low.mp4", "low rendition: a key frame every 2 s, English audio", ladder("320x180", 25, 50, "-metadata:s:a:0 language=eng")),
    Recipe(
        "ladder-high.mp4",
        "high rendition: twice the frame rate, another timescale, the same key frame times and audio",
        ladder("640x360", 50, 100, "-video_track_timescale 90000 -metadata:s:a:0 language=eng"),
    ),
    Recipe("ladder-off.mp4", "not aligned: a key frame every 2.4 s", ladder("480x270", 25, 60, "-metadata:s:a:0 language=eng")),
    Recipe(
        "ladder-audio-rate.mp4",
        "a medium rendition whose English audio has another bit rate",
        ladder("480x270", 25, 50, "-metadata:s:a:0 language=eng").replace("-b:a 96k", "-b:a 48k"),
    ),
    Recipe(
        "ladder-unnamed.mp4",
        "a medium rendition whose audio has another bit rate and no language",
        ladder("480x270", 25, 50, "").replace("-b:a 96k", "-b:a 48k"),
    ),
    Recipe("ladder-french.mp4", "audio only, French", f"{VARYING_TONE.replace('330', '660')} -t 10 {AAC} -metadata:s:a:0 language=fra"),
]

# Movies of which a track is the main one or the default one, and another is not.
SELECTED = [
    Recipe(
        "short-video-first.mp4",
        "two enabled videos of different content: 2 s in the first track, 6 s in the second",
        f"{VIDEO.replace('rate=25', 'rate=25:duration=2')} -f lavfi -i mandelbrot=size=480x270:rate=25 -map 0 -map 1 -t 6 {X264} -g 50"
        " -disposition:v:0 default -disposition:v:1 default",
    ),
    Recipe(
        "second-video-enabled.mp4",
        "two videos of the same length, of which only the second is enabled, and audio",
        f"{VIDEO} -f lavfi -i mandelbrot=size=480x270:rate=25 {TONE} -map 0 -map 1 -map 2 -t 6 {X264} {AAC} -g 50"
        " -disposition:v:0 0 -disposition:v:1 default",
    ),
    Recipe(
        "last-audio-enabled.mp4",
        "English, German and French audio, of which only the French is enabled",
        f"{VIDEO} {TONE} {TONE.replace('330', '440')} {TONE.replace('330', '550')} -map 0 -map 1 -map 2 -map 3 -t 6 {X264} {AAC} -g 50"
        " -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu -metadata:s:a:2 language=fra"
        " -disposition:a:0 0 -disposition:a:1 0 -disposition:a:2 default",
    ),
    Recipe(
        "anamorphic.mp4",
        "720x576 with a pixel aspect ratio of 64:45, displayed at 16:9",
        f"{VIDEO.replace('320x180', '720x576')} -t 4 {X264} -g 50 -vf setsar=64/45",
    ),
    Recipe("turned.mp4", "a quarter turn by the matrix of the track header", "-display_rotation 90 -i {video-only.mp4} -c copy"),
]

# The packages of these differ from ffmpeg's output by design, and the preflight check reports a warning.
WARNED = [
    Recipe(
        "silence.mp4",
        "silent AAC, of which every frame has 4 bytes",
        f"{VIDEO} -f lavfi -i anullsrc=sample_rate=48000:channel_layout=mono -t 10 {X264} -g 50 -c:a aac -fflags +bitexact -flags +bitexact",
    ),
    Recipe("metadata.mp4", "a timed metadata track, interleaved with the video", synthetic=synthetic.audio_as_metadata, of="late-audio.mp4"),
    Recipe("fragment-cut.mp4", "truncated in the media of the last fragment", synthetic=synthetic.cut_in_last_mdat, of="fragments.mp4"),
    Recipe("cut-by-edit.mp4", "an edit list that ends after 2 of 10 seconds", synthetic=synthetic.shortened_by_edit, of="video-only.mp4"),
]

# Matroska and WebM. The peers of the other fixtures do not read all of these.
MATROSKA = [
    Recipe("avc.mkv", "H.264 at 23.976 frames a second, with B-frames, and AAC", "-i {sample.mp4} -c copy -f matroska"),
    Recipe("live.mkv", "as a live recording: a segment and clusters of unknown size, no index of key frames", "-i {sample.mp4} -c copy -f matroska -live 1"),
    Recipe("hevc.mkv", "H.265 and AAC", "-i {hevc.mp4} -c copy -f matroska"),
    Recipe("av1.mkv", "AV1 and AAC", "-i {av1.mp4} -c copy -f matroska"),
    Recipe("vp9-opus.webm", "VP9 and Opus, whose first samples are not presented", "-i {vp9.mp4} -i {opus-flac.mp4} -map 0:v -map 1:a:0 -c copy -f webm"),
    Recipe(
        "many-codecs.mkv",
        "Opus, FLAC, AC-3, E-AC-3 and MP3 beside H.264",
        "-i {opus-flac.mp4} -i {dolby.mp4} -i {mp3.mp4} -map 0:v -map 0:a -map 1:a -map 2:a -c copy -f matroska",
    ),
    Recipe("late-audio.mkv", "audio that starts after 0.7 s", "-i {late-audio.mp4} -c copy -f matroska"),
    Recipe("variable-rate.mkv", "frames of different durations", "-i {variable-rate.mp4} -c copy -f matroska"),
    Recipe("anamorphic.mkv", "720x576, displayed at 16:9", "-i {anamorphic.mp4} -c copy -f matroska"),
    Recipe(
        "labels.mkv",
        "chapters, and two languages of which the second is a commentary with a name",
        "-i {chapters.mp4} -i {two-languages.mp4} -map 0:v -map 1:a -map_chapters 0 -c copy -t 6"
        " -metadata:s:a:1 title=Kommentar -disposition:a:1 comment -f matroska",
    ),
    Recipe("cut.mkv", "a recording that was interrupted after 700,000 bytes", synthetic=synthetic.cut_recording, of="live.mkv"),
]

BAD = [
    Recipe("empty.mp4", "an empty file", synthetic=synthetic.empty),
    Recipe("text.mp4", "a text file", synthetic=synthetic.text),
    Recipe("picture.mp4", "a PNG image", "-f lavfi -i testsrc2=size=320x180 -frames:v 1 -c:v png -f image2"),
    Recipe("sound.mp4", "an MP3 file", f"{TONE} -t 5 -c:a libmp3lame -f mp3"),
    Recipe("transport-stream.mp4", "an MPEG transport stream", "-i {video-only.mp4} -c copy -f mpegts"),
    Recipe(
        "vorbis.webm",
        "Vorbis audio, which no sample entry is defined for",
        "-i {vp9.mp4} -map 0:v -map 0:a -c:v copy -c:a libvorbis -fflags +bitexact -flags +bitexact -f webm",
    ),
    Recipe("no-video.mp4", "an AAC track only", f"{TONE} -t 5 {AAC}"),
    Recipe("moov-cut.mp4", "truncated in the movie box", synthetic=synthetic.cut_in_moov, of="sample.mp4"),
    Recipe("mdat-cut.mp4", "truncated in the media, complete movie box", synthetic=synthetic.cut_in_mdat, of="sample.mp4"),
    Recipe("moov-missing.mp4", "media without a movie box: an unfinished recording", synthetic=synthetic.without_moov, of="sample.mp4"),
    Recipe(
        "encrypted.mp4",
        "already encrypted (cenc)",
        movie(4, "-g 25 -encryption_scheme cenc-aes-ctr -encryption_key 00112233445566778899aabbccddeeff -encryption_kid 0123456789abcdef0123456789abcdef"),
    ),
    Recipe("mpeg-4-part-2.mp4", "MPEG-4 Part 2 video (mp4v)", f"{VIDEO} {TONE} -t 4 -c:v mpeg4 {AAC}"),
    Recipe("prores.mov", "ProRes video (apcn)", f"{VIDEO} {TONE} -t 1 -c:v prores -profile:v 2 {AAC} -f mov"),
    Recipe("pcm.mov", "H.264 with uncompressed audio (sowt)", f"{VIDEO} {TONE} -t 2 {X264} -c:a pcm_s16le -f mov"),
    Recipe("moov-too-large.mp4", "a movie box of 300 MiB, in a sparse file", synthetic=synthetic.moov_too_large),
    Recipe("absurd-table.mp4", "a sample size table with an entry count of four billion", synthetic=synthetic.excessive_sample_count, of="sample.mp4"),
]

MADE = {recipe.name: recipe for recipe in GOOD + SEVERAL_SAMPLE_ENTRIES + WITHOUT_DECODER + LADDER + SELECTED + WARNED + MATROSKA + BAD}
