"""Schema inference: what the columns of a raw table mean, and why it is believed."""

from cohortium.sources.inference.infer import infer_schema

__all__ = ["infer_schema"]
