"""Who publishes an archive, when, and under which licence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ser.errors import SerError

ORCID = re.compile(r"https://orcid\.org/\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
# Licences of corpora as their cards spell them, and the identifier of SPDX.
STATED = re.compile(r"CC[ -](?P<kind>BY(?:-NC)?(?:-ND|-SA)?)[ -](?P<version>[1-4]\.0)", re.IGNORECASE)
NOT_STATED = {
    "@id": "#no-licence",
    "@type": "CreativeWork",
    "name": "No licence is stated",
    "description": "Ask the authors before you use more of this than the law allows without a licence. The licences of "
    "the corpora apply to what comes from them.",
}


@dataclass(frozen=True)
class Terms:
    """Who publishes an archive, when, and under which licence.

    authors: names, each with an ORCID after it or without; licence: an identifier of SPDX or an address, None: none is
    stated; published: None: the day on which the last run ended.
    """

    authors: Sequence[str] = ()
    licence: str | None = None
    published: str | None = None

    def people(self) -> list[dict[str, Any]]:
        """Return an entity per author; SerError for one without a name."""
        found = []
        for number, author in enumerate(self.authors, start=1):
            orcid = ORCID.search(author)
            name = (author.replace(orcid[0], "") if orcid else author).strip(" ,<>()")
            if not name or "orcid.org" in name:
                raise SerError(
                    f"author '{author}': expected a name, or a name and https://orcid.org/0000-0000-0000-0000."
                )
            found.append({"@id": orcid[0] if orcid else f"#author-{number}", "@type": "Person", "name": name})
        return found

    def licence_entity(self) -> dict[str, Any]:
        """Return the entity of the licence; SerError where it is neither an identifier nor an address."""
        return NOT_STATED if self.licence is None else licence_entity(self.licence)

    def day(self, ended: Sequence[str]) -> str:
        """Return the day of publication; ended: times at which runs ended, UTC. SerError where it is no day."""
        text = self.published or max(ended, default="")[:10]
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise SerError(f"date '{text}': expected a day as in 2026-11-30; give --date.") from None


def licence_entity(licence: str) -> dict[str, Any]:
    """Return the entity of a licence that is named by its identifier of SPDX or its address."""
    address = licence if re.fullmatch(r"https?://\S+", licence) else f"https://spdx.org/licenses/{licence}"
    if address != licence and not SPDX.fullmatch(licence):
        raise SerError(f"licence '{licence}': expected an identifier of SPDX, such as CC-BY-4.0, or an address.")
    return {"@id": address, "@type": "CreativeWork", "name": licence}


def stated_licence(text: str, corpus: str, homepage: str) -> dict[str, Any]:
    """Return the entity of a licence as the card of a corpus states it; homepage: of the corpus, "" for none."""
    if found := STATED.fullmatch(text.strip()):
        return licence_entity(f"CC-{found['kind'].upper()}-{found['version']}")
    entity = {"@id": f"#licence-{corpus}", "@type": "CreativeWork", "name": text.strip() or "not stated"}
    return {**entity, "url": homepage} if homepage else entity
