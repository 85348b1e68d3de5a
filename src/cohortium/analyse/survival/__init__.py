"""What survival methods have in common: follow-up, times on a grid, counts of who leaves, and the steps of Cox."""
