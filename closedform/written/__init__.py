"""Derivatives at small sizes: every entry written out, and the two routes to an array of partial derivatives."""
