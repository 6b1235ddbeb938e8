//! The empty room. Once [`confine`] has returned, the process can compute, ask for memory up to its limit, read its standard
//! input, write its standard output, and exit. It can't open anything, reach anyone, start anything, or outlive its parent.
//! Two walls stand behind each other: resource limits and a list of allowed system calls; neither can be taken down again
//! from inside.

#[cfg(target_os = "linux")]
pub(crate) use linux::confine;

/// Windows: the job object (memory, processor time, killed with its parent) and the restricted token come in a later issue.
/// Until then the parent's clock is the only wall.
#[cfg(not(target_os = "linux"))]
pub(crate) fn confine() -> Result<(), std::convert::Infallible> {
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::error::Error;

    use rustix::process::{
        DumpableBehavior, Resource, Rlimit, Signal, getpid, set_dumpable_behavior, set_parent_process_death_signal,
        setrlimit,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };

    use crate::{CHILD_CPU_S_MAX, CHILD_MEMORY_BYTES_MAX};

    /// Locks this process in. On an error nothing may be decoded.
    pub(crate) fn confine() -> Result<(), Box<dyn Error + Send + Sync>> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // Nobody of the same user may look into a process that holds a citizen's scan.
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        limit_resources()?;
        seccompiler::apply_filter(&allowed_calls()?)?;
        Ok(())
    }

    fn limit_resources() -> rustix::io::Result<()> {
        // Data, not address space: a program that links a window system has hundreds of megabytes of libraries mapped before
        // `main`, and they cost nothing.
        at_most(Resource::Data, CHILD_MEMORY_BYTES_MAX)?;
        // The first limit sends a signal by which the parent knows; the second kills whoever ignores it.
        setrlimit(Resource::Cpu, Rlimit { current: Some(CHILD_CPU_S_MAX), maximum: Some(CHILD_CPU_S_MAX + 1) })?;
        at_most(Resource::Fsize, 0)?;
        at_most(Resource::Core, 0)?;
        at_most(Resource::Nproc, 0)?;
        // Three are open already: the pipes.
        at_most(Resource::Nofile, 3)
    }

    fn at_most(resource: Resource, limit: u64) -> rustix::io::Result<()> {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })
    }

    /// Everything that isn't listed fails with "not permitted" instead of killing the child: libraries try things in passing
    /// (how many processors are there?) and have an answer for no.
    fn allowed_calls() -> Result<BpfProgram, Box<dyn Error + Send + Sync>> {
        use SeccompCmpOp::{Eq, MaskedEq};
        let always = Vec::new;
        let prot_exec = libc::PROT_EXEC as u64;
        let map_anonymous = libc::MAP_ANONYMOUS as u64;
        let this_process = u64::from(getpid().as_raw_nonzero().get().unsigned_abs());
        let rules = [
            // Only the pipes: a descriptor that some library forgot to close is of no use.
            (libc::SYS_read, vec![when(&[(0, Eq, 0)])?]),
            (libc::SYS_write, vec![when(&[(0, Eq, 1)])?, when(&[(0, Eq, 2)])?]),
            // Memory, but never from a file and never to be run.
            (libc::SYS_mmap, vec![when(&[(2, MaskedEq(prot_exec), 0), (3, MaskedEq(map_anonymous), map_anonymous)])?]),
            (libc::SYS_mprotect, vec![when(&[(2, MaskedEq(prot_exec), 0)])?]),
            (libc::SYS_munmap, always()),
            (libc::SYS_mremap, always()),
            (libc::SYS_madvise, always()),
            (libc::SYS_brk, always()),
            (libc::SYS_futex, always()),
            (libc::SYS_clock_gettime, always()),
            (libc::SYS_getrandom, always()),
            (libc::SYS_sched_yield, always()),
            // Dying: by itself, by abort, by a full stack. Signals go to itself alone.
            (libc::SYS_exit, always()),
            (libc::SYS_exit_group, always()),
            (libc::SYS_getpid, always()),
            (libc::SYS_gettid, always()),
            (libc::SYS_tgkill, vec![when(&[(0, Eq, this_process)])?]),
            (libc::SYS_rt_sigaction, always()),
            (libc::SYS_rt_sigprocmask, always()),
            (libc::SYS_rt_sigreturn, always()),
            (libc::SYS_sigaltstack, always()),
        ];
        let filter = SeccompFilter::new(
            rules.into_iter().collect(),
            SeccompAction::Errno(libc::EPERM as u32),
            SeccompAction::Allow,
            std::env::consts::ARCH.try_into()?,
        )?;
        Ok(filter.try_into()?)
    }

    /// A rule that holds when all of its (argument, comparison, value) do.
    fn when(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, seccompiler::BackendError> {
        let conditions = conditions.iter().map(|(argument, comparison, value)| {
            SeccompCondition::new(*argument, SeccompCmpArgLen::Dword, comparison.clone(), *value)
        });
        SeccompRule::new(conditions.collect::<Result<_, _>>()?)
    }
}
