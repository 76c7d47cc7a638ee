"""The machine that the program runs on: what it has, what went wrong on it, its desktop."""
