"""Judging a clip: whether it is damaged, useless or merely poor, and by which measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vgen.records.video import Fault, Inspection, Judgement
from vgen.video.measures import measured
from vgen.video.pictures import Tally, pictures
from vgen.video.probe import with_form
from vgen.video.sampling import everything, sample
from vgen.video.summary import summary
from vgen.video.survey import survey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vgen.records.video import VideoInfo
    from vgen.video.pictures import Form
    from vgen.video.survey import Survey

MISSING_FRAMES = 2
"""A container may promise a little more than there is: WebM rounds to milliseconds."""

LEAST_SOUND = 0.5
"""The share of sound pictures that makes a damaged clip worth keeping."""

LEAST_LENGTH = 0.1
"""The share of what was asked for that a clip must last, to be worth anything."""

SHORTEST_ASKED = 0.1
"""Seconds: only what was to be so short, or shorter, may be a single picture."""

MAX_EMPTY_RANGE, MAX_EMPTY_BLOCK_RANGE = 6, 1.5
"""Levels: a clip in which no two pixels ever differ by more, nor the means of areas, shows nothing.
One colour decodes to 0, under the faintest grain to 6 and 1; hardly visible fog has areas of 4."""

MAX_EMPTY_RATIO = 0.50
MAX_EMPTY_RUN = 0.15
"""Black or flat pictures: of all, and in one run as a share of the duration; a fade is less."""

MAX_BLANK, MAX_BLANK_RATIO = 0.30, 0.15
"""The share of a picture that is empty, and of the pictures where it is: a part was not made or not
sent. A band for subtitles is a quarter."""

MAX_FROZEN_RATIO = 0.90
MAX_FREEZE_SECONDS = 1.5
"""FFmpeg's freezedetect waits for 2 s by default."""

MAX_FREEZE_RUN, LEAST_FREEZE_SECONDS, MAX_SHORT_FREEZE = 0.20, 0.4, 0.5
"""In a short clip, less is a freeze: this share of the duration, if it takes so many seconds or
half of the clip."""

LEAST_CHANGE, CHANGE_OF_MOTION = 1.0, 0.9
"""Levels by which some area of a sample changes from run to run where anything moves but grain: in
the night too, and as compared to how much pixels change from picture to picture."""

MIN_FREEZABLE_SECONDS = 0.5
"""Shorter clips are not called frozen."""

MAX_ROUGHNESS = 0.45
MIN_LIKENESS = 0.50
UNLIKE = 0.10
"""Noise has roughness 1 and likeness 0; clips of textures in fast motion stay below 0.2, above 0.7.
Pictures less like one another than `UNLIKE` have nothing in common, however smooth they are."""

MAX_REST = 0.4
"""The pixels that stay as they were: of noise three tenths at most, in a blizzard half of them."""

MAX_DISORDER, MAX_SAMPLED_DISORDER = 2.0, 1.5
"""Clips in order measure 1.0 to 1.5, the same clips shuffled 2.5 to 13, and 1.5 at the least where
a few pictures are sampled and hardly alike."""

MIN_AIMLESSNESS, MAX_HABIT, MAX_ORDERED_REST = 0.65, 0.32, 0.9
"""Noise and shuffled clips measure 0.7 and more, movements that repeat 0.5 at most. A habit of 0.3
is the most in a shuffled clip, the least of a shaken camera. Where most of the picture stays as it
was, a mouth or a dancer moves, in whatever order they like."""

MAX_FLICKER = 5.0
"""Luma levels; steady clips stay below 1, also over a cut or two, a light that wavers below 5."""

MIN_SHARPNESS = 3.0
NORMAL_CONTRAST = 10.0
"""Pictures out of focus measure below 2, those with an edge or a texture anywhere 7 and more. A
duller picture, fog or night, may be soft without being blurred."""


def judge(source: Path | bytes, *, thorough: bool = False, asked: float | None = None) -> Judgement:
    """Finds a clip's faults; raises `VideoError` where `probe` does.

    By default short runs of pictures spread over the clip are decoded, and the framing of all
    others is checked. Whatever in them is not clearly in order, and whatever cannot be sampled
    safely, has the whole clip decoded, as `thorough` always does: so a fault found is found by
    looking at everything. Sampling may overlook a fault between the runs that hardly changes the
    size of the compressed pictures. Of clips beyond about two minutes only the first are judged.

    `asked` is how long the clip was to be, in seconds (`None`: nobody knows): one that is far
    shorter is useless.
    """
    return _judged(source, survey(source), thorough=thorough, asked=asked)[0]


def inspect(
    source: Path | bytes, *, thorough: bool = False, asked: float | None = None
) -> Inspection:
    """Probes and judges a clip in one go, as `probe` and `judge` do; raises what they raise."""
    seen = survey(source)
    judgement, form = _judged(source, seen, thorough=thorough, asked=asked)
    return Inspection(with_form(seen.info, form), judgement)


def _judged(
    source: Path | bytes, seen: Survey, *, thorough: bool, asked: float | None
) -> tuple[Judgement, Form | None]:
    short = dict(_shortness(seen.info, asked))
    seconds = float(seen.info.duration)
    shortest_fault = min(_longest_rest(seconds), MAX_EMPTY_RUN * seconds)
    runs = None if thorough else sample(seen, shortest_fault)
    if runs is not None:
        judgement, form = _verdict(source, seen, runs, short)
        if not judgement.faults and _is_clear(judgement.measures):
            return judgement, form
    return _verdict(source, seen, everything(seen), short)


def _verdict(
    source: Path | bytes, seen: Survey, runs: list[range], short: dict[Fault, str]
) -> tuple[Judgement, Form | None]:
    tally = Tally()
    found = list(measured(pictures(source, seen, runs, tally)))
    measures = summary(seen.info, found) if found else {}
    faults = {
        **dict(_damage(seen, runs, tally)),
        **short,
        **(dict(_flaws(float(seen.info.duration), measures)) if found else {}),
    }
    useless = (
        _is_cut(seen)
        or bool(short)
        or tally.sound < LEAST_SOUND * _shown(seen, runs)
        or (bool(found) and _shows_nothing(seen, runs, measures))
    )
    judgement = Judgement(tuple(faults), tuple(faults.values()), useless, measures, len(found))
    return judgement, tally.form


def _shortness(info: VideoInfo, asked: float | None) -> Iterator[tuple[Fault, str]]:
    seconds = float(info.duration)
    if info.frames == 1 and (asked is None or asked > SHORTEST_ASKED):
        yield Fault.SHORT, "it is a single picture"
    elif asked is not None and seconds < LEAST_LENGTH * asked:
        yield Fault.SHORT, f"it lasts {seconds:.2f} s, and was to last {asked:.2f} s"


def _shows_nothing(seen: Survey, runs: list[range], measures: Mapping[str, float]) -> bool:
    """Whether all pictures have been looked at, and all their pixels are of the same colour."""
    empty = (
        measures["range"] <= MAX_EMPTY_RANGE and measures["block_range"] <= MAX_EMPTY_BLOCK_RANGE
    )
    return empty and runs == [range(len(seen.packets))]


def _is_cut(seen: Survey) -> bool:
    """Whether bytes that the file's index promises are not there."""
    info = seen.info
    if info.declared_frames:
        return info.frames < info.declared_frames or info.corrupt_packets > 0
    return _ends_early(seen) or info.corrupt_packets > 0


def _ends_early(seen: Survey) -> bool:
    return not seen.info.audio and seen.missing * seen.info.fps > MISSING_FRAMES


def _shown(seen: Survey, runs: list[range]) -> int:
    return sum(seen.packets[index].shown for run in runs for index in run)


def _damage(seen: Survey, runs: list[range], tally: Tally) -> Iterator[tuple[Fault, str]]:
    info, packets = seen.info, _shown(seen, runs)
    problems: list[str] = []
    if info.declared_frames and info.frames != info.declared_frames:
        problems.append(f"{info.frames} of {info.declared_frames} declared frames are there")
    if _ends_early(seen):
        problems.append(f"its last {seen.missing:.1f} s are missing")
    if info.corrupt_packets:
        problems.append(f"{info.corrupt_packets} packets are cut short")
    if tally.failed or tally.patched:
        problems.append(f"{tally.failed + tally.patched} packets decode with errors")
    if tally.pictures != packets:
        problems.append(f"{packets} packets decode to {tally.pictures} pictures")
    if problems:
        yield Fault.DAMAGED, ", ".join(problems)


def _flaws(seconds: float, measures: Mapping[str, float]) -> Iterator[tuple[Fault, str]]:
    m = measures
    if m["black_ratio"] > MAX_EMPTY_RATIO or m["longest_black"] > MAX_EMPTY_RUN * seconds:
        yield Fault.BLACK, f"{m['black_ratio']:.0%} of the pictures are black"
    longest_flat = m["longest_flat"] if m["flat_ratio"] > m["black_ratio"] else 0
    if m["flat_ratio"] > MAX_EMPTY_RATIO or longest_flat > MAX_EMPTY_RUN * seconds:
        yield Fault.FLAT, f"{m['flat_ratio']:.0%} of the pictures are of one colour"
    elif m["blank"] > MAX_BLANK and m["blank_ratio"] > MAX_BLANK_RATIO:
        yield (
            Fault.FLAT,
            f"{m['blank']:.0%} of the picture is empty in {m['blank_ratio']:.0%} of the pictures",
        )
    if seconds >= MIN_FREEZABLE_SECONDS and _is_frozen(seconds, m):
        longest = max(m["longest_freeze"], m["longest_calm"])
        yield (
            Fault.FROZEN,
            f"the same {m['loop']:.0f} pictures come again and again"
            if m["loop"]
            else f"nothing moves for up to {longest:.1f} s",
        )
    if _is_noise(m):
        yield Fault.NOISE, "the pictures are noise or do not follow one another"
    if m["flicker"] > MAX_FLICKER:
        yield Fault.FLICKER, f"the brightness jumps by {m['flicker']:.0f} levels a picture"
    if m["sharpness"] < MIN_SHARPNESS and m["contrast"] >= NORMAL_CONTRAST:
        yield Fault.BLURRED, "the pictures have hardly any fine detail"


def _is_frozen(seconds: float, measures: Mapping[str, float]) -> bool:
    frozen = measures["frozen_ratio"] > MAX_FROZEN_RATIO
    longest = max(measures["longest_freeze"], measures["longest_calm"])
    return frozen or measures["loop"] > 0 or longest > _longest_rest(seconds)


def _longest_rest(seconds: float) -> float:
    """How long a clip of so many seconds may stand still without being called frozen."""
    least = min(LEAST_FREEZE_SECONDS, MAX_SHORT_FREEZE * seconds)
    return min(max(MAX_FREEZE_RUN * seconds, least), MAX_FREEZE_SECONDS)


def _is_clear(measures: Mapping[str, float]) -> bool:
    """Whether no sampled picture is empty or out of place, and no run of them may be a freeze."""
    return (
        measures["black_ratio"] == measures["flat_ratio"] == 0
        and measures["blank"] <= MAX_BLANK
        and measures["stillest_run"] < 1
        and measures["standstill"] >= max(LEAST_CHANGE, CHANGE_OF_MOTION * measures["motion"])
        and measures["likeness"] > MIN_LIKENESS
        and measures["disorder"] < MAX_SAMPLED_DISORDER
    )


def _is_noise(measures: Mapping[str, float]) -> bool:
    if measures["aimlessness"] < MIN_AIMLESSNESS:
        return False
    if measures["disorder"] > MAX_DISORDER and measures["habit"] < MAX_HABIT:
        return measures["new_rest"] < MAX_ORDERED_REST
    if measures["roughness"] > MAX_ROUGHNESS:
        return measures["new_rest"] < MAX_REST and abs(measures["new_likeness"]) < MIN_LIKENESS
    return measures["rest"] < MAX_REST and abs(measures["likeness"]) < UNLIKE
