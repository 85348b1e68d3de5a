"""What methods do in mode "dp": sums whose noise has a known size, bounds that no record decides, honest intervals."""
