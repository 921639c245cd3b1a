"""What operators deploy beside the collector, and the code that writes parts of it."""
