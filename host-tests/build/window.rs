//! How a window slides, from attributes to a type.

use crate::entry::Entry;

/// A window of one or two dimensions.
pub(crate) struct Window {
    pub(crate) kernel: Vec<usize>,
    pub(crate) stride: Vec<usize>,
    pub(crate) begin: Vec<usize>,
    pub(crate) end: Vec<usize>,
    pub(crate) dilation: Vec<usize>,
    /// What is around all that: `Reflect`, `Ceil`, `DivideBy`, with its further parameters.
    pub(crate) around: Vec<(&'static str, String)>,
}

impl Window {
    /// From PyTorch's attributes; `stride` says what a missing one is.
    pub(crate) fn of_torch(entry: &Entry, kernel: Vec<usize>, stride: &[usize]) -> Result<Self, String> {
        let dimensions = kernel.len();
        let stride = sizes(entry, "stride", dimensions)?.unwrap_or_else(|| stride.to_vec());
        let dilation = sizes(entry, "dilation", dimensions)?.unwrap_or_else(|| vec![1; dimensions]);
        let (begin, end) = match (sizes(entry, "pads_begin", dimensions)?, sizes(entry, "pads_end", dimensions)?) {
            (Some(begin), Some(end)) => (begin, end),
            _ if entry.text("padding") == Some("same") => {
                let whole: Vec<_> =
                    kernel.iter().zip(&dilation).map(|(kernel, dilation)| dilation * (kernel - 1)).collect();
                (whole.iter().map(|whole| whole / 2).collect(), whole.iter().map(|whole| whole.div_ceil(2)).collect())
            }
            _ if entry.text("padding") == Some("valid") => (vec![0; dimensions], vec![0; dimensions]),
            _ => {
                let padding = sizes(entry, "padding", dimensions)?.unwrap_or_else(|| vec![0; dimensions]);
                (padding.clone(), padding)
            }
        };
        Ok(Self { kernel, stride, begin, end, dilation, around: Vec::new() })
    }

    /// From ONNX's attributes, for inputs of this size.
    pub(crate) fn of_onnx(attrs: &Entry, kernel: Vec<usize>, input: &[usize]) -> Result<Self, String> {
        let dimensions = kernel.len();
        let list = |name: &str, default: usize| {
            Ok::<_, String>(sizes(attrs, name, dimensions)?.unwrap_or_else(|| vec![default; dimensions]))
        };
        let (stride, dilation) = (list("strides", 1)?, list("dilations", 1)?);
        let pads = sizes(attrs, "pads", 2 * dimensions)?.unwrap_or_else(|| vec![0; 2 * dimensions]);
        let mut window = Self {
            begin: pads[..dimensions].to_vec(),
            end: pads[dimensions..].to_vec(),
            kernel,
            stride,
            dilation,
            around: Vec::new(),
        };
        if let Some(place) = window.same(attrs) {
            let output: Vec<_> =
                input.iter().zip(&window.stride).map(|(input, stride)| input.div_ceil(*stride)).collect();
            for axis in 0..dimensions {
                let whole =
                    ((output[axis] - 1) * window.stride[axis] + window.extent(axis)?).saturating_sub(input[axis]);
                (window.begin[axis], window.end[axis]) = place.split(whole);
            }
        }
        Ok(window)
    }

    /// ONNX: whether the padding is such that the output has the size of the input by the stride.
    pub(crate) fn same(&self, attrs: &Entry) -> Option<Larger> {
        match attrs.text("auto_pad")? {
            "SAME_UPPER" => Some(Larger::End),
            "SAME_LOWER" => Some(Larger::Begin),
            _ => None,
        }
    }

    /// Elements from the first to the last of a window.
    pub(crate) fn extent(&self, axis: usize) -> Result<usize, String> {
        if [self.kernel[axis], self.stride[axis], self.dilation[axis]].contains(&0) {
            return Err("kernel, stride and dilation of a window are not 0".to_owned());
        }
        Ok(self.dilation[axis] * (self.kernel[axis] - 1) + 1)
    }

    /// The windows on an input of this size; none where PyTorch has none.
    pub(crate) fn outputs(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let ceil = self.has("Ceil");
        let along = |(axis, &input): (usize, &usize)| {
            let (stride, extent) = (self.stride[axis], self.extent(axis)?);
            let room = (input + self.begin[axis] + self.end[axis]).checked_sub(extent);
            let room = room.ok_or_else(|| format!("a window over {extent} does not fit into an input of {input}"))?;
            let windows = if ceil { room.div_ceil(stride) } else { room / stride } + 1;
            Ok(if ceil && (windows - 1) * stride >= input + self.begin[axis] { windows - 1 } else { windows })
        };
        input.iter().enumerate().map(along).collect()
    }

    /// Fails unless the windows on an input of this size give an output of that size.
    pub(crate) fn check(&self, input: &[usize], output: &[usize]) -> Result<(), String> {
        let most = |size: usize| match () {
            () if self.has("Reflect") => size - 1,
            () if self.has("Circular") => size,
            () => usize::MAX,
        };
        let repeated = self.begin.iter().zip(&self.end).zip(input);
        if repeated.into_iter().any(|((begin, end), &input)| *begin.max(end) > most(input)) {
            return Err("the padding repeats more than the input has".to_owned());
        }
        let given = self.outputs(input)?;
        if given == output { Ok(()) } else { Err(format!("an output of {given:?}, not of {output:?}")) }
    }

    /// Fails if a window has no element of an input of this size.
    pub(crate) fn check_cover(&self, input: &[usize]) -> Result<(), String> {
        for (axis, &output) in self.outputs(input)?.iter().enumerate() {
            let inside = |at: usize| (self.begin[axis]..self.begin[axis] + input[axis]).contains(&at);
            let meets = |window: usize| {
                (0..self.kernel[axis]).any(|i| inside(window * self.stride[axis] + i * self.dilation[axis]))
            };
            if !(0..output).all(meets) {
                return Err("a window lies in the padding alone".to_owned());
            }
        }
        Ok(())
    }

    /// Whether something is around: `Ceil`.
    fn has(&self, name: &str) -> bool {
        self.around.iter().any(|(around, _)| *around == name)
    }

    /// The type that slides so. Of one dimension the second number of each pair counts.
    pub(crate) fn slide(&self) -> String {
        let pair = |values: &[usize]| match values {
            [one] => [*one; 2],
            [rows, columns] => [*rows, *columns],
            _ => unreachable!("windows have one or two dimensions"),
        };
        let [rows, columns] = pair(&self.stride);
        let ([top, left], [bottom, right]) = (pair(&self.begin), pair(&self.end));
        let square = rows == columns && [top, left, bottom, right] == [top; 4];
        let mut slide = if square { format!("tensorlet::Slide<{rows}, {top}>") } else { "tensorlet::Slide".to_owned() };
        let mut wrap =
            |name: &str, parameters: &str| slide = format!("tensorlet::sliding::{name}<{slide}{parameters}>");
        if !square {
            wrap("Strided", &format!(", {rows}, {columns}"));
            wrap("Padded", &format!(", {top}, {left}, {bottom}, {right}"));
        }
        if pair(&self.dilation) != [1, 1] {
            let [rows, columns] = pair(&self.dilation);
            wrap("Dilated", &format!(", {rows}, {columns}"));
        }
        for (name, parameters) in &self.around {
            wrap(name, parameters);
        }
        slide
    }
}

/// On which side the larger half of a padding lies.
#[derive(Clone, Copy)]
pub(crate) enum Larger {
    Begin,
    End,
}

impl Larger {
    /// The padding before and behind.
    pub(crate) fn split(self, whole: usize) -> (usize, usize) {
        match self {
            Self::Begin => (whole.div_ceil(2), whole / 2),
            Self::End => (whole / 2, whole.div_ceil(2)),
        }
    }
}

/// An attribute with one number for all dimensions or one for each; none if it is missing.
pub(crate) fn sizes(entry: &Entry, attribute: &str, dimensions: usize) -> Result<Option<Vec<usize>>, String> {
    let Some(mut values) = entry.integers(attribute) else { return Ok(None) };
    if values.len() == 1 {
        values = vec![values[0]; dimensions];
    }
    let values: Vec<usize> = values.into_iter().filter_map(|value| usize::try_from(value).ok()).collect();
    if values.len() == dimensions {
        Ok(Some(values))
    } else {
        Err(format!("`{attribute}` is not of {dimensions} dimensions"))
    }
}

/// Sample type and plane of an input `[N, C, …]` or `[C, …]` of windows with this many dimensions.
pub(crate) fn image(shape: &[usize], dimensions: usize) -> Result<(usize, Vec<usize>), String> {
    if !(1..=2).contains(&dimensions) {
        return Err(format!("there are windows of one and two dimensions, not of {dimensions}"));
    }
    let sample = match shape.len() {
        rank if rank == dimensions + 2 => &shape[1..],
        rank if rank == dimensions + 1 => shape,
        _ => return Err(format!("an input of shape {shape:?} does not fit a window of {dimensions} dimensions")),
    };
    Ok((sample[0], sample[1..].to_vec()))
}

/// `A, B` for the sizes.
pub(crate) fn list(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
