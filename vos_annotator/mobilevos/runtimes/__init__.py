"""What runs the network: torch, or its graphs in a library that is quicker on a CPU."""
