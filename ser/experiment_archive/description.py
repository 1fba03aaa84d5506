"""The description of an archive as an RO-Crate 1.1: ro-crate-metadata.json, and README.md with the same in words.

https://www.researchobject.org/ro-crate/specification/1.1/: JSON-LD with one entity per file, licence, corpus, author
and piece of software.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ser import catalog, layout
from ser.config.plan import Plan
from ser.errors import SerError
from ser.experiment_archive.terms import Terms, licence_entity, stated_licence
from ser.files import embedded_checksum
from ser.files.checksums import sha256
from ser.tables import contracts
from ser.version import VERSION

METADATA, README = "ro-crate-metadata.json", "README.md"
FORMAT = "1.1"  # of RO-Crate
ROOT = "./"
TERMS = {"sha256": "http://schema.org/sha256"}  # which the context of 1.1 lacks
TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".csv": "text/csv",
    ".md": "text/markdown",
}
ABOUT = "{title}: {runs} runs of {systems} systems ({protocols}) on {corpora}"
CONTENT = "Plan, tables, predictions and records of every run, with their SHA-256. No recordings, no weights."

Entity = dict[str, Any]


def describe(plan: Plan, files: Mapping[str, str], folder: Path, terms: Terms) -> None:
    """Write README.md and ro-crate-metadata.json of the archive whose other files are in ``folder``.

    files: what each is, by path. SerError where the package rocrate is missing or a term is wrong.
    """
    records = [json.loads((folder / name).read_text(encoding="utf-8")) for name in files if name.endswith("/run.json")]
    corpora = [_corpus(name) for name in plan.experiment.selected("corpora")]
    people, licence = terms.people(), terms.licence_entity()
    day = terms.day([str(one.get("finished", "")) for one in records])
    named: Entity = {"name": plan.experiment.title or plan.experiment.name, "description": f"{_about(plan)}. {CONTENT}"}
    root = {**named, "datePublished": day, "license": _link(licence), "isBasedOn": _links(one for one, _ in corpora)}
    if people:
        root["author"] = _links(people)
    software = _software(records)
    action = {
        "@id": "#experiment",
        "@type": "CreateAction",
        "name": f"Training and evaluation of {len(records)} runs",
        "startTime": min((one["started"] for one in records if one.get("started")), default=None),
        "endTime": max((one["finished"] for one in records if one.get("finished")), default=None),
        "instrument": _links(one for one in software if one["@type"] != "CreativeWork"),
        "object": _links(one for one, _ in corpora),
        "result": {"@id": ROOT},
    }
    root["mentions"] = {"@id": "#experiment"}
    (folder / README).write_text(_readme(root, people, licence, corpora), encoding="utf-8", newline="")
    others = [licence, *people, *software, *(one for pair in corpora for one in pair)]
    others.append({name: value for name, value in action.items() if value is not None})
    text = _crate(root, {README: "What this is", **files}, folder, others)
    (folder / METADATA).write_text(text, encoding="utf-8", newline="")
    embedded_checksum.fill(folder / METADATA)


def _crate(root: Entity, files: Mapping[str, str], folder: Path, others: Iterable[Entity]) -> str:
    """Return the text of ro-crate-metadata.json: its own entity first, then the archive's, then all by name."""
    try:
        from rocrate.model.contextentity import ContextEntity
        from rocrate.rocrate import ROCrate
    except ImportError as error:
        raise SerError("ser archive needs the package rocrate: pip install 'ser[archive]'.") from error
    crate = ROCrate(version=FORMAT)
    for name, value in root.items():
        crate.root_dataset[name] = value
    for name, what in sorted(files.items()):
        crate.add_file(folder / name, name, properties={"name": what, **_facts(folder / name)})
    for entity in others:
        properties = {name: value for name, value in entity.items() if name != "@id"}
        crate.add(ContextEntity(crate, entity["@id"], properties=properties))
    crate.metadata["identifier"] = embedded_checksum.BLANK  # of this file's bytes
    crate.metadata.extra_terms.update(TERMS)
    record = crate.metadata.generate()
    record["@graph"].sort(key=lambda entity: (entity["@id"] != METADATA, entity["@id"] != ROOT, entity["@id"]))
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _facts(path: Path) -> Entity:
    size = str(path.stat().st_size)
    return {"encodingFormat": TYPES[path.suffix], "contentSize": size, "sha256": sha256(path)}


def _link(entity: Entity) -> Entity:
    return {"@id": entity["@id"]}


def _links(entities: Iterable[Entity]) -> Entity | list[Entity]:
    """Return the links to entities; one is no list, as RO-Crate recommends."""
    found = [_link(one) for one in entities]
    return found[0] if len(found) == 1 else found


def _about(plan: Plan) -> str:
    selected = plan.experiment.selected
    return ABOUT.format(
        title=plan.experiment.title or plan.experiment.name,
        runs=len(plan.runs()),
        systems=len(selected("systems")),
        protocols=", ".join(plan.protocols[name].title or name for name in selected("protocols")),
        corpora=", ".join(selected("corpora")),
    )


def _corpus(name: str) -> tuple[Entity, Entity]:
    """Return the entities of a corpus and of its licence, from its manifest and the card of its adapter."""
    path = layout.manifest(name)
    notes = contracts.metadata(path) if path.is_file() else {}
    adapter = notes.get("adapter", name)
    card = catalog.load("corpora", adapter).CARD if adapter in catalog.names("corpora") else None
    title = notes.get("title") or (card.title if card else name)
    homepage = card.homepage if card else ""
    licence = stated_licence(notes.get("licence") or (card.licence if card else ""), quote(name), homepage)
    entity = {"@id": f"#corpus-{quote(name)}", "@type": "CreativeWork", "name": title, "alternateName": name}
    entity |= {"license": _link(licence), "description": "Corpus of recordings, none of which is in the archive"}
    if homepage:
        entity["url"] = homepage
    if warning := notes.get("warning"):
        entity["disambiguatingDescription"] = warning
    return entity, licence


def _software(records: Sequence[Mapping[str, Any]]) -> list[Entity]:
    """Return ser, its licence, the commits that trained runs, and the libraries of the runs, in each version."""
    licence = licence_entity("Apache-2.0")
    ser = {"@id": "#ser", "@type": "SoftwareApplication", "name": "ser", "softwareVersion": VERSION}
    found = [
        {**ser, "license": _link(licence), "description": "Scored the predictions and wrote this archive"},
        licence,
    ]
    commits = {(str(one.get("commit") or "unknown"), bool(one.get("dirty"))) for one in records}
    for commit, dirty in sorted(commits):
        state = ", with changes that are not in it" if dirty else ""
        entity = {"@id": f"#ser-{commit}{'-changed' if dirty else ''}", "@type": "SoftwareSourceCode", "name": "ser"}
        found.append({**entity, "version": commit, "description": f"The commit that trained runs{state}"})
    libraries = {pair for one in records for pair in one.get("versions", {}).items() if pair[1]}
    for name, version in sorted(libraries):
        entity = {"@id": f"#{quote(name)}-{quote(version)}", "@type": "SoftwareApplication", "name": name}
        found.append({**entity, "softwareVersion": version})
    return found


def _readme(root: Entity, people: Sequence[Entity], licence: Entity, corpora: Sequence[tuple[Entity, Entity]]) -> str:
    """Return README.md."""
    by = f"By {', '.join(one['name'] for one in people)}. " if people else ""
    lines = [f"# {root['name']}", "", root["description"], "", f"{by}{root['datePublished']}. {licence['name']}."]
    lines += ["", "| corpus | licence of the recordings |", "|---|---|"]
    lines += [f"| {one['name']} ({one['alternateName']}) | {its['name']} |" for one, its in corpora]
    lines += [
        "",
        f"Made with ser {VERSION}. `ser verify FILE.zip` compares every file with its SHA-256 in {METADATA} and",
    ]
    lines += [
        "computes the tables again from the predictions. In the unpacked archive, `ser results` prints the results."
    ]
    return "\n".join(lines) + "\n"
