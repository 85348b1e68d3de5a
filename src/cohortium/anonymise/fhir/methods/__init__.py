"""What a rule does to a value: one method per file, named as in the configuration."""

from cohortium.anonymise.fhir.methods.method import Applied, Context, Method
from cohortium.anonymise.fhir.methods.methods import method_of

__all__ = ["Applied", "Context", "Method", "method_of"]
