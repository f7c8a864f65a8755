"""Forgetting one picture: out of the sources, out of every stage output and cached object that holds it, for good.

`picture` finds it, `holding` says which files of a folder hold it, `provenance` follows it through DVC's cache and run
records, `plan` writes down what is to be removed and removes it, `run` puts these together.
"""

from tryon.forgetting.run import Line, forget

__all__ = ["Line", "forget"]
