"""The tour of docs/, run anew and its outputs kept: `python -m tests.notebook.tour`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

TOUR = Path(__file__).parents[2] / "docs" / "tour.ipynb"
LIVE = "live"  #: tag of a cell whose output is only of use while it runs


def stored() -> Any:
    return nbformat.read(TOUR, as_version=4)


def executed() -> Any:
    """The tour after a fresh run, with every output.

    Raises:
        CellExecutionError: of nbclient, where a cell fails that is not tagged raises-exception.
    """
    nb = stored()
    NotebookClient(nb, timeout=120, kernel_name="python3", store_widget_state=False, coalesce_streams=True).execute()
    return nb


def kept(nb: Any) -> Any:
    """The same without what differs from run to run."""
    for cell in nb.cells:
        cell.metadata.pop("execution", None)
        if LIVE in cell.metadata.get("tags", ()):
            cell.outputs = []
    nb.metadata.language_info = {"name": "python"}
    return nb


def main() -> None:
    nbformat.write(kept(executed()), TOUR)


if __name__ == "__main__":
    main()
