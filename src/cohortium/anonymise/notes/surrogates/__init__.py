"""What stands in a released note in the place of what identified someone."""
