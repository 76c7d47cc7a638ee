"""The window watched from outside, in a process of its own: for the `bench` command."""
