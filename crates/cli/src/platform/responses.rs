//! The members of API responses, and their text for people.

use serde_json::Value;

use crate::failure::Failure;

/// Returns a text member; empty if there is none.
pub(crate) fn text<'v>(response: &'v Value, name: &str) -> &'v str {
    response.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a number member; 0 if there is none.
pub(crate) fn number(response: &Value, name: &str) -> u64 {
    response.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// Returns the numbers of an array member; none if there is no such member.
pub(crate) fn numbers(response: &Value, name: &str) -> Vec<u64> {
    response.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect()
}

/// Returns whether all is done for a package: it is Ready, or made on demand and playable. A package that has Failed, or whose
/// record cannot be read, is a failure.
pub(crate) fn is_complete(package: &Value) -> Result<bool, Failure> {
    match text(package, "status") {
        "Ready" => Ok(true),
        _ if is_playable(package) && text(package, "when") == "on-demand" => Ok(true),
        "Failed" => {
            let failure = &package["failure"];
            let message = format!("in {}: {}", text(failure, "stage"), text(failure, "message"));
            Err(Failure::refused(text(failure, "code").to_owned(), message))
        }
        "Unreadable" => Err(unreadable(package)),
        _ => Ok(false),
    }
}

/// Returns whether players can play a package.
pub(crate) fn is_playable(package: &Value) -> bool {
    package["playable"] == true
}

/// Returns a failure for a content that is Refused, or whose record cannot be read.
pub(crate) fn require_accepted(content: &Value) -> Result<(), Failure> {
    match text(content, "status") {
        "Refused" => Err(Failure::refused(text(content, "code").to_owned(), text(content, "message"))),
        "Unreadable" => Err(unreadable(content)),
        _ => Ok(()),
    }
}

fn unreadable(record: &Value) -> Failure {
    Failure::refused("unreadable_record", text(record, "problem"))
}

/// Returns the line that describes a package, with the uploaded file that it belongs to.
pub(crate) fn package_line(file: Option<&str>, package: &Value) -> String {
    let fields = [text(package, "packaged_content_id"), text(package, "status"), text(package, "url")];
    fields.into_iter().chain(file).collect::<Vec<_>>().join("  ")
}

/// Returns the status of a package and its completed work units and bytes.
pub(crate) fn package_progress(package: &Value) -> String {
    let (status, progress) = (text(package, "status"), &package["progress"]);
    if is_playable(package) && status != "Ready" && text(package, "when") == "on-demand" {
        return format!("{status}, on demand, {} segments made", number(package, "segments_made"));
    }
    let total = number(progress, "work_units_total");
    if total == 0 {
        return status.to_owned();
    }
    let done = number(progress, "work_units_done");
    let [bytes_done, bytes_total] = ["bytes_done", "bytes_total"].map(|name| format_bytes(number(progress, name)));
    format!("{status}, {done} of {total} work units, {bytes_done} of {bytes_total}")
}

/// Formats a number of bytes with a decimal unit.
pub(crate) fn format_bytes(count: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = units.into_iter().find(|(size, _)| count >= *size);
    unit.map_or_else(
        || format!("{count} B"),
        |(size, unit)| format!("{}.{} {unit}", count / size, count % size * 10 / size),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_and_progress_are_formatted() {
        let formatted = [0, 999, 1_500, 36_000_000].map(format_bytes);
        assert_eq!(formatted, ["0 B", "999 B", "1.5 kB", "36.0 MB"]);
        let progress = |total: Value| {
            let progress =
                json!({"work_units_done": 1, "work_units_total": total, "bytes_done": 10, "bytes_total": 2000});
            package_progress(&json!({"status": "Fragmented", "progress": progress}))
        };
        assert_eq!(progress(json!(3)), "Fragmented, 1 of 3 work units, 10 B of 2.0 kB");
        assert_eq!(progress(Value::Null), "Fragmented");
        let made = json!({"status": "Fragmented", "playable": true, "when": "on-demand", "segments_made": 3});
        assert_eq!(package_progress(&made), "Fragmented, on demand, 3 segments made");
        assert!(
            is_complete(&made).unwrap() && !is_complete(&json!({"status": "Fragmented", "playable": true})).unwrap()
        );
    }
}
