"""Check the types, the number and the nesting of configuration values, before their meaning."""

from collections.abc import Iterable, Mapping
from itertools import chain

from ser.errors import SerError

DEEPEST = 30  # levels of nesting; a YAML alias can make a value contain itself
MOST = 200_000  # values; those behind a YAML alias count once per occurrence


def check_values(raw: Mapping[str, object], where: str) -> None:
    """Raise SerError unless ``raw`` consists of at most MOST texts, numbers, booleans, lists and mappings."""
    level: list[tuple[str, object]] = [(where, raw)]
    count = 0
    for _ in range(DEEPEST):
        count += len(level)
        inside: list[tuple[str, object]] = []
        for at, value in level:
            inside.extend(_inside(at, value))
            if count + len(inside) > MOST:
                raise SerError(f"{at}: the configuration has more than {MOST} values; does an alias repeat itself?")
        if not inside:
            return
        level = inside
    raise SerError(f"{level[0][0]}: more than {DEEPEST} levels of mappings and lists.")


def _inside(where: str, value: object) -> Iterable[tuple[str, object]]:
    """Return the values inside a value, each with its path; SerError if it has another type."""
    if isinstance(value, Mapping):
        keys = ((f"{where}, a key", key) for key in value if _named(where, key))
        return chain(keys, ((f"{where}.{key}", inner) for key, inner in value.items()))
    if isinstance(value, list | tuple):
        return ((f"{where}[{number}]", inner) for number, inner in enumerate(value))
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise SerError(f"{where}: {value!a} is not valid Unicode.") from None
    if not isinstance(value, str | int | float | None):
        raise SerError(
            f"{where}: a {type(value).__name__} is neither text, number, list nor mapping; put it in quotes."
        )
    return ()


def _named(where: str, key: object) -> bool:
    if not isinstance(key, str | int | float):
        raise SerError(f"{where}: {key!r} is not a name; put it in quotes.")
    return True
