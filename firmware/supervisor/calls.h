// Every system call of Linux on RISC-V: its number and its name, and for those that we have the
// function `sys_...` that does it.  QUIET are those that programs try and do well without: nothing is
// said of them.
#pragma once

#define CALLS(CALL, NONE, QUIET) \
    NONE(0, io_setup) \
    NONE(1, io_destroy) \
    NONE(2, io_submit) \
    NONE(3, io_cancel) \
    NONE(4, io_getevents) \
    CALL(5, setxattr, no_xattr) \
    CALL(6, lsetxattr, no_xattr) \
    CALL(7, fsetxattr, no_xattr) \
    CALL(8, getxattr, no_xattr) \
    CALL(9, lgetxattr, no_xattr) \
    CALL(10, fgetxattr, no_xattr) \
    CALL(11, listxattr, no_xattr) \
    CALL(12, llistxattr, no_xattr) \
    CALL(13, flistxattr, no_xattr) \
    CALL(14, removexattr, no_xattr) \
    CALL(15, lremovexattr, no_xattr) \
    CALL(16, fremovexattr, no_xattr) \
    CALL(17, getcwd, getcwd) \
    NONE(18, lookup_dcookie) \
    CALL(19, eventfd2, eventfd2) \
    CALL(20, epoll_create1, epoll_create1) \
    CALL(21, epoll_ctl, epoll_ctl) \
    CALL(22, epoll_pwait, epoll_pwait) \
    CALL(23, dup, dup) \
    CALL(24, dup3, dup3) \
    CALL(25, fcntl, fcntl) \
    NONE(26, inotify_init1) \
    NONE(27, inotify_add_watch) \
    NONE(28, inotify_rm_watch) \
    CALL(29, ioctl, ioctl) \
    CALL(30, ioprio_set, nothing) \
    NONE(31, ioprio_get) \
    CALL(32, flock, flock) \
    CALL(33, mknodat, mknodat) \
    CALL(34, mkdirat, mkdirat) \
    CALL(35, unlinkat, unlinkat) \
    CALL(36, symlinkat, symlinkat) \
    CALL(37, linkat, linkat) \
    NONE(39, umount2) \
    NONE(40, mount) \
    NONE(41, pivot_root) \
    NONE(42, nfsservctl) \
    CALL(43, statfs, statfs) \
    CALL(44, fstatfs, fstatfs) \
    CALL(45, truncate, truncate) \
    CALL(46, ftruncate, ftruncate) \
    CALL(47, fallocate, fallocate) \
    CALL(48, faccessat, faccessat) \
    CALL(49, chdir, chdir) \
    CALL(50, fchdir, fchdir) \
    NONE(51, chroot) \
    CALL(52, fchmod, fchmod) \
    CALL(53, fchmodat, fchmodat) \
    CALL(54, fchownat, fchownat) \
    CALL(55, fchown, fchown) \
    CALL(56, openat, openat) \
    CALL(57, close, close) \
    NONE(58, vhangup) \
    CALL(59, pipe2, pipe2) \
    NONE(60, quotactl) \
    CALL(61, getdents64, getdents64) \
    CALL(62, lseek, lseek) \
    CALL(63, read, read) \
    CALL(64, write, write) \
    CALL(65, readv, readv) \
    CALL(66, writev, writev) \
    CALL(67, pread64, pread64) \
    CALL(68, pwrite64, pwrite64) \
    CALL(69, preadv, preadv) \
    CALL(70, pwritev, pwritev) \
    CALL(71, sendfile, sendfile) \
    CALL(72, pselect6, pselect6) \
    CALL(73, ppoll, ppoll) \
    CALL(74, signalfd4, signalfd4) \
    NONE(75, vmsplice) \
    NONE(76, splice) \
    NONE(77, tee) \
    CALL(78, readlinkat, readlinkat) \
    CALL(79, newfstatat, newfstatat) \
    CALL(80, fstat, fstat) \
    CALL(81, sync, sync) \
    CALL(82, fsync, fsync) \
    CALL(83, fdatasync, fsync) \
    CALL(84, sync_file_range, nothing) \
    CALL(85, timerfd_create, timerfd_create) \
    CALL(86, timerfd_settime, timerfd_settime) \
    CALL(87, timerfd_gettime, timerfd_gettime) \
    CALL(88, utimensat, utimensat) \
    NONE(89, acct) \
    CALL(90, capget, capget) \
    CALL(91, capset, nothing) \
    CALL(92, personality, nothing) \
    CALL(93, exit, exit) \
    CALL(94, exit_group, exit_group) \
    CALL(95, waitid, waitid) \
    CALL(96, set_tid_address, set_tid_address) \
    NONE(97, unshare) \
    CALL(98, futex, futex) \
    CALL(99, set_robust_list, set_robust_list) \
    CALL(100, get_robust_list, get_robust_list) \
    CALL(101, nanosleep, nanosleep) \
    CALL(102, getitimer, getitimer) \
    CALL(103, setitimer, setitimer) \
    NONE(104, kexec_load) \
    NONE(105, init_module) \
    NONE(106, delete_module) \
    CALL(107, timer_create, timer_create) \
    CALL(108, timer_gettime, timer_gettime) \
    CALL(109, timer_getoverrun, timer_getoverrun) \
    CALL(110, timer_settime, timer_settime) \
    CALL(111, timer_delete, timer_delete) \
    NONE(112, clock_settime) \
    CALL(113, clock_gettime, clock_gettime) \
    CALL(114, clock_getres, clock_getres) \
    CALL(115, clock_nanosleep, clock_nanosleep) \
    NONE(116, syslog) \
    NONE(117, ptrace) \
    CALL(118, sched_setparam, nothing) \
    CALL(119, sched_setscheduler, nothing) \
    CALL(120, sched_getscheduler, nothing) \
    CALL(121, sched_getparam, sched_getparam) \
    CALL(122, sched_setaffinity, nothing) \
    CALL(123, sched_getaffinity, sched_getaffinity) \
    CALL(124, sched_yield, sched_yield) \
    CALL(125, sched_get_priority_max, sched_get_priority) \
    CALL(126, sched_get_priority_min, sched_get_priority) \
    NONE(127, sched_rr_get_interval) \
    NONE(128, restart_syscall) \
    CALL(129, kill, kill) \
    CALL(130, tkill, tkill) \
    CALL(131, tgkill, tgkill) \
    CALL(132, sigaltstack, sigaltstack) \
    CALL(133, rt_sigsuspend, rt_sigsuspend) \
    CALL(134, rt_sigaction, rt_sigaction) \
    CALL(135, rt_sigprocmask, rt_sigprocmask) \
    CALL(136, rt_sigpending, rt_sigpending) \
    CALL(137, rt_sigtimedwait, rt_sigtimedwait) \
    CALL(138, rt_sigqueueinfo, rt_sigqueueinfo) \
    CALL(139, rt_sigreturn, rt_sigreturn) \
    CALL(140, setpriority, nothing) \
    CALL(141, getpriority, getpriority) \
    NONE(142, reboot) \
    CALL(143, setregid, nothing) \
    CALL(144, setgid, nothing) \
    CALL(145, setreuid, nothing) \
    CALL(146, setuid, nothing) \
    CALL(147, setresuid, nothing) \
    CALL(148, getresuid, getresuid) \
    CALL(149, setresgid, nothing) \
    CALL(150, getresgid, getresuid) \
    CALL(151, setfsuid, nothing) \
    CALL(152, setfsgid, nothing) \
    CALL(153, times, times) \
    CALL(154, setpgid, setpgid) \
    CALL(155, getpgid, getpgid) \
    CALL(156, getsid, getsid) \
    CALL(157, setsid, setsid) \
    CALL(158, getgroups, getgroups) \
    CALL(159, setgroups, nothing) \
    CALL(160, uname, uname) \
    CALL(161, sethostname, nothing) \
    NONE(162, setdomainname) \
    CALL(163, getrlimit, getrlimit) \
    CALL(164, setrlimit, setrlimit) \
    CALL(165, getrusage, getrusage) \
    CALL(166, umask, umask) \
    CALL(167, prctl, prctl) \
    CALL(168, getcpu, getcpu) \
    CALL(169, gettimeofday, gettimeofday) \
    NONE(170, settimeofday) \
    NONE(171, adjtimex) \
    CALL(172, getpid, getpid) \
    CALL(173, getppid, getppid) \
    CALL(174, getuid, nothing) \
    CALL(175, geteuid, nothing) \
    CALL(176, getgid, nothing) \
    CALL(177, getegid, nothing) \
    CALL(178, gettid, gettid) \
    CALL(179, sysinfo, sysinfo) \
    NONE(180, mq_open) \
    NONE(181, mq_unlink) \
    NONE(182, mq_timedsend) \
    NONE(183, mq_timedreceive) \
    NONE(184, mq_notify) \
    NONE(185, mq_getsetattr) \
    NONE(186, msgget) \
    NONE(187, msgctl) \
    NONE(188, msgrcv) \
    NONE(189, msgsnd) \
    NONE(190, semget) \
    NONE(191, semctl) \
    NONE(192, semtimedop) \
    NONE(193, semop) \
    NONE(194, shmget) \
    NONE(195, shmctl) \
    NONE(196, shmat) \
    NONE(197, shmdt) \
    CALL(198, socket, no_socket) \
    CALL(199, socketpair, socketpair) \
    CALL(200, bind, bind) \
    CALL(201, listen, listen) \
    CALL(202, accept, accept) \
    CALL(203, connect, connect) \
    CALL(204, getsockname, getsockname) \
    CALL(205, getpeername, getsockname) \
    CALL(206, sendto, sendto) \
    CALL(207, recvfrom, recvfrom) \
    CALL(208, setsockopt, setsockopt) \
    CALL(209, getsockopt, getsockopt) \
    CALL(210, shutdown, shutdown) \
    NONE(211, sendmsg) \
    NONE(212, recvmsg) \
    CALL(213, readahead, readahead) \
    CALL(214, brk, brk) \
    CALL(215, munmap, munmap) \
    CALL(216, mremap, mremap) \
    NONE(217, add_key) \
    NONE(218, request_key) \
    NONE(219, keyctl) \
    CALL(220, clone, clone) \
    CALL(221, execve, execve) \
    CALL(222, mmap, mmap) \
    CALL(223, fadvise64, fadvise64) \
    NONE(224, swapon) \
    NONE(225, swapoff) \
    CALL(226, mprotect, mprotect) \
    CALL(227, msync, msync) \
    CALL(228, mlock, mlock) \
    CALL(229, munlock, mlock) \
    CALL(230, mlockall, nothing) \
    CALL(231, munlockall, nothing) \
    CALL(232, mincore, mincore) \
    CALL(233, madvise, madvise) \
    NONE(234, remap_file_pages) \
    NONE(235, mbind) \
    NONE(236, get_mempolicy) \
    NONE(237, set_mempolicy) \
    NONE(238, migrate_pages) \
    NONE(239, move_pages) \
    CALL(240, rt_tgsigqueueinfo, rt_tgsigqueueinfo) \
    NONE(241, perf_event_open) \
    CALL(242, accept4, accept) \
    NONE(243, recvmmsg) \
    CALL(258, riscv_hwprobe, riscv_hwprobe) \
    CALL(259, riscv_flush_icache, riscv_flush_icache) \
    CALL(260, wait4, wait4) \
    CALL(261, prlimit64, prlimit64) \
    NONE(262, fanotify_init) \
    NONE(263, fanotify_mark) \
    NONE(264, name_to_handle_at) \
    NONE(265, open_by_handle_at) \
    NONE(266, clock_adjtime) \
    CALL(267, syncfs, sync) \
    NONE(268, setns) \
    NONE(269, sendmmsg) \
    NONE(270, process_vm_readv) \
    NONE(271, process_vm_writev) \
    NONE(272, kcmp) \
    NONE(273, finit_module) \
    NONE(274, sched_setattr) \
    NONE(275, sched_getattr) \
    CALL(276, renameat2, renameat2) \
    NONE(277, seccomp) \
    CALL(278, getrandom, getrandom) \
    CALL(279, memfd_create, memfd_create) \
    NONE(280, bpf) \
    CALL(281, execveat, execveat) \
    NONE(282, userfaultfd) \
    CALL(283, membarrier, membarrier) \
    CALL(284, mlock2, mlock) \
    CALL(285, copy_file_range, copy_file_range) \
    CALL(286, preadv2, preadv2) \
    CALL(287, pwritev2, pwritev2) \
    NONE(288, pkey_mprotect) \
    NONE(289, pkey_alloc) \
    NONE(290, pkey_free) \
    CALL(291, statx, statx) \
    NONE(292, io_pgetevents) \
    QUIET(293, rseq) \
    NONE(294, kexec_file_load) \
    NONE(424, pidfd_send_signal) \
    QUIET(425, io_uring_setup) \
    NONE(426, io_uring_enter) \
    NONE(427, io_uring_register) \
    NONE(428, open_tree) \
    NONE(429, move_mount) \
    NONE(430, fsopen) \
    NONE(431, fsconfig) \
    NONE(432, fsmount) \
    NONE(433, fspick) \
    QUIET(434, pidfd_open) \
    QUIET(435, clone3) \
    CALL(436, close_range, close_range) \
    QUIET(437, openat2) \
    NONE(438, pidfd_getfd) \
    CALL(439, faccessat2, faccessat2) \
    NONE(440, process_madvise) \
    CALL(441, epoll_pwait2, epoll_pwait2) \
    NONE(442, mount_setattr) \
    NONE(443, quotactl_fd) \
    QUIET(444, landlock_create_ruleset) \
    NONE(445, landlock_add_rule) \
    NONE(446, landlock_restrict_self) \
    NONE(447, memfd_secret) \
    NONE(448, process_mrelease) \
    NONE(449, futex_waitv) \
    NONE(450, set_mempolicy_home_node) \
    NONE(451, cachestat) \
    CALL(452, fchmodat2, fchmodat2) \
    NONE(453, map_shadow_stack) \
    NONE(454, futex_wake) \
    NONE(455, futex_wait) \
    NONE(456, futex_requeue) \
    NONE(457, statmount) \
    NONE(458, listmount) \
    NONE(459, lsm_get_self_attr) \
    NONE(460, lsm_set_self_attr) \
    NONE(461, lsm_list_modules) \
    NONE(462, mseal)
