"""The notebooks run from top to bottom against the packages as they are, and are kept without outputs."""

import ast
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs without an error, as where there are no real data; charts and an order come out."""
    monkeypatch.delenv("ZAPAS_REAL_DATA", raising=False)
    run(path)


@pytest.mark.accept
@pytest.mark.skipif("ZAPAS_REAL_DATA" not in os.environ, reason="needs the real data")
def test_the_car_parts_notebook_runs_on_the_car_parts() -> None:
    """The real data tell the same story."""
    run(ROOT / "notebooks" / "car_parts_forecast.ipynb")


def run(path: Path) -> None:
    """Execute a notebook; charts and an order come out, and nothing on stderr."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/svg+xml" in output.get("data", {}) for output in outputs)
    assert any("order" in output.get("text", "") for output in outputs)
    assert not [output for output in outputs if output.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_hold_neither_outputs_nor_source(path: Path) -> None:
    """No outputs are committed, and cells only call: functions and classes belong in the packages."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells
    for cell in cells:
        assert (cell.outputs, cell.execution_count) == ([], None)
        assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(ast.parse(cell.source)))
