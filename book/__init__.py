"""The documentation site: MkDocs asks `hooks.py`, which lets the program answer every formula of the pages."""
