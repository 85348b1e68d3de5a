"""Who may do what with which records, and the proof that they did."""
