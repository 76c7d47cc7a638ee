"""Many clips and projects in one go, on one machine or on many; see docs/batch.md."""
