#!/usr/bin/env python3
"""Makes the media fixtures that are not in git, each once, into `tests/media/made/`.

    make.py [NAME ...]       make the named fixtures, or all of them
    make.py --ffmpeg         print the path of the pinned ffmpeg
    make.py --node           print the folder of the pinned packages for Node
    make.py --sample         make the committed sample movie again
    make.py --list-good      print the names of the fixtures that must package; --list-bad, of those that must not
    make.py --readme         write the table of provenance into README.md
    make.py --check-readme   fail when that table is out of date

ffmpeg comes from the package pinned in `requirements.txt`, installed into a virtual environment under `.local/`; Shaka Packager
and the parsers of manifests from those pinned in `tests/oracles`, installed beside it. A fixture is made again when its recipe, the recipe of its source, or ffmpeg's version has changed. Processes take turns by a file
lock, and a file appears under its name only when it is whole.
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


@cache
def ffmpeg() -> str:
    """The pinned ffmpeg; installs it on first use."""
    home = LOCAL / "venvs" / "media"
    stamp = home / "requirements.sha256"
    wanted = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()
    python = home / "bin" / "python"
    if not stamp.exists() or stamp.read_text().split()[0] != wanted:
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
        find = "import imageio_ffmpeg as package; print(package.get_ffmpeg_exe())"
        path = subprocess.run([python, "-c", find], check=True, capture_output=True, text=True).stdout.strip()
        stamp.write_text(f"{wanted} {path}\n")
    return stamp.read_text().split(maxsplit=1)[1].strip()


def node() -> Path:
    """The folder in which the pinned packages for Node lie, as `node_modules`; installs them on first use."""
    home = LOCAL / "node"
    stamp = home / "package.sha256"
    manifests = [ORACLES / "package.json", ORACLES / "package-lock.json"]
    wanted = hashlib.sha256(b"".join(manifest.read_bytes() for manifest in manifests)).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for manifest in manifests:
            shutil.copy(manifest, home)
        install = ["npm", "ci", "--prefix", home, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
        subprocess.run(install, check=True, stdout=sys.stderr)
        stamp.write_text(wanted)
    return home


@cache
def ffmpeg_version() -> str:
    """The first words of `ffmpeg -version`, without the build's date."""
    line = subprocess.run([ffmpeg(), "-version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    return line.split(" Copyright")[0]


def path_of(name: str) -> Path:
    return HERE / name if name == recipes.SAMPLE.name else MADE / name


def sources(recipe: Recipe) -> list[str]:
    """The fixtures a recipe starts from."""
    named = re.findall(r"\{([^}]+)\}", recipe.ffmpeg) if recipe.ffmpeg else []
    return named + origins(recipe)


def origins(recipe: Recipe) -> list[str]:
    """The fixtures that a synthetic one is made from."""
    return [recipe.of] if isinstance(recipe.of, str) else list(recipe.of)


def fingerprint(name: str) -> str:
    """Changes when anything that decides the fixture's bytes changes."""
    if name == recipes.SAMPLE.name:
        return hashlib.sha256(path_of(name).read_bytes()).hexdigest()
    recipe = recipes.MADE[name]
    how = recipe.ffmpeg + ffmpeg_version() if recipe.ffmpeg else inspect.getsource(synthetic)
    return hashlib.sha256(" ".join([how, *map(fingerprint, sources(recipe))]).encode()).hexdigest()


def command(recipe: Recipe) -> list[str]:
    """ffmpeg's arguments, without the program and the output."""
    text = re.sub(r"\{([^}]+)\}", lambda found: shlex.quote(str(path_of(found[1]))), recipe.ffmpeg)
    return shlex.split(text)


def write(recipe: Recipe, to: Path) -> None:
    """Makes a fixture, whole or not at all."""
    part = to.with_name(f".part-{to.name}")
    if recipe.synthetic:
        recipe.synthetic(part, *map(path_of, origins(recipe)))
    else:
        quiet = ["-nostdin", "-y", "-v", "error"]
        subprocess.run([ffmpeg(), *quiet, *command(recipe), "-bitexact", str(part)], check=True)
    part.replace(to)


def make(name: str) -> None:
    """Makes a fixture and what it starts from, unless they are there already."""
    if name == recipes.SAMPLE.name:
        return
    recipe = recipes.MADE[name]
    stamp = MADE / f".{name}.sha256"
    wanted = fingerprint(name)
    if path_of(name).exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    for source in sources(recipe):
        make(source)
    print(f"making {name}", file=sys.stderr)
    write(recipe, path_of(name))
    stamp.write_text(wanted)


def table() -> str:
    """The provenance of every fixture, as README.md shows it."""
    lines = []
    groups = {
        "Committed": [recipes.SAMPLE],
        "To be packaged": recipes.GOOD,
        "To be packaged, and judged without ffmpeg": recipes.CHANGING,
        "To be packaged together": recipes.LADDER,
        "To be packaged, with a warning": recipes.ODD,
        "To be refused": recipes.BAD,
    }
    for title, group in groups.items():
        lines += [f"### {title}", "", "| file | holds | made by |", "|---|---|---|"]
        for recipe in group:
            made_by = f"ffmpeg {recipe.ffmpeg}" if recipe.ffmpeg else f"`synthetic.{recipe.synthetic.__name__}`"
            if recipe.ffmpeg:
                shown = re.sub(r"(0123456789){100,}", "0123456789… (7,000 times)", made_by)
                shown = re.sub(r"base64,[A-Za-z0-9+/=]+", "base64,…", shown)
                made_by = "`" + shown.replace("|", "\\|") + "`"
            elif recipe.of:
                made_by += " of " + " and ".join(f"`{name}`" for name in origins(recipe))
            lines.append(f"| {recipe.name} | {recipe.holds} | {made_by} |")
        lines.append("")
    return f"Every command with `{ffmpeg_version()}`, `-bitexact` and the file's name added.\n\n" + "\n".join(lines)


def readme(check: bool) -> int:
    """Writes the table into README.md, or compares it."""
    page = HERE / "README.md"
    now = page.read_text()
    head = now[: now.index("<!-- table -->") + len("<!-- table -->")]
    wanted = f"{head}\n\n{table()}"
    if check:
        return 0 if now == wanted else 1
    page.write_text(wanted)
    return 0


def main(arguments: list[str]) -> int:
    LOCAL.mkdir(parents=True, exist_ok=True)
    MADE.mkdir(exist_ok=True)
    with (LOCAL / "media.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        match arguments:
            case ["--ffmpeg"]:
                print(ffmpeg())
            case ["--node"]:
                print(node())
            case ["--sample"]:
                write(recipes.SAMPLE, path_of(recipes.SAMPLE.name))
            case ["--list-good"]:
                print(*(recipe.name for recipe in [recipes.SAMPLE, *recipes.GOOD]), sep="\n")
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
