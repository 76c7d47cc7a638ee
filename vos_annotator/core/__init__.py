"""Videos, masks, edits and projects: no Qt, no torch."""
