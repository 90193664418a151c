"""Floor 1: the records that everything else passes around, and their JSON."""
