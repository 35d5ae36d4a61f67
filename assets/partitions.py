"""Companies as Dagster partitions."""

import dagster as dg

company_partitions = dg.DynamicPartitionsDefinition(name="company")
