//! The rows that the weights of a window join.

/// Does something for every weight of a filter plane and every pair of an input and an output row that it
/// joins; those in the padding where it is repeated. A macro and no closure: so the loops and what they do
/// are one function, compiled for its sizes.
macro_rules! for_each_row {
    ($d:ident, $repeated:expr, |$tap:ident, $run:ident, $rows:ident| $body:block) => {
        let [rows, columns] = Axis::both($d.window, $d.input, $d.output);
        for r in 0..rows.kernel {
            for vertical in rows.runs::<{ $repeated }>(r) {
                for s in 0..columns.kernel {
                    for $run in columns.runs::<{ $repeated }>(s) {
                        let $tap = r * columns.kernel + s;
                        let mut input = vertical.first_input;
                        for output in vertical.start..vertical.end {
                            let $rows = Rows { input, output, in_width: $d.input[1], out_width: $d.output[1] };
                            $body
                            input += vertical.stride;
                        }
                    }
                }
            }
        }
    };
}
pub(crate) use for_each_row;

/// An input row and the output row that it contributes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) in_width: usize,
    pub(crate) out_width: usize,
}

impl Rows {
    #[inline(always)]
    pub(crate) fn input(self, plane: &[f32]) -> Option<&[f32]> {
        let start = self.input * self.in_width;
        plane.get(start..start + self.in_width)
    }

    #[inline(always)]
    pub(crate) fn input_mut(self, plane: &mut [f32]) -> Option<&mut [f32]> {
        let start = self.input * self.in_width;
        plane.get_mut(start..start + self.in_width)
    }

    #[inline(always)]
    pub(crate) fn output(self) -> core::ops::Range<usize> {
        let start = self.output * self.out_width;
        start..start + self.out_width
    }
}
