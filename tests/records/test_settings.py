"""Settings: the defaults, the environment, and errors that say what to mend."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve, fields

from vgen.errors import ConfigurationError
from vgen.records.settings import GenerationSettings, Settings

DEVELOPMENT = GenerationSettings(
    width=768, height=432, fps=24, motion=100, steps=20, max_duration=4.0
)
PRODUCTION = GenerationSettings(
    width=1024, height=576, fps=30, motion=127, steps=25, max_duration=8.0
)


@pytest.mark.parametrize(
    ("environment", "generation", "concurrency"),
    [
        ("production", PRODUCTION, 5),
        ("staging", PRODUCTION, 5),
        (" Production\n", PRODUCTION, 5),
        ("STAGING", PRODUCTION, 5),
        ("development", DEVELOPMENT, 3),
        ("dev", DEVELOPMENT, 3),
        ("PROD", PRODUCTION, 5),
        ("test", DEVELOPMENT, 3),
        (" ", DEVELOPMENT, 3),
        ("", DEVELOPMENT, 3),
        (None, DEVELOPMENT, 3),
    ],
)
def test_the_environment_picks_the_numbers(
    environment: str | None, generation: GenerationSettings, concurrency: int
) -> None:
    """Production and staging, in any case, have their own numbers; development is the default."""
    settings = Settings.from_environment({"ENVIRONMENT": environment} if environment else {})
    assert (settings.generation, settings.concurrency) == (generation, concurrency)


def test_an_unknown_environment_is_refused() -> None:
    """A slip of the pen is no development: the known names are listed."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({"ENVIRONMENT": "producton"})
    assert str(caught.value) == (
        "ENVIRONMENT: must be one of production, prod, staging, development, dev, test, "
        "got 'producton'"
    )


def test_the_defaults_are_those_of_development() -> None:
    """Without a word, settings are those of development, with its pauses and limits."""
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.attempts, settings.backoff, settings.poll_interval) == (3, 2.0, 3.0)
    assert (settings.tolerance, settings.progress_range) == (2.0, (50.0, 85.0))
    assert settings.attempt_timeout is None


def test_each_variable_sets_its_own() -> None:
    """The five variables set one number each, over what the environment has picked."""
    settings = Settings.from_environment(
        {
            "ENVIRONMENT": "production",
            "VIDEO_GENERATOR_CONCURRENCY": " 7 ",
            "VIDEO_GENERATOR_POLL_INTERVAL": "1.5",
            "VIDEO_GENERATOR_ATTEMPT_TIMEOUT": "90",
            "VIDEO_GENERATOR_BACKOFF": "0",
            "VIDEO_GENERATOR_PATIENCE": "60",
        }
    )
    expected = Settings(
        generation=PRODUCTION,
        concurrency=7,
        poll_interval=1.5,
        attempt_timeout=90,
        backoff=0,
        patience=60,
    )
    assert settings == expected


def test_an_empty_variable_is_none_at_all() -> None:
    """A variable that is set to nothing leaves the default."""
    assert Settings.from_environment({"VIDEO_GENERATOR_BACKOFF": " "}) == Settings()


def test_what_is_given_wins() -> None:
    """Arguments win over variables, and `None` is no argument."""
    environ = {"VIDEO_GENERATOR_CONCURRENCY": "7"}
    assert Settings.from_environment(environ, concurrency=2).concurrency == 2
    assert Settings.from_environment(environ, concurrency=None).concurrency == 7


@pytest.mark.parametrize(
    "variable",
    [
        "VIDEO_GENERATOR_CONCURRENCY",
        "VIDEO_GENERATOR_POLL_INTERVAL",
        "VIDEO_GENERATOR_ATTEMPT_TIMEOUT",
        "VIDEO_GENERATOR_BACKOFF",
        "VIDEO_GENERATOR_PATIENCE",
    ],
)
@pytest.mark.parametrize("value", ["many", "-1", "nan", "inf", "1e9", "1,5"])
def test_a_wrong_variable_is_named(variable: str, value: str) -> None:
    """The error begins with the name of the variable to mend."""
    with pytest.raises(ConfigurationError, match=f"^{variable}: "):
        Settings.from_environment({variable: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 767),
        ("height", 433),
        ("width", 14),
        ("height", 4098),
        ("width", 768.0),
        ("fps", 0),
        ("fps", True),
        ("motion", 256),
        ("steps", 0),
        ("max_duration", 0),
        ("max_duration", float("inf")),
    ],
)
def test_wrong_generation_settings_are_refused(name: str, value: object) -> None:
    """Odd sizes, which video cannot have, and numbers out of range are errors of configuration."""
    changes: dict[str, Any] = {name: value}
    with pytest.raises(ConfigurationError, match=f"^{name}: must be"):
        GenerationSettings(**changes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("concurrency", 0),
        ("concurrency", 2.0),
        ("fetches", 0),
        ("poll_interval", 0),
        ("attempt_timeout", 0),
        ("backoff", -1),
        ("attempts", 0),
        ("tolerance", -0.1),
        ("submit_timeout", 0),
        ("grace", float("nan")),
        ("progress_range", (85, 50)),
        ("progress_range", (0, 101)),
        ("progress_range", (1, 2, 3)),
        ("progress_range", "ab"),
        ("progress_range", 5),
    ],
)
def test_wrong_settings_are_refused(name: str, value: object) -> None:
    """A setting out of range is an error of configuration, not of the prompts, however it comes."""
    changes: dict[str, Any] = {name: value}
    with pytest.raises(ConfigurationError, match=f"^{name}: must be"):
        Settings(**changes)
    with pytest.raises(ConfigurationError, match=f"^{name}: must be"):
        evolve(Settings(), **changes)
    with pytest.raises(ConfigurationError, match=f"^{name}: must be"):
        Settings.from_environment({}, **changes)


def test_every_setting_has_its_line() -> None:
    """The class's docstring says of each setting what it is."""
    for setting in fields(Settings):
        assert f"{setting.name}: " in str(Settings.__doc__)
