"""The products of a tensor, as few as can be: what they do not share is added up before what they share is multiplied.

M_ik x_j x_l + u_i u_k x_j x_l is (M + u u')_ik x_j x_l, and Σ_m X_mi X_mk a_mj b_ml + Σ_m X_mi X_mk c_mj d_ml is one
contraction, Σ_m X_mi X_mk (a_mj b_ml + c_mj d_ml).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from string import ascii_letters

from closedform.core.expr import number
from closedform.index.tensor import Tensor
from closedform.program.contraction import Leaf, Merged, Piece, Sketch, is_one, sketch_of
from closedform.program.steady import steady

Names = dict[str, str]  #: the letters of one product, by those of another


def pieces_of(t: Tensor) -> list[Piece]:
    """The products of a tensor: a slope and its diagonal, then those that fill the result, then the others."""
    s = steady(t)
    slope = [sketch_of(p, t).planned() for p in s.slope]
    for p in slope[1:]:
        p.replaces = True
    sketches = merged(gathered([sketch_of(p, t) for p in s.rest.products]))
    return slope + sorted((s.planned() for s in sketches), key=lambda p: not p.dense)


def merged(sketches: list[Sketch]) -> list[Sketch]:
    """Products with a factor in common as one: M_ik x_j x_l + u_i u_k x_j x_l is (M + u u')_ik x_j x_l."""
    done: list[Sketch] = []
    for s in sketches:
        for n, other in enumerate(done):
            both = _common(other, s)
            if both is not None:
                done[n] = both
                break
        else:
            done.append(s)
    return done


def _common(a: Sketch, b: Sketch) -> Sketch | None:
    """Two products as one, if what they do not share has the same letters, and is not all they have."""
    if a.view != b.view:
        return None
    left, right = a.components(), b.components()
    shared = {key: min(len(left[key]), len(right[key])) for key in left if key in right}
    kept = [f for key, n in shared.items() for group in left[key][:n] for f in group]
    rests = [
        [f for key, groups in c.items() for group in groups[shared.get(key, 0) :] for f in group] for c in (left, right)
    ]
    words = [sorted(set("".join(f.letters for f in rest)) & set(a.view)) for rest in rests]
    if words[0] != words[1] or not words[0] or not any(f.letters for f in kept):
        return None
    word = "".join(c for c in dict.fromkeys(a.view) if c in words[0])
    pieces = [p for s, rest in zip((a, b), rests, strict=True) for p in _summands(s, rest, word)]
    return Sketch(a.view, number(1), [*kept, Merged(word, pieces)], a.dims)


def _summands(s: Sketch, rest: list[Leaf | Merged], word: str) -> list[Piece]:
    """What a product adds to a sum of products: the terms of the sum that it is, or itself."""
    if len(rest) == 1 and isinstance(rest[0], Merged) and rest[0].letters == word and is_one(s.scalar):
        return rest[0].pieces
    return [Sketch(word, s.scalar, rest, s.dims).planned()]


def gathered(sketches: Sequence[Sketch]) -> list[Sketch]:
    """The products, those of one view that share factors of a contraction as one."""
    groups: dict[str, list[Sketch]] = {}
    for s in sketches:
        groups.setdefault(s.view, []).append(s)
    return [s for group in groups.values() for s in _as_one(group)]


def _as_one(group: list[Sketch]) -> list[Sketch]:
    """Products of one view as one; as they are if they share no contraction."""
    first, *others = group
    if not others or not all(map(_is_connected, group)):
        return group
    shared, matches = list(range(len(first.leaves))), list[tuple[Names, dict[int, int]]]()
    for s in others:
        names, pairs = _matched(first, s, shared)
        shared = [n for n in shared if n in pairs]
        matches.append((names, pairs))
    kept, word = _divided(first, group, shared, [{n: n for n in shared}, *[pairs for _, pairs in matches]])
    if not kept:
        return group
    pieces = [_rest(first, word, {c: c for c in first.dims}, set(kept))]
    for s, (names, pairs) in zip(others, matches, strict=True):
        if any(c not in names for c in word if c not in s.view):
            return group
        pieces.append(_rest(s, word, names, {pairs[n] for n in kept}))
    if any(set("".join(f.letters for f in p.leaves)) < set(word) for p in pieces):
        return group
    return [
        Sketch(
            first.view,
            number(1),
            [*[first.leaves[n] for n in kept], Merged(word, [p.planned() for p in pieces])],
            first.dims,
        )
    ]


def _is_connected(s: Sketch) -> bool:
    """Is a product one contraction of plain factors, and perhaps factors without a sum?"""
    groups = [group for same in s.components().values() for group in same]
    summed = [g for g in groups if set("".join(f.letters for f in g)) - set(s.view)]
    return len(summed) == 1 and all(isinstance(f, Leaf) for f in s.leaves)


def _matched(a: Sketch, b: Sketch, among: Sequence[int]) -> tuple[Names, dict[int, int]]:
    """Factors of one product that another one has, and its letters for the letters of the first."""
    best: tuple[Names, dict[int, int]] = {}, {}
    for anchor in among:
        for other in range(len(b.leaves)):
            names: Names = {}
            if _same(a.leaves[anchor], b.leaves[other], names, a.view):
                pairs = {anchor: other}
                for n in among:
                    free = [k for k in range(len(b.leaves)) if k not in pairs.values()]
                    found = next((k for k in free if _same(a.leaves[n], b.leaves[k], names, a.view)), None)
                    if n not in pairs and found is not None:
                        pairs[n] = found
                if len(pairs) > len(best[1]):
                    best = names, pairs
        if best[1]:
            break
    return best


def _same(f: Leaf | Merged, g: Leaf | Merged, names: Names, view: str) -> bool:
    """Are two factors the same, for some letters that are summed over?  These are added to the names."""
    if not isinstance(f, Leaf) or not isinstance(g, Leaf) or f.expr is not g.expr or len(f.letters) != len(g.letters):
        return False
    new = dict(names)
    for c, d in zip(f.letters, g.letters, strict=True):
        if (c in view or d in view) and c != d:
            return False
        if c not in view and new.setdefault(c, d) != d:
            return False
    if len(set(new.values())) < len(new):
        return False
    names.update(new)
    return True


def _divided(
    first: Sketch, group: Sequence[Sketch], shared: list[int], pairs: Sequence[Mapping[int, int]]
) -> tuple[list[int], str]:
    """The shared factors that are multiplied last, if there are any, and the letters of what is added up before."""
    view = set(first.view)
    rests = [
        "".join(f.letters for k, f in enumerate(s.leaves) if k not in {at[n] for n in shared})
        for s, at in zip(group, pairs, strict=True)
    ]
    inside = view.intersection("".join(rests))
    kept = [n for n in shared if set(first.leaves[n].letters) & view - inside]
    outside = "".join(first.leaves[n].letters for n in kept)
    within = "".join(f.letters for n, f in enumerate(first.leaves) if n not in kept)
    between = [c for c in dict.fromkeys(outside) if c in within and c not in view]
    if not between or inside & set(outside):
        return [], ""
    return kept, "".join([*between, *[c for c in dict.fromkeys(first.view) if c in inside]])


def _rest(s: Sketch, word: str, names: Names, kept: set[int]) -> Sketch:
    """What a product adds up: its other factors, with the letters of the first product."""
    turned = {d: c for c, d in names.items() if c in word}
    spare = iter([c for c in ascii_letters if c not in word and c not in s.dims])
    letters = {c: turned.get(c) or (next(spare) if c in turned.values() else c) for c in s.dims if c not in s.view}
    renamed = str.maketrans(letters)
    leaves = [replace(f, letters=f.letters.translate(renamed)) for k, f in enumerate(s.leaves) if k not in kept]
    return Sketch(word, s.scalar, leaves, {c.translate(renamed): d for c, d in s.dims.items()})
