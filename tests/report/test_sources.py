"""Where things come from: audit by ids only, provenance, protocol cards, claims, templates in the fingerprint."""

import hashlib
import json
import re
from pathlib import Path
from shutil import copytree

import pandas as pd
from typer.testing import CliRunner

from ser import catalog
from ser.cli import app
from ser.provenance.code_hash import Code, roots
from ser.report import page

ROOT = Path(catalog.__file__).parent
SECRET = "confidential sentence"


def text(folder: Path, name: str = "index.html") -> str:
    return (folder / name).read_text(encoding="utf-8")


def test_the_audit_is_on_the_page_and_in_every_table(whole: Path) -> None:
    section = text(whole)[text(whole).index('id="audit"') :]
    assert "2 protocols on demo: 1 leaks found and declared, 0 undeclared" in text(whole)
    assert "2 unknown" in text(whole)
    assert "speaker: test in train" in section
    table = pd.read_csv(whole / "tables/audit.csv")
    assert len(table) == 2 * 2 * 3
    leaking = table[(table["protocol"] == "random") & (table["kind"] == "speaker") & (table["fold"] == -1)].iloc[0]
    assert (leaking["status"], leaking["share"], leaking["examples"]) == ("declared", 0.25, "0-001 like 1-002")
    assert "0-001 like 1-002" in text(whole, "tables/audit.md")
    assert re.search(r'class="badge declared">25\.00<', section)


def test_no_file_of_the_report_contains_a_transcript(whole: Path) -> None:
    readable = [path for path in whole.rglob("*") if path.suffix in {".html", ".csv", ".md", ".tex", ".svg"}]
    assert len(readable) > 40
    assert [path.name for path in readable if SECRET in path.read_text(encoding="utf-8")] == []


def test_protocols_without_audit_are_marked(both: Path) -> None:
    assert "None of the protocols was audited" in text(both)
    assert len(pd.read_csv(both / "tables/audit.csv")) == 0


def test_every_table_and_figure_names_its_source_file(whole: Path) -> None:
    found = text(whole)
    captions = re.findall(r"<caption>(.*?)</caption>", found, re.DOTALL)
    assert len(captions) > 15
    assert [caption for caption in captions if "From <code>" not in caption] == []
    for name in re.findall(r'href="((?:tables|figures)/[^"]+)"', found):
        assert (whole / name).stat().st_size > 0, name
    for suffix in ("md", "tex"):
        for path in (whole / "tables").glob(f"*.{suffix}"):
            tables = path.read_text(encoding="utf-8").split("\n|" if suffix == "md" else r"\begin{table}")[1:]
            assert not tables or "From " in path.read_text(encoding="utf-8"), path.name


def test_hashes_of_manifest_and_features_are_those_of_the_files_and_runs(whole: Path) -> None:
    manifest = (whole.parents[1] / "data/demo/manifest.parquet").read_bytes()
    digest = hashlib.blake2b(manifest, digest_size=16).hexdigest()
    table = pd.read_csv(whole / "tables/sources.csv").set_index("what")["blake2b"]
    assert table.to_dict() == {"manifest.parquet": digest, "feature mfcc": "0123abcd"}
    assert digest in text(whole)
    runs = pd.read_csv(whole / "tables/runs.csv")
    assert set(runs["code"]) == {"c0de"}
    assert json.loads(runs["data"].iloc[0]) == {"folds": "f0", "mfcc": "0123abcd"}
    assert 'href="plan.json"' in text(whole)


def test_the_page_has_the_energy_of_the_devices_that_were_read(whole: Path) -> None:
    runs = pd.read_csv(whole / "tables/runs.csv")
    assert set(runs["processor_joules"]) == {3600.0}
    assert runs["gpu_joules"].isna().all()
    assert f">processor {len(runs)} Wh ({len(runs)} of {len(runs)} runs); whole devices" in text(whole)


def test_claims_of_the_papers_in_question_have_a_verdict_on_the_page(whole: Path) -> None:
    claims = pd.read_csv(whole / "tables/claims.csv")
    mine = claims[(claims["paper"] == "peng2021")]
    section = text(whole)[text(whole).index('id="claims"') : text(whole).index('id="papers"')]
    assert section.count("<b>peng2021.</b>") == 1
    assert "cao2019" not in section
    judged = re.findall(r'class="badge (?:reproduced|not-[a-z]+|within-noise)">([a-z ]+)</span>', section)
    assert sorted(judged) == sorted(mine["verdict"])
    assert "not comparable" in judged
    assert len(pd.read_csv(whole / "tables/arithmetic.csv")) == 0, "synthetic speech is the corpus of no paper"


def test_protocols_print_all_that_decides_them_as_json() -> None:
    entries = json.loads(CliRunner().invoke(app, ["protocols", "--json"]).output)
    known = {entry["name"]: entry for entry in entries}
    one = known["session-out-4"]
    wanted = {
        "digest",
        "labels",
        "subset",
        "rule",
        "options",
        "normalisation",
        "selection",
        "leaks",
        "grouping",
        "folds",
    }
    assert wanted <= set(one)
    assert one["folds"]["iemocap"] == 5
    assert "ravdess" not in one["folds"], "it names no sessions"
    assert known["speaker-out-4"]["folds"]["ravdess"] == 24
    assert "enterface" not in known["speaker-out-4"]["folds"], "it has no neutral speech"
    assert "session out" in one["grouping"]


def test_cards_state_what_a_rule_keeps_together(whole: Path) -> None:
    assert "train and test share no speaker, dialog or session" in text(whole)


def test_an_edited_template_makes_another_code_hash(tmp_path: Path) -> None:
    copytree(ROOT, tmp_path / "ser")
    templates = tmp_path / "ser/report/templates"

    def fresh() -> str:
        code = Code(tmp_path / "ser")
        return code.hash(roots(code, "report", ["ser.report"]))

    found = {fresh()}
    for name in ("table.html", "page.css", "script.html"):
        path = templates / name
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        found.add(fresh())
    assert len(found) == 4


def test_templates_are_part_of_the_package() -> None:
    assert {path.suffix for path in (ROOT / "report/templates").iterdir() if path.is_file()} == {".html", ".css"}
    assert Path(page.__file__).parent == ROOT / "report"
