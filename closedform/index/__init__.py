"""Level 2: indexed products, for derivatives with three indices and more.  No rule of differentiation lives here."""
