//! What a process may still ask of the kernel when it opens a file of a stranger: to read that file, to have memory, to say
//! what it found, and to end.
//!
//! Who takes the parser over is left with that: no network, no other program or process, no file to write. Linux holds it, by
//! a seccomp filter; on other systems, which are no Lambda, there is none. What is not named here is answered with `EPERM`
//! rather than by the end of the process, so that a C library which asks for something new, and can do without, goes on.

/// Gives everything up but what reading needs, for good.
#[cfg(target_os = "linux")]
pub(crate) fn apply() -> Result<(), Box<dyn std::error::Error>> {
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };

    let writing = u64::from((libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC).unsigned_abs());
    let to_read = SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(writing), 0)?;
    let reading = [(libc::SYS_openat, vec![SeccompRule::new(vec![to_read])?])];
    let rules = ALLOWED.into_iter().map(|call| (call, Vec::new())).chain(reading).collect();
    let (denied, allowed) = (SeccompAction::Errno(libc::EPERM.unsigned_abs()), SeccompAction::Allow);
    let filter = SeccompFilter::new(rules, denied, allowed, std::env::consts::ARCH.try_into()?)?;
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    Ok(())
}

/// Nothing to give it up by.
#[cfg(not(target_os = "linux"))]
pub(crate) fn apply() -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

/// With `openat` to read, all that reading a file and printing a report takes.
#[cfg(target_os = "linux")]
const ALLOWED: [libc::c_long; 26] = [
    // The file.
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_close,
    // Memory.
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_getrandom,
    // The report.
    libc::SYS_write,
    libc::SYS_writev,
    // The end, also by a signal.
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
];

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;
    use std::io::ErrorKind::PermissionDenied;
    use std::net::{TcpStream, UdpSocket};
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    use tempfile::TempDir;

    /// The filter is on one thread alone, so the test goes on without it.
    #[test]
    fn what_reads_a_strangers_file_reaches_no_network_no_program_and_writes_no_file() {
        let scratch = TempDir::new().unwrap();
        let (there, new) = (scratch.path().join("there"), scratch.path().join("new"));
        std::fs::write(&there, "read").unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::scope(|scope| {
            let confined = scope.spawn(|| {
                assert!(TcpStream::connect(address).is_ok(), "it could before");
                super::apply().unwrap();
                assert_eq!(std::fs::read(&there).unwrap(), b"read");
                assert_eq!(TcpStream::connect(address).unwrap_err().kind(), PermissionDenied);
                assert_eq!(UdpSocket::bind("127.0.0.1:0").unwrap_err().kind(), PermissionDenied);
                assert_eq!(UnixStream::pair().unwrap_err().kind(), PermissionDenied);
                assert_eq!(Command::new("true").status().unwrap_err().kind(), PermissionDenied);
                assert_eq!(File::create(&new).unwrap_err().kind(), PermissionDenied);
                assert_eq!(File::options().write(true).open(&there).unwrap_err().kind(), PermissionDenied);
                assert_eq!(std::fs::remove_file(&there).unwrap_err().kind(), PermissionDenied);
            });
            confined.join().unwrap();
        });
        assert!(there.exists() && !new.exists());
    }
}
