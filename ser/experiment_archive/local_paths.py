"""Texts without the folders of the machine on which they were written."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

FROM_ROOT = re.compile(r"(/|~[\w.-]*/|[A-Za-z]:[\\/]|\\\\)[^/\\]+[/\\]")  # a path of at least two names
# A path within a sentence: not after a letter, slash or colon, as in an address, "and/or" or "owner/name".
WITHIN = re.compile(r"(?<![\w/.:<\\~-])(?:~[\w.-]*)?/(?:[^\s/'\"(),;:]+/)+(?=[^\s/'\"(),;:])")
WINDOWS = re.compile(r"(?<![\w/\\])(?:[A-Za-z]:[\\/]|\\\\)(?:[^\s/\\'\"(),;:]+[/\\])+(?=[^\s/\\'\"(),;:])")


def without_folders(text: str, project: Path) -> str:
    """Return ``text`` with paths below ``project`` relative to it, and every other absolute path as its last name."""
    text = text.replace("file://", "")
    for folder, name in ((project, ""), (Path.home(), "~/")):  # a folder's own name may have spaces
        if len(folder.parts) > 2:
            text = re.sub(rf"(?<![\w/.~-]){re.escape(folder.as_posix())}/", name, text)
    if FROM_ROOT.match(text) and "\n" not in text:
        windows = PureWindowsPath(text) if "\\" in text or text[1:2] == ":" else PurePosixPath(text)
        return windows.name
    return WINDOWS.sub("", WITHIN.sub("", text))


def in_record(value: Any, project: Path) -> Any:
    """Return a JSON value with ``without_folders`` of every text in it, keys included."""
    if isinstance(value, str):
        return without_folders(value, project)
    if isinstance(value, Mapping):
        return {without_folders(key, project): in_record(one, project) for key, one in value.items()}
    return [in_record(one, project) for one in value] if isinstance(value, list) else value
