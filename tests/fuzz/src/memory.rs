//! A bound on memory that doesn't depend on when somebody looks: libFuzzer's `-rss_limit_mb` asks once a second and sees
//! only pages in use. A request beyond the bound ends the process, as it would on a machine without that memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// One piece of memory.
const ONE: usize = 512 << 20;
/// All that Rust holds; libFuzzer's own tables and corpus come on top.
const ALL: usize = 1536 << 20;

static HELD: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator with the bounds.
pub struct Bounded;

fn check(more: usize) {
    if more > ONE || HELD.fetch_add(more, Ordering::Relaxed).saturating_add(more) > ALL {
        // Not a panic: on a library's thread the program would take it for a damaged file.
        eprintln!(
            "memory: {more} bytes more are asked for, {} are held",
            HELD.load(Ordering::Relaxed)
        );
        std::process::abort();
    }
}

// SAFETY: everything is the system allocator's own doing; the count beside it decides only whether to go on.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        check(size);
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static MEMORY: Bounded = Bounded;
