//! Messages of failed constants: text with numbers in it, which a constant's `panic!` cannot format.

use crate::Shape;

/// Room for a message.
const CAPACITY: usize = 320;

/// A piece of a message.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    Number(usize),
    Shape(Shape),
}

/// Stops compilation with the message. For constants only.
#[track_caller]
pub(crate) const fn fail(parts: &[Part<'_>]) -> ! {
    let mut message = Message { bytes: [0; CAPACITY], len: 0 };
    let mut i = 0;
    while i < parts.len() {
        match parts[i] {
            Part::Text(text) => message.text(text),
            Part::Number(n) => message.number(n),
            Part::Shape(shape) => {
                message.text("[");
                let mut d = 0;
                while d < shape.rank() {
                    if d > 0 {
                        message.text(", ");
                    }
                    message.number(shape.dim(d));
                    d += 1;
                }
                message.text("]");
            }
        }
        i += 1;
    }
    match core::str::from_utf8(message.bytes.split_at(message.len).0) {
        Ok(message) => panic!("{}", message),
        Err(_) => panic!("a constant's check failed"),
    }
}

struct Message {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Message {
    const fn text(&mut self, text: &str) {
        let (bytes, mut i) = (text.as_bytes(), 0);
        while i < bytes.len() && self.len < CAPACITY {
            self.bytes[self.len] = bytes[i];
            self.len += 1;
            i += 1;
        }
    }

    const fn number(&mut self, mut n: usize) {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = b'0' + (n % 10) as u8;
            n /= 10;
            if n == 0 {
                break;
            }
        }
        if let Ok(text) = core::str::from_utf8(digits.split_at(start).1) {
            self.text(text);
        }
    }
}

/// Fails to compile unless `used <= limit`; what [`budget!`](crate::budget) calls.
#[doc(hidden)]
pub const fn check_budget(what: &str, used: usize, limit: usize) {
    if used > limit {
        fail(&[
            Part::Text("memory budget exceeded: "),
            Part::Text(what),
            Part::Text(" is "),
            Part::Number(used),
            Part::Text(" bytes, the budget is "),
            Part::Number(limit),
            Part::Text(" bytes"),
        ]);
    }
}

/// Fails to compile, with both numbers, when a network needs more memory than it may.
///
/// ```
/// use tensorlet::{budget, Linear, memory};
/// type Net = Linear<64, 10>;
/// budget!(4 * memory::inference_words::<[f32; 64], Net>(1), <= 1024);
/// ```
#[macro_export]
macro_rules! budget {
    ($used:expr, <= $limit:expr) => {
        const _: () = $crate::__private::check_budget(stringify!($used), $used, $limit);
    };
}
