"""The packagers: this engine, other packagers, and `cp` as the baseline that only copies the bytes."""

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

from ..local.benchmark_media import Movie
from ..local.terminal import CommandError, step
from ..local.tools import ROOT

KEY, KID = "87237d20a19f58a740c05684e699b4aa", "a16e402b9056e371f36d348aa62bb749"
"""The platform's public test vector."""

Command = Callable[[Path, Path], list[list[str]]]
"""From a movie and an output folder to the commands to run, in sequence."""


@dataclass(frozen=True)
class Packager:
    """A packager with its output layout."""

    name: str
    job: str
    """`copy`, `single-file` or `segments`."""
    command: Command


@dataclass(frozen=True)
class Measurement:
    """Median CPU and wall time in seconds, and peak memory in bytes, of a packager on a movie.

    The spreads are the differences between the longest and the shortest time, as parts of the median."""

    movie: str
    movie_bytes: int
    name: str
    job: str
    cpu: float
    cpu_spread: float
    wall: float
    wall_spread: float
    memory: int


def build_engine() -> Path:
    """Builds `vpp` and returns its path."""
    with step("building vpp"):
        command = ["cargo", "build", "--release", "--quiet", "--package", "vpp-cli"]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            raise CommandError("the build of vpp failed")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "vpp"


def available(engine: Path, ffmpeg: Path, node: Path) -> list[Packager]:
    """Returns the available packagers. Bento4 and GPAC are included if their tools are on PATH."""
    system = "osx" if sys.platform == "darwin" else "linux"
    processor = "arm64" if platform.machine() in ("aarch64", "arm64") else "x64"
    shaka = node / f"node_modules/shaka-packager/bin/packager-{system}-{processor}"
    packagers = [Packager("cp", "copy", lambda movie, to: [["cp", str(movie), str(to / "copy.mp4")]])]
    for layout in ("single-file", "segments"):
        packagers += [
            Packager("vpp", layout, _vpp(engine, layout)),
            Packager("Shaka Packager", layout, _shaka(shaka, layout)),
        ]
    packagers.append(Packager("ffmpeg (clear)", "single-file", _ffmpeg(ffmpeg)))
    if shutil.which("mp4fragment") and shutil.which("mp4encrypt"):
        packagers.append(Packager("Bento4", "single-file", _bento4))
    if shutil.which("MP4Box"):
        packagers.append(Packager("GPAC", "single-file", _gpac))
    return packagers


def _vpp(engine: Path, layout: str) -> Command:
    options = ["--key", KEY, "--kid", KID, "--layout", layout, "--segment-duration", "4"]

    def command(movie: Path, to: Path) -> list[list[str]]:
        audio_only = ["--audio-only"] if movie.name.startswith("audio") else []
        return [[str(engine), "package", str(movie), "--output", str(to), *options, *audio_only]]

    return command


def _shaka(program: Path, layout: str) -> Command:
    keys = ["--enable_raw_key_encryption", "--keys", f"label=:key_id={KID}:key={KEY}", "--clear_lead", "0"]
    options = [*keys, "--protection_scheme", "cbcs", "--segment_duration", "4", "--quiet"]

    def command(movie: Path, to: Path) -> list[list[str]]:
        def track(stream: str, name: str) -> str:
            descriptor = f"in={movie},stream={stream}" + ("" if stream == "video" else ",skip_encryption=1")
            if layout == "single-file":
                return f"{descriptor},output={to / name}.mp4"
            (to / name).mkdir()
            return f"{descriptor},init_segment={to / name}/init.mp4,segment_template={to / name}/$Number$.m4s"

        tracks = [track("video", "v1"), *(track(str(number), f"a{number}") for number in _audio_streams(movie))]
        return [[str(program), *tracks, *options, "--mpd_output", str(to / "stream.mpd")]]

    return command


def _audio_streams(movie: Path) -> range:
    """The stream indices of the audio tracks. The video track comes first."""
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


def measure(packagers: list[Packager], movie: Movie, path: Path, rounds: int) -> list[Measurement]:
    """Runs every packager once per round. Movies without peers are packaged by this engine only, in the single-file layout."""
    if not movie.has_peers:
        packagers = [one for one in packagers if one.name == "cp" or (one.name, one.job) == ("vpp", "single-file")]
    runs: dict[int, list[tuple[float, float, int]]] = {number: [] for number in range(len(packagers))}
    with tempfile.TemporaryDirectory(dir=_scratch(path), prefix="vpp-bench-") as scratch:
        # Every packager reads from tmpfs, or from the page cache.
        source = Path(scratch) / path.name
        shutil.copy(path, source)
        for _ in range(rounds):
            for number, packager in enumerate(packagers):
                with tempfile.TemporaryDirectory(dir=scratch) as output:
                    runs[number].append(_run(packager.command(source, Path(output))))
    measurements = []
    for number, packager in enumerate(packagers):
        times, walls, peaks = zip(*runs[number], strict=True)
        measurements.append(
            Measurement(
                movie=movie.name,
                movie_bytes=path.stat().st_size,
                name=packager.name,
                job=packager.job,
                cpu=statistics.median(times),
                cpu_spread=_spread(times),
                wall=statistics.median(walls),
                wall_spread=_spread(walls),
                memory=int(statistics.median(peaks)),
            )
        )
    return measurements


def _spread(times: tuple[float, ...]) -> float:
    return (max(times) - min(times)) / statistics.median(times)


def _scratch(movie: Path) -> Path:
    """Returns tmpfs if it has space for the movie and its output, otherwise the movie's folder."""
    tmpfs = Path("/dev/shm")
    if tmpfs.is_dir() and shutil.disk_usage(tmpfs).free > 4 * movie.stat().st_size:
        return tmpfs
    return movie.parent


def _run(commands: list[list[str]]) -> tuple[float, float, int]:
    """Returns the total CPU and wall seconds of the commands, and the maximum of their peak memory."""
    cpu, wall, memory = 0.0, 0.0, 0
    for command in commands:
        runner = [sys.executable, "-I", "-S", str(Path(__file__).with_name("measure_command.py"))]
        done = subprocess.run([*runner, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CommandError(f"{' '.join(command)}: {done.stderr.strip()[-400:]}")
        usage = json.loads(done.stdout)
        cpu, wall, memory = cpu + usage["cpu"], wall + usage["wall"], max(memory, usage["memory"])
    return cpu, wall, memory
