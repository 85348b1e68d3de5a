"""What propensity weighting needs besides its model: bounded weights, weighted arms and their answer."""
