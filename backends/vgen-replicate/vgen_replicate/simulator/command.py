"""The command line of the simulator."""

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

from vgen_replicate.simulator.faults import PROBABILITIES, Faults
from vgen_replicate.simulator.simulator import TOKEN, Simulator

app = App(
    name="vgen-replicate-simulator",
    help="Run a simulated Replicate on this machine: real HTTP, made-up clips, no money.",
    help_format="plaintext",
    result_action="return_value",
)


def parse_faults(entries: tuple[str, ...]) -> Faults:
    """Parse faults from entries such as `failed=0.1`, `down=thudm/cogvideox-t2v`, `credit=2.50`.

    Raises:
        ValueError: an entry, which the message names, is not a fault or its value is invalid.
    """
    faults = Faults()
    for entry in entries:
        name, _, value = entry.partition("=")
        try:
            faults = evolve(faults, **{name: _value(faults, name, value)})
        except (ValueError, InvalidOperation) as error:
            known = ", ".join([*PROBABILITIES, "down", "credit"])
            raise ValueError(f"{entry!r} is not NAME=VALUE of one of {known}") from error
    return faults


def _value(faults: Faults, name: str, value: str) -> Any:
    if name == "down":
        return faults.down | {value}
    if name == "credit":
        return Decimal(value)
    if name not in PROBABILITIES:
        raise ValueError(name)
    return float(value)


def _check(_kind: object, entries: tuple[str, ...]) -> None:
    parse_faults(entries)


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
    """Serve until Ctrl-C, then print what would have been billed.

    Parameters
    ----------
    host
        The address to serve at.
    port
        0 is any free port.
    speed
        How many times as fast as the real service the simulator runs.
    seed
        Equal seeds give equal run times and faults.
    token
        The only API token that is accepted.
    scale
        The width and height of clips, as a multiple of the models'.
    faults
        Probabilities of what goes wrong, such as failed=0.1 server_error=0.05 lost_answer=0.01;
        down=OWNER/NAME for a model that is disabled, credit=USD for what may be spent.
    """
    simulator = Simulator(
        token=token,
        speed=speed,
        seed=seed,
        scale=scale,
        faults=parse_faults(faults),
        epoch=datetime.now(UTC),
    )
    trio.run(_serve, simulator, host, port)
    _print(f"{simulator!r}")
    for bill in simulator.bills:
        _print(f"{bill.prediction}  {bill.model}  {bill.seconds:9.3f} s  ${bill.amount:.6f}")


async def _serve(simulator: Simulator, host: str, port: int) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            url = await nursery.start(partial(simulator.serve, host=host, port=port))
            _print(f"export REPLICATE_API_TOKEN={simulator.token}\nexport REPLICATE_BASE_URL={url}")
            sys.stderr.write("serving; Ctrl-C ends it and says what was billed\n")
            await anext(aiter(signals))
            nursery.cancel_scope.cancel()


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the command line with the process's arguments."""
    app(sys.argv[1:])
