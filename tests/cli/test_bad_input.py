"""Bad input: one clear line for each problem, exit code 2, and nothing written."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from vgen.cli.app import run

from .helpers import lines, prompt, write_prompts, write_three_prompts

GOOD = (prompt(0), prompt(1), prompt(2))


def refused(arguments: list[str], workdir: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run a command that must exit with 2 and write no file; return its error lines."""
    before = sorted(workdir.rglob("*"))
    assert run(arguments) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert sorted(workdir.rglob("*")) == before
    return list(lines(errors))


def png(width: int, height: int) -> bytes:
    """A PNG whose header claims this size but that holds almost no pixel data."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "prompts.json: is no JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"\xff\xfe\x00", "prompts.json: is no UTF-8 text"),
        (b"[" * 100_000, "prompts.json: is nested too deeply"),
        (b"[]", "prompts.json: must be an object with clip_prompts"),
        (b"{}", "prompts.json: clip_prompts: is missing"),
        (b'{"clip_prompts": {}}', "prompts.json: clip_prompts: must be a list"),
    ],
)
def test_a_file_without_prompts(
    content: bytes, line: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file without a list of clip prompts is refused; the line starts with its name."""
    (workdir / "prompts.json").write_bytes(content)
    (found,) = refused(["generate", "prompts.json"], workdir, capsys)
    assert found.startswith(line)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"duration": 0}, "clip_prompts[1].duration: must be more than 0"),
        ({"duration": -1}, "clip_prompts[1].duration: must be more than 0"),
        ({"duration": float("nan")}, "clip_prompts[1].duration: must be a finite number"),
        ({"duration": 1e12}, "clip_prompts[1].duration: must be more than 0 and at most 300"),
        ({"duration": "2"}, "clip_prompts[1].duration: must be a number"),
        ({"duration": True}, "clip_prompts[1].duration: must be a number"),
        ({"clip_index": -1}, "clip_prompts[1].clip_index: must be at least 0"),
        ({"clip_index": 1.5}, "clip_prompts[1].clip_index: must be a whole number"),
        ({"clip_index": 0}, "clip_prompts: clip_index 0 stands more than once"),
        ({"prompt": " "}, "clip_prompts[1].prompt: must not be empty"),
        ({"prompt": "\ud800"}, "clip_prompts[1].prompt: "),
        ({"metadata": {"seed": -1}}, "clip_prompts[1].metadata.seed: must be a whole number"),
    ],
)
def test_a_wrong_field(
    fields: dict[str, Any], line: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A field that is wrong is named by its path in the file."""
    write_prompts(workdir / "prompts.json", GOOD[0], GOOD[1] | fields, GOOD[2])
    (found,) = refused(["generate", "prompts.json", "--backend", "toy"], workdir, capsys)
    assert found.startswith(line)


def test_all_problems_are_reported_together(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong fields, clip counts, images and backends are reported together, in this order."""
    write_prompts(
        workdir / "prompts.json",
        prompt(0, duration=0),
        "no object",
        prompt(1, scene_reference_url="gone.png"),
        job_id="not a UUID",
    )
    arguments = ["generate", "prompts.json", "--min-clips", "4"]
    arguments += ["--backend", "toi", "--backend", "toy", "--backend", "toy"]
    assert refused(arguments, workdir, capsys) == [
        "job_id: must be a UUID, got 'not a UUID'",
        "clip_prompts[0].duration: must be more than 0 and at most 300, got 0",
        "clip_prompts[1]: must be an object, got 'no object'",
        "clip_prompts: 3 cannot make the 4 clips that min_clips asks for",
        "clip_prompts[2].scene_reference_url: gone.png: no such file",
        "--backend toi: no such backend is installed; did you mean toy?",
        "--backend toy: is given twice",
    ]


def test_backends_are_named_even_without_prompts(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong --backend options are reported even if the prompts file cannot be read."""
    arguments = ["generate", "gone.json", "--backend", "quite another", "--backend", "keyless"]
    file, unknown, keyless = refused(arguments, workdir, capsys)
    assert file == "gone.json: No such file or directory"
    assert unknown.startswith(
        "--backend quite another: no such backend is installed; there are: animatic, billed, "
    )
    assert keyless == "--backend keyless: KEYLESS_TOKEN: is not set"


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("../secret.png", None, "../secret.png: is outside the folders that images are read from"),
        ("link.png", None, "link.png: "),
        ("gone.png", None, "gone.png: no such file"),
        ("ftp://host/x.png", None, "ftp://host/x.png: cannot read ftp: URLs"),
        ("text.png", b"no picture at all", ""),
        ("half.png", png(64, 64), ""),
        ("bomb.png", png(60_000, 60_000), ""),
    ],
)
def test_a_bad_image(
    name: str, content: bytes | None, line: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An image that is missing, outside the folder, broken or a decompression bomb is refused."""
    (workdir / "link.png").symlink_to("/etc/passwd")
    if content is not None:
        (workdir / name).write_bytes(content)
    scene = prompt(1, scene_reference_url=name)
    write_prompts(workdir / "prompts.json", GOOD[0], scene, GOOD[2])
    (found,) = refused(["generate", "prompts.json", "--backend", "toy"], workdir, capsys)
    assert found.startswith(f"clip_prompts[1].scene_reference_url: {line}")


def test_a_route_that_needs_images(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clip that no backend of the route can make is reported under its field."""
    (workdir / "text.png").write_text("no picture")
    broken = prompt(1, scene_reference_url="text.png")
    write_prompts(workdir / "prompts.json", GOOD[0], broken, GOOD[2])
    found = refused(["generate", "prompts.json", "--backend", "from-images"], workdir, capsys)
    needs = "scene_reference_url: from-images cannot make a clip without an image"
    assert found[0].startswith("clip_prompts[1].scene_reference_url: ")
    assert found[1:] == [f"clip_prompts[0].{needs}", f"clip_prompts[2].{needs}"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--budget", "-1"], "Invalid value for --budget: must be US dollars, at least 0"),
        (["--budget", "much"], "Invalid value for --budget: must be US dollars, at least 0"),
        (["--budget", "inf"], "Invalid value for --budget: must be US dollars, at least 0"),
        (["--min-clips", "few"], "Invalid value for --min-clips"),
        (["--min-clips", "0"], "min_clips: must be at least 1"),
        (["--concurrency", "0"], "concurrency: must be at least 1"),
        (["--job-id", "7"], "Invalid value for --job-id"),
        (["--out", "prompts.json"], "prompts.json: is no directory"),
        (["--out", "prompts.json/clips"], "cannot make prompts.json/clips: Not a directory"),
        (["--out", "/proc"], "cannot write /proc/clips.json: "),
        (["--ledger", "prompts.json"], "prompts.json: is no vgen ledger"),
        (["--ledger", "."], ".: unable to open database file"),
        (["--ledger", "gone/books.db"], "--ledger gone/books.db: there is no directory gone"),
        (["--ledger", "oracle://x"], "--ledger: no plug-in for oracle: is installed"),
        (["--storage", "clips"], "--storage: no plug-in for this is installed"),
        (["--ledger", "sqlite://host/x"], "--ledger sqlite://host/x: give a path"),
        (["--ledger", "sqlite:"], "--ledger 'sqlite:': names no file"),
        (["--frob"], "Unknown option: --frob"),
        (["surplus"], "Unused Tokens: ['surplus']"),
    ],
)
def test_a_wrong_option(
    options: list[str], line: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An invalid option is reported in one line that names it."""
    write_three_prompts(workdir / "prompts.json")
    arguments = ["generate", "prompts.json", "--backend", "toy", *options]
    (found,) = refused(arguments, workdir, capsys)
    assert found.startswith(line)


@pytest.mark.parametrize("name", ["--frob", "-x"])
def test_an_option_is_no_file(name: str, workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt option is not taken for the prompts file, though `-` is one."""
    (found,) = refused(["generate", name], workdir, capsys)
    assert found.startswith(f'Invalid value "{name}" for PROMPTS. There is no such option')


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VIDEO_GENERATOR_CONCURRENCY", "many"),
        ("VIDEO_GENERATOR_CONCURRENCY", "0"),
        ("VIDEO_GENERATOR_BACKOFF", "-1"),
    ],
)
def test_a_wrong_variable(
    variable: str,
    value: str,
    workdir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An environment variable that is wrong is named."""
    write_three_prompts(workdir / "prompts.json")
    monkeypatch.setenv(variable, value)
    (found,) = refused(["generate", "prompts.json"], workdir, capsys)
    assert found.startswith(f"{variable}: ")


def test_no_room_for_temporary_files(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operating system error is reported in one line, too."""
    write_three_prompts(workdir / "prompts.json")
    monkeypatch.setattr("tempfile.tempdir", os.fspath(workdir / "gone"))
    assert run(["generate", "prompts.json", "--backend", "toy"]) == 2
    (found,) = lines(capsys.readouterr().err)
    assert found.endswith("No such file or directory")
    assert str(workdir / "gone") in found
