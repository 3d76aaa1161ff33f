// A payload that says what the Rust client of Dagster Pipes can say. Its exceptions are of a private type: it cannot say one.
use dagster_pipes_rust::{open_dagster_pipes, AssetCheckSeverity, PipesMetadataValue};
use serde_json::json;
use std::collections::HashMap;

fn main() {
    let mut context = open_dagster_pipes().expect("no context");
    context.logger.info("hello").expect("log");
    let told = json!({
        "asset_keys": context.data.asset_keys,
        "partition_key": context.data.partition_key,
        "run_id": context.data.run_id,
        "extras": context.data.extras,
    });
    context.report_custom_message(told).expect("custom");
    let metadata = HashMap::from([("page", PipesMetadataValue::from_url("https://example.org".into()))]);
    context
        .report_asset_materialization("models/gold", metadata, Some("v1"))
        .expect("materialization");
    context
        .report_asset_check("enough", true, "models/gold", &AssetCheckSeverity::Error, HashMap::new())
        .expect("check");
    // It is closed once more when it goes out of scope.
    context.close(None).expect("closed");
}
