"""Real records turned into records that may leave: tables, notes, images and FHIR, and the risk before and after."""
