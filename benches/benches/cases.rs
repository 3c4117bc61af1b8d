//! The cases on every instruction set: `cargo bench -p tensorlet-benches -- lenet`.

use divan::{Bencher, counter::ItemsCount};
use tensorlet_benches::{
    case::Case,
    inputs,
    ours::{self, Token},
};
use tensorlet_simd::Isa;

fn main() {
    divan::main();
}

fn names() -> Vec<String> {
    Case::select(&[]).expect("the cases read").into_iter().map(|case| case.name).collect()
}

fn bench(bencher: Bencher<'_, '_>, isa: &str, name: &str) {
    let (Ok(isa), Ok(cases)) = (Isa::by_name(isa), Case::select(&[name.to_owned()])) else { return };
    let Some(case) = cases.into_iter().find(|case| case.name == name) else { return };
    let Some(mut job) = ours::contestant(&case, &inputs::of(&case), Token::Chosen(isa)) else { return };
    let bencher = bencher.counter(ItemsCount::new(case.flops().unwrap_or(0.0) as u64));
    bencher.bench_local(|| job.run(1));
}

#[divan::bench(args = names())]
fn portable(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, "portable", name);
}

/// The widest instruction set here.
#[divan::bench(args = names())]
fn best(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, "auto", name);
}
