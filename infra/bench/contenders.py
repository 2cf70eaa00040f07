"""Who packages: this engine, its peers, and `cp`, which does nothing but move the bytes."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..local.console import Stop, step
from ..local.tools import ROOT
from .media import Movie

KEY, KID = "87237d20a19f58a740c05684e699b4aa", "a16e402b9056e371f36d348aa62bb749"
"""The platform's public test vector."""

Command = Callable[[Path, Path], list[list[str]]]
"""From movie and output folder to the commands of the job, one after the other."""


@dataclass(frozen=True)
class Contender:
    """A way to do the job."""

    name: str
    job: str
    """`copy`, `single-file` or `segments`."""
    command: Command


@dataclass(frozen=True)
class Measurement:
    """Medians of a contender on a movie: seconds of processor and wall, peak memory in bytes."""

    movie: str
    movie_bytes: int
    name: str
    job: str
    cpu: float
    wall: float
    memory: int


def build_engine() -> Path:
    """Builds `vpp` and answers its path."""
    with step("building vpp"):
        command = ["cargo", "build", "--release", "--quiet", "--package", "vpp-cli"]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            raise Stop("vpp does not build")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "vpp"


def found(engine: Path, ffmpeg: Path, node: Path) -> list[Contender]:
    """Everyone who is here: Bento4 and GPAC only when their tools are on PATH."""
    system = "osx" if sys.platform == "darwin" else "linux"
    processor = "arm64" if platform.machine() in ("aarch64", "arm64") else "x64"
    shaka = node / f"node_modules/shaka-packager/bin/packager-{system}-{processor}"
    contenders = [Contender("cp", "copy", lambda movie, to: [["cp", str(movie), str(to / "copy.mp4")]])]
    for layout in ("single-file", "segments"):
        contenders += [
            Contender("vpp", layout, _vpp(engine, layout)),
            Contender("Shaka Packager", layout, _shaka(shaka, layout)),
        ]
    contenders.append(Contender("ffmpeg (clear)", "single-file", _ffmpeg(ffmpeg)))
    if shutil.which("mp4fragment") and shutil.which("mp4encrypt"):
        contenders.append(Contender("Bento4", "single-file", _bento4))
    if shutil.which("MP4Box"):
        contenders.append(Contender("GPAC", "single-file", _gpac))
    return contenders


def _vpp(engine: Path, layout: str) -> Command:
    options = ["--key", KEY, "--kid", KID, "--layout", layout, "--segment-duration", "4"]

    def command(movie: Path, to: Path) -> list[list[str]]:
        own = ["--audio-only"] if movie.name.startswith("sound") else []
        return [[str(engine), "package", str(movie), "--output", str(to), *options, *own]]

    return command


def _shaka(program: Path, layout: str) -> Command:
    keys = ["--enable_raw_key_encryption", "--keys", f"label=:key_id={KID}:key={KEY}", "--clear_lead", "0"]
    options = [*keys, "--protection_scheme", "cbcs", "--segment_duration", "4", "--quiet"]

    def command(movie: Path, to: Path) -> list[list[str]]:
        def track(stream: str, name: str) -> str:
            own = f"in={movie},stream={stream}" + ("" if stream == "video" else ",skip_encryption=1")
            if layout == "single-file":
                return f"{own},output={to / name}.mp4"
            (to / name).mkdir()
            return f"{own},init_segment={to / name}/init.mp4,segment_template={to / name}/$Number$.m4s"

        tracks = [track("video", "v1"), *(track(str(number), f"a{number}") for number in _audio_streams(movie))]
        return [[str(program), *tracks, *options, "--mpd_output", str(to / "stream.mpd")]]

    return command


def _audio_streams(movie: Path) -> range:
    """Shaka's numbers of the sound: the movies have the picture first."""
    return range(1, 2) if movie.name.startswith("samples") else range(1, 3)


def _ffmpeg(program: Path) -> Command:
    fragments = ["-map", "0", "-c", "copy", "-movflags", "+frag_keyframe+empty_moov+default_base_moof"]
    quiet = ["-nostdin", "-loglevel", "error"]
    return lambda movie, to: [[str(program), *quiet, "-i", str(movie), *fragments, str(to / "fragments.mp4")]]


def _bento4(movie: Path, to: Path) -> list[list[str]]:
    key = ["--method", "MPEG-CBCS", "--key", f"1:{KEY}:{'0' * 32}", "--property", f"1:KID:{KID}"]
    return [
        ["mp4fragment", "--fragment-duration", "4000", str(movie), str(to / "fragments.mp4")],
        ["mp4encrypt", *key, str(to / "fragments.mp4"), str(to / "encrypted.mp4")],
    ]


def _gpac(movie: Path, to: Path) -> list[list[str]]:
    return [["MP4Box", "-quiet", "-dash", "4000", "-rap", "-out", str(to / "stream.mpd"), str(movie)]]


def measure(contenders: list[Contender], movie: Movie, path: Path, rounds: int) -> list[Measurement]:
    """Runs every contender once a round; a movie without peers is packaged by this engine alone, into single files."""
    if not movie.has_peers:
        contenders = [own for own in contenders if own.name == "cp" or (own.name, own.job) == ("vpp", "single-file")]
    runs: dict[int, list[tuple[float, float, int]]] = {number: [] for number in range(len(contenders))}
    with tempfile.TemporaryDirectory(dir=_scratch(path), prefix="vpp-bench-") as scratch:
        # Read through a page cache, or from tmpfs: the same for all, after a first reading.
        source = Path(scratch) / path.name
        shutil.copy(path, source)
        for _ in range(rounds):
            for number, contender in enumerate(contenders):
                with tempfile.TemporaryDirectory(dir=scratch) as output:
                    runs[number].append(_run(contender.command(source, Path(output))))
    measurements = []
    for number, contender in enumerate(contenders):
        cpu, wall, memory = (statistics.median(figures) for figures in zip(*runs[number], strict=True))
        size = path.stat().st_size
        measurements.append(Measurement(movie.name, size, contender.name, contender.job, cpu, wall, int(memory)))
    return measurements


def _scratch(movie: Path) -> Path:
    """tmpfs where it has room for the movie and two copies, else the movie's own folder."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 4 * movie.stat().st_size:
        return memory
    return movie.parent


def _run(commands: list[list[str]]) -> tuple[float, float, int]:
    """Processor and wall seconds of all commands, and the largest of their peak memories."""
    cpu, wall, memory = 0.0, 0.0, 0
    for command in commands:
        runner = [sys.executable, "-I", "-S", str(Path(__file__).with_name("run.py"))]
        done = subprocess.run([*runner, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Stop(f"{' '.join(command)}: {done.stderr.strip()[-400:]}")
        took = json.loads(done.stdout)
        cpu, wall, memory = cpu + took["cpu"], wall + took["wall"], max(memory, took["memory"])
    return cpu, wall, memory
