/*
 * The floor: the system calls that a runtime can't do without for `runc spec`'s configuration (or, with --docker, for
 * bench/docker-default.json), one after the other, with nothing read, checked, recorded or explained.
 *
 *   floor [--docker] [--filter FILE] ID ROOTFS PROGRAM [ARGUMENT…]
 *
 * No runtime can be faster than its kernel; how near it comes to this program is how much of its time is its own.
 * For cgroup v1, with or without v2 beside it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLOSED (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define BIT(number) (UINT64_C(1) << (number))
#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct hierarchy {
	char *mounted; /* /sys/fs/cgroup/NAME */
	char *cgroup;  /* /sys/fs/cgroup/NAME/ID */
	int tasks;     /* the new cgroup's tasks file, open for writing; -1 under cgroup v2, which has none */
};

static struct hierarchy hierarchies[32];
static size_t hierarchy_count;
static int unified = -1; /* the new cgroup of the hybrid's v2 hierarchy */
static const char *id;
static int docker;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void must(long result, const char *what)
{
	if (result < 0)
		die(what);
}

/* ---- cgroups --------------------------------------------------------------------------------------------------- */

static void write_at(int folder, const char *name, const char *text)
{
	int file = openat(folder, name, O_WRONLY | O_CLOEXEC);

	must(file, name);
	must(write(file, text, strlen(text)), name);
	close(file);
}

/* A new cpuset is empty, and takes no process, until it has processors and memory of its parent's. */
static void inherit(int parent, int child, const char *name)
{
	char text[4096];
	int file = openat(parent, name, O_RDONLY | O_CLOEXEC);
	ssize_t length = read(file, text, sizeof text - 1);

	must(length, name);
	text[length] = '\0';
	close(file);
	write_at(child, name, text);
}

static void allow_devices(int cgroup)
{
	static const char *const allowed[] = {
		"c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm",
		"c 5:2 rwm", "c 136:* rwm", "c 10:200 rwm",
	};

	write_at(cgroup, "devices.deny", "a");
	for (size_t index = 0; index < LENGTH(allowed); index++)
		write_at(cgroup, "devices.allow", allowed[index]);
}

static void make_cgroup(int parent, const char *name)
{
	struct hierarchy *one = &hierarchies[hierarchy_count];
	int cgroup;

	must(mkdirat(parent, id, 0755), id);
	cgroup = openat(parent, id, O_PATH | O_DIRECTORY | O_CLOEXEC);
	one->tasks = openat(cgroup, "tasks", O_WRONLY | O_CLOEXEC);
	if (one->tasks < 0 && faccessat(cgroup, "cgroup.procs", F_OK, 0) < 0) {
		/* Not a hierarchy: something else is mounted there. */
		unlinkat(parent, id, AT_REMOVEDIR);
		close(cgroup);
		return;
	}
	must(asprintf(&one->mounted, "/sys/fs/cgroup/%s", name), name);
	must(asprintf(&one->cgroup, "/sys/fs/cgroup/%s/%s", name, id), name);
	hierarchy_count++;
	if (strcmp(name, "cpuset") == 0) {
		inherit(parent, cgroup, "cpuset.cpus");
		inherit(parent, cgroup, "cpuset.mems");
	} else if (strcmp(name, "devices") == 0) {
		allow_devices(cgroup);
	}
	if (one->tasks < 0)
		unified = cgroup;
	else
		close(cgroup);
}

static void make_cgroups(void)
{
	DIR *root = opendir("/sys/fs/cgroup");
	struct dirent *entry;

	while ((entry = readdir(root))) {
		int parent;

		if (entry->d_type != DT_DIR || *entry->d_name == '.')
			continue;
		parent = openat(dirfd(root), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		make_cgroup(parent, entry->d_name);
		close(parent);
	}
	closedir(root);
}

static void remove_cgroups(void)
{
	for (size_t index = 0; index < hierarchy_count; index++)
		must(rmdir(hierarchies[index].cgroup), hierarchies[index].cgroup);
}

/*
 * The calling process joins the v1 cgroups. "0" is the writer itself; written to `tasks`, not to `cgroup.procs`, it
 * moves one thread, and for that the kernel (since 5.5) takes no lock over all thread groups of the machine. Where
 * nobody took that lock just before, taking it waits for all processors: 5-20 ms.
 */
static void join_cgroups(void)
{
	for (size_t index = 0; index < hierarchy_count; index++)
		if (hierarchies[index].tasks >= 0)
			must(write(hierarchies[index].tasks, "0", 1), hierarchies[index].cgroup);
}

/* ---- the root filesystem; the working directory is its root -------------------------------------------------------- */

static void mount_new(const char *type, const char *target, unsigned long flags, const char *data)
{
	if (mkdir(target, 0755) < 0 && errno != EEXIST)
		die(target);
	must(mount(type, target, type, flags, data), target);
}

/* Where there is nothing there is nothing to protect. */
static void bind_readonly(const char *source, const char *target, unsigned long flags)
{
	if (mount(source, target, NULL, MS_BIND, NULL) < 0 && errno == ENOENT)
		return;
	must(mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL), target);
}

static void mount_cgroups(void)
{
	mount_new("tmpfs", "sys/fs/cgroup", CLOSED, "mode=755");
	for (size_t index = 0; index < hierarchy_count; index++) {
		const char *target = hierarchies[index].mounted + 1;

		if (hierarchies[index].tasks < 0)
			continue;
		must(mkdir(target, 0755), target);
		bind_readonly(hierarchies[index].cgroup, target, CLOSED | MS_RELATIME);
	}
}

static void make_devices(void)
{
	static const struct { const char *path; unsigned major, minor; } nodes[] = {
		{ "dev/null", 1, 3 }, { "dev/zero", 1, 5 }, { "dev/full", 1, 7 },
		{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
	};
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" }, { "/proc/self/fd/0", "dev/stdin" }, { "/proc/self/fd/1", "dev/stdout" },
		{ "/proc/self/fd/2", "dev/stderr" }, { "pts/ptmx", "dev/ptmx" },
	};

	for (size_t index = 0; index < LENGTH(nodes); index++)
		must(mknod(nodes[index].path, S_IFCHR | 0666, makedev(nodes[index].major, nodes[index].minor)), nodes[index].path);
	for (size_t index = 0; index < LENGTH(links); index++)
		must(symlink(links[index][0], links[index][1]), links[index][1]);
}

static void bind_host_files(void)
{
	static const char *const files[] = { "etc/hosts", "etc/hostname", "etc/resolv.conf" };

	for (size_t index = 0; index < LENGTH(files); index++) {
		char source[64];
		int target = open(files[index], O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

		must(target, files[index]);
		close(target);
		snprintf(source, sizeof source, "/%s", files[index]);
		must(mount(source, files[index], NULL, MS_BIND | MS_REC, NULL), files[index]);
		must(mount(NULL, files[index], NULL, MS_PRIVATE | MS_REC, NULL), files[index]);
	}
}

static void make_mounts(void)
{
	mount_new("proc", "proc", docker ? CLOSED : 0, NULL);
	mount_new("tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
	mount_new("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
	mount_new("tmpfs", "dev/shm", CLOSED, "mode=1777,size=65536k");
	mount_new("mqueue", "dev/mqueue", CLOSED, NULL);
	mount_new("sysfs", "sys", CLOSED | MS_RDONLY, NULL);
	mount_cgroups();
	if (docker)
		bind_host_files();
	make_devices();
}

static void enter_root(void)
{
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount2");
	must(chdir("/"), "/");
}

static void mask_paths(void)
{
	static const char *const paths[] = {
		"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
		"/proc/interrupts", "/sys/devices/virtual/powercap",
	};
	const char *empty = NULL;

	for (size_t index = 0; index < (docker ? 12 : 10); index++) {
		if (mount("/dev/null", paths[index], NULL, MS_BIND, NULL) == 0 || errno == ENOENT)
			continue;
		/* A directory. All of them share the first one's empty file system. */
		if (errno != ENOTDIR)
			die(paths[index]);
		if (empty)
			must(mount(empty, paths[index], NULL, MS_BIND, NULL), paths[index]);
		else
			must(mount("tmpfs", empty = paths[index], "tmpfs", MS_RDONLY, NULL), paths[index]);
	}
}

static void protect_paths(void)
{
	static const char *const paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

	for (size_t index = 0; index < LENGTH(paths); index++)
		bind_readonly(paths[index], paths[index], docker ? CLOSED : 0);
}

/* ---- the process ------------------------------------------------------------------------------------------------- */

static void bring_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(ioctl(control, SIOCSIFFLAGS, &request), "lo");
	close(control);
}

static struct sock_filter instructions[BPF_MAXINSNS];
static struct sock_fprog filter = { .filter = instructions };

static void read_filter(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = read(file, instructions, sizeof instructions);

	must(length, path);
	close(file);
	filter.len = (unsigned short)((size_t)length / sizeof *instructions);
}

static void drop_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct both = { .effective = (uint32_t)kept, .permitted = (uint32_t)kept };
	const struct __user_cap_data_struct data[2] = { both, { 0 } };

	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(kept & BIT(cap)))
			must(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0), "PR_CAPBSET_DROP");
	must(setgroups(0, NULL), "setgroups");
	must(setresgid(0, 0, 0), "setresgid");
	must(setresuid(0, 0, 0), "setresuid");
	must(syscall(SYS_capset, &header, data), "capset");
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "PR_CAP_AMBIENT");
}

static const uint64_t spec_capabilities = BIT(CAP_AUDIT_WRITE) | BIT(CAP_KILL) | BIT(CAP_NET_BIND_SERVICE);
static const uint64_t docker_capabilities = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) | BIT(CAP_FOWNER) |
	BIT(CAP_MKNOD) | BIT(CAP_NET_RAW) | BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETFCAP) | BIT(CAP_SETPCAP) |
	BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) | BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE);

static _Noreturn void become_container(const char *rootfs, char **argv)
{
	char *environment[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", "HOME=/", NULL };
	const struct rlimit files = { .rlim_cur = 1024, .rlim_max = 1024 };

	join_cgroups();
	must(setsid(), "setsid");
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, id);
	umask(0);
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "/");
	must(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), rootfs);
	must(chdir(rootfs), rootfs);
	make_mounts();
	enter_root();
	bring_loopback_up();
	must(sethostname("runc", 4), "sethostname");
	if (docker) {
		write_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
		write_at(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	}
	protect_paths();
	mask_paths();
	if (!docker)
		must(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "/");
	umask(022);
	if (!docker) {
		must(setrlimit(RLIMIT_NOFILE, &files), "RLIMIT_NOFILE");
		must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	}
	if (filter.len > 0)
		must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), "seccomp");
	drop_capabilities(docker ? docker_capabilities : spec_capabilities);
	must(syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
	execve(*argv, argv, environment);
	die(*argv);
}

/* A fork into new namespaces, and at once into the cgroup of v2, which costs less than to move there later. */
static pid_t fork_into_namespaces(void)
{
	struct clone_args arguments = {
		.flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS |
			(unified < 0 ? 0 : CLONE_INTO_CGROUP),
		.exit_signal = SIGCHLD,
		.cgroup = unified < 0 ? 0 : (uint64_t)unified,
	};

	return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

int main(int argc, char **argv)
{
	int status;
	pid_t child;

	(void)argc;
	argv++;
	if (*argv && strcmp(*argv, "--docker") == 0) {
		docker = 1;
		argv++;
	}
	if (*argv && strcmp(*argv, "--filter") == 0 && argv[1]) {
		read_filter(argv[1]);
		argv += 2;
	}
	if (!argv[0] || !argv[1] || !argv[2]) {
		fputs("usage: floor [--docker] [--filter FILE] ID ROOTFS PROGRAM [ARGUMENT…]\n", stderr);
		return 2;
	}
	id = argv[0];
	make_cgroups();
	child = fork_into_namespaces();
	must(child, "clone3");
	if (child == 0)
		become_container(argv[1], argv + 2);
	must(waitpid(child, &status, 0), "waitpid");
	remove_cgroups();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
