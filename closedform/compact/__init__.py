"""From a correct answer to the formula a careful author would print.

`compact` changes the normal form where fewer operations result: it expands, cancels and factors.
`present` chooses, for printing only, among ways of writing the same thing.
"""
