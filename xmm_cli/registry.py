"""Tables of methods that are imported only when one of them is used.

A registry maps a name to `"module:attribute"` and one line of help, so that listing the
objectives does not import torch, and an unknown name is answered with the nearest known one. Other
packages add methods by entry points of the registry's group; see `xmm_cli.plugins`.

A method that has hyper-parameters has them in a frozen dataclass `Config`, in its own file, and
takes one as the argument `config`.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

from xmm_cli.errors import Unavailable, WrongUsage
from xmm_cli.plugins import (
    Plugin,
    SettingValue,
    configured,
    hyperparameters,
    plugins_of,
    summary_of,
)


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean csv?` where a known word is near, else nothing."""
    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_folded, n=1)
    return f"did you mean {by_folded[near[0]]}?" if near else ""


def unknown(what: str, known: Iterable[str]) -> str:
    """The hint for a word that is none of these: the nearest, and all of them."""
    names = list(known)
    return f"{nearest(what, names)} known: {', '.join(names)}".lstrip()


class Entry(NamedTuple):
    """Where a method is (`"module:attribute"`), and what it is, in one line."""

    target: str
    summary: str


class Registry:
    """The methods of one kind (`objective`, `renderer` …) by name, in the order they were given.

    `group` is the group of entry points from which other packages add to them, after the built-in
    ones; None where that is not possible.
    """

    def __init__(
        self, kind: str, entries: Mapping[str, Entry | tuple[str, str]], group: str | None = None
    ) -> None:
        self.kind, self.group = kind, group
        self._entries = {name: Entry(*entry) for name, entry in entries.items()}
        for name, entry in self._entries.items():
            module, _, attribute = entry.target.partition(":")
            if not module or not attribute:
                raise ValueError(f"{kind} {name}: {entry.target!r} is not 'module:attribute'")

    def _plugins(self) -> dict[str, Plugin]:
        """Methods of other packages by name; a name that is taken stays what it is."""
        return plugins_of(self.group, self.kind, self._entries) if self.group else {}

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._plugins()

    def names(self) -> list[str]:
        """Every name, in order."""
        return [*self._entries, *self._plugins()]

    def describe(self) -> dict[str, str]:
        """Name and one line of help of each entry, in order."""
        built_in = {name: entry.summary for name, entry in self._entries.items()}
        return built_in | {name: summary_of(one) for name, one in self._plugins().items()}

    def check(self, name: str) -> str:
        """Give `name` back if it is known, without importing anything.

        Raises:
            WrongUsage: the name is unknown; the nearest one and all of them are in the message.
        """
        if name in self:
            return name
        raise WrongUsage(f"unknown {self.kind} {name!r}", unknown(name, self.names()))

    def load(self, name: str) -> Any:
        """Import what `name` stands for.

        Raises:
            WrongUsage: the name is unknown.
            Unavailable: it is of another package, and cannot be imported.
        """
        target = self._target(name)
        module, _, attribute = target.partition(":")
        if name in self._entries:
            return getattr(import_module(module), attribute)
        package = self._plugins()[name].package
        try:
            method: Any = import_module(module)
            for part in attribute.split(".") if attribute else ():
                method = getattr(method, part)
        except Exception as error:
            raise Unavailable(
                f"{self.kind} {name} of the package {package} cannot be loaded: "
                f"{type(error).__name__}: {error}",
                f"mend or uninstall {package}",
            ) from error
        return method

    def _target(self, name: str) -> str:
        self.check(name)
        return self._entries[name].target if name in self._entries else self._plugins()[name].target

    def hyperparameters(self, name: str) -> dict[str, SettingValue]:
        """The hyper-parameters of a method with their defaults, read without importing it."""
        return hyperparameters(self._target(name).partition(":")[0])

    def told_hyperparameters(self, names: Sequence[str]) -> str:
        """`npo beta=0.1; rmu steering=2.0, alpha=1.0`, of those of these methods that have some."""
        known = {name: self.hyperparameters(name) for name in names}
        return "; ".join(
            f"{name} {', '.join(f'{field}={value}' for field, value in fields.items())}"
            for name, fields in known.items()
            if fields
        )

    def parse(self, name: str, given: Sequence[str]) -> dict[str, SettingValue]:
        """Texts `NAME=VALUE` as hyper-parameters of a method: those that are not the default.

        Raises:
            WrongUsage: a text of another form, an unknown name, a value of another type or range.
            Unavailable: see `load`.
        """
        values: dict[str, str] = {}
        for text in given:
            field, equals, value = text.partition("=")
            if not field or not equals:
                raise WrongUsage(f"--set {text!r}", "write it as NAME=VALUE")
            values[field] = value
        config = self.config(name, values)
        if config is None:
            return {}
        usual = type(config)()
        every = {field: getattr(config, field) for field in type(config).__dataclass_fields__}
        changed = {name: each for name, each in every.items() if each != getattr(usual, name)}
        # a false argument counts as not given, in a run's id
        return {n: str(v).lower() if isinstance(v, bool) else v for n, v in changed.items()}

    def config(self, name: str, values: Mapping[str, Any]) -> Any:
        """The `Config` of a method with these values; None where there are none, for its defaults.

        Raises:
            WrongUsage: an unknown name, a value of another type or range.
            Unavailable: see `load`.
        """
        if not values:
            return None
        self.load(name)
        config = getattr(import_module(self._target(name).partition(":")[0]), "Config", None)
        known = list(getattr(config, "__dataclass_fields__", ()))
        if not known:
            raise WrongUsage(f"--set {next(iter(values))}", f"the {self.kind} {name} has none")
        for field in values:
            if field not in known:
                raise WrongUsage(
                    f"--set {field}: the {self.kind} {name} has no such hyper-parameter",
                    unknown(field, known),
                )
        return configured(config, values)
