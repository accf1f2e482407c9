"""Nodes that stand for what a sum is made into; they have the place of the node they come from."""

from __future__ import annotations

from closedform.syntax.tree import Node


def number(node: Node, text: str) -> Node:
    return Node("literal", text, (), node.span, node.at)


def call(name: str, node: Node, *args: Node) -> Node:
    return Node("call", name, args, node.span, node.at)


def prime(node: Node, a: Node) -> Node:
    return a.operands[0] if a.rule == "PRIME" else Node("PRIME", "'", (a,), node.span, node.at)


def binary(rule: str, node: Node, a: Node, b: Node) -> Node:
    return Node(rule, node.text, (a, b), node.span, node.at)


def is_one(node: Node) -> bool:
    return node.rule == "literal" and node.text == "1"
