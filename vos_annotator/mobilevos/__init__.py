"""The MobileVOS networks, their memory, their checkpoints and the engine that runs them (torch)."""
