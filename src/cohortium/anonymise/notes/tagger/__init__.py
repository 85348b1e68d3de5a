"""The statistical tagger: features of tokens, a chain of labels, and trained weights."""
