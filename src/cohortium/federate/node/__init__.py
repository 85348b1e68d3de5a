"""The node: the program at a hospital that holds the data connections, decides, computes, and lets sums out."""
