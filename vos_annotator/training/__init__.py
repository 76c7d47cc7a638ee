"""Training the student: data, clips, losses and the loop (torch)."""
