"""A complete job from the command line: clips in Supabase Storage, money in its Postgres."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from io import BytesIO
from pathlib import Path

import pytest
from attrs import frozen
from PIL import Image

from vgen.video import probe

from .ledger.proxy import proxied
from .ledger.servers import Database, Rest
from .storage.server import BUCKET
from .storage.server import Server as StorageServer
from .storage.server import run_server as run_storage


@frozen
class Project:
    """A Supabase project: storage and REST API at one address."""

    url: str
    key: str
    storage: StorageServer

    def vgen(self, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a command as a service would, with the project in its environment."""
        settings = {"SUPABASE_URL": self.url, "SUPABASE_SERVICE_ROLE_KEY": self.key}
        return subprocess.run(
            [sys.executable, "-m", "vgen", *arguments],
            cwd=folder,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def project(gateway: Rest) -> Generator[Project]:
    """The project."""
    with run_storage() as storage:
        key = gateway.key()
        storage.state.roles[key] = "service_role"
        port = int(storage.url.rpartition(":")[2])
        routes = {b" /storage/v1/": port}
        with proxied(gateway.port, rewrite=(b"POST /rest/v1/", b"POST /"), routes=routes) as at:
            yield Project(f"http://127.0.0.1:{at.port}", key, storage)


def a_picture() -> bytes:
    """A small picture with something to see on it."""
    encoded = BytesIO()
    Image.radial_gradient("L").convert("RGB").save(encoded, "PNG")
    return encoded.getvalue()


def prompts(*images: str | None) -> str:
    """A prompts file: a clip for each image, which may be none."""
    clips = [
        {
            "clip_index": index,
            "prompt": "a lighthouse",
            "duration": 1.0,
            "scene_reference_url": image,
        }
        for index, image in enumerate(images)
    ]
    return json.dumps({"clip_prompts": clips})


def test_storage_and_ledger_together(project: Project, database: Database, tmp_path: Path) -> None:
    """Images come from the project and from the prompts' folder; a re-run makes nothing again."""
    (tmp_path / "picture.png").write_bytes(a_picture())
    url = project.storage.put("scenes/one.png", data=a_picture()).replace(
        project.storage.url, project.url
    )
    (tmp_path / "prompts.json").write_text(prompts(url, "picture.png", None))
    options = ["--storage", f"supabase://{BUCKET}", "--ledger", "supabase:"]
    done = project.vgen("generate", "prompts.json", *options, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    clips = json.loads(done.stdout)
    job = clips["job_id"]
    for index, clip in enumerate(clips["clips"]):
        assert clip["reference"] == f"supabase://{BUCKET}/{job}/clip_{index:03d}.mp4"
        assert clip["video_url"].startswith(f"{project.url}/storage/v1/object/sign/")
        stored = tmp_path / f"{index}.mp4"
        stored.write_bytes(
            project.storage.state.objects[BUCKET, f"{job}/clip_{index:03d}.mp4"].data
        )
        assert probe(stored).duration == pytest.approx(1.0, abs=0.1)
    uploads = len(sent(project))
    again = project.vgen("generate", "prompts.json", *options, folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert len(sent(project)) == uploads == len(clips["clips"])
    shown = project.vgen("ledger", job[:8], "--ledger", database.address(), folder=tmp_path)
    assert shown.stdout.count("stored") == len(clips["clips"])


def sent(project: Project) -> list[str]:
    """The uploads that the storage has received."""
    upload = f"POST /storage/v1/object/{BUCKET}/"
    return [line for line in project.storage.state.requests if line.startswith(upload)]


def test_a_bad_option_is_reported_before_anything_is_made(project: Project, tmp_path: Path) -> None:
    """A bad storage or ledger option is reported in one line, and no clip is made."""
    (tmp_path / "prompts.json").write_text(prompts(None, None, None))
    for options, problem in [
        (["--storage", "supabase:"], "not a valid bucket name"),
        (["--ledger", "supabase://elsewhere"], "write supabase:"),
        (["--ledger", "postgresql://nobody@127.0.0.1:1/x?frob=1"], "not a Postgres address"),
    ]:
        done = project.vgen("generate", "prompts.json", *options, folder=tmp_path)
        assert done.returncode == 2
        assert problem in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "clips").exists()
