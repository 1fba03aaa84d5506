"""What a value of the configuration may be at all, before anybody asks what it means."""

from collections.abc import Iterable, Mapping
from itertools import chain

from ser.errors import SerError

DEEPEST = 30  # mappings and lists inside each other; a value that holds itself has no end
MOST = 200_000  # values, those behind a YAML alias counted as often as they stand there


def check_values(raw: Mapping[str, object], where: str) -> None:
    """Raise SerError unless ``raw`` is made of texts, numbers, booleans, lists and mappings, and not too many."""
    level: list[tuple[str, object]] = [(where, raw)]
    count = 0
    for _ in range(DEEPEST):
        count += len(level)
        inside: list[tuple[str, object]] = []
        for at, value in level:
            inside.extend(_inside(at, value))
            if count + len(inside) > MOST:
                raise SerError(f"{at}: the configuration holds more than {MOST} values; does an alias repeat itself?")
        if not inside:
            return
        level = inside
    raise SerError(f"{level[0][0]}: more than {DEEPEST} mappings and lists stand inside each other.")


def _inside(where: str, value: object) -> Iterable[tuple[str, object]]:
    """Return what a value holds, each with its place; SerError if it is of no known kind."""
    if isinstance(value, Mapping):
        keys = ((f"{where}, a key", key) for key in value if _named(where, key))
        return chain(keys, ((f"{where}.{key}", inner) for key, inner in value.items()))
    if isinstance(value, list | tuple):
        return ((f"{where}[{number}]", inner) for number, inner in enumerate(value))
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise SerError(f"{where}: {value!a} is no text.") from None
    if not isinstance(value, str | int | float | None):
        raise SerError(
            f"{where}: a {type(value).__name__} is neither text, number, list nor mapping; write it in quotes."
        )
    return ()


def _named(where: str, key: object) -> bool:
    if not isinstance(key, str | int | float):
        raise SerError(f"{where}: {key!r} is no name; write it in quotes.")
    return True
