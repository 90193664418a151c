"""The command: a server in a process of its own, and its bills at the end."""

from __future__ import annotations

import signal
import subprocess
import sys

import httpx
import pytest

from vgen_replicate.simulator import Faults
from vgen_replicate.simulator.command import app, parse_faults

from .clients import svd

COMMAND = [sys.executable, "-m", "vgen_replicate.simulator"]


def test_a_server_and_its_bills() -> None:
    """It prints its address, serves, and after Ctrl-C prints what it would have billed."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--speed", "1000", "--scale", "0.1", "--faults", "stuck=0"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        variables = dict(
            process.stdout.readline().removeprefix("export ").strip().split("=") for _ in range(2)
        )
        with httpx.Client(
            base_url=variables["REPLICATE_BASE_URL"],
            headers={"Authorization": f"Bearer {variables['REPLICATE_API_TOKEN']}"},
        ) as client:
            prediction = client.post("/predictions", json=svd()).json()
            while prediction["status"] in ("starting", "processing"):
                prediction = client.get(prediction["urls"]["get"]).json()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert prediction["status"] == "succeeded"
    assert "1 predictions, 0 running" in rest
    assert f"{prediction['id']}  stability-ai/stable-video-diffusion" in rest
    assert process.returncode == 0


def test_faults_are_read() -> None:
    """Probabilities, disabled models and a credit are read from the command line."""
    faults = parse_faults(("failed=0.5", "down=a/b", "down=c/d", "credit=2.50"))
    assert faults == Faults(failed=0.5, down=frozenset({"a/b", "c/d"}), credit=faults.credit)
    assert str(faults.credit) == "2.50"


@pytest.mark.parametrize("entry", ["luck=1", "failed", "failed=2", "failed=often", "credit=much"])
def test_nonsense_is_refused(entry: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names an invalid entry."""
    with pytest.raises(SystemExit):
        app(["--faults", entry])
    assert repr(entry) in capsys.readouterr().err
