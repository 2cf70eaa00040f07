"""What every media fixture is and how it is made.

A recipe is a name, a sentence, and either an ffmpeg command line or a function of `synthetic.py`. In a command line
`{name}` stands for another fixture's path, so the order of making follows from the text. The output path is added last.
"""

import base64
from dataclasses import dataclass
from typing import Callable

import synthetic


@dataclass(frozen=True)
class Recipe:
    """One fixture: its file name, what it holds, and how it is made (exactly one of `ffmpeg` and `synthetic`)."""

    name: str
    holds: str
    ffmpeg: str | None = None
    synthetic: Callable | None = None
    of: tuple[str, ...] | str = ()  # the fixture, or fixtures, that a synthetic one is made from


# Pictures that differ in every frame, so that a sample out of place never has the right hash.
PICTURE = "-f lavfi -i testsrc2=size=320x180:rate=25"
TONE = "-f lavfi -i sine=frequency=330:sample_rate=48000"
AOM = "-c:v libaom-av1 -cpu-used 6 -row-mt 1 -g 25 -b:v 200k"
X264 = "-c:v libx264 -preset fast -pix_fmt yuv420p"
X265 = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p -tag:v hvc1"
AAC = "-c:a aac -ac 2 -b:a 96k"


def video(seconds: float, options: str, picture: str = PICTURE) -> str:
    """A video-only command line."""
    return f"{picture} -t {seconds} {X264} {options}"


def movie(seconds: float, options: str, picture: str = PICTURE) -> str:
    """A command line for one video and one audio track."""
    return f"{picture} {TONE} -t {seconds} {X264} {AAC} {options}"


def fragments(flags: str) -> str:
    """A command line that cuts late-audio.mp4 into fragments."""
    return f"-i {{late-audio.mp4}} -c copy -movflags +frag_keyframe+{flags}"


# A tone that comes and goes, so that its blocks have many sizes.
VOICE = '-f lavfi -i "aevalsrc=0.3*sin(2*PI*330*t)*sin(7*t)*sin(0.9*t*t):s=48000"'


def ladder(size: str, rate: int, distance: int, options: str) -> str:
    """A command line for one rung of a ladder, ten seconds of the same film and sound."""
    picture = f"-f lavfi -i testsrc2=size={size}:rate={rate}"
    return f"{picture} {VOICE} -t 10 {X264} -bf 2 -g {distance} -keyint_min {distance} -sc_threshold 0 {AAC} {options}"


def hevc(seconds: float, parameters: str, options: str = "", picture: str = PICTURE) -> str:
    """A command line for one H.265 track."""
    return f"{picture} -t {seconds} {X265} -x265-params log-level=error:{parameters} {options}"


def kvazaar(seconds: float, parameters: str) -> str:
    """A command line for one H.265 track by an encoder that has tiles and dependent slices."""
    picture = PICTURE.replace("320x180", "320x192")
    return f"{picture} -t {seconds} -c:v libkvazaar -pix_fmt yuv420p -tag:v hvc1 -kvazaar-params {parameters}"


def aom(seconds: float, options: str) -> str:
    """A command line for one AV1 track."""
    return f"{PICTURE} -t {seconds} {AOM} {options}"


def subtitles(cues: str) -> str:
    """An input of ffmpeg that is a SubRip file of its own."""
    return f"-f srt -i data:text/plain;base64,{base64.b64encode(cues.encode()).decode()}"


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
    "30 s, H.264 High with B-frames, AAC stereo, movie box first; the demo's movie, committed",
    "-f lavfi -i mandelbrot=size=640x360:rate=24 -f lavfi -i \"aevalsrc="
    "0.12*sin(2*PI*220*t)+0.1*sin(2*PI*277.18*t)*(0.5+0.5*sin(PI*t/4))"
    "|0.12*sin(2*PI*329.63*t)+0.1*sin(2*PI*440*t)*(0.5+0.5*cos(PI*t/4)):s=48000\""
    " -t 30 -c:v libx264 -profile:v high -preset veryslow -b:v 300k -bf 3 -g 72 -pix_fmt yuv420p"
    " -c:a aac -b:a 64k -movflags +faststart",
)

GOOD = [
    Recipe("film-moov-first.mp4", "10 min, B-frames, noisy 640x360 at 2.5 Mb/s, movie box first", FILM),
    Recipe("film-moov-last.mp4", "the same film, movie box last", synthetic=synthetic.moov_last, of="film-moov-first.mp4"),
    Recipe("quicktime.mov", "QuickTime brand, AAC in a version 1 sound description", movie(10, "-bf 2 -g 50 -f mov")),
    Recipe("video-only.mp4", "no audio track", video(10, "-bf 2 -g 50")),
    Recipe(
        "two-languages.mp4",
        "audio in English and, disabled in its header, French",
        f"{PICTURE} {TONE} -f lavfi -i sine=frequency=660:sample_rate=44100 -map 0 -map 1 -map 2 -t 10 {X264} -g 50 {AAC}"
        " -metadata:s:a:0 language=eng -metadata:s:a:1 language=fra",
    ),
    Recipe(
        "late-audio.mp4",
        "audio starts 0.7 s after the picture: an empty edit, then the encoder's priming",
        f"{PICTURE} -itsoffset 0.7 {TONE} -t 10 {X264} -bf 2 -g 50 {AAC}",
    ),
    Recipe(
        "late-video.mp4",
        "the picture starts 0.48 s after the audio: an empty edit, then the reorder delay",
        f"-itsoffset 0.48 {PICTURE} {TONE} -t 10 {X264} -bf 2 -g 50 {AAC}",
    ),
    Recipe("trimmed.mp4", "cut between sync samples: its edit starts inside the first group", "-ss 3.28 -i {late-audio.mp4} -c copy"),
    Recipe("negative-offsets.mp4", "signed composition offsets, no edit for the picture", movie(10, "-bf 2 -g 50 -movflags +negative_cts_offsets")),
    Recipe(
        "irregular-groups.mp4",
        "sync samples at 0, 0.4, 1.2, 13.36, 14 and 29 s only",
        movie(30, "-bf 2 -x264-params keyint=infinite:scenecut=0 -force_key_frames 0,0.4,1.2,13.36,14,29"),
    ),
    Recipe("open-groups.mp4", "open groups of pictures: sync samples that are recovery points", video(10, "-bf 3 -x264-params open-gop=1:keyint=48:scenecut=0")),
    Recipe("open-groups-sound.mp4", "open groups of pictures, and sound to be cut where they are", movie(10, "-bf 3 -x264-params open-gop=1:keyint=48:scenecut=0")),
    Recipe("long-sound.mp4", "20 s of sound to 4 s of picture", f"-t 4 {PICTURE} -t 20 {TONE} {X264} -bf 2 -g 25 {AAC}"),
    Recipe("late-picture.mp4", "the picture begins 4 s after the sound", f"-itsoffset 4 -t 4 {PICTURE} -t 20 {TONE} {X264} -bf 2 -g 25 {AAC}"),
    Recipe(
        "variable-rate.mp4",
        "sample durations of 1, 2 and 5 frames",
        movie(10, "-bf 2 -g 50 -fps_mode vfr -vf select='not(mod(n\\,5))+not(mod(n\\,7))+gt(mod(n\\,31)\\,12)'"),
    ),
    Recipe("slices.mp4", "four slices in each picture", video(4, "-bf 2 -g 25 -x264-params slices=4")),
    Recipe("many-slices.mp4", "more than 42 slices in a picture, some under 16 bytes of data", video(2, "-bf 2 -g 25 -x264-params slice-max-mbs=4")),
    Recipe("baseline.mp4", "Baseline: CAVLC, one reference, no B-frames", video(4, "-profile:v baseline -refs 1 -g 25")),
    Recipe(
        "weighted.mp4",
        "explicit weighted prediction, pyramid B-frames, many references: the longest slice headers",
        video(6, "-vf fade=in:0:60,fade=out:90:60 -x264-params weightp=2:weightb=1:ref=8:bframes=6:b-adapt=2:b-pyramid=normal:keyint=75"),
    ),
    Recipe("interlaced.mp4", "interlaced, MBAFF", video(4, "-bf 2 -g 25 -x264-params tff=1:ref=4:weightp=0")),
    Recipe("interlaced-cavlc.mp4", "interlaced, CAVLC, spatial direct prediction", video(4, "-bf 2 -g 25 -x264-params bff=1:cabac=0:direct=spatial:weightp=0")),
    Recipe("high-10.mp4", "ten bits, 4:2:2", video(4, "-bf 2 -g 25 -pix_fmt yuv422p10le")),
    Recipe("still.mp4", "an unchanging picture: slices with hardly any data", video(4, "-bf 2 -g 25", "-f lavfi -i color=black:size=320x180:rate=25")),
    Recipe("log-gamma.mp4", "ten bits, BT.2020 with hybrid log-gamma", video(2, "-bf 2 -g 25 -pix_fmt yuv420p10le -x264-params colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc")),
    Recipe("in-band.mp4", "parameter sets repeated in the samples", video(4, "-bf 2 -g 25 -bsf:v dump_extra=freq=keyframe")),
    Recipe("delimiters.mp4", "access unit delimiters and picture timing", video(4, "-bf 2 -g 25 -x264-params aud=1:nal-hrd=vbr:vbv-maxrate=900:vbv-bufsize=900")),
    Recipe(
        "long-message.mp4",
        "a supplemental message of 70,000 bytes before the picture: a clear run longer than 65,535",
        video(2, "-bf 2 -g 25 -bsf:v h264_metadata=sei_user_data=086f3693b7b34f2c965321492feee5b8+" + "0123456789" * 7000),
    ),
    Recipe("fragments.mp4", "fragments, all tracks in each, offsets from the moof", fragments("empty_moov+default_base_moof")),
    Recipe("fragments-absolute.mp4", "fragments with offsets from the start of the file", fragments("empty_moov")),
    Recipe("fragments-separate.mp4", "fragments of one track each", fragments("empty_moov+separate_moof")),
    Recipe("fragments-late.mp4", "fragments, and a movie box that was written after the first: with its edit lists", fragments("delay_moov")),
    Recipe("fragments-hybrid.mp4", "the first samples in the movie box, the others in fragments", fragments("omit_tfhd_offset")),
    Recipe("fragments-dash.mp4", "a sidx before every fragment", fragments("dash")),
    Recipe("fragments-index.mp4", "a sidx for all fragments in front, an mfra at the end", fragments("empty_moov+default_base_moof+global_sidx")),
    Recipe("fragments-each.mp4", "every sample a fragment", "-i {video-only.mp4} -c copy -movflags +frag_every_frame+empty_moov"),
    Recipe("fragments-no-times.mp4", "fragments without tfdt", synthetic=synthetic.without_tfdt, of="fragments.mp4"),
    Recipe("fragments-live.mp4", "cut out of a recording: times begin at an hour and a half", synthetic=synthetic.an_hour_on, of="fragments.mp4"),
    Recipe(
        "hevc.mp4",
        "H.265 with a pyramid of B-frames, and sound",
        f"{PICTURE} {TONE} -t 6 {X265} {AAC} -x265-params log-level=error:bframes=4:b-pyramid=1:ref=4:keyint=50:open-gop=0",
    ),
    Recipe("hevc-open-groups.mp4", "H.265, open groups of pictures: sync samples are CRA, with leading pictures", hevc(6, "bframes=3:keyint=48:min-keyint=48:open-gop=1:scenecut=0")),
    Recipe("hevc-slices.mp4", "H.265, four slices in each picture", hevc(3, "slices=4:ctu=16:bframes=2:keyint=25")),
    Recipe(
        "hevc-weighted.mp4",
        "H.265, explicit weights, many references: the longest slice headers",
        hevc(4, "weightp=1:weightb=1:ref=6:bframes=4:b-adapt=2:rd=3:keyint=75", "-vf fade=in:0:40,fade=out:60:40"),
    ),
    Recipe("hevc-layers.mp4", "H.265, three temporal sub-layers, reference sets in slice headers", hevc(4, "temporal-layers=3:bframes=7:rc-lookahead=40:ref=5:multi-pass-opt-rps=1:keyint=50")),
    Recipe("hevc-4-2-2.mp4", "H.265, ten bits, 4:2:2: range extensions", hevc(3, "bframes=3:keyint=25", "-pix_fmt yuv422p10le")),
    Recipe("hevc-wavefronts.mp4", "H.265, entry points for wavefronts", hevc(3, "wpp=1:ctu=16:bframes=3:keyint=25")),
    Recipe("hevc-tiles.mp4", "H.265, six tiles in as many slices", kvazaar(2, "tiles=3x2,slices=tiles,gop=8,ref=3,period=16")),
    Recipe("hevc-dependent.mp4", "H.265, dependent slices, one for each row", kvazaar(2, "wpp=1,slices=wpp,gop=8,ref=4,period=16")),
    Recipe("hevc-still.mp4", "H.265, an unchanging picture: slices with hardly any data", hevc(3, "bframes=3:keyint=25", "", "-f lavfi -i color=black:size=320x180:rate=25")),
    Recipe("hevc-in-band.mp4", "H.265 as hev1: parameter sets in the samples", hevc(3, "repeat-headers=1:aud=1:bframes=2:keyint=25", "-tag:v hev1")),
    Recipe("hevc-complete.mp4", "H.265 as hev1, whose record says that it holds all parameter sets", synthetic=synthetic.renamed_hev1, of="hevc.mp4"),
    Recipe(
        "hevc-hdr.mp4",
        "H.265, HDR10: ten bits, BT.2020, mastering display",
        hevc(
            3,
            "hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:keyint=25"
            ":master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
            "-pix_fmt yuv420p10le",
        ),
    ),
    Recipe("dolby-vision.mp4", "H.265 as dvh1, with all that cameras put in a sample entry", synthetic=synthetic.dolby_vision, of="hevc-hdr.mp4"),
    Recipe(
        "dolby.mp4",
        "AC-3 in 5.1 and E-AC-3 in stereo",
        f"{PICTURE} {TONE} -map 0 -map 1 -map 1 -t 4 {X264} -g 25 -c:a:0 ac3 -ac:a:0 6 -b:a:0 384k -c:a:1 eac3 -ac:a:1 2 -b:a:1 96k",
    ),
    Recipe("dolby.mov", "AC-3 in a sound description of QuickTime", f"{PICTURE} {TONE} -t 4 {X264} -g 25 -c:a ac3 -ac 2 -b:a 192k -f mov"),
    Recipe(
        "opus-flac.mp4",
        "Opus in stereo and FLAC in 5.1",
        f"{PICTURE} {TONE} -map 0 -map 1 -map 1 -t 4 {X264} -g 25 -c:a:0 libopus -ac:a:0 2 -b:a:0 64k -c:a:1 flac -ac:a:1 6",
    ),
    Recipe("mp3.mp4", "MP3, named by its descriptor", "-i {video-only.mp4} -i {sound.mp4} -map 0 -map 1 -c copy"),
    Recipe("mp3.mov", "MP3 in a sound description of QuickTime", "-i {video-only.mp4} -i {sound.mp4} -map 0 -map 1 -c copy -f mov"),
    Recipe("av1.mp4", "AV1 with frames that are shown later than they are coded, and sound", f"{PICTURE} {TONE} -t 3 {AOM} {AAC}"),
    Recipe("av1-tiles.mp4", "AV1, two tiles by two, ten bits", aom(2, "-tiles 2x2 -pix_fmt yuv420p10le")),
    Recipe("av1-groups.mp4", "AV1, tiles in several groups, each a unit of its own", aom(2, "-aom-params tile-columns=1:tile-rows=2:num-tile-groups=3")),
    Recipe("av1-grain.mp4", "AV1, film grain: the longest frame headers", aom(2, "-denoise-noise-level 25 -aq-mode 1")),
    Recipe("av1-lossless.mp4", "AV1, lossless, 4:4:4: the shortest frame headers, in colours of their own", aom(1, "-pix_fmt yuv444p -aom-params lossless=1")),
    Recipe("av1-resize.mp4", "AV1, frames of sizes of their own, taken from the frames they refer to", f"{PICTURE} -t 2 -c:v libsvtav1 -preset 8 -g 25 -svtav1-params resize-mode=2"),
    Recipe("av1-superres.mp4", "AV1, frames that are coded narrower than they are shown", f"{PICTURE} -t 2 -c:v libsvtav1 -preset 8 -g 25 -svtav1-params superres-mode=2"),
    Recipe("vp9.mp4", "VP9, tiles in columns, and sound", f"-f lavfi -i testsrc2=size=640x360:rate=25 {TONE} -t 3 -c:v libvpx-vp9 -cpu-used 4 -g 25 -tile-columns 2 -b:v 300k {AAC}"),
    Recipe(
        "timed-text.mp4",
        "3GPP timed text in English and, with a name and for who cannot hear, in German",
        f"{PICTURE} {TONE} {subtitles(ENGLISH)} {subtitles(GERMAN)} -map 0 -map 1 -map 2 -map 3 -t 10 {X264} -bf 2 -g 50 {AAC} -c:s mov_text"
        " -metadata:s:s:0 language=eng -metadata:s:s:1 language=deu -metadata:s:s:1 handler_name='Deutsch (alles)' -disposition:s:1 hearing_impaired",
    ),
    Recipe("webvtt.mp4", "WebVTT in boxes: cues side by side, one over several cuts", synthetic=synthetic.webvtt, of="late-audio.mp4"),
    Recipe("ttml.mp4", "TTML of the text profile of IMSC1", synthetic=synthetic.ttml, of="late-audio.mp4"),
    Recipe("far-offsets.mp4", "64-bit chunk offsets past 4 GiB, the gap a hole in the file", synthetic=synthetic.far_offsets, of="late-audio.mp4"),
    Recipe("open-ended.mp4", "a spare box with a 64-bit size, the media box of size 0: to the end of the file", synthetic=synthetic.open_ended, of="video-only.mp4"),
]

# ffmpeg takes every fragment to be of the first sample description, so it cannot judge what these are packaged to.
CHANGING = [
    Recipe(
        "two-settings.mp4",
        "pictures of two profiles, one behind the other: two sample descriptions",
        synthetic=synthetic.joined,
        of=("slices.mp4", "baseline.mp4"),
    ),
]

# What these are packaged to differs from what ffmpeg makes of the source, on purpose, and the upload is told.
# Rungs of a ladder, and what goes with them or does not: to be packaged together.
LADDER = [
    Recipe("ladder-low.mp4", "a low rung: a key picture every 2 s, sound in English", ladder("320x180", 25, 50, "-metadata:s:a:0 language=eng")),
    Recipe(
        "ladder-high.mp4",
        "a high rung: twice the pictures, another timescale, the same key pictures and sound",
        ladder("640x360", 50, 100, "-video_track_timescale 90000 -metadata:s:a:0 language=eng"),
    ),
    Recipe("ladder-off.mp4", "no rung: a key picture every 2.4 s", ladder("480x270", 25, 60, "-metadata:s:a:0 language=eng")),
    Recipe("ladder-french.mp4", "sound alone, in French", f"{VOICE.replace('330', '660')} -t 10 {AAC} -metadata:s:a:0 language=fra"),
]

ODD = [
    Recipe("metadata.mp4", "samples of a third kind of track between the pictures", synthetic=synthetic.as_metadata, of="late-audio.mp4"),
    Recipe("cut-by-edit.mp4", "an edit list that ends after two of ten seconds", synthetic=synthetic.cut_by_edit, of="video-only.mp4"),
]

BAD = [
    Recipe("empty.mp4", "no bytes", synthetic=synthetic.empty),
    Recipe("text.mp4", "a text file", synthetic=synthetic.text),
    Recipe("picture.mp4", "a PNG", "-f lavfi -i testsrc2=size=320x180 -frames:v 1 -c:v png -f image2"),
    Recipe("sound.mp4", "an MP3", f"{TONE} -t 5 -c:a libmp3lame -f mp3"),
    Recipe("matroska.mp4", "a Matroska file", "-i {video-only.mp4} -c copy -f matroska"),
    Recipe("no-video.mp4", "an AAC track only", f"{TONE} -t 5 {AAC}"),
    Recipe("moov-cut.mp4", "ends inside the movie box", synthetic=synthetic.cut_in_moov, of="sample.mp4"),
    Recipe("mdat-cut.mp4", "ends inside the media, the movie box whole", synthetic=synthetic.cut_in_mdat, of="sample.mp4"),
    Recipe("fragment-cut.mp4", "ends inside the media of its last fragment", synthetic=synthetic.cut_in_last_mdat, of="fragments.mp4"),
    Recipe("moov-missing.mp4", "media without a movie box: a recording that was never finished", synthetic=synthetic.without_moov, of="sample.mp4"),
    Recipe(
        "encrypted.mp4",
        "encrypted already, with cenc",
        movie(4, "-g 25 -encryption_scheme cenc-aes-ctr -encryption_key 00112233445566778899aabbccddeeff -encryption_kid 0123456789abcdef0123456789abcdef"),
    ),
    Recipe("mpeg-4-part-2.mp4", "MPEG-4 part 2 picture (mp4v)", f"{PICTURE} {TONE} -t 4 -c:v mpeg4 {AAC}"),
    Recipe("prores.mov", "ProRes picture (apcn)", f"{PICTURE} {TONE} -t 1 -c:v prores -profile:v 2 {AAC} -f mov"),
    Recipe("pcm.mov", "H.264 with uncompressed sound (sowt)", f"{PICTURE} {TONE} -t 2 {X264} -c:a pcm_s16le -f mov"),
    Recipe("moov-too-large.mp4", "a movie box of 300 MiB, a hole in the file", synthetic=synthetic.moov_too_large),
    Recipe("absurd-table.mp4", "a sample size table that claims four billion entries", synthetic=synthetic.absurd_table, of="sample.mp4"),
]

MADE = {recipe.name: recipe for recipe in GOOD + CHANGING + LADDER + ODD + BAD}
