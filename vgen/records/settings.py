"""Settings, from arguments and environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import Attribute, evolve, field, frozen

from vgen.errors import ConfigurationError, InvalidPromptsError
from vgen.records import checks

SettingsT = TypeVar("SettingsT", bound="Settings")

PRODUCTION_LIKE = frozenset({"production", "prod", "staging"})
ENVIRONMENTS = ("production", "prod", "staging", "development", "dev", "test")
WHOLE_PIPELINE = 100
"""The end of the caller's pipeline, in percent."""


def _raise_configuration_errors(_kind: type, fields: list[Attribute[Any]]) -> list[Attribute[Any]]:
    """Make a wrong value raise `ConfigurationError` rather than an error of the prompts."""
    return [field.evolve(validator=_with_configuration_error(field.validator)) for field in fields]


def _with_configuration_error(check: checks.Check | None) -> checks.Check:
    def check_setting(record: object, attribute: Any, value: Any) -> None:
        try:
            if check is not None:
                check(record, attribute, value)
        except InvalidPromptsError as error:
            raise ConfigurationError(str(error)) from None

    return check_setting


def _percent_range(_record: object, attribute: Any, value: Any) -> None:
    try:
        start, end = value
        fits = 0 <= start <= end <= WHOLE_PIPELINE
    except (TypeError, ValueError):
        fits = False
    if not fits:
        checks.refuse(attribute, f"must be two numbers in order, from 0 to {WHOLE_PIPELINE}", value)


@frozen(field_transformer=_raise_configuration_errors)
class GenerationSettings:
    """What every clip of a job is asked for, as far as its backend can honour it.

    `width` and `height` in pixels (even), `fps` in frames a second, `motion` from 1 to 255,
    `steps` of denoising; no clip is asked to be longer than `max_duration` seconds.

    Raises:
        ConfigurationError: one has the wrong type or is out of range.
    """

    width: int = field(default=768, validator=checks.integer(least=16, most=4096, even=True))
    height: int = field(default=432, validator=checks.integer(least=16, most=4096, even=True))
    fps: int = field(default=24, validator=checks.integer(least=1, most=120))
    motion: int = field(default=100, validator=checks.integer(least=1, most=255))
    steps: int = field(default=20, validator=checks.integer(least=1, most=500))
    max_duration: float = field(default=4.0, validator=checks.number(above=0, most=300))

    @classmethod
    def of(cls, environment: str) -> Self:
        """Return the defaults for an `ENVIRONMENT`.

        Raises:
            ConfigurationError: it is none of `ENVIRONMENTS`.
        """
        if environment not in ENVIRONMENTS:
            known = ", ".join(ENVIRONMENTS)
            raise ConfigurationError(f"ENVIRONMENT: must be one of {known}, got {environment!r}")
        if environment in PRODUCTION_LIKE:
            return cls(width=1024, height=576, fps=30, motion=127, steps=25, max_duration=8.0)
        return cls()


@frozen(field_transformer=_raise_configuration_errors)
class Settings:
    """How a runner works; the defaults are those for development.

    Attributes:
        generation: what clips are asked for.
        concurrency: how many attempts are in flight at once.
        fetches: how many finished clips are downloaded at once, and how many stored.
        poll_interval: the pause between two questions to a provider, in seconds, while an attempt
            is likely to end. It is up to five times as long where an end is not likely, by what
            is declared or known of the backend, and down to a tenth of that for an attempt whose
            own progress says that it is about to end.
        attempt_timeout: how long an attempt may run, in seconds, where that is less than its
            backend's own limit, which the hold covers.
        backoff: the first pause before another attempt, in seconds; each further one doubles.
        attempts: how many attempts a clip gets on a backend in one run.
        tolerance: by how many seconds a clip may miss its target without being marked.
        patience: how long a provider that cannot be reached is waited for, in seconds, since it
            last answered: what is in flight there is paid for, and may be finished. A clip that is
            not sent yet is tried for as long, and then on its next backend.
        submit_timeout: how long a submit may take before it is in doubt, in seconds.
        grace: how long a job that ends may take to cancel what is open, in seconds.
        thorough: judge every frame of every clip instead of a sample.
        strict: lose a clip with any fault, and make it again, as if it were useless; otherwise its
            faults stand in its record, and it counts. What is stored already stays.
        progress_range: the job's own start and end within the caller's pipeline, in percent.

    Raises:
        ConfigurationError: a setting has the wrong type or is out of range.
    """

    generation: GenerationSettings = GenerationSettings()
    concurrency: int = field(default=3, validator=checks.integer(least=1, most=1000))
    fetches: int = field(default=4, validator=checks.integer(least=1, most=1000))
    poll_interval: float = field(default=3.0, validator=checks.number(above=0, most=3600))
    attempt_timeout: float | None = field(
        default=None, validator=checks.optional(checks.number(above=0, most=86_400))
    )
    backoff: float = field(default=2.0, validator=checks.number(least=0, most=3600))
    attempts: int = field(default=3, validator=checks.integer(least=1, most=100))
    tolerance: float = field(default=2.0, validator=checks.number(least=0, most=300))
    patience: float = field(default=1800.0, validator=checks.number(least=0, most=86_400))
    submit_timeout: float = field(default=30.0, validator=checks.number(above=0, most=600))
    grace: float = field(default=10.0, validator=checks.number(least=0, most=600))
    thorough: bool = False
    strict: bool = False
    progress_range: tuple[float, float] = field(default=(50.0, 85.0), validator=_percent_range)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], **given: Any) -> Self:
        """Read the environment variables; whatever is `given` and not `None` wins over them.

        `ENVIRONMENT`, of `ENVIRONMENTS`, picks the generation settings and the concurrency (5 in
        production and staging, else 3); `VIDEO_GENERATOR_CONCURRENCY`,
        `VIDEO_GENERATOR_POLL_INTERVAL`, `VIDEO_GENERATOR_ATTEMPT_TIMEOUT`,
        `VIDEO_GENERATOR_BACKOFF` and `VIDEO_GENERATOR_PATIENCE` set one each, times in seconds.

        Raises:
            ConfigurationError: a variable, named, or what is given has a wrong value.
        """
        environment = environ.get("ENVIRONMENT", "").strip().lower() or "development"
        settings = cls(
            generation=GenerationSettings.of(environment),
            concurrency=5 if environment in PRODUCTION_LIKE else 3,
        )
        for name, (variable, kind) in VARIABLES.items():
            value = environ.get(variable, "").strip()
            if value:
                settings = _with(settings, name, variable, kind, value)
        return evolve(settings, **{k: value for k, value in given.items() if value is not None})


VARIABLES: Mapping[str, tuple[str, type[int | float]]] = {
    "concurrency": ("VIDEO_GENERATOR_CONCURRENCY", int),
    "poll_interval": ("VIDEO_GENERATOR_POLL_INTERVAL", float),
    "attempt_timeout": ("VIDEO_GENERATOR_ATTEMPT_TIMEOUT", float),
    "backoff": ("VIDEO_GENERATOR_BACKOFF", float),
    "patience": ("VIDEO_GENERATOR_PATIENCE", float),
}


def _with(
    settings: SettingsT, name: str, variable: str, kind: type[int | float], value: str
) -> SettingsT:
    try:
        changes: dict[str, Any] = {name: kind(value)}
        return evolve(settings, **changes)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise ConfigurationError(f"{variable}: must be {what}, got {value!r}") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{variable}: {error}") from None
