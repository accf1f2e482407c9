"""Derivations: from df to the derivative, one rule at a time, every line checked."""
