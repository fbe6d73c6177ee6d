"""A scenario: the question a run answers, typed and checked. The only reader of YAML.

    scenario = load("scenarios/rayleigh_slow.yaml", ["pictures=16", "schemes.linear.budget_as=null"])

Unknown keys are refused; every error names the key's path, the value found and what is allowed.
`source`, `task`, `link.channel` and each of `schemes` are typed by the class that the registry holds under
their `type` (`model` for a channel), so a new class is usable in a scenario as soon as it is registered.
"""

import hashlib
import json
import math
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from linksim.errors import UserError, shown
from linksim.registry import lookup, names
from linksim.series import expand
from linksim.yaml_text import parse

MOST_SNRS, FARTHEST_DB = 1000, 200.0  # beyond, a run never ends and float32 overflows
# Registry kind of a scenario's typed parts.
_KINDS = {"source": "source", "task": "task", "also": "task", "schemes": "scheme"}
LABEL = r"[A-Za-z][A-Za-z0-9_-]*"  # of a further task: it stands in names of columns and files
_UNASKED = ("also", "stop", "budgets", "feasibility", "against")  # keys that aren't written where they ask for nothing
LARGEST_SEED = 2**62 - 1  # calibration draws add 2^62, and the key of a draw has 64 bits


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class SnrRange(Strict):
    """start, stop, step in dB; both ends belong to the range."""

    start: float
    stop: float
    step: float = Field(gt=0)

    def points(self) -> list[float]:
        if self.stop < self.start:
            found = f"found start {self.start:g}, stop {self.stop:g}"
            raise UserError(f"snr_db: stop must not be below start ({found})")
        count = math.floor((self.stop - self.start) / self.step + 1e-9) + 1
        if count > MOST_SNRS:
            raise UserError(f"snr_db: at most {MOST_SNRS} points (found {count}); take a larger step")
        return [round(self.start + i * self.step, 9) for i in range(count)]


class Calibration(Strict):
    """What a scheme chooses its parameters on: pictures and draws that aren't tested on."""

    pictures: PositiveInt = 48
    realisations: PositiveInt = 8


class KnowledgeConfig(Strict):
    """What each side knows of the channel. transmitter: the mean SNR, the realisation of every burst (an upper
    bound, no system), or nothing. receiver: left out, it is what `link.csi` says."""

    transmitter: Literal["mean_snr", "none", "realisation"] = "mean_snr"
    receiver: Literal["perfect", "estimated"] | None = None


class SymbolsVsMu(Strict):
    """Channel uses over the threshold: which scheme, which thresholds."""

    scheme: str
    mu: list[float] = Field(min_length=1)


class Feasibility(Strict):
    """How many features a picture needs (see `linksim.experiment.feasibility`): the scheme, how many of the heaviest
    features to send, at which SNR, judged by which task; tolerance: how far below the plateau, relative, still counts
    as reaching it."""

    scheme: str
    features: list[PositiveInt] = Field(min_length=2)
    snr_db: float = Field(15.0, ge=-FARTHEST_DB, le=FARTHEST_DB)
    similarity: SerializeAsAny[BaseModel] = Field({"type": "similarity"}, validate_default=True)
    tolerance: float = Field(0.01, gt=0, lt=1)

    @field_validator("similarity", mode="before")
    @classmethod
    def _typed(cls, value):
        return _by_type("task", value, "feasibility.similarity")

    @field_validator("features")
    @classmethod
    def _once(cls, value):
        return sorted(set(value))


class Stop(Strict):
    """Sampling stops by confidence (`linksim.experiment.stopping`): half the width of the 95 % intervals asked for, of
    the task's metric, of the share of lost pictures, of the difference to the scheme `against`. least, most: rows of a
    point, at most all pictures in all realisations."""

    metric: float | None = Field(None, gt=0)
    lost: float | None = Field(None, gt=0, lt=0.5)
    paired: float | None = Field(None, gt=0)
    least: PositiveInt = 64
    most: PositiveInt | None = None


class Examples(Strict):
    """Which pictures `examples.png` shows, at the SNR point nearest to `snr_db`."""

    snr_db: float = 15.0
    pictures: list[NonNegativeInt] = [0, 1, 2]


class Scenario(Strict):
    """All a run needs to know. `plan` is what the planning pass adds to the resolved scenario. budgets: see
    `linksim.series`. against: the scheme (or series) that all others are compared with, pair by pair; the first, where
    left out."""

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
    tile: PositiveInt = 16
    examples: Examples = Examples()
    plan: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _budgets(cls, value):
        return expand(value) if isinstance(value, dict) else value

    @field_validator("source", "task", mode="before")
    @classmethod
    def _typed(cls, value, info):
        return _by_type(info.field_name, value, info.field_name)

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
        return {label: _by_type("task", task, f"also.{label}") for label, task in value.items()}

    @field_validator("link", mode="before")
    @classmethod
    def _link(cls, value):
        from linksim.link.link import LinkConfig

        if isinstance(value, dict) and "channel" in value:
            value = value | {"channel": _by_type("channel", value["channel"], "link.channel", key="model")}
        return check(LinkConfig, value, "link")

    @field_validator("schemes", mode="before")
    @classmethod
    def _schemes(cls, value):
        if not isinstance(value, list):
            raise UserError(f"schemes: should be a list of schemes (found {shown(value)})")
        return [_by_type("scheme", scheme, f"schemes.{i}") for i, scheme in enumerate(value)]

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
            scheme = lookup("scheme", self.scheme(self.feasibility.scheme).type)
            if not all(hasattr(scheme, needed) for needed in ("burst", "uses_over_mu")):
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
            raise UserError(f"{at}: no scheme is called {name!r}{_nearest(name, called)} Known: {known}.")
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


def load(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Scenario:
    """The scenario in the YAML file `path` with `key.path=value` overrides. UserError says what is wrong.

    An override drops a plan that the file holds: it was made for another question."""
    path = Path(path)
    if not path.is_file():
        near = [str(p) for p in sorted(path.parent.glob("*.y*ml"))] if path.parent.is_dir() else []
        raise UserError(f"no scenario at {path}{_nearest(str(path), near)}"
                        + (f" That folder holds: {', '.join(near)}." if near else ""))
    try:
        raw = parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} isn't readable YAML: {error}") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path}: a scenario is a mapping of keys to values (found {type(raw).__name__})")
    for override in overrides:
        _override(raw, override)
    if overrides:
        raw.pop("plan", None)
    return check(Scenario, raw, "")


def check(model: type[BaseModel], value: Any, at: str) -> BaseModel:
    """`value` as a `model`; UserError with the paths below `at` of everything wrong."""
    if isinstance(value, model):
        return value
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UserError("\n".join(_explain(model, found, at) for found in error.errors())) from None


def slug(name: str) -> str:
    """A name as it appears in file names and in `--set` paths: `SE-SC mu 0.2` is `se-sc-mu-0-2`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _by_type(kind: str, value: Any, at: str, key: str = "type") -> BaseModel:
    if isinstance(value, BaseModel):
        return value
    if not isinstance(value, dict) or not isinstance(value.get(key), str):
        raise UserError(f"{at}: should have a `{key}` (found {shown(value)}). Known: {', '.join(names(kind))}.")
    try:
        cls = lookup(kind, value[key])
    except UserError as error:
        raise UserError(f"{at}.{key}: {error}") from None
    return check(cls.Config, value, at)


def _explain(model: type[BaseModel], found: dict, at: str) -> str:
    place = ".".join(str(step) for step in (at, *found["loc"]) if step != "")
    if found["type"] == "extra_forbidden":
        allowed = _keys(model, found["loc"][:-1])
        return (f"{place}: unknown key (found {shown(found['input'])}){_nearest(str(found['loc'][-1]), allowed)}"
                f" Allowed: {', '.join(allowed)}.")
    if found["type"] == "missing":
        return f"{place}: missing"
    return f"{place}: {found['msg'][:1].lower()}{found['msg'][1:]} (found {shown(found['input'])})"


def _keys(model: type[BaseModel], loc: tuple) -> list[str]:
    """The keys allowed at `loc` below `model`."""
    for step in loc:
        if step in model.model_fields:
            inner = [model.model_fields[step].annotation]
            while inner:
                kind = inner.pop()
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    model = kind
                inner += get_args(kind)
    return list(model.model_fields)


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else "."


def _override(raw: dict, override: str) -> None:
    """Carry out one `--set a.b.0.c=value`: list entries by index, by name (or its slug), or by type."""
    path, equals, text = override.partition("=")
    if not equals or not path:
        raise UserError(f"--set {override}: should read key.path=value")
    value = parse(text, f"--set {override}: the value")
    here: Any = raw
    *steps, last = path.strip().split(".")
    for step in steps:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[_entry(here, step, override)]
    if not isinstance(here, dict):
        here[_entry(here, last, override)] = value
        return
    if last in ("model", "type") and here.get(last, value) != value:
        _forget(here, "channel" if last == "model" else _KINDS.get(steps[0]), value)
    here[last] = value


def _forget(here: dict, kind: str | None, name: Any) -> None:
    """Drop the keys that a class put in the place of another doesn't know: they spoke of the other one."""
    if kind and name in names(kind):
        for key in set(here) - set(lookup(kind, name).Config.model_fields):
            del here[key]


def _entry(items: Any, step: str, override: str) -> int:
    if not isinstance(items, list):
        raise UserError(f"--set {override}: {step!r} leads below the value {shown(items)}")
    if step.lstrip("-").isdigit() and -len(items) <= int(step) < len(items):
        return int(step)
    entries = [entry if isinstance(entry, dict) else {} for entry in items]
    for match in (lambda e: e.get("name") == step, lambda e: slug(str(e.get("name", ""))) == slug(step),
                  lambda e: e.get("type") == step):
        hits = [i for i, entry in enumerate(entries) if match(entry)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            break
    known = [slug(str(e["name"])) for e in entries if "name" in e]
    what = "fits several entries" if hits else "fits no entry"
    raise UserError(f"--set {override}: {step!r} {what}; use an index below {len(items)}"
                    + (f" or one of: {', '.join(known)}." if known else "."))
