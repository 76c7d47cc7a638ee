"""Adapters to other programs' networks, each run from a checkout by the Python that it needs.

For: `bench --compare`, which starts this folder as a program of its own. Its modules may import
the rival and what that stands on; of ours nothing, as ours need not be installed there.
"""
