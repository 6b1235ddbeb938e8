//! How a benchmark says what it measured: one JSON line per figure, on standard output, never a verdict. The clock is
//! here too, because measuring time is the one thing that nothing else in this workspace does.

use std::time::Instant;

use serde_json::{Map, Value, json};

/// A figure: name, value (the median), unit, number of measurements, median, p95 and p99. `more` says under which
/// circumstances, such as the database and how many desks were there.
pub fn say_with(name: &str, unit: &str, mut values: Vec<f64>, more: &[(&str, Value)]) {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let at =
        |share: f64| values.get(((n as f64 * share) as usize).min(n.saturating_sub(1))).copied().unwrap_or(f64::NAN);
    let round = |v: f64| (v * 100.0).round() / 100.0;
    let (median, p95, p99) = (round(at(0.5)), round(at(0.95)), round(at(0.99)));
    let mut line = Map::new();
    line.insert("name".to_owned(), json!(name));
    line.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    for (name, value) in [("value", json!(median)), ("unit", json!(unit)), ("n", json!(n))] {
        line.insert(name.to_owned(), value);
    }
    for (name, value) in [("median", median), ("p95", p95), ("p99", p99)] {
        line.insert(name.to_owned(), json!(value));
    }
    println!("{}", Value::Object(line));
}

/// A figure without circumstances.
pub fn say(name: &str, unit: &str, values: Vec<f64>) {
    say_with(name, unit, values, &[]);
}

/// Now, on a stopwatch.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; that is what it is for")]
pub fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since then.
pub fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
