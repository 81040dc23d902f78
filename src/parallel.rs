//! Work that is cut into pieces, done on all processors, and taken in the order in which it was cut.
//!
//! Belongs here: threads and their queues. Doesn't: what the work is. However long the work, only a few pieces for each
//! processor are in memory: who cuts them waits for who takes them.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};

/// More workers than this are fed too slowly by the one that cuts.
const MOST_WORKERS: usize = 16;

/// So many pieces more may be done than workers are at work on, while who takes them is busy with an earlier one.
const AHEAD: usize = 4;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread becomes an error, which has a message of its own.
pub(crate) fn is_guarded() -> bool {
    IS_GUARDED.get()
}

/// Does work in which a library may panic: calamine on some forged workbooks, tokio where the system gives no thread.
/// `None` if it did; whatever it worked on is to be dropped then.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    caught(work).ok()
}

/// [`guarded`], with the panic's message: `rust_xlsxwriter` has a full disk in it.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = IS_GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(outer);
    done.map_err(|panic| {
        // A message with parts is a String, one without a &str.
        let parts = panic.downcast_ref::<String>().map(String::as_str);
        parts
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or_default()
            .to_owned()
    })
}

/// Gives a piece to the workers; false when nobody wants any more.
pub(crate) type Give<'g, J> = dyn FnMut(J) -> bool + 'g;

/// Lets `cut` give pieces, does `work` on each of them on some thread, and hands the results to `take` on this thread, in
/// the pieces' order. The first error of `take` ends it all; an error of `cut` is given after what was cut before it.
pub(crate) fn in_order<J, O, E>(
    cut: impl FnOnce(&mut Give<'_, J>) -> Result<(), E> + Send,
    work: impl Fn(J) -> O + Sync,
    mut take: impl FnMut(O) -> Result<(), E>,
) -> Result<(), E>
where
    J: Send,
    O: Send,
    E: Send,
{
    let most = thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
    let (order, ordered) = sync_channel::<Receiver<O>>(most + AHEAD);
    let (jobs, waiting) = sync_channel::<(J, SyncSender<O>)>(most);
    let (waiting, cut) = (&Mutex::new(waiting), &Mutex::new(Some(cut)));
    let work = &work;
    let worker = move || {
        loop {
            let next = lock(waiting).recv();
            let Ok((piece, done)) = next else { break };
            // Nobody waits for it after an error.
            let _ = done.send(work(piece));
        }
    };
    let cutter = move || {
        let cut = lock(cut).take();
        cut.map_or(Ok(()), |cut| {
            cut(&mut |piece| {
                let (done, result) = sync_channel(1);
                order.send(result).is_ok() && jobs.send((piece, done)).is_ok()
            })
        })
    };
    thread::scope(|scope| {
        // Where the system gives fewer threads, there are fewer workers.
        let workers = (0..most).map_while(|_| Builder::new().spawn_scoped(scope, worker).ok());
        let cutter = match workers.count() {
            0 => None,
            _ => Builder::new().spawn_scoped(scope, cutter).ok(),
        };
        let Some(cutter) = cutter else {
            let cut = lock(cut).take();
            return cut.map_or(Ok(()), |cut| one_by_one(cut, work, take));
        };
        let mut taken = Ok(());
        for result in ordered {
            // A worker that panicked sends nothing; the scope passes its panic on.
            let Ok(result) = result.recv() else { break };
            taken = take(result);
            if taken.is_err() {
                break;
            }
        }
        match cutter.join() {
            Ok(cut) => taken.and(cut),
            Err(panic) => resume_unwind(panic),
        }
    })
}

/// [`in_order`] without threads.
fn one_by_one<J, O, E>(
    cut: impl FnOnce(&mut Give<'_, J>) -> Result<(), E>,
    work: impl Fn(J) -> O,
    mut take: impl FnMut(O) -> Result<(), E>,
) -> Result<(), E> {
    let mut taken = Ok(());
    let cut = cut(&mut |piece| {
        taken = take(work(piece));
        taken.is_ok()
    });
    taken.and(cut)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn numbers(give: &mut Give<'_, usize>, most: usize) -> usize {
        (0..most).take_while(|number| give(*number)).count()
    }

    #[test]
    fn results_come_in_the_order_of_the_pieces() {
        let mut taken = Vec::new();
        let done = in_order::<_, _, ()>(
            |give| {
                numbers(give, 1_000);
                Ok(())
            },
            |number| {
                // Uneven work: later pieces are ready before earlier ones.
                (0..(number * 7919) % 1_000).fold(number, |sum, more| std::hint::black_box(sum ^ more ^ more))
            },
            |number| {
                taken.push(number);
                Ok(())
            },
        );
        assert_eq!(done, Ok(()));
        assert_eq!(taken, (0..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn without_threads_the_results_and_the_errors_are_the_same() {
        let run = |most, stop_at, end| {
            let mut taken = Vec::new();
            let cut = |give: &mut Give<'_, usize>| {
                numbers(give, most);
                end
            };
            let take = |number| {
                taken.push(number);
                if number == stop_at { Err("enough") } else { Ok(()) }
            };
            (one_by_one(cut, |number| number * 2, take), taken)
        };
        assert_eq!(run(4, 99, Ok(())), (Ok(()), vec![0, 2, 4, 6]));
        assert_eq!(run(1_000_000, 4, Ok(())), (Err("enough"), vec![0, 2, 4]));
        assert_eq!(run(2, 99, Err("ends early")), (Err("ends early"), vec![0, 2]));
    }

    #[test]
    fn an_error_of_the_taker_ends_the_work_soon() {
        let worked = AtomicUsize::new(0);
        let done = in_order(
            |give| {
                numbers(give, 1_000_000);
                Ok(())
            },
            |number| {
                worked.fetch_add(1, Ordering::Relaxed);
                number
            },
            |number| if number == 10 { Err("enough") } else { Ok(()) },
        );
        assert_eq!(done, Err("enough"));
        assert!(worked.into_inner() < 1_000);
    }

    #[test]
    fn an_error_of_the_cutter_comes_after_what_was_cut_before_it() {
        let mut taken = 0;
        let done = in_order(
            |give| {
                numbers(give, 100);
                Err("the file ends early")
            },
            |number| number,
            |_| {
                taken += 1;
                Ok(())
            },
        );
        assert_eq!((done, taken), (Err("the file ends early"), 100));
    }
}
