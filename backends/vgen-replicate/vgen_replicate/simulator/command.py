"""The command line: a simulated Replicate in a terminal of its own."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Annotated, Any

import trio
from attrs import evolve
from cyclopts import App, Parameter

from vgen_replicate.simulator.faults import CHANCES, Faults
from vgen_replicate.simulator.simulator import TOKEN, Simulator

app = App(
    name="vgen-replicate-simulator",
    help="Run a simulated Replicate on this machine: real HTTP, made-up clips, no money.",
    help_format="plaintext",
    result_action="return_value",
)


def faults_of(entries: tuple[str, ...]) -> Faults:
    """Read faults from entries such as `failed=0.1`, `down=thudm/cogvideox-t2v`, `credit=2.50`.

    Raises `ValueError`, naming the entry, for what is no fault or no probability.
    """
    faults = Faults()
    for entry in entries:
        name, _, value = entry.partition("=")
        try:
            faults = evolve(faults, **{name: _value(faults, name, value)})
        except (ValueError, InvalidOperation) as error:
            known = ", ".join([*CHANCES, "down", "credit"])
            raise ValueError(f"{entry!r} is not NAME=VALUE of one of {known}") from error
    return faults


def _value(faults: Faults, name: str, value: str) -> Any:
    if name == "down":
        return faults.down | {value}
    if name == "credit":
        return Decimal(value)
    if name not in CHANCES:
        raise ValueError(name)
    return float(value)


def _check(_kind: object, entries: tuple[str, ...]) -> None:
    faults_of(entries)


@app.default
def simulate(
    *,
    host: str = "127.0.0.1",
    port: int = 8787,
    speed: float = 1.0,
    seed: int = 0,
    token: str = TOKEN,
    scale: float = 1.0,
    faults: Annotated[
        tuple[str, ...],
        Parameter(
            consume_multiple=True,
            negative="",
            show_default=False,
            metavar="NAME=P",
            validator=_check,
        ),
    ] = (),
) -> None:
    """Serve until Ctrl-C, and then say what would have been billed.

    Parameters
    ----------
    host
        The address to serve at.
    port
        0 is any port that is free.
    speed
        How many times as fast as the real service's its clock runs.
    seed
        Equal seeds give equal run times and faults.
    token
        The only API token that is accepted.
    scale
        The size of clips, as a share of what the models give.
    faults
        Probabilities of what goes wrong, such as failed=0.1 server_error=0.05 lost_answer=0.01;
        down=OWNER/NAME for a model that is disabled, credit=USD for what may be spent.
    """
    simulator = Simulator(
        token=token,
        speed=speed,
        seed=seed,
        scale=scale,
        faults=faults_of(faults),
        epoch=datetime.now(UTC),
    )
    trio.run(_serve, simulator, host, port)
    _say(f"{simulator!r}")
    for bill in simulator.bills:
        _say(f"{bill.prediction}  {bill.model}  {bill.seconds:9.3f} s  ${bill.amount:.6f}")


async def _serve(simulator: Simulator, host: str, port: int) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            url = await nursery.start(partial(simulator.serve, host=host, port=port))
            _say(f"export REPLICATE_API_TOKEN={simulator.token}\nexport REPLICATE_BASE_URL={url}")
            sys.stderr.write("serving; Ctrl-C ends it and says what was billed\n")
            await anext(aiter(signals))
            nursery.cancel_scope.cancel()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the command line with the arguments that the process was started with."""
    app(sys.argv[1:])
