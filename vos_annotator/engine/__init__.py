"""How masks travel through a video: engines by name, the order of frames, the worker's thread."""
