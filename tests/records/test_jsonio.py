"""Records survive JSON: what was written is what is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vgen.records.attempt import Attempt
from vgen.records.clip import Clip
from vgen.records.entry import Entry, Line, Movement, Released, Settled, Stored
from vgen.records.fallback import ANY_REASON
from vgen.records.job import Manifest
from vgen.records.jsonio import as_mapping, entry_from_json, entry_to_json, from_json, to_json
from vgen.records.money import Account
from vgen.records.status import State

from .samples import CLIP, a_manifest, an_attempt
from .strategies import WRITTEN

JOB = UUID(int=7)


@pytest.mark.parametrize("kind", WRITTEN)
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_every_record_survives_json(kind: type[Any], data: st.DataObject) -> None:
    """Any record of any kind that is written down comes back equal to what it was."""
    record = data.draw(st.from_type(kind))
    text = to_json(record)
    assert from_json(text, kind) == record


@settings(max_examples=30, deadline=None)
@given(st.one_of([st.from_type(kind) for kind in get_args(Entry)]))
def test_every_entry_survives_json(entry: Entry) -> None:
    """A ledger entry comes back as the very kind of entry that it was."""
    found = entry_from_json(entry_to_json(entry))
    assert (type(found), found) == (type(entry), entry)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_money_is_text_and_exact(amount: Decimal) -> None:
    """Money is never a JSON number: its last digit, and its trailing zeros, come back."""
    text = to_json(Movement(spent=amount))
    assert json.loads(text)["spent"] == str(amount)
    assert str(from_json(text, Movement).spent) == str(amount)


def test_names_are_plain_json() -> None:
    """UUIDs, times and states are spelled as text that any other program can read."""
    line = Line(datetime(2026, 2, 3, 4, 5, 6, 789, UTC), 3, JOB, Released("refused"), Movement())
    told = as_mapping(line)
    assert told["at"] == "2026-02-03T04:05:06.000789+00:00"
    assert told["attempt_id"] == str(JOB)
    assert told["entry"] == {"entry": "Released", "reason": "refused"}


def test_a_manifest_from_before_fallbacks_could_be_narrowed() -> None:
    """One that names no reasons, as older ledgers have them, lets a clip go on for any."""
    manifest = a_manifest(JOB)
    older = dict(as_mapping(manifest))
    assert older.pop("fall_back_on") == list(ANY_REASON)
    assert from_json(json.dumps(older), Manifest) == manifest


def test_a_clip_from_before_containers_were_told() -> None:
    """What an older vgen has stored is read, without what it did not say."""
    clip = evolve(CLIP, container="webm", codec="vp8", rotation=90, pixel_aspect=Fraction(4, 3))
    older = dict(as_mapping(clip))
    assert older["pixel_aspect"] == "4/3"
    new = ("container", "codec", "audio_codec", "rotation", "pixel_aspect", "delivered_sha256")
    for name in new:
        del older[name]
    assert from_json(json.dumps(older), Clip) == CLIP
    stored = json.dumps({"entry": "Stored", "clip": older})
    assert entry_from_json(stored) == Stored(CLIP)


def test_text_that_is_no_unicode_is_kept() -> None:
    """A file name with bytes that are no UTF-8 can be written as UTF-8 and comes back."""
    attempt = an_attempt(JOB, path="caf\udce9/\ud83d \\udce9 é.mp4")
    text = to_json(attempt)
    assert from_json(text.encode().decode(), Attempt).path == attempt.path
    reason = Released("caf\udce9")
    assert entry_from_json(entry_to_json(reason).encode().decode()) == reason


def test_text_stays_readable() -> None:
    """Text of any language is written as it is, and indented where that is asked for."""
    assert "灯台 é" in to_json(an_attempt(JOB, reason="灯台 é"))
    assert to_json(Movement(), indent=2).startswith('{\n  "spent"')


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{}", "Account.limit"),
        ('{"limit": null}', "Account.limit"),
        ('{"limit": "1", "spent": "much"}', "Account.spent"),
        ('{"limit": "1", "held": []}', "Account.held"),
        ("[]", "Account"),
        ("3", "Account"),
        ("null", "Account"),
        ("{", "line 1"),
    ],
)
def test_a_wrong_record_is_named(text: str, named: str) -> None:
    """What cannot be read is a ValueError that names the field, never an exception group."""
    with pytest.raises(ValueError, match=named):
        from_json(text, Account)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"entry": "Bribed"}', '{"entry": "Settled", "verdict": "won"}']
)
def test_a_wrong_entry_is_refused(text: str) -> None:
    """An entry of no known kind, or without its fields, is a ValueError."""
    with pytest.raises(ValueError, match="entry"):
        entry_from_json(text)


def test_entries_that_look_alike_are_told_apart() -> None:
    """Entries with the same fields differ by their kind, clips within them included."""
    told = [json.loads(entry_to_json(entry))["entry"] for entry in (Released("x"), Stored(CLIP))]
    assert told == ["Released", "Stored"]
    settled = Settled(State.FAILED, Decimal("0.10"), metered=True)
    assert entry_from_json(entry_to_json(settled)) == settled
    assert entry_from_json(entry_to_json(settled)) != evolve(settled, metered=False)
