"""What the program costs on this machine: one measure a module, a registry, a command."""
