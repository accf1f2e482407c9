"""Programs: code of formulas as graphs of instructions, spelled in one language or another."""
