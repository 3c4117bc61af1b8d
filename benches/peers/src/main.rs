//! tensorlet beside its peers that are crates, in one program: built for the processor that it runs on, so that no
//! peer is held back that does not choose its instructions at run time.

mod blas;
mod burn;
mod burn_networks;
mod candle;
mod networks;
mod onnx;
mod tract;

use std::{collections::BTreeMap, process::ExitCode};

use clap::{Parser, Subcommand};
use serde::Deserialize;
use tensorlet_benches::{
    arrays::Arrays,
    case::{Case, Op},
    contestant::{Contestant, Prepared},
    driver::{self, Crates},
};

type Contestants = Vec<Box<dyn Contestant>>;

/// The packages that are peers.
const PEERS: &[&str] = &[
    "burn",
    "burn-flex",
    "candle-core",
    "faer",
    "gemm",
    "glam",
    "matrixmultiply",
    "nalgebra",
    "ndarray",
    "tract-onnx",
];

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measures tensorlet beside its peers.
    Run(driver::Options),
}

fn main() -> ExitCode {
    let Task::Run(options) = Cli::parse().task;
    match driver::run(&options, &Peers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Peers;

impl Crates for Peers {
    fn prepare(&self, case: &Case, arrays: &Arrays, onnx: &[u8]) -> Prepared {
        let mut all = burn::contestants(case, arrays);
        if let Op::Matmul { m, k, n } = case.op {
            all.extend(blas::contestants([m, k, n], arrays));
        }
        let mut faults = Vec::new();
        match candle::contestants(case, arrays) {
            Ok(more) => all.extend(more),
            Err(error) => faults.push(format!("candle: {error}")),
        }
        match tract::contestants(arrays, onnx) {
            Ok(more) => all.extend(more),
            Err(error) => faults.push(format!("tract: {error}")),
        }
        Prepared { contestants: all, faults }
    }

    fn onnx(&self, case: &Case, arrays: &Arrays) -> Vec<u8> {
        onnx::model(case, arrays)
    }

    fn versions(&self) -> BTreeMap<String, String> {
        #[derive(Deserialize)]
        struct Lock {
            package: Vec<Package>,
        }
        #[derive(Deserialize)]
        struct Package {
            name: String,
            version: String,
        }
        let packages = toml::from_str(include_str!("../Cargo.lock")).map_or(Vec::new(), |lock: Lock| lock.package);
        let peers = packages.into_iter().filter(|package| PEERS.contains(&package.name.as_str()));
        peers.map(|package| (package.name, package.version)).collect()
    }
}
