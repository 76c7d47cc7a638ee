"""Engines of other people's packages, each in an optional extra, each with weights of one's own."""
