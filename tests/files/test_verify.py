"""The verb verify names the damaged files and nothing else."""

from pathlib import Path

import pyarrow as pa
from typer.testing import CliRunner, Result

from ser.cli import app
from ser.files.atomic import write_text
from ser.tables import contracts


def verify(folder: Path) -> Result:
    return CliRunner().invoke(app, ["verify", str(folder)])


def tables(folder: Path) -> list[Path]:
    row = {"epoch": 1, "step": 4, "seconds": 0.5, "learning_rate": 0.1, "train_loss": 2.0}
    paths = [folder / f"run{number}/history.parquet" for number in range(3)]
    for path in paths:
        contracts.write(contracts.HISTORY, pa.Table.from_pylist([row], schema=contracts.HISTORY.schema), path)
    return paths


def test_sound_files_are_counted(tmp_path: Path) -> None:
    tables(tmp_path)
    write_text(tmp_path / "run0/run.json", "{}")
    done = verify(tmp_path)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "4 files are unchanged" in done.output


def test_damaged_files_have_a_line_each_and_the_code_is_2(tmp_path: Path) -> None:
    flipped, cut, _ = tables(tmp_path)
    content = bytearray(flipped.read_bytes())
    content[50] ^= 1
    flipped.write_bytes(bytes(content))
    cut.write_bytes(cut.read_bytes()[:-20])
    card = tmp_path / "run0/run.json"
    card.write_text('{"half": ')
    (tmp_path / "notes.json").write_text("a user's own file")
    done = verify(tmp_path)
    assert done.exit_code == 2
    assert done.stdout.splitlines() == [str(flipped), str(card), str(cut)]
    assert "3 of 4 files are damaged" in done.output


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    done = verify(tmp_path / "data")
    assert done.exit_code == 2
    assert "is not a folder" in done.output
