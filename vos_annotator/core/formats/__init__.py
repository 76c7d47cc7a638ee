"""The formats that masks come in and go out by, one a module, behind one seam.

For: the window's dialogs, the commands `export` and `import`, and the Python API, which all go
by the names in `registry`. Knows videos, masks and files; no Qt, no engines.
"""
