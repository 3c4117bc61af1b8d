//! Windows on rows and columns: the sizes that convolutions and poolings share, and their text.

use tensorlet::{Shape, description::Window, sliding::PaddingMode};

/// Rows or columns of sliding windows: `output` of them on `input` elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) input: u32,
    pub(super) output: u32,
    pub(super) kernel: u32,
    pub(super) stride: u32,
    pub(super) dilation: u32,
    /// Padding before and behind.
    pub(super) begin: u32,
    pub(super) end: u32,
}

/// Rows and columns of a shape `[channels, (rows,) columns]`; one of a value for each channel has planes of one.
pub(super) fn plane(shape: Shape) -> [u32; 2] {
    match *shape.dims() {
        [_, rows, columns] => [rows as u32, columns as u32],
        [_, columns] => [1, columns as u32],
        _ => [1, 1],
    }
}

impl Axis {
    /// Rows and columns.
    pub(super) fn both(Window { kernel, options }: Window, input: Shape, output: Shape) -> [Self; 2] {
        let (input, output) = (plane(input), plane(output));
        [0, 1].map(|axis| Self {
            input: input[axis],
            output: output[axis],
            kernel: kernel[axis] as u32,
            stride: options.stride[axis] as u32,
            dilation: options.dilation[axis] as u32,
            begin: options.padding[axis] as u32,
            end: options.padding_end[axis] as u32,
        })
    }

    pub(super) const fn is_padded(&self) -> bool {
        self.begin > 0 || self.end > 0
    }

    /// The same on an input that holds its padding.
    pub(super) const fn on_padded(self) -> Self {
        Self { input: self.begin + self.input + self.end, begin: 0, end: 0, ..self }
    }

    /// The place of a tap of a window, counted with the padding.
    pub(super) fn place(&self, window: &str, tap: &str) -> String {
        format!("{window} * {}u + {tap} * {}u", self.stride, self.dilation)
    }

    /// Gives `NAME(i: u32) -> u32`: the element of the input that the place `i`, counted with the padding, stands
    /// for; none below the size of the input where the padding is zeros.
    pub(super) fn element(&self, name: &str, mode: PaddingMode) -> String {
        let Self { input, begin, .. } = *self;
        let (last, behind) = (input - 1, begin + input);
        let element = match mode {
            // Before the first it wraps around, and is no element either.
            PaddingMode::Zeros => format!("i - {begin}u"),
            PaddingMode::Reflect => {
                let distance = format!("u32(abs(i32(i) - {begin}))");
                format!("select({}u - {distance}, {distance}, i < {behind}u)", 2 * last)
            }
            PaddingMode::Replicate => format!("clamp(i, {begin}u, {}u) - {begin}u", begin + last),
            PaddingMode::Circular => format!("(i + {}u) % {input}u", input - begin),
        };
        format!("fn {name}(i: u32) -> u32 {{ return {element}; }}")
    }
}

/// The most turns that are written out: WGSL's compilers unroll no loops, and count the turns of those that there are.
const MOST_WRITTEN: u32 = 9;

/// Text that runs `body` for each `name` below `count`.
pub(super) fn each_of(count: u32, name: &str, body: &str) -> String {
    if count > MOST_WRITTEN {
        return format!("for (var {name} = 0u; {name} < {count}u; {name}++) {{\n{body}\n}}\n");
    }
    (0..count).map(|i| format!("{{\nlet {name} = {i}u;\n{body}\n}}\n")).collect()
}

/// Rows or columns of the windows of a pooling.
#[derive(Clone, Copy, Debug)]
pub(super) enum Windows {
    Sliding(Axis),
    /// Window `o` covers `⌊o · input / output⌋` to `⌈(o + 1) · input / output⌉`.
    Adaptive {
        input: u32,
        output: u32,
    },
}

impl Windows {
    pub(super) const fn sizes(&self) -> [u32; 2] {
        match *self {
            Self::Sliding(Axis { input, output, .. }) | Self::Adaptive { input, output } => [input, output],
        }
    }

    /// Text that runs `body` for each element `name` of the input that the window of this name covers.
    pub(super) fn elements(&self, window: &str, name: &str, body: &str) -> String {
        match *self {
            Self::Sliding(axis @ Axis { input, kernel, begin, .. }) => {
                let tap = format!("{name}_tap");
                let element = format!("let {name} = {} - {begin}u;", axis.place(window, &tap));
                // Before the first element it wraps around.
                let body = if axis.is_padded() || axis.ends_beyond() {
                    format!("{element}\nif {name} < {input}u {{\n{body}\n}}")
                } else {
                    format!("{element}\n{body}")
                };
                each_of(kernel, &tap, &body)
            }
            Self::Adaptive { input, output } => format!(
                "for (var {name} = {window} * {input}u / {output}u; \
                 {name} < (({window} + 1u) * {input}u + {}u) / {output}u; {name}++) {{\n{body}\n}}\n",
                output - 1
            ),
        }
    }

    /// Text that runs `body` for each window `name` that covers the element of this name.
    pub(super) fn windows(&self, element: &str, name: &str, body: &str) -> String {
        match *self {
            Self::Sliding(axis @ Axis { output, stride, dilation, begin, .. }) => {
                let (place, extent) = (format!("({element} + {begin}u)"), axis.extent());
                // Where a window begins behind the element the distance wraps around and is beyond its extent.
                let mut covers = format!("{place} - {name} * {stride}u < {extent}u");
                if dilation > 1 {
                    covers += &format!(" && ({place} - {name} * {stride}u) % {dilation}u == 0u");
                }
                let most = extent.div_ceil(stride);
                if output <= most {
                    return each_of(output, name, &format!("if {covers} {{\n{body}\n}}"));
                }
                // From the last window that begins at the element or before it backwards; before the first it wraps
                // around.
                let back = format!("{name}_back");
                let find = format!("let {name} = {place} / {stride}u - {back};");
                each_of(most, &back, &format!("{find}\nif {name} < {output}u && {covers} {{\n{body}\n}}"))
            }
            Self::Adaptive { input, output } => format!(
                "for (var {name} = {element} * {output}u / {input}u; \
                 {name} < (({element} + 1u) * {output}u + {}u) / {input}u; {name}++) {{\n{body}\n}}\n",
                input - 1
            ),
        }
    }

    /// The elements of a window, as text; `padding` says whether those of the padding count.
    pub(super) fn count(&self, window: &str, padding: bool) -> String {
        match *self {
            Self::Sliding(Axis { input, kernel, stride, dilation, begin, end, .. }) => {
                // Taps before a limit that no window begins behind.
                let before = |limit: u32| {
                    format!("min({kernel}u, ({}u - {window} * {stride}u) / {dilation}u)", limit + dilation - 1)
                };
                if padding {
                    return before(begin + input + end);
                }
                let outside = format!(
                    "select(0u, ({}u - {window} * {stride}u) / {dilation}u, {window} * {stride}u < {begin}u)",
                    begin + dilation - 1
                );
                format!("({} - {outside})", before(begin + input))
            }
            Self::Adaptive { input, output } => format!(
                "((({window} + 1u) * {input}u + {}u) / {output}u - {window} * {input}u / {output}u)",
                output - 1
            ),
        }
    }

    /// The elements of every window, if all have as many.
    pub(super) const fn equal_count(&self, padding: bool) -> Option<u32> {
        match *self {
            Self::Sliding(axis) if axis.ends_beyond() || (axis.is_padded() && !padding) => None,
            Self::Sliding(axis) => Some(axis.kernel),
            Self::Adaptive { input, output } if input % output == 0 => Some(input / output),
            Self::Adaptive { .. } => None,
        }
    }
}

impl Axis {
    /// Elements from the first to the last of a window.
    const fn extent(&self) -> u32 {
        self.dilation * (self.kernel - 1) + 1
    }

    /// Whether the last window ends behind the padding.
    const fn ends_beyond(&self) -> bool {
        (self.output - 1) * self.stride + self.extent() > self.begin + self.input + self.end
    }
}
