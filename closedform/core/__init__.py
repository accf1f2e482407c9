"""Expressions, shapes, operations, rewriting.  Knows no concrete operation."""
