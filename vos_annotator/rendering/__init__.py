"""Rendered clips: 3-D models on smooth paths, with masks that are exact."""
