"""The table of operations: complete, and in the page."""

from __future__ import annotations

from book.operations import families, table
from closedform.core.abstract import Abstract
from closedform.core.expr import OPS


def test_every_record_is_in_the_table_once():
    rows = [row.op for family in families().values() for row in family]
    assert sorted(op.name for op in rows) == sorted(name for name, op in OPS.items() if not isinstance(op, Abstract))


def test_every_row_applies_its_operation():
    for family in families().values():
        for row in family:
            found, todo = set(), [row.function.expr]
            while todo:
                e = todo.pop()
                found.add(e.op)
                todo += e.args
            assert row.op in found, row.text


def test_every_operation_is_in_the_page(site):
    page = (site / "operations.html").read_text(encoding="utf-8")
    assert all(f'id="op-{name}"' in page for name, op in OPS.items() if not isinstance(op, Abstract))


def test_a_row_shows_the_differential_what_is_carried_back_the_domain_and_the_languages():
    shown = table("Products")
    assert "op-inv" in shown and "det(X) ≠ 0" in shown and "The inverse." in shown
    assert shown.count('class="back"') == 2 + 1 + 1 + 1 + 1
    assert "all but" in table("Functions of a matrix")
