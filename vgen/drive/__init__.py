"""What drives jobs. Imports point one way: runner, job, clip, attempt, and what they all use."""
