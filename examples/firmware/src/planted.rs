//! What the link-time proofs must find.

/// Does what a device must not do, if a feature asks for it: else nothing.
#[inline(always)]
pub fn planted(n: usize) {
    #[cfg(feature = "planted-panic")]
    core::hint::black_box([1, 2, 3, 4][n]);

    #[cfg(feature = "planted-alloc")]
    {
        extern crate alloc;
        let grown = alloc::vec::Vec::<u8>::new().try_reserve_exact(n);
        let _ = core::hint::black_box(grown);
    }

    let _ = n;
}
