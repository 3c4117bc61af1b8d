//! A bias of three numbers for four outputs.
//~ expect: `[f32; 3]: Bias<4>`

use tensorlet::{Linear, Module};

fn main() {
    let _ = Linear::<2, 4, [f32; 3]>::ZERO;
}
