//! The counterpart of all other cases: this one is correct.
//~ compiles

fn main() {}
