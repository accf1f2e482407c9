"""An indexed result as a network: a box for every factor, a line for every index that is summed over.

A line that ends in a letter is a free index.  Where more than two ends meet, or a delta joins two letters, there is a
dot: the indices are equal there.  A tick at a box marks the rows of a matrix.  Boxes stand in a row, in the order that
makes the lines short; what are not neighbours is joined by an arc above, free indices hang below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from closedform.compact.present import present
from closedform.core.expr import Expr
from closedform.core.normal import normal
from closedform.core.terms import split
from closedform.drawing.svg import GAP, LINE, circle, line, rect, svg, text, wide
from closedform.emit.index import free_letters
from closedform.emit.unicode import unicode
from closedform.index.tensor import Factor, Index, Product, Tensor, atoms, expanded

MOST_TERMS, MOST_ITEMS, LONGEST = 12, 12, 24  #: terms; items of a term; letters in a box
MOST_ORDERED = 6  #: items of which every order is tried
WIDEST = 700.0  #: of a row of terms
BOX, SPACE, HANG, RISE = 28.0, 32.0, 30.0, 17.0  #: height of a box, room between two, length of a free index, of an arc
FAN, LOOP, DOT, TICK = 24.0, 9.0, 4.0, 3.0  #: between free indices, half a loop; radii


@dataclass(frozen=True, slots=True)
class Item:
    """What stands in the row: a box with its text, or, without a text, a dot."""

    said: str
    width: float
    room: float = 0.0  #: with the free indices below


@dataclass(frozen=True, slots=True)
class Wire:
    """A line between two items by their numbers, or from an item to a letter.

    Attributes:
        ends: the items, one for a free index.
        said: the size that is summed over, or the letter of a free index.
        rows: at which of the ends the rows of a matrix are.
    """

    ends: tuple[int, ...]
    said: str
    rows: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """A term: what stands before it, its items in their order, and its wires."""

    before: str
    items: tuple[Item, ...]
    wires: tuple[Wire, ...]


def network(t: Tensor) -> str | None:
    """A tensor as a network, a piece for each of its terms; None for zero, a number, or what is too large.

    Raises:
        TooLarge: it has more than 52 free indices.
    """
    t = expanded(t)
    letters = free_letters(t)
    if not t.products or not letters or len(t.products) > MOST_TERMS:
        return None
    terms = [_network(p, letters, first=n == 0) for n, p in enumerate(t.products)]
    if any(len(term.items) > MOST_ITEMS for term in terms):
        return None
    drawn, y, widest = list[str](), 0.0, 0.0
    for row in _rows(terms):
        x, level = GAP, y + max(map(_rise, row))
        for term in row:
            drawn += _drawn(term, x, level)
            x += _width(term)
        y, widest = level + BOX / 2 + HANG + LINE, max(widest, x)
    said = "; ".join(f"{term.before} {' '.join(i.said for i in term.items if i.said)}".strip() for term in terms)
    return svg(widest + GAP, y + GAP, drawn, said)


def _rows(terms: Sequence[Network]) -> list[list[Network]]:
    """The terms side by side, as many as fit."""
    rows, room = list[list[Network]](), 0.0
    for term in terms:
        if _width(term) > room:
            rows.append([])
            room = WIDEST
        rows[-1].append(term)
        room -= _width(term)
    return rows


# ------------------------------------------------------------------------------------------------- from a product


def _network(p: Product, letters: Mapping[Index, str], first: bool) -> Network:
    """A term; an index of two ends is a line, one of any other number a dot, ones are a dot of one end."""
    joined = _joined(p, letters)
    boxes = [f for f in p.factors if f.expr.op.name not in ("eye", "ones")]
    ends: dict[Index, list[tuple[int, bool]]] = {joined[i]: [] for i in joined}
    items = []
    for n, f in enumerate(boxes):
        items.append(_box(f))
        marked = len(atoms(f.indices)) > 1 and not _is_symmetric(f)
        for place, i in enumerate(atoms(f.indices)):
            ends[joined[i]].append((n, marked and place == 0))
    wires = []
    for index, boxed in ends.items():
        free = [letter for i, letter in letters.items() if joined[i] is index]
        if len(boxed) == 2 and not free:
            wires.append(Wire((boxed[0][0], boxed[1][0]), index.dim.text, (boxed[0][1], boxed[1][1])))
        elif len(boxed) == 1 and len(free) == 1:
            wires.append(Wire((boxed[0][0],), free[0], (boxed[0][1],)))
        else:
            dot = len(items)
            items.append(Item("", 2 * DOT))
            wires += [Wire((n, dot), "", (rows, False)) for n, rows in boxed]
            wires += [Wire((dot,), letter, (False,)) for letter in free]
    hanging = Counter(w.ends[0] for w in wires if len(w.ends) == 1)
    roomy = [replace(item, room=max(item.width, FAN * hanging[n])) for n, item in enumerate(items)]
    return _ordered(Network(_coefficient(p.scalar, first, bare=not items), tuple(roomy), tuple(wires)))


def _joined(p: Product, letters: Mapping[Index, str]) -> dict[Index, Index]:
    """For every index one that stands for all that deltas make equal to it."""
    joined = {i: i for i in [*letters, *(i for f in p.factors for i in atoms(f.indices))]}
    for f in p.factors:
        if f.expr.op.name == "eye":
            kept, gone = (joined[i] for i in atoms(f.indices))
            joined = {i: kept if j is gone else j for i, j in joined.items()}
    return joined


def _box(f: Factor) -> Item:
    """A box with a factor, shortened."""
    said = unicode(present(f.expr))
    said = said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"
    return Item(said, max(BOX, wide(said) + 14))


def _is_symmetric(f: Factor) -> bool:
    return f.expr.shape[0] is f.expr.shape[1] and normal(f.expr.T) is normal(f.expr)


def _coefficient(scalar: Expr, first: bool, bare: bool) -> str:
    """The sign and the scalar before a term, which is written out if it is 1 and alone."""
    c, _ = split(scalar)
    sign = ("− " if c < 0 else "") if first else ("− " if c < 0 else "+ ")
    shown = present(scalar if c > 0 else normal(-scalar))
    said = f"({unicode(shown)})" if shown.op.name == "add" else unicode(shown)
    return (sign + (said if said != "1" or bare else "")).strip()


def _ordered(n: Network) -> Network:
    """The same with its items in the order that makes the lines short: of a few the best, of many a good one."""
    pairs = [w.ends for w in n.wires if len(w.ends) == 2]
    free = {w.ends[0]: w.said for w in reversed(n.wires) if len(w.ends) == 1}
    count = len(n.items)
    best: tuple[int, ...]
    if count <= MOST_ORDERED:
        best = min(permutations(range(count)), key=lambda o: (_length(o, pairs), [free[e] for e in o if e in free]))
    else:
        best = ()
        for item in range(count):
            best = min(((*best[:k], item, *best[k:]) for k in range(item + 1)), key=lambda o: _length(o, pairs))
    place = {item: k for k, item in enumerate(best)}
    wires = tuple(replace(w, ends=tuple(place[e] for e in w.ends)) for w in n.wires)
    return replace(n, items=tuple(n.items[item] for item in best), wires=wires)


def _length(order: Sequence[int], pairs: Sequence[tuple[int, ...]]) -> int:
    """How far apart those are that are joined, as far as they are placed."""
    place = {item: k for k, item in enumerate(order)}
    return sum(abs(place[a] - place[b]) for a, b in pairs if a in place and b in place)


# ----------------------------------------------------------------------------------------------------- as a drawing


def _width(n: Network) -> float:
    return wide(n.before) + GAP + sum(i.room + SPACE for i in n.items)


def _bonds(n: Network) -> list[tuple[Wire, float]]:
    """The wires between items, and how high each rises above the boxes: not at all between neighbours."""
    seen = Counter[tuple[int, ...]]()
    found = []
    for w in n.wires:
        if len(w.ends) == 2:
            pair = tuple(sorted(w.ends))
            far = pair[1] - pair[0]
            found.append((w, 0.0 if far == 1 and not seen[pair] else RISE * (max(far, 1) + seen[pair])))
            seen[pair] += 1
    return found


def _rise(n: Network) -> float:
    """From the top of a row down to the middle of its boxes."""
    return BOX / 2 + LINE + max((rise for _, rise in _bonds(n)), default=0.0)


def _drawn(n: Network, x: float, level: float) -> list[str]:
    """One term that begins at x, the middle of its boxes at that level."""
    drawn = [text(x + wide(n.before) / 2, level + GAP, n.before)] if n.before else []
    centres, at = list[float](), x + wide(n.before) + GAP + SPACE / 2
    for item in n.items:
        centres.append(at + item.room / 2)
        at += item.room + SPACE
        if item.said:
            drawn.append(rect(centres[-1] - item.width / 2, level - BOX / 2, item.width, BOX, "tensor"))
            drawn.append(text(centres[-1], level + GAP, item.said, "name"))
    for w, rise in _bonds(n):
        drawn += _bond(n.items, centres, level, w, rise)
    drawn += _hanging(n, centres, level)
    return drawn + [circle(x, level, DOT) for x, item in zip(centres, n.items, strict=True) if not item.said]


def _bond(items: Sequence[Item], centres: Sequence[float], level: float, w: Wire, rise: float) -> list[str]:
    """A line between neighbours; an arc above for what is farther apart, is joined already, or is one box."""
    (a, rows_a), (b, rows_b) = sorted(zip(w.ends, w.rows, strict=True), key=lambda end: end[0])
    if not rise:
        left, right = centres[a] + items[a].width / 2, centres[b] - items[b].width / 2
        drawn = [line(left, level, right, level, "wire")]
        top = foot = level
    else:
        aside = LOOP if a == b else 0.0
        left, right, foot = centres[a] - aside, centres[b] + aside, level - BOX / 2
        top = foot - rise
        high = foot - rise * 4 / 3  # so far a cubic curve must aim
        path = f"M{left:.1f},{foot:.1f} C{left:.1f},{high:.1f} {right:.1f},{high:.1f} {right:.1f},{foot:.1f}"
        drawn = [f'<path d="{path}" class="wire"/>']
        dots = [(x, k) for x, k in ((left, a), (right, b)) if not items[k].said]
        drawn += [line(x, foot, x, level, "wire") for x, _ in dots]
    if w.said:
        drawn.append(text((left + right) / 2, top - 6, w.said, "shape"))
    return drawn + [circle(x, foot, TICK, "rows") for x, rows in ((left, rows_a), (right, rows_b)) if rows]


def _hanging(n: Network, centres: Sequence[float], level: float) -> list[str]:
    """The free indices below."""
    free = [w for w in n.wires if len(w.ends) == 1]
    count, hung = Counter(w.ends[0] for w in free), Counter[int]()
    drawn = []
    for w in free:
        (end,) = w.ends
        aside = (hung[end] - (count[end] - 1) / 2) * FAN
        hung[end] += 1
        x, y = centres[end] + aside / 2, level + (BOX / 2 if n.items[end].said else 0.0)
        drawn.append(line(x, y, centres[end] + aside, level + BOX / 2 + HANG, "wire"))
        drawn.append(text(centres[end] + aside, level + BOX / 2 + HANG + 14, w.said, "sign"))
        if w.rows[0]:
            drawn.append(circle(x, y, TICK, "rows"))
    return drawn
