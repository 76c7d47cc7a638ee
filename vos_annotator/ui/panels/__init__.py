"""The panels at the right of the window: the objects, and the reference frames."""
