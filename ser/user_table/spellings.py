"""Names that are probably one: ``01``, ``1`` and ``1.0``; ``Spk01``, ``spk1`` and ``SPK_01``; ``Zoë`` and ``Zoe``."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

NUMBER = re.compile(r"[+-]?[0-9]{1,25}(?:[.,][0-9]{1,25})?(?:e[+-]?[0-9]{1,2})?")
FLOAT = re.compile(r"(?<=\d)[.,]0+$")  # Spk1.0
ACCENT = re.compile("[\u0300-\u036f]")
LATIN = str.maketrans("авекмнорстухіјѕ", "abekmhopctyxijs")  # Cyrillic letters that look like Latin ones
TOKEN = re.compile(r"\d+|[^\W\d_]+|[^\w\s.\-]")


def spelling(name: str) -> str:
    """Return what all spellings of ``name`` have in common.

    Compatible letters (NFKC) in lower case without accents, Cyrillic ones as the Latin ones that they look like;
    numbers by value, also inside a name; runs of letters and digits separated by one space, whatever separates them.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    plain = ACCENT.sub("", unicodedata.normalize("NFKD", folded)).translate(LATIN)
    if NUMBER.fullmatch(plain):
        return _number(plain.replace(",", "."))
    plain = FLOAT.sub("", plain)
    tokens = (token.lstrip("0") or "0" if token.isdecimal() else token for token in TOKEN.findall(plain))
    return " ".join(tokens) or plain


def _number(text: str) -> str:
    """Return a number without leading and trailing zeros, sign and exponent where they change nothing."""
    number, _, exponent = text.partition("e")
    whole, _, fraction = number.lstrip("+-").partition(".")
    shift = int(exponent or 0)
    digits, point = whole + fraction, len(whole) + shift
    digits = digits + "0" * (point - len(digits)) if point > 0 else "0" * -point + digits
    point = max(point, 0)
    whole, fraction = digits[:point].lstrip("0") or "0", digits[point:].rstrip("0")
    sign = "-" if number.startswith("-") and (whole != "0" or fraction) else ""
    return sign + whole + (f".{fraction}" if fraction else "")


def alike(names: Iterable[str]) -> list[dict[str, int]]:
    """Return every group of different names that share a spelling: name: how often, the most frequent first.

    Names that are equally frequent are in order of length, then of letters: the order of ``names`` changes nothing.
    """
    groups: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, count in Counter(names).items():
        groups[spelling(name)].append((name, count))
    order = sorted(groups.items())
    ranked = (sorted(group, key=lambda one: (-one[1], len(one[0]), one[0])) for _, group in order if len(group) > 1)
    return [dict(group) for group in ranked]
