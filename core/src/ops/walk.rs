//! Moving elements between a contiguous tensor and another one walked with steps: what permuting,
//! expanding, repeating, slicing and shuffling pixels have in common.

/// Axes of a walk at most: two for each dimension of a tensor, as repeating needs.
const AXES: usize = 2 * crate::Shape::MAX_RANK;

/// One loop of a walk.
#[derive(Clone, Copy)]
struct Axis {
    len: usize,
    /// Elements from one place to the next; negative backwards, 0 on the spot.
    step: isize,
}

/// Nested loops over the elements of a tensor, the innermost first.
#[derive(Clone, Copy)]
pub(crate) struct Walk {
    row: Axis,
    outer: [Axis; AXES - 1],
    /// How many of `outer` there are.
    loops: usize,
    /// The position of the first element.
    start: usize,
}

impl Walk {
    /// The walk over one element.
    pub(crate) const fn from(start: usize) -> Self {
        let one = Axis { len: 1, step: 1 };
        Self { row: one, outer: [one; AXES - 1], loops: 0, start }
    }

    /// One more loop around all others. For constants only.
    pub(crate) const fn around(mut self, len: usize, step: isize) -> Self {
        if len == 1 {
            return self;
        }
        let last = if self.loops == 0 { &mut self.row } else { &mut self.outer[self.loops - 1] };
        if last.len == 1 {
            *last = Axis { len, step };
        } else if last.step * last.len as isize == step {
            // The two loops are one.
            last.len *= len;
        } else {
            self.outer[self.loops] = Axis { len, step };
            self.loops += 1;
        }
        self
    }

    /// Calls `row` with the position of the first element of each row.
    #[inline(always)]
    fn rows(&self, mut row: impl FnMut(usize)) {
        let outer = self.outer.get(..self.loops).unwrap_or_default();
        let mut counts = [0; AXES - 1];
        let mut position = self.start;
        'rows: loop {
            row(position);
            for (count, axis) in counts.iter_mut().zip(outer) {
                *count += 1;
                position = position.wrapping_add_signed(axis.step);
                if *count < axis.len {
                    continue 'rows;
                }
                *count = 0;
                position = position.wrapping_sub(axis.len.wrapping_mul(axis.step as usize));
            }
            return;
        }
    }

    /// Calls `f(a_i, position_i)` for the elements `a_i` of a contiguous tensor, in order.
    #[inline(always)]
    pub(crate) fn zip<A>(&self, a: impl IntoIterator<Item = A>, mut f: impl FnMut(A, usize)) {
        let mut a = a.into_iter();
        self.rows(|mut position| {
            for _ in 0..self.row.len {
                if let Some(a) = a.next() {
                    f(a, position);
                }
                position = position.wrapping_add_signed(self.row.step);
            }
        });
    }

    /// `y_i ← x[position_i]`.
    pub(crate) fn load<T: Copy>(&self, x: &[T], y: &mut [T]) {
        if self.row.step == 1 {
            let mut rest = y;
            self.rows(|position| {
                let Some((row, behind)) = core::mem::take(&mut rest).split_at_mut_checked(self.row.len) else { return };
                rest = behind;
                for (y, x) in row.iter_mut().zip(x.get(position..).unwrap_or_default()) {
                    *y = *x;
                }
            });
        } else {
            self.zip(y, |y, position| {
                if let Some(x) = x.get(position) {
                    *y = *x;
                }
            });
        }
    }

    /// `y[position_i] ← x_i`.
    pub(crate) fn store<T: Copy>(&self, x: &[T], y: &mut [T]) {
        if self.row.step == 1 {
            let mut rest = x;
            self.rows(|position| {
                let Some((row, behind)) = rest.split_at_checked(self.row.len) else { return };
                rest = behind;
                for (y, x) in y.get_mut(position..).unwrap_or_default().iter_mut().zip(row) {
                    *y = *x;
                }
            });
        } else {
            self.zip(x, |x, position| {
                if let Some(y) = y.get_mut(position) {
                    *y = *x;
                }
            });
        }
    }

    /// `y_i ← y_i + x[position_i]`.
    pub(crate) fn load_add(&self, x: &[f32], y: &mut [f32]) {
        self.zip(y, |y, position| *y += x.get(position).copied().unwrap_or_default());
    }

    /// `y[position_i] ← y[position_i] + x_i`.
    pub(crate) fn store_add(&self, x: &[f32], y: &mut [f32]) {
        self.zip(x, |x, position| {
            if let Some(y) = y.get_mut(position) {
                *y += x;
            }
        });
    }
}
