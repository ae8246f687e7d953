"""Watching tables, the catalogue and runs: what is unusual, with its evidence, remembered between looks."""
