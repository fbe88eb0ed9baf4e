//! SIGPIPE, which ends a program in Go, C or Swift when a peer closes a connection to which is written, is none of theirs.

/// Keeps the signal from the threads of the library. What the program itself has said about it stays. To be called before anything
/// that may make a thread; again does nothing.
pub(crate) fn keep_from_threads() {
    #[cfg(unix)]
    xkslink_embed::on_thread_start(|| {
        // SAFETY: the set is of this function, and is written before it is read.
        unsafe {
            let mut pipe = std::mem::zeroed();
            libc::sigemptyset(&raw mut pipe);
            libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, std::ptr::null_mut());
        }
    });
}
