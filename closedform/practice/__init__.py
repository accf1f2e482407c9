"""Exercises in matrix calculus: posed, hinted at one step at a time, and judged."""
