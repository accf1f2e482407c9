"""Drawings of an answer as SVG: the shapes of its factors, its graph, its zeros, its network, what it costs.

A drawing is a text that holds no style and no script; every text in it is escaped, and its classes are what a style
sheet may colour: `name`, `sign`, `shape`, `small`, `frame`, `curve0` and so on.
"""
