"""The pictures in the documents, each made from what it shows: `python -m tests.pictures`.

A module of this folder with a function `draw() -> str` makes docs/pictures/<its name>.svg, with a
dash for each underscore.
"""
