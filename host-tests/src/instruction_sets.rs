//! Every kernel token by name, for tests that must run on all of them.

/// Calls a generic function with every token that this machine can hold and collects its results:
/// `on_every_instruction_set!(check)` calls `check(Portable)`, …, and gives a `Vec` of
/// `(name, result)`.
///
/// It prints which instruction sets could not be tried.
#[macro_export]
macro_rules! on_every_instruction_set {
    ($check:path $(, $argument:expr)* $(,)?) => {
        vec![(<tensorlet::Portable as tensorlet::Kernels>::NAME, $check(tensorlet::Portable $(, $argument)*))]
    };
}
