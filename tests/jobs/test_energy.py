"""Energy is counted where it can be read, and left out where not."""

from pathlib import Path

import pytest

from ser.jobs import energy
from ser.jobs.energy import metered


def package(folder: Path, number: int, microjoules: int, span: int = 1000_000_000) -> Path:
    package_folder = folder / f"intel-rapl:{number}"
    package_folder.mkdir(parents=True)
    (package_folder / "energy_uj").write_text(f"{microjoules}\n")
    (package_folder / "max_energy_range_uj").write_text(f"{span}\n")
    return package_folder / "energy_uj"


@pytest.fixture
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    return tmp_path


def test_the_packages_of_a_machine_add_up(powercap: Path) -> None:
    first, second = package(powercap, 0, 5_000_000), package(powercap, 1, 7_000_000)
    (powercap / "intel-rapl:0:0").mkdir()  # a part of package 0, which its counter holds already
    (powercap / "intel-rapl:0:0/energy_uj").write_text("1\n")
    with metered() as joules:
        first.write_text("8000000\n")
        second.write_text("7500000\n")
    assert joules == {"processor": 3.5}


def test_a_counter_may_start_again_from_zero(powercap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "INTERVAL", 0.01)
    counter = package(powercap, 0, 90_000_000, span=99_999_999)
    with metered() as joules:
        for value in (20_000_000, 95_000_000, 10_000_000):  # 30, 75 and 15 joules on
            before = joules["processor"]
            (counter.parent / "new").write_text(f"{value}\n")
            (counter.parent / "new").replace(counter)
            while joules["processor"] == before:
                pass
    assert joules == {"processor": 120.0}


@pytest.mark.usefixtures("powercap")
def test_what_cannot_be_read_is_not_zero() -> None:
    with metered() as joules:
        pass
    assert joules == {}


def test_a_counter_that_goes_away_is_given_up(powercap: Path) -> None:
    counter = package(powercap, 0, 0)
    with metered() as joules:
        counter.unlink()
    assert joules == {}
