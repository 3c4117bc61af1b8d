//! An allocator that cannot be linked: proof that a program never allocates.

use core::alloc::{GlobalAlloc, Layout};

/// Fails the link when any call of an allocator is left in the program.
///
/// What `panic-never` does for panics, this does for the heap: each method calls a function that does not exist.
#[derive(Debug)]
pub struct NeverAllocate;

unsafe extern "Rust" {
    #[link_name = "\nerror(never-allocate): your program contains at least one allocation"]
    fn undefined() -> !;
}

// SAFETY: no method returns, so none breaks the contract.
unsafe impl GlobalAlloc for NeverAllocate {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        // SAFETY: never executed, since a program that holds this call cannot be linked.
        unsafe { undefined() }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
        // SAFETY: as in `alloc`.
        unsafe { undefined() }
    }
}
