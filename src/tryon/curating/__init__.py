"""Checks, duplicates, decisions and expectations on collected pictures."""
