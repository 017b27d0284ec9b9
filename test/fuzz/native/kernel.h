/*
 * Included before each file of the door under the fuzzer: what it asks of the kernel is answered by kernel.c. As the
 * kernel would, that reads and writes all the memory that the call is about, so that the sanitizers see whether it is
 * there; what it answers is made up.
 */
#ifndef FUZZ_KERNEL_H
#define FUZZ_KERNEL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* What the kernel is made to answer, taken from this input. */
void kernel_begin(const uint8_t *answers, size_t size);

/* A number of some size, or -1 with errno. */
int kernel_number(void);
/* The call always fails. */
int kernel_refusal(void);
/* These are read by the kernel: a string, null or not; a vector of them; bytes. */
void kernel_text(const char *text);
void kernel_texts(char *const *texts);
void kernel_reads(const void *from, size_t size);
/* The kernel writes all of it and answers 0, or fails. */
int kernel_gives(void *to, size_t size);
/* It writes a part of it and answers how much, or fails. */
ssize_t kernel_fills(void *to, size_t size);
/* It reads a part of it and answers how much. */
ssize_t kernel_takes(const void *from, size_t size);
/* The process is over. Does not return. */
_Noreturn void kernel_exit(void);

int kernel_groups(size_t most, gid_t *to);
int kernel_names(struct utsname *names);
ssize_t kernel_sends(const struct msghdr *message);
ssize_t kernel_receives(struct msghdr *message);
int kernel_polls(struct pollfd *items, nfds_t count, const struct timespec *limit);
int kernel_ioctl(int fd, unsigned long request, ...);
long kernel_syscall(long number, ...);

#define PATH(path) (kernel_text(path), kernel_number())
#define GIVES(what) kernel_gives(what, sizeof(*(what)))
#define READS(from, size) (kernel_reads(from, size), kernel_number())

#define _exit(status) kernel_exit()
#define accept4(fd, address, length, flags) kernel_number()
#define bind(fd, address, length) READS(address, length)
#define chdir(path) PATH(path)
#define chroot(path) PATH(path)
#define close(fd) kernel_number()
#define connect(fd, address, length) READS(address, length)
#define copy_file_range(from, a, to, b, size, flags) kernel_number()
#define dup2(from, to) kernel_number()
#define eventfd(initial, flags) kernel_number()
#define execve(path, argv, envp) (kernel_text(path), kernel_texts(argv), kernel_texts(envp), kernel_refusal())
#define fchdir(fd) kernel_number()
#define fchmod(fd, mode) kernel_number()
#define fchown(fd, uid, gid) kernel_number()
#define fchownat(fd, path, uid, gid, flags) PATH(path)
#define fcntl(...) kernel_number()
#define fstat(fd, to) GIVES(to)
#define fstatat(fd, path, to, flags) (kernel_text(path), GIVES(to))
#define fstatfs(fd, to) GIVES(to)
#define ftruncate(fd, length) kernel_number()
#define getgroups(most, to) kernel_groups(most, to)
#define ioctl(...) kernel_ioctl(__VA_ARGS__)
#define isatty(fd) (kernel_number() == 0)
#define kill(pid, signal) kernel_number()
#define listen(fd, backlog) kernel_number()
#define lseek(fd, offset, whence) ((off_t)kernel_number())
#define memfd_create(name, flags) PATH(name)
#define mkdirat(fd, path, mode) PATH(path)
#define mknodat(fd, path, mode, device) PATH(path)
#define openat(fd, path, flags, mode) PATH(path)
#define personality(persona) kernel_number()
#define ppoll(items, count, limit, mask) kernel_polls(items, count, limit)
#define prctl(...) kernel_number()
#define pread(fd, to, size, offset) kernel_fills(to, size)
#define read(fd, to, size) kernel_fills(to, size)
#define readlinkat(fd, path, to, size) (kernel_text(path), kernel_fills(to, size))
#define recvmsg(fd, message, flags) kernel_receives(message)
#define sched_getaffinity(pid, size, to) kernel_gives(to, size)
#define sched_setaffinity(pid, size, from) READS(from, size)
#define sendmsg(fd, message, flags) kernel_sends(message)
#define setdomainname(name, size) READS(name, size)
#define sethostname(name, size) READS(name, size)
#define setns(fd, flags) kernel_number()
#define setsid() kernel_number()
#define sigaction(signal, new, old) READS(new, sizeof(*(new)))
#define socket(domain, type, protocol) kernel_number()
#define socketpair(domain, type, protocol, fds) kernel_gives(fds, 2 * sizeof(int))
#define symlinkat(target, fd, path) (kernel_text(target), PATH(path))
#define syscall(...) kernel_syscall(__VA_ARGS__)
#define tcgetattr(fd, to) GIVES(to)
#define tcsetattr(fd, when, from) READS(from, sizeof(*(from)))
#define umask(mask) ((mode_t)kernel_number())
#define uname(names) kernel_names(names)
#define unlinkat(fd, path, flags) PATH(path)
#define unshare(flags) kernel_number()
#define wait4(pid, status, options, usage) (kernel_gives(status, sizeof(*(status))), kernel_number())
#define write(fd, from, size) kernel_takes(from, size)
/* a library, but it writes to a descriptor */
#define seccomp_export_bpf(filter, fd) (kernel_number() < 0 ? -errno : 0)

#endif
