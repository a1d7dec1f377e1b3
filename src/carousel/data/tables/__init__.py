"""Tables in: CSV and Parquet files and pandas frames, to series or labelled sequences. Needs the extra `train`."""

from carousel.data.tables.calendar import calendar_features as calendar_features
from carousel.data.tables.convert import to_sequences as to_sequences
from carousel.data.tables.convert import to_series as to_series
from carousel.data.tables.inference import infer_schema as infer_schema
from carousel.data.tables.reading import read_table as read_table
from carousel.data.tables.table import Table as Table
