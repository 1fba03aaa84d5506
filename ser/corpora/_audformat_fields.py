"""What a database in audformat says about its files and segments besides the emotion."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ser.corpora._audformat_tables import HEADER, Database, Segment
from ser.errors import unknown

DIMENSIONS = {"valence": ("valence",), "activation": ("activation", "arousal"), "dominance": ("dominance",)}
TEXTS = ("text", "transcription", "transcript")
DEFAULT = "speaker"  # a column that may be absent


class BySegment(dict[Segment, Any]):
    """Values by segment; what is stated of a whole file holds for all of its segments."""

    def __missing__(self, segment: Segment) -> Any:
        return dict.__getitem__(self, (segment[0], None, None))

    def __contains__(self, segment: object) -> bool:
        return super().__contains__(segment) or (
            isinstance(segment, tuple) and super().__contains__((segment[0], None, None))
        )

    def mapped(self, change: Callable[[Any], Any]) -> "BySegment":
        """Return the values changed, without those that become None."""
        changed = ((segment, change(value)) for segment, value in self.items())
        return BySegment((segment, value) for segment, value in changed if value is not None)


def fields_of(database: Database, tables: Sequence[str], speaker: str) -> dict[str, BySegment]:
    """Return the values of each field of the utterances: speaker, gender, language, text, dimensions.

    A value is taken of the chosen ``tables``, else of any other; gender and language also of what the database says
    about its speakers. SerError where ``speaker`` is no column.
    """
    who = _column(database, tables, [speaker])
    if not who and speaker != DEFAULT:
        known = {name for names in database.columns().values() for name in names}
        raise unknown(f"column in {database.root / HEADER}, option 'speaker',", speaker, known)
    about: dict[Any, Mapping[str, Any]] = {}
    for table, columns in database.columns().items():
        if speaker in columns:
            about.update(database.described(table, speaker))
    gender = _column(database, tables, ["gender", "sex"]) or who.mapped(lambda one: about.get(one, {}).get("gender"))
    return {
        "speaker": who.mapped(str),
        "gender": gender.mapped(lambda value: value if value in ("female", "male") else None),
        "language": who.mapped(lambda one: _code(about.get(one, {}).get("language"))),
        "text": _texts(database, tables),
        **{name: _column(database, tables, columns).mapped(_number) for name, columns in DIMENSIONS.items()},
    }


def rated_on(database: Database, tables: Sequence[str]) -> tuple[float, float] | None:
    """Return lowest and highest rating by the schemes of the dimensions; None where they state none, or several."""
    columns = database.columns()
    found = set()
    for names in DIMENSIONS.values():
        held = (
            (table, name) for name in names for table in dict.fromkeys((*tables, *columns)) if name in columns[table]
        )
        if (column := next(held, None)) is not None:
            scheme = database.db.schemes.get(database.db[column[0]].columns[column[1]].scheme_id)
            found.add((getattr(scheme, "minimum", None), getattr(scheme, "maximum", None)))
    low, high = next(iter(found)) if len(found) == 1 else (None, None)
    return None if low is None or high is None or low >= high else (float(low), float(high))


def spoken(database: Database) -> str | None:
    """Return the code of the language of the database; None where it has several or says none."""
    languages = list(database.db.languages)
    return _code(languages[0]) if len(languages) == 1 else None


def _column(database: Database, tables: Sequence[str], names: Iterable[str]) -> BySegment:
    """Return what the first of the named columns says that says anything; the chosen tables come first."""
    columns = database.columns()
    for name in names:
        found = BySegment()
        for table in dict.fromkeys((*tables, *columns)):
            if name in columns[table]:
                for segment, value in database.values(table, name):
                    if value is not None:
                        found.setdefault(segment, value)
        if found:
            return found
    return BySegment()


def _texts(database: Database, tables: Sequence[str]) -> BySegment:
    """Return the texts; where the values are codes, the database has the text of each."""
    for name in TEXTS:
        labels = getattr(database.db.schemes.get(name), "labels", None)
        written = labels if isinstance(labels, dict) else {}
        if found := _column(database, tables, [name]):
            texts = {code: text for code, text in written.items() if isinstance(text, str)}
            return BySegment((segment, str(texts.get(value, value))) for segment, value in found.items())
    return BySegment()


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _code(name: Any) -> str | None:
    """Return the code of two letters of a language, of three where it has no other: de for deu."""
    import iso639

    if not isinstance(name, str) or not iso639.is_language(name):
        return None
    language = iso639.Lang(name)
    return str(language.pt1 or language.pt3)
