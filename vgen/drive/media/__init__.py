"""Reference images and clip files: read, checked and judged off the event loop."""
