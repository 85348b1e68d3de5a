"""Cohortium: hospitals analyse, model and share health data together while no record leaves its hospital.

The rooms of this package follow the journey of a health record; ``docs/architecture.md`` draws the map.
"""

__version__ = "0.1.0"
