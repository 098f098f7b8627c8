"""Training: recipe, optimiser and schedule, the loop."""
