/* What the parts of the probe share: how it prints, and the commands of each part. */
#ifndef PROBE_H
#define PROBE_H

#include <stddef.h>

/* print.c */
void json_string(const char *text);
void json_strings(char *const *list);
void json_links(const char *directory);
int outcome(int failed);
int copy_file(const char *path);
int dump(int from, int to);
_Noreturn void wait_forever(void);
void say(const char *word);
int number_of_signal(const char *name);
const char *name_of_signal(int number);

/* identity.c: who the process is */
int do_id(int argc, char **argv);
int do_caps(int argc, char **argv);
int do_rlimits(int argc, char **argv);
int do_sched(int argc, char **argv);
int do_nnp(int argc, char **argv);
int do_seccomp(int argc, char **argv);
int do_personality(int argc, char **argv);
int do_oom_score(int argc, char **argv);
int do_keyring(int argc, char **argv);

/* surroundings.c: what it was given and what it sees */
int do_args(int argc, char **argv);
int do_env(int argc, char **argv);
int do_cwd(int argc, char **argv);
int do_fds(int argc, char **argv);
int do_namespaces(int argc, char **argv);
int do_mounts(int argc, char **argv);
int do_status(int argc, char **argv);
int do_cgroup(int argc, char **argv);
int do_hostname(int argc, char **argv);
int do_sysctl(int argc, char **argv);
int do_tty(int argc, char **argv);
int do_interfaces(int argc, char **argv);
int do_hook(int argc, char **argv);

/* files.c: one path */
int do_stat(int argc, char **argv);
int do_read(int argc, char **argv);
int do_write(int argc, char **argv);
int do_open(int argc, char **argv);
int do_access(int argc, char **argv);
int do_ls(int argc, char **argv);
int do_mknod(int argc, char **argv);

/* behave.c: a process that behaves in a given way */
int do_exit(int argc, char **argv);
int do_sleep(int argc, char **argv);
int do_ready(int argc, char **argv);
int do_echo_stdin(int argc, char **argv);
int do_flood(int argc, char **argv);
int do_alloc(int argc, char **argv);
int do_cpu(int argc, char **argv);
int do_exec(int argc, char **argv);
int do_fork_orphans(int argc, char **argv);
int do_zombie(int argc, char **argv);
int do_orphans_that_end(int argc, char **argv);
int do_in_namespaces(int argc, char **argv);
int do_listen(int argc, char **argv);
int do_connect(int argc, char **argv);
int do_notify(int argc, char **argv);
int do_manager(int argc, char **argv);
int do_reaper(int argc, char **argv);

/* signals.c */
int do_signals(int argc, char **argv);
int do_kill_self(int argc, char **argv);
int do_trap(int argc, char **argv);
int do_deaf(int argc, char **argv);
int do_every_signal(int argc, char **argv);
int do_linger(int argc, char **argv);
int do_queue(int argc, char **argv);

void put_signals(void);

/* inherited.c: what no configuration names */
int do_inherited(int argc, char **argv);
int do_nasty(int argc, char **argv);

/* agent.c: what decides calls of SCMP_ACT_NOTIFY */
int do_agent(int argc, char **argv);

/* syscalls.c: one system call that a filter may refuse */
int do_syscall(int argc, char **argv);
int do_syscall32(int argc, char **argv);

/* refuse.c: a program under a filter that refuses some */
int do_refuse(int argc, char **argv);

/* door.c: system calls on behalf of another program */
int do_door(int argc, char **argv);

/* exchange.c: a race */
int do_exchange(int argc, char **argv);

/* hunt.c: a container that attacks who enters it */
int do_hunt(int argc, char **argv);

#endif
