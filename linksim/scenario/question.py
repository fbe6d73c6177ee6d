"""The scenario itself: its keys, and how they must fit together."""

import hashlib
import json
import re
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    Field,
    NonNegativeInt,
    PositiveInt,
    SerializeAsAny,
    field_validator,
    model_serializer,
    model_validator,
)

from linksim.errors import UserError, shown
from linksim.registry import lookup
from linksim.scenario.checking import Strict, by_type, check, nearest, slug
from linksim.scenario.parts import (
    FARTHEST_DB,
    Calibration,
    Examples,
    Feasibility,
    KnowledgeConfig,
    SnrRange,
    Stop,
    SymbolsVsMu,
)
from linksim.scenario.series import expand

MOST_ROWS = 2_000_000  # (picture, realisation) pairs of a point: the list of its parts is held in memory
LABEL = r"[A-Za-z][A-Za-z0-9_-]*"  # of a further task: it stands in names of columns and files
_UNASKED = ("also", "stop", "budgets", "feasibility", "against")  # keys that aren't written where they ask for nothing
LARGEST_SEED = 2**62 - 1  # calibration draws add 2^62, and the key of a draw has 64 bits


class Scenario(Strict):
    """All a run needs to know. `plan` is what the planning pass adds to the resolved scenario. budgets: see
    `linksim.scenario.series`. against: the scheme (or series) that all others are compared with, pair by pair; the
    first, where left out. tile: pictures that compiled stages take at once; auto: what suits the machine that begins
    the run (`linksim.experiment.machine`)."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    seed: int = Field(1, ge=0, le=LARGEST_SEED)
    source: SerializeAsAny[BaseModel]
    pictures: PositiveInt = 128
    realisations: PositiveInt = 1
    stop: Stop | None = None
    calibration: Calibration = Calibration()
    task: SerializeAsAny[BaseModel]
    also: dict[str, SerializeAsAny[BaseModel]] = {}
    link: SerializeAsAny[BaseModel]
    snr_db: list[float] = Field(min_length=1)
    knowledge: KnowledgeConfig = KnowledgeConfig()
    budgets: list[PositiveInt] = []
    schemes: list[SerializeAsAny[BaseModel]] = Field(min_length=1)
    symbols_vs_mu: SymbolsVsMu | None = None
    feasibility: Feasibility | None = None
    against: str | None = None
    bootstrap: NonNegativeInt = 500
    tile: Annotated[int, Field(gt=0, le=1024)] | Literal["auto"] = "auto"
    examples: Examples = Examples()
    plan: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _budgets(cls, value):
        return expand(value) if isinstance(value, dict) else value

    @field_validator("source", "task", mode="before")
    @classmethod
    def _typed(cls, value, info):
        return by_type(info.field_name, value, info.field_name)

    @field_validator("also", mode="before")
    @classmethod
    def _also(cls, value):
        """Further tasks, by a label that names their columns (`<label>.<metric>`) and figures."""
        if not isinstance(value, dict):
            raise UserError("also: should map labels to tasks, like {second: {type: detection}} "
                            f"(found {shown(value)})")
        for i, label in enumerate(value):
            if not re.fullmatch(LABEL, str(label)):
                raise UserError(f"also: a label should be a letter and then letters, digits, _ or - (found {label!r})")
            if slug(label) in map(slug, list(value)[:i]):
                raise UserError(f"also: labels must differ in letters and digits (found {label!r} a second time)")
        return {label: by_type("task", task, f"also.{label}") for label, task in value.items()}

    @field_validator("link", mode="before")
    @classmethod
    def _link(cls, value):
        from linksim.link.link import LinkConfig

        if isinstance(value, dict) and "channel" in value:
            value = value | {"channel": by_type("channel", value["channel"], "link.channel", key="model")}
        return check(LinkConfig, value, "link")

    @field_validator("schemes", mode="before")
    @classmethod
    def _schemes(cls, value):
        if not isinstance(value, list):
            raise UserError(f"schemes: should be a list of schemes (found {shown(value)})")
        return [by_type("scheme", scheme, f"schemes.{i}") for i, scheme in enumerate(value)]

    @field_validator("snr_db", mode="before")
    @classmethod
    def _range(cls, value):
        return check(SnrRange, value, "snr_db").points() if isinstance(value, dict) else value

    @field_validator("snr_db")
    @classmethod
    def _points(cls, value):
        if len(set(value)) < len(value):
            raise UserError(f"snr_db: every SNR only once (found {value})")
        if beyond := [snr for snr in value if abs(snr) > FARTHEST_DB]:
            raise UserError(f"snr_db: should lie between {-FARTHEST_DB:g} and {FARTHEST_DB:g} dB (found {beyond})")
        return sorted(value)

    @model_validator(mode="after")
    def _fits(self):
        called = [scheme.name for scheme in self.schemes]
        for i, name in enumerate(called):
            if not slug(name):
                raise UserError(f"schemes.{i}.name: should hold a letter or a digit (found {name!r})")
            if slug(name) in map(slug, called[:i]):
                raise UserError(f"schemes.{i}.name: names must differ (found {name!r} a second time)")
        self.order()
        self._knows()
        for key, asked in (("", self), ("calibration.", self.calibration)):
            if (rows := asked.pictures * asked.realisations) > MOST_ROWS:
                raise UserError(f"{key}realisations: {key}pictures x {key}realisations should be at most {MOST_ROWS:,} "
                                f"(found {shown(rows)})")
        if self.symbols_vs_mu:
            self._known(self.symbols_vs_mu.scheme, "symbols_vs_mu.scheme")
            if not hasattr(lookup("scheme", self.scheme(self.symbols_vs_mu.scheme).type), "uses_over_mu"):
                raise UserError(f"symbols_vs_mu.scheme: {self.symbols_vs_mu.scheme!r} has no threshold μ")
            if outside := [mu for mu in self.symbols_vs_mu.mu if not 0 <= mu <= 1]:
                raise UserError(f"symbols_vs_mu.mu: should lie between 0 and 1 (found {outside})")
        if self.against and self.against not in {scheme.series for scheme in self.schemes}:
            self._known(self.against, "against")
        if self.stop:
            self._stops()
        if self.feasibility:
            self._known(self.feasibility.scheme, "feasibility.scheme")
            config = self.scheme(self.feasibility.scheme)
            scheme = lookup("scheme", config.type)
            if getattr(config, "uses", 1) == "auto":
                raise UserError(f"feasibility.scheme: {config.name!r} has uses: auto, so nobody could tell whether a "
                                "picture needs more features or more uses of each; give uses a number")
            if not all(hasattr(scheme, needed) for needed in ("burst", "plan_with_room", "uses_over_mu")):
                raise UserError(f"feasibility.scheme: {self.feasibility.scheme!r} has no features to choose from")
        if beyond := [i for i in self.examples.pictures if i >= self.pictures]:
            raise UserError(f"examples.pictures: should be below {self.pictures}, the number of pictures "
                            f"(found {beyond})")
        return self

    def _stops(self) -> None:
        stop, rows = self.stop, self.pictures * self.realisations
        if not (stop.metric or stop.lost or stop.paired):
            raise UserError("stop: should name one of metric, lost, paired, or more: half the width of a 95 % interval")
        if (stop.metric or stop.paired) and self.bootstrap < 100:
            raise UserError(f"bootstrap: stop.metric and stop.paired need at least 100 (found {self.bootstrap})")
        if not stop.least <= (stop.most or rows) <= rows:
            raise UserError(f"stop: least should not be above most, nor most above pictures x realisations, {rows} "
                            f"(found least {stop.least}, most {stop.most or rows})")
        if stop.paired and len(self.schemes) == 1:
            raise UserError("stop.paired: there is no second scheme to compare with")

    @property
    def compared(self) -> str:
        """Name of the scheme that others are compared with; of a series its first."""
        return next(scheme.name for scheme in self.schemes if self.against in (None, scheme.name, scheme.series))

    def _knows(self) -> None:
        """The receiver knows what its channel estimation tells it; no scheme knows more than the scenario grants."""
        known = "perfect" if self.link.csi == "perfect" else "estimated"
        if self.knowledge.receiver not in (None, known):
            raise UserError(f"knowledge.receiver: {self.knowledge.receiver!r} contradicts link.csi: {self.link.csi}, "
                            f"by which it is {known!r}; leave it out, or change link.csi")
        self.knowledge = self.knowledge.model_copy(update={"receiver": known})
        for i, config in enumerate(self.schemes):
            scheme = lookup("scheme", config.type)
            if reason := self.link.refusal(scheme.analog) or scheme.refusal(config, self):
                raise UserError(f"schemes.{i} ({config.name}): {reason}")

    def scheme(self, name: str) -> BaseModel:
        """The Config of the scheme called `name`."""
        return next(scheme for scheme in self.schemes if scheme.name == name)

    def order(self) -> list[str]:
        """Names of the schemes, each after the one whose uses are its budget. UserError on a circle."""
        placed: list[str] = []
        for scheme in self.schemes:
            chain: list[str] = []
            while scheme.name not in placed:
                if scheme.name in chain:
                    raise UserError(f"budget_as goes in a circle: {' -> '.join([*chain, scheme.name])}")
                chain.append(scheme.name)
                if scheme.budget_as is None:
                    break
                at = f"schemes.{self.schemes.index(scheme)}.budget_as"
                scheme = self.scheme(self._known(scheme.budget_as, at))
                if lookup("scheme", scheme.type).uses_follow_snr and self.knowledge.transmitter != "none":
                    raise UserError(f"{at}: {scheme.name!r} spends other uses at each SNR; name one that doesn't")
            placed += [name for name in reversed(chain) if name not in placed]
        return placed

    def _known(self, name: str, at: str) -> str:
        called = [scheme.name for scheme in self.schemes]
        if name not in called:
            known = ", ".join(called)
            raise UserError(f"{at}: no scheme is called {name!r}{nearest(name, called)} Known: {known}.")
        return name

    @model_serializer(mode="wrap")
    def _plain(self, handler):
        """A key that asks for nothing isn't written: files and identities from before there was such a key hold."""
        plain = handler(self)
        return {key: value for key, value in plain.items() if key not in _UNASKED or value}

    def identity(self) -> str:
        """sha256 over everything but the plan: two runs with the same identity ask the same question."""
        plain = self.model_dump(mode="json", exclude={"plan"})
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    def dump(self) -> str:
        """YAML that `load` reads again: all defaults written out, the plan included."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, default_flow_style=None,
                              allow_unicode=True, width=110)
