"""Generated movies for the benchmark and the large file test: up to one minute is encoded once, then looped without re-encoding."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .terminal import CommandError
from .tools import LOCAL, ROOT


@dataclass(frozen=True)
class Movie:
    """A generated movie: up to one minute of video or audio, repeated."""

    name: str
    description: str
    source: str
    """The ffmpeg arguments that encode the source clip."""
    repeats: int
    """The number of times that the clip is repeated."""
    has_peers: bool = True
    """Whether the other packagers package it too."""


_NOISE = "noise=alls=60:allf=t"
_TONES = "-f lavfi -i sine=frequency=330:sample_rate=48000 -f lavfi -i sine=frequency=440:sample_rate=48000"
_AAC = "-c:a aac -ac 2 -b:a 128k"


def _720p(seconds: int) -> str:
    return (
        f"-f lavfi -i testsrc2=size=1280x720:rate=25,{_NOISE} {_TONES} -map 0 -map 1 -map 2 -t {seconds} -c:v libx264"
        " -preset ultrafast -pix_fmt yuv420p -g 100 -sc_threshold 0 -b:v 8M -minrate 8M -maxrate 8M -bufsize 8M -nal-hrd cbr"
        f" {_AAC}"
    )


_MANY_SAMPLES = (
    f"-f lavfi -i testsrc2=size=160x90:rate=50 {_TONES} -map 0 -map 1 -t 60 -c:v libx264 -preset veryfast -pix_fmt yuv420p"
    f" -g 100 -b:v 96k {_AAC}"
)
_SOURCE = f"-f lavfi -i testsrc2=size=1280x720:rate=25,{_NOISE} -t 10 -pix_fmt yuv420p -g 100 -b:v 8M"
_HEVC = f"{_SOURCE} -c:v libx265 -preset ultrafast -x265-params log-level=error -tag:v hvc1"
_AV1 = f"{_SOURCE} -c:v libsvtav1 -preset 12"
_AUDIO = "-f lavfi -i anoisesrc=sample_rate=48000 -t 60 -c:a aac -ac 2 -b:a 256k"

MOVIES = (
    Movie("short", "1 minute of 720p at 8 Mb/s, H.264 and two AAC tracks", _720p(60), 1),
    Movie("film", "20 minutes of 720p at 8 Mb/s, H.264 and two AAC tracks", _720p(60), 20),
    Movie("samples", "4 hours at a low bit rate, 50 frames per second: 1.4 million samples", _MANY_SAMPLES, 240),
    Movie("hevc", "5 minutes of 720p at about 8 Mb/s, H.265", _HEVC, 30, has_peers=False),
    Movie("av1", "5 minutes of 720p at about 8 Mb/s, AV1", _AV1, 30, has_peers=False),
    Movie("audio", "2.5 hours of AAC at 256 kb/s, full-sample encryption", _AUDIO, 150, has_peers=False),
)


TWO_GIBIBYTES = Movie("large", "34 minutes of 720p at 8 Mb/s", _720p(60), 34)
TEN_MEGABYTES = Movie("small", "10 seconds of 720p at 8 Mb/s", _720p(10), 1)
"""The movies of the large file test."""


def generate(movie: Movie, ffmpeg: Path) -> Path:
    """Generates a movie unless it exists, and returns its path."""
    folder = LOCAL / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    recipe = f"{movie.source} x {movie.repeats}"
    path = folder / f"{movie.name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}.mp4"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    quiet = ["env", "SVT_LOG=1", ffmpeg, "-y", "-nostdin", "-loglevel", "error"]
    clip = folder / f"minute-{hashlib.sha256(movie.source.encode()).hexdigest()[:12]}.mp4"
    if not clip.exists():
        subprocess.run([*quiet, *movie.source.split(), "-f", "mp4", part], check=True)
        part.rename(clip)
    loop = ["-stream_loop", str(movie.repeats - 1), "-i", clip, "-map", "0", "-c", "copy", "-movflags", "+faststart"]
    subprocess.run([*quiet, *loop, "-f", "mp4", part], check=True)
    part.rename(path)
    return path


def fixture_tool(option: str) -> Path:
    """The path of a pinned tool of the tests, which is installed on first use."""
    command = [sys.executable, ROOT / "tests" / "media" / "make.py", option]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CommandError(f"{option}: {done.stderr.strip()}")
    return Path(done.stdout.strip())
