"""How good the masks are: DAVIS figures, measured as the official code measures them."""
