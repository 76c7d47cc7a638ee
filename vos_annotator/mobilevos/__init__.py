"""The MobileVOS networks, their memory, and the engine made of them; the home of torch."""
