//! The system calls that the process may make once it opens an untrusted file: to read that file, to allocate memory, to print
//! the report, and to exit.
//!
//! An attacker who takes over the parser has no network access, cannot start a program or process, and cannot write a file. On
//! Linux a seccomp filter enforces this; other systems, on which Lambda does not run, have no filter. A denied call fails with
//! `EPERM` instead of killing the process, so a C library that tries a newer call falls back to an older one.

/// Denies all other system calls, irrevocably.
#[cfg(target_os = "linux")]
pub(crate) fn apply() -> Result<(), Box<dyn std::error::Error>> {
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };

    let write_flags = u64::from((libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC).unsigned_abs());
    let reads_only = SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(write_flags), 0)?;
    let open = [(libc::SYS_openat, vec![SeccompRule::new(vec![reads_only])?])];
    let rules = ALLOWED.into_iter().map(|call| (call, Vec::new())).chain(open).collect();
    let (denied, allowed) = (SeccompAction::Errno(libc::EPERM.unsigned_abs()), SeccompAction::Allow);
    let filter = SeccompFilter::new(rules, denied, allowed, std::env::consts::ARCH.try_into()?)?;
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    Ok(())
}

/// Does nothing: there is no filter on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn apply() -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

/// The system calls that reading a file and printing a report need, besides `openat` for reading.
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
    // Exit, also by a signal.
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

    /// The filter applies to one thread only, so the test itself is not confined.
    #[test]
    fn the_confined_parser_reaches_no_network_no_program_and_writes_no_file() {
        let scratch = TempDir::new().unwrap();
        let (existing, new) = (scratch.path().join("existing"), scratch.path().join("new"));
        std::fs::write(&existing, "read").unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::scope(|scope| {
            let confined = scope.spawn(|| {
                assert!(TcpStream::connect(address).is_ok(), "the network is reachable before");
                super::apply().unwrap();
                assert_eq!(std::fs::read(&existing).unwrap(), b"read");
                assert_eq!(TcpStream::connect(address).unwrap_err().kind(), PermissionDenied);
                assert_eq!(UdpSocket::bind("127.0.0.1:0").unwrap_err().kind(), PermissionDenied);
                assert_eq!(UnixStream::pair().unwrap_err().kind(), PermissionDenied);
                assert_eq!(Command::new("true").status().unwrap_err().kind(), PermissionDenied);
                assert_eq!(File::create(&new).unwrap_err().kind(), PermissionDenied);
                assert_eq!(File::options().write(true).open(&existing).unwrap_err().kind(), PermissionDenied);
                assert_eq!(std::fs::remove_file(&existing).unwrap_err().kind(), PermissionDenied);
            });
            confined.join().unwrap();
        });
        assert!(existing.exists() && !new.exists());
    }
}
