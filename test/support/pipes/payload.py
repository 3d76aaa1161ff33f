"""A payload that says all that a client of Dagster Pipes can say; its first argument is how it ends."""

import math
import sys

from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as context:
    context.log.warning("naïve\nlog")
    context.report_custom_message(
        {
            "asset_key": context.asset_key,
            "partition_key": context.partition_key,
            "partition_key_range": context.partition_key_range,
            "code_version": context.code_version,
            "provenance": context.provenance,
            "run_id": context.run_id,
            "job_name": context.job_name,
            "retry_number": context.retry_number,
            "extras": context.extras,
        }
    )
    context.report_asset_materialization(
        metadata={
            "rows": 3,
            "loss": math.nan,
            "worst": -math.inf,
            "page": {"raw_value": "https://example.org", "type": "url"},
            "shape": [1, 2],
        },
        data_version="v1",
    )
    context.report_asset_check("enough", passed=False, severity="WARN", metadata={"share": 0.5})
    context.log_external_stream("stdout", "half a li")
    if sys.argv[1] == "raise":
        try:
            raise KeyError("inner")
        except KeyError as problem:
            raise ValueError("outer") from problem
    if sys.argv[1] == "swallow":
        context.close({"message": "given up", "stack": [], "name": None, "cause": None, "context": None})
