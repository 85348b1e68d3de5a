"""Where records come from: files and databases to tables, one format per file.

``read`` does it all: raw columns, the schema beside the data (inferred and saved the first time, yours to edit), and
the table that results. The steps are there one by one too.
"""

from cohortium.sources import arrow, delimited, duckdb_file, excel, npz, parquet, postgres, redcap, sqlite
from cohortium.sources.address import Options, folder_of, schema_path_for
from cohortium.sources.batches import Batches
from cohortium.sources.conform import conform
from cohortium.sources.inference import infer_schema
from cohortium.sources.partitions import Partitions, laid_out
from cohortium.sources.reading import open_large, read, read_raw
from cohortium.sources.schema_file import load_schema
from cohortium.sources.schema_text import save_schema, schema_text
from cohortium.sources.writing import write_table

FORMATS = (delimited, parquet, arrow, excel, sqlite, duckdb_file, postgres, redcap, npz)

__all__ = [
    "FORMATS",
    "Batches",
    "Options",
    "Partitions",
    "conform",
    "folder_of",
    "infer_schema",
    "laid_out",
    "load_schema",
    "open_large",
    "read",
    "read_raw",
    "save_schema",
    "schema_path_for",
    "schema_text",
    "write_table",
]
