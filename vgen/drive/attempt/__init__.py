"""One attempt at a clip: reserved, submitted, waited for, settled, delivered into storage."""
