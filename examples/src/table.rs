//! Tables for a terminal: the network layer by layer, and which digit was read as which.

use comfy_table::{CellAlignment, ContentLineStyle, LineStyle, Table, TableStyle};
use indicatif::HumanCount;
use tensorlet::{
    description::{Description, LayerInfo, Op, Window},
    sliding::Options,
};

use crate::digits::data::CLASSES;
use crate::report::Confusion;

/// A rule below the header, and nothing else but space.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::new(' ', ' ', ' '))
    .header_separator(LineStyle::new(' ', '─', '─', ' '))
    .content_lines(ContentLineStyle::new(' ', ' ', ' '));

/// A network layer by layer: what it computes, the shape of its output, and what it costs.
#[must_use]
pub fn network(description: &'static Description) -> Table {
    let mut table = table(["layer", "", "output", "parameters", "multiply-accumulates", "bytes"], 3);
    let mut parameters = 0;
    description.for_each_layer(&mut |place, layer| {
        let own: usize = layer.parameters.iter().map(|parameter| parameter.shape.numel()).sum();
        parameters += own;
        table.add_row([
            place.path.to_string(),
            operation(layer),
            layer.output.to_string(),
            count(own),
            count(layer.macs),
            count(4 * own),
        ]);
    });
    let total = ["total".to_owned(), String::new(), String::new()];
    let sums = [count(parameters), count(description.macs()), count(4 * parameters)];
    table.add_row(total.into_iter().chain(sums));
    table
}

/// Sizes in bytes, each with what it is for.
#[must_use]
pub fn memory(rows: &[(&str, usize)]) -> Table {
    let mut table = table(["memory", "bytes"], 1);
    for (what, bytes) in rows {
        table.add_row([(*what).to_owned(), count(*bytes)]);
    }
    table
}

/// How often each digit was read as which, and the share of each that was read correctly.
#[must_use]
pub fn confusion(confusion: &Confusion) -> Table {
    let read = (0..CLASSES).map(|digit| digit.to_string());
    let header = std::iter::once("written \\ read".to_owned()).chain(read).chain(["recall".to_owned()]);
    let mut table = table(header, 1);
    for (digit, row) in confusion.counts().iter().enumerate() {
        let counts = row.iter().map(|n| if *n == 0 { "·".to_owned() } else { n.to_string() });
        let recall =
            confusion.recall(digit).map_or_else(|| "none".to_owned(), |recall| format!("{:.1} %", 100.0 * recall));
        table.add_row(std::iter::once(digit.to_string()).chain(counts).chain([recall]));
    }
    table
}

/// A table whose columns from `numbers` on are flush right.
pub(crate) fn table<T: Into<String>>(header: impl IntoIterator<Item = T>, numbers: usize) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header.into_iter().map(Into::into).collect::<Vec<String>>());
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn count(n: usize) -> String {
    HumanCount(n as u64).to_string()
}

/// A layer's operation with what matters of its window: `Conv2d 3x3, padding 1`.
fn operation(layer: &LayerInfo) -> String {
    let (window, usual_stride) = match layer.op {
        Op::Conv2d(window) | Op::ConvTranspose2d(window) | Op::Unfold(window) | Op::Fold(window) => (window, [1, 1]),
        Op::Conv1d(window) | Op::CausalConv1d(window) | Op::ConvTranspose1d(window) => (window, [1, 1]),
        Op::MaxPool2d(window) | Op::AvgPool2d(window) | Op::LpPool2d(window, _) => (window, window.kernel),
        Op::MaxPool1d(window) | Op::AvgPool1d(window) | Op::LpPool1d(window, _) => (window, window.kernel),
        other => return other.name().to_owned(),
    };
    let Window { kernel: [rows, columns], options: Options { stride, padding, padding_end, dilation, .. } } = window;
    let mut text = format!("{} {rows}x{columns}", layer.op.name());
    if stride != usual_stride {
        text += &format!(", stride {}", pair(stride));
    }
    if padding != padding_end {
        text += &format!(", padding {} to {}", pair(padding), pair(padding_end));
    } else if padding != [0, 0] {
        text += &format!(", padding {}", pair(padding));
    }
    if dilation != [1, 1] {
        text += &format!(", dilation {}", pair(dilation));
    }
    text
}

fn pair([rows, columns]: [usize; 2]) -> String {
    if rows == columns { rows.to_string() } else { format!("{rows}x{columns}") }
}
