"""Reading a function written in Python: it is run once, on arrays of symbols."""
