"""Neural networks that learn across hospitals: weights travel, records do not. PyTorch is needed only to train."""

from cohortium.analyse.neural.fitted_network import FittedNetwork
from cohortium.analyse.neural.neural_network import NeuralNetwork
from cohortium.analyse.neural.private_training import train_privately
from cohortium.analyse.neural.site_privacy import spending

__all__ = ["FittedNetwork", "NeuralNetwork", "spending", "train_privately"]
