//! Products of matrices.

use proptest::prelude::*;
use tensorlet::{
    Kernels, Tensor,
    quantized::{Matmul, MatmulParameters, Once, Twice},
};
use tensorlet_host::{
    framed::FramedIntegers,
    reference::quantized::{
        limit,
        weighted::{Matrix, Rounding, matmul},
    },
};

use super::{
    super::property::{Outcome, property, worst},
    ends, integers, limits, multiplier, same, scale, wide, zero,
};

/// A product of matrices with some of these sizes, prepared for zero points or not.
macro_rules! products {
    ($k:ident, $t:ident $rounding:ident $scaled:ident: $($rows:literal $summed:literal $columns:literal),+ $(,)?) => {
        worst([$(
            products!(@ $k, $t $rounding $scaled, $rows $summed $columns, false [$rows $summed], false [$summed $columns]),
            products!(@ $k, $t $rounding $scaled, $rows $summed $columns, true [$summed $rows], false [$summed $columns]),
            products!(@ $k, $t $rounding $scaled, $rows $summed $columns, false [$rows $summed], true [$columns $summed]),
            products!(@ $k, $t $rounding $scaled, $rows $summed $columns, true [$summed $rows], true [$columns $summed]),
        )+])
    };
    (@ $k:ident, $t:ident $rounding:ident $scaled:ident, $rows:literal $summed:literal $columns:literal,
     $ta:literal [$ar:literal $ac:literal], $tb:literal [$br:literal $bc:literal]) => {{
        let values = (integers::<$t>($rows * $summed), integers::<$t>($summed * $columns));
        // What is scaled must fit 32 bits.
        let most = if $t::BITS == 8 { 2 } else { -6 };
        let numbers = ([zero::<i8>(), zero::<i8>(), zero::<i8>()], multiplier(-24..=most), limits::<$t>());
        property((values, numbers).boxed(), &|((a, b), (zero, by, clamp))| {
            let zero = if $t::BITS == 8 { zero } else { [0; 3] };
            let layer = Matmul::<$ta, $tb, $t, $rounding>::from_multiplier(MatmulParameters {
                zero: [zero[0], zero[1]],
                scale: by,
                output_zero: zero[2],
                min: clamp.min.into(),
                max: clamp.max.into(),
            });
            let layer = layer.map_err(|error| error.to_string())?;
            let (wide_a, wide_b) = (wide(&a), wide(&b));
            let factors = [(&wide_a, $ac, $ta), (&wide_b, $bc, $tb)]
                .map(|(elements, columns, transposed)| Matrix { elements, columns, transposed });
            let sums = matmul([$rows, $summed, $columns], factors[0], factors[1], [zero[0].into(), zero[1].into()]);
            let scaled = |sum: i64| limit(Rounding::$scaled.of(scale(by), sum) + i64::from(zero[2]), ends(clamp));
            let (a, b) = (FramedIntegers::new(&a), FramedIntegers::new(&b));
            let mut y = FramedIntegers::poisoned(sums.len());
            let (a, b) = (<[[$t; $ac]; $ar]>::view(a.get()), <[[$t; $bc]; $br]>::view(b.get()));
            layer.apply($k, &a[0], &b[0], &mut <[[$t; $columns]; $rows]>::view_mut(y.get_mut())[0]);
            same(&y, &sums.into_iter().map(scaled).collect::<Vec<_>>())
        })
    }};
}

pub(crate) fn matmul_i8<K: Kernels>(k: K) -> Outcome {
    worst([
        products!(k, i8 Twice Twice: 1 1 1, 2 3 5, 4 16 16, 3 33 7, 9 150 35),
        products!(k, i8 Once Once: 2 3 5, 3 33 7),
    ])
}

pub(crate) fn matmul_i16<K: Kernels>(k: K) -> Outcome {
    products!(k, i16 Twice Reduced: 1 1 1, 2 3 5, 4 16 16, 3 33 7)
}
