//! The throughput of the engine's benchmarks: `cargo bench -p vpp-media --bench engine`.

#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::struct_excessive_bools,
    clippy::unwrap_used,
    reason = "a benchmark may panic, and its sizes are small"
)]

mod work;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    for (name, prepare) in work::BENCHMARKS {
        let mut benchmark = prepare();
        group.throughput(Throughput::Bytes(benchmark.bytes));
        group.bench_function(name, |bencher| bencher.iter(&mut benchmark.run));
    }
}

criterion_group!(benches, engine);
criterion_main!(benches);
